"""Whether other programs find the files of a coverage report."""

from pathlib import Path

import pytest

from atomci.testing.measurement.coverage_xml import objections

XML = "<coverage><sources><source>{source}</source></sources><packages><package><classes>{rows}</classes></package></packages></coverage>"


def told(root: Path, *files: str, source: str = "") -> list[str]:
    rows = "".join(f'<class filename="{file}"/>' for file in files)
    (root / "coverage.xml").write_text(XML.format(source=source or root / "src", rows=rows))
    return objections(root / "coverage.xml", root)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for file in ("src/demo/a.py", "../elsewhere.py"):
        (tmp_path / "root" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "root" / file).touch()
    return tmp_path / "root"


@pytest.mark.parametrize("file", ["demo/a.py", "src/demo/a.py"])
def test_a_file_is_found_from_the_root_or_from_a_source(root: Path, file: str) -> None:
    assert told(root, file) == []


@pytest.mark.parametrize("file", ["demo/b.py", "../../elsewhere.py", "/nowhere/demo/a.py"])
def test_a_file_of_another_place_is_named(root: Path, file: str) -> None:
    assert told(root, "demo/a.py", file) == [f"coverage.xml: {file} isn't in the repository"]


def test_a_source_of_another_machine_is_an_objection(root: Path) -> None:
    assert told(root, "demo/a.py", source="/home/runner/work/demo/src") == [
        "coverage.xml: demo/a.py isn't in the repository"
    ]


def test_a_report_without_files_or_that_is_none_says_nothing(root: Path) -> None:
    assert told(root) == ["coverage.xml names no file"]
    (root / "coverage.xml").write_text("<testsuites/>")
    assert objections(root / "coverage.xml", root) == ["coverage.xml isn't a coverage report"]
    (root / "coverage.xml").write_text("<coverage>")
    assert "can't be read" in objections(root / "coverage.xml", root)[0]
    assert "can't be read" in objections(root / "none.xml", root)[0]
