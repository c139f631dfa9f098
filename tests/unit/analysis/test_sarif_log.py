"""Findings as the log that GitHub code scanning takes."""

from pathlib import Path
from typing import Any

import pytest

from atomci.analysis.sarif import line_fingerprints, to_sarif
from atomci.artifacts.schemas import Finding, Findings

TEXT = "import os\nx = 1\n"


def finding(**values: Any) -> Finding:
    return Finding(**{"path": "src/ä b.py", "line": 1, "column": 8, "tool": "ruff", "rule": "F401",
                      "message": "unused", "lane": "lint", **values})  # fmt: skip


def log(root: Path, *found: Finding, version: str = "1.2") -> dict[str, Any]:
    (root / "src").mkdir(exist_ok=True)
    (root / "src" / "ä b.py").write_text(TEXT, encoding="utf-8")
    (root / "src" / "latin.py").write_bytes(b"\xe9\n")
    findings = Findings(atom="run_ruff_lint", tool="ruff", version=version, examined=1, findings=found)
    whole: Any = to_sarif([findings], root)
    assert (whole["version"], len(whole["runs"])) == ("2.1.0", 1)
    return whole["runs"][0]  # type: ignore[no-any-return]


def test_a_run_names_its_tool_its_category_and_each_rule_once(tmp_path: Path) -> None:
    run = log(tmp_path, finding(url="https://x/F401"), finding(rule="E1"), finding(line=2))

    assert run["tool"]["driver"]["name"] == "ruff"
    assert run["tool"]["driver"]["version"] == "1.2"
    assert run["automationDetails"] == {"id": "atomci/run_ruff_lint/"}
    assert run["columnKind"] == "unicodeCodePoints"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["F401", "E1"]
    assert [(row["ruleId"], row["ruleIndex"]) for row in run["results"]] == [
        ("F401", 0),
        ("E1", 1),
        ("F401", 0),
    ]
    assert "version" not in log(tmp_path, version="")["tool"]["driver"]


def test_a_project_in_a_folder_has_its_own_categories_and_paths_from_the_top(tmp_path: Path) -> None:
    found = Findings(atom="run_mypy", tool="mypy", version="", examined=1, findings=(finding(),))
    whole: Any = to_sarif([found], tmp_path, "services/one/")
    run = whole["runs"][0]
    assert run["automationDetails"] == {"id": "atomci/services/one/run_mypy/"}
    place = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": "services/one/src/%C3%A4%20b.py"}


def test_a_rule_has_the_page_that_explains_it_if_there_is_one(tmp_path: Path) -> None:
    with_page, without = log(tmp_path, finding(url="https://x/F401"), finding(rule="E1"))["tool"]["driver"][
        "rules"
    ]

    text = {"text": "ruff F401"}
    assert with_page == {
        "id": "F401", "shortDescription": text, "fullDescription": text, "help": {"text": "https://x/F401"},
        "helpUri": "https://x/F401", "properties": {"lane": "lint"},
    }  # fmt: skip
    assert without["help"] == {"text": "ruff E1"}
    assert "helpUri" not in without


def test_a_result_says_what_and_where(tmp_path: Path) -> None:
    (result,) = log(tmp_path, finding(level="warning"))["results"]

    assert result == {
        "ruleId": "F401", "ruleIndex": 0, "level": "warning", "message": {"text": "unused"},
        "locations": [{"physicalLocation": {
            "artifactLocation": {"uri": "src/%C3%A4%20b.py"}, "region": {"startLine": 1, "startColumn": 8},
        }}],
        "partialFingerprints": {"primaryLocationLineHash": line_fingerprints(TEXT)[0]},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("end_line", "end_column", "told"),
    [(1, 10, 10), (1, 8, None), (1, 5, None), (1, None, None), (2, 10, None), (None, 10, None)],
)
def test_a_region_ends_in_its_line_or_nowhere(
    end_line: int | None, end_column: int | None, told: int | None, tmp_path: Path
) -> None:
    (result,) = log(tmp_path, finding(end_line=end_line, end_column=end_column))["results"]

    region = result["locations"][0]["physicalLocation"]["region"]
    assert region.get("endColumn") == told
    assert "endLine" not in region


@pytest.mark.parametrize(
    ("path", "line", "known"),
    [("src/ä b.py", 2, True), ("src/ä b.py", 4, False), ("none.py", 1, False), ("src/latin.py", 1, False)],
)
def test_what_cannot_be_read_has_no_fingerprint(path: str, line: int, known: bool, tmp_path: Path) -> None:
    (result,) = log(tmp_path, finding(path=path, line=line))["results"]

    assert ("partialFingerprints" in result) is known


def test_a_line_that_comes_again_is_numbered_and_a_lone_carriage_return_ends_one() -> None:
    first, second, *_ = line_fingerprints("\n" * 200)

    assert (first.rpartition(":")[2], second.rpartition(":")[2]) == ("1", "2")
    assert line_fingerprints("a\rb") == line_fingerprints("a\nb")
