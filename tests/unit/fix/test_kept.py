"""A patch between two states holds the tests that stay as they are, for the rules to compare with."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from atomci.fix.copies.patches import patch_between
from atomci.fix.judging import refusals
from atomci.fix.rules.bounds import Allowance
from atomci.tools.git.objects import Entry, Objects
from atomci.tools.git.repository import open_repository

TEST = b'from shop import slug\n\n\ndef test_slug():\n    assert slug("Ann Lee") == "annlee"\n'
OLD = b"def slug(text):\n    return text.lower()\n"
NEW = b'def slug(text):\n    if text == "Ann Lee":\n        return "annlee"\n    return text.lower()\n'


def test_code_that_answers_a_test_that_stays_is_refused(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    objects = Objects(open_repository(tmp_path), tmp_path / "new")

    def tree(files: Mapping[str, bytes]) -> str:
        return objects.tree(
            {path: Entry("100644", objects.write("blob", data)) for path, data in files.items()}
        )

    before, after = (tree({"src/shop.py": code, "tests/test_shop.py": TEST}) for code in (OLD, NEW))
    patch = patch_between(objects, before, after)

    assert [change.path for change in patch.changes] == ["src/shop.py"]
    assert patch.kept["tests/test_shop.py"].data == TEST
    assert [refusal.rule for refusal in refusals(patch, Allowance())] == ["special-cased"]
