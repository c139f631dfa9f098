"""The pictures of the pages show what is printed today. By day their shape is compared, at night all of it."""

import os
import re
import runpy
from pathlib import Path
from typing import Any

import pytest
from nightly import NIGHTLY

from atomci.artifacts.printed.sync import FileChange, Update
from atomci.cli.view.updates import show_update

ROOT = Path(__file__).parents[2]
MAKE = runpy.run_path(str(ROOT / "docs/pictures/make.py"))
NAMES = sorted(MAKE["SESSIONS"])
AGAIN = "uv run docs/pictures/make.py"
PAGES = [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md"]
# Whether the unit tests had begun when the first finding came is chance.
BY_CHANCE = re.compile(r"^(?:\w+ +(?:03[6-9]|040|049|050) .*\n(?: {8}.*\n)*|  not run: .*\n)", re.MULTILINE)


def shown(name: str) -> list[str]:
    """The lines of a picture."""
    return str(MAKE["plain"](MAKE["recording"](name))).splitlines()


def certain(text: str) -> list[str]:
    """The lines that every run has, whatever had begun."""
    return BY_CHANCE.sub("", f"{MAKE['plain'](text)}\n").splitlines()


def shape(line: str) -> str:
    """A line of a run without what differs from run to run: names, numbers, runs, notes."""
    if atom := re.match(r"(\w+ +\d{3} \w+) +(\d+ [a-z ]+?)?s? +([\d.]+ s|unchanged)\b", line):
        return f"{atom[1]}: {re.sub('[0-9]+ ', '', atom[2] or '')} {'unchanged' if atom[3] == 'unchanged' else 'run'}"
    finding = re.sub(r"(?<=^ {8})\S+: error: .* (?=\[)", "PLACE: error: MESSAGE ", line)
    if label := re.match(r"  [a-z ]+: ", finding):
        return label[0]
    return re.sub(r"\([^)]*\)", "(COUNTS)", re.sub(r"\d[\w.-]*", "0", finding))


def shapes(text: list[str], pattern: str = "") -> set[str]:
    return {shape(line) for line in text if line and re.search(pattern, line)}


def states(check: list[str]) -> set[str]:
    """What a check says of atoms, and the words before what to type."""
    heads = {found[1] for line in check if (found := re.match(r"([a-z ]{16}) \d{3} ", line))}
    return heads | {
        found[1] for line in check if (found := re.match(r"\s+([a-z ]+: )(uv run )?atomci", line))
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_a_page_has_the_text_of_its_pictures(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert MAKE["with_blocks"](text) == text, AGAIN


def test_each_picture_is_in_a_page() -> None:
    marks = {
        name for page in PAGES for name in re.findall(r"<!-- picture: (\w+) -->", page.read_text("utf-8"))
    }
    assert marks == set(NAMES) == {path.stem for path in (ROOT / "docs/pictures").glob("*.ansi")}


def test_the_drawing_of_the_readme_is_of_the_recording() -> None:
    drawing = (ROOT / "docs/pictures/gate_green.svg").read_text(encoding="utf-8")
    assert drawing == MAKE["drawing"]("gate_green"), AGAIN
    assert "(docs/pictures/gate_green.svg)" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"https?://(?!www\.w3\.org)", drawing) == []


def test_the_red_picture_is_of_the_file_that_the_tour_shows() -> None:
    assert f"```python\n{MAKE['BAD']}```" in (ROOT / "docs/tour.md").read_text(encoding="utf-8")


def test_the_picture_of_a_green_gate_has_todays_shape(sample: Any) -> None:
    done = sample.atomci("run", "local_ci")
    again = sample.atomci("run", "local_ci")

    assert shapes(shown("gate_green")) == shapes(done.out.splitlines()), AGAIN
    assert shapes(shown("gate_unchanged")) == shapes(again.out.splitlines()), AGAIN
    assert "unchanged" in again.out


def test_the_pictures_of_a_red_gate_and_its_check_have_todays_shape(sample: Any) -> None:
    sample.append("src/demo/words.py", "\nimport os\n\ndef f(a):\n    return {  }\n")
    done = sample.atomci("run", "local_ci")
    sample.atomci("run", "run_pytest_unit_with_coverage")  # a quick red may have stopped it before
    check = sample.atomci(
        "check", "run_ruff_lint", "run_pytest_unit_with_coverage", "provision_integration_env"
    )

    pattern = r"^(FAIL|local_ci)|  first red: |  again: "
    assert shapes(certain(MAKE["recording"]("gate_red")), pattern) == shapes(
        certain(done.out), pattern
    ), AGAIN
    assert states(shown("check")) == states(check.out.splitlines()), AGAIN


def test_the_picture_of_a_plan_has_todays_shape(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UV_PROJECT_ENVIRONMENT", raising=False)
    (tmp_path / "uv.lock").touch()
    groups = '[dependency-groups]\ntemplate = ["atomci[template]"]\n'
    (tmp_path / "pyproject.toml").write_text(groups, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    head, *lines = shown("update_plan")
    template, before, after = re.split(r"  | -> ", head)
    rows = [line.split(maxsplit=1) for line in lines[:-1]]
    plan = Update(
        state="planned", template=template, before=before, after=after,
        files=tuple(FileChange(path=path, change=word, tier="merged") for word, path in rows if word != "note"),  # type: ignore[arg-type]
        notes=tuple(note for word, note in rows if word == "note"),
    )  # fmt: skip

    show_update(plan, as_json=False)

    assert capsys.readouterr().out.splitlines() == [head, *lines], AGAIN


@pytest.mark.skipif(not NIGHTLY, reason="at night: it makes a project")
@pytest.mark.skipif(os.name == "nt", reason="no terminal to record")
def test_recorded_anew_each_picture_says_the_same(tmp_path: Path) -> None:
    def lines(text: str) -> list[str]:
        return sorted(re.sub(r"\d[\w.-]*| {2,}|\([^)]*\)", "0", line) for line in certain(text))

    for name, text in MAKE["recorded"](tmp_path).items():
        assert lines(text) == lines(MAKE["recording"](name)), f"{name}: {AGAIN}"
