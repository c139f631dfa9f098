"""Findings as the log that GitHub code scanning takes."""

import gzip
from pathlib import Path
from typing import Any

import pytest

from atomci.analysis.sarif import limits
from atomci.analysis.sarif.fingerprints import line_fingerprints
from atomci.analysis.sarif.log import to_sarif
from atomci.artifacts.handed.schemas import Finding, Findings
from atomci.artifacts.json_text import json_of

TEXT = "import os\nx = 1\n"


def finding(**values: Any) -> Finding:
    return Finding(**{"path": "src/ä b.py", "line": 1, "column": 8, "tool": "ruff", "rule": "F401",
                      "message": "unused", "lane": "lint", **values})  # fmt: skip


def log(root: Path, *found: Finding, version: str = "1.2") -> dict[str, Any]:
    (root / "src").mkdir(exist_ok=True)
    (root / "src" / "ä b.py").write_text(TEXT, encoding="utf-8")
    (root / "src" / "latin.py").write_bytes(b"\xe9\n")
    findings = Findings(atom="run_ruff_lint", tool="ruff", version=version, examined=1, findings=found)
    whole: Any = to_sarif([findings], root).content
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
    whole: Any = to_sarif([found], tmp_path, "services/one/").content
    run = whole["runs"][0]
    assert run["automationDetails"] == {"id": "atomci/services/one/run_mypy/"}
    place = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": "services/one/src/%C3%A4%20b.py"}


def test_a_rule_says_what_it_is_where_it_is_explained_and_what_fixes_it(tmp_path: Path) -> None:
    page = "https://docs.astral.sh/ruff/rules/unused-import"
    found = Findings(
        atom="run_ruff_lint", tool="ruff", version="", examined=1, mend="ruff check --fix .",
        findings=(finding(url=page, fixable=True), finding(rule="E1", level="note")),
    )  # fmt: skip
    whole: Any = to_sarif([found], tmp_path).content
    with_page, without = whole["runs"][0]["tool"]["driver"]["rules"]
    assert with_page == {
        "id": "F401",
        "name": "unused-import",
        "shortDescription": {"text": "ruff F401: unused import"},
        "fullDescription": {"text": "ruff F401: unused import, such as: unused"},
        "help": {
            "text": "ruff F401: unused import, such as: unused\n\n"
            f"Explained at {page}\n\nFix: ruff check --fix .",
            "markdown": "ruff F401: unused import, such as: unused\n\n"
            f"[What it means]({page})\n\nFix: `ruff check --fix .`",
        },
        "helpUri": page,
        "defaultConfiguration": {"level": "error"},
        "properties": {
            "lane": "lint", "precision": "very-high", "problem.severity": "error", "tags": ["lint"],
        },
    }  # fmt: skip
    assert without["shortDescription"] == {"text": "ruff E1"}
    assert without["properties"]["problem.severity"] == "recommendation"
    assert "helpUri" not in without


def test_texts_of_rules_have_the_length_that_github_takes(tmp_path: Path) -> None:
    rule = log(tmp_path, finding(rule="r" * 300, message="m" * 5000))
    (described,) = rule["tool"]["driver"]["rules"]
    assert len(described["id"]) == len(described["name"]) == 255
    assert rule["results"][0]["ruleId"] == described["id"]
    assert {len(described[key]["text"]) for key in ("fullDescription", "shortDescription")} <= {
        308,
        1024,
        305,
    }
    assert len(described["fullDescription"]["text"]) == 1024


def many(count: int, **values: Any) -> Findings:
    found = tuple(finding(line=1, path=f"{number}.py", **values) for number in range(count))
    return Findings(atom="run_ruff_lint", tool="ruff", version="", examined=1, findings=found)


@pytest.mark.parametrize(
    ("count", "kept", "said"),
    [
        (2, 2, ""),
        (3, 3, "GitHub shows 2 of 3 findings of run_ruff_lint"),
        (5, 4, "SARIF has 4 of 5 findings of run_ruff_lint: GitHub takes 4 of a tool"),
    ],
)
def test_what_is_more_than_github_takes_is_left_out_and_said(
    count: int, kept: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("log", "limits"):
        monkeypatch.setattr(f"atomci.analysis.sarif.{module}.RESULTS", 4)
    monkeypatch.setattr("atomci.analysis.sarif.log.SHOWN", 2)
    made: Any = to_sarif([many(count)], tmp_path)
    assert len(made.content["runs"][0]["results"]) == kept
    assert made.said == said
    assert made.unsent == ({"run_ruff_lint": count - kept} if count > kept else {})


def test_a_file_that_would_be_too_large_has_fewer_results_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("atomci.analysis.sarif.limits.SIZE", 900)
    made: Any = to_sarif([many(200)], tmp_path)
    assert len(gzip.compress(json_of(made.content), 6)) <= 900
    kept = len(made.content["runs"][0]["results"])
    assert 0 < kept < 200
    assert made.said == f"SARIF has {kept} of 200 findings of run_ruff_lint: GitHub refuses a larger file"
    assert made.unsent == {"run_ruff_lint": 200 - kept}


def test_the_limits_are_those_that_github_publishes() -> None:
    assert (limits.RESULTS, limits.SHOWN, limits.SIZE) == (25_000, 5_000, 10_000_000)
    assert (limits.NAME, limits.DESCRIPTION) == (255, 1024)


def test_the_gravest_come_first_and_new_ones_before_those_that_are_held(tmp_path: Path) -> None:
    run = Findings(
        atom="run_ruff_lint", tool="ruff", version="", examined=1,
        findings=(finding(line=1, level="note"), finding(line=2), finding(line=3, level="warning")),
        held=(finding(line=4, level="note"), finding(line=5)),
    )  # fmt: skip
    made: Any = to_sarif([run], tmp_path).content
    results = made["runs"][0]["results"]
    lines = [row["locations"][0]["physicalLocation"]["region"]["startLine"] for row in results]
    assert lines == [2, 3, 1, 5, 4]
    assert [row["baselineState"] for row in results] == ["new"] * 3 + ["unchanged"] * 2


@pytest.mark.parametrize("path", ["/elsewhere/a.py", "../beside/a.py"])
def test_what_is_no_file_of_the_repository_is_left_out_and_said(path: str, tmp_path: Path) -> None:
    run = Findings(
        atom="run_mypy", tool="mypy", version="", examined=1, findings=(finding(path=path), finding())
    )
    made: Any = to_sarif([run], tmp_path)
    assert len(made.content["runs"][0]["results"]) == 1
    assert made.said == "SARIF lacks 1 of run_mypy, in files outside of the project"
    assert made.unsent == {"run_mypy": 1}


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
    [("src/ä b.py", 2, True), ("src/ä b.py", 4, False), ("none.py", 1, False), ("src/latin.py", 1, True)],
)
def test_what_cannot_be_read_has_no_fingerprint(path: str, line: int, known: bool, tmp_path: Path) -> None:
    (result,) = log(tmp_path, finding(path=path, line=line))["results"]

    assert ("partialFingerprints" in result) is known


def test_a_line_that_comes_again_is_numbered_and_a_lone_carriage_return_ends_one() -> None:
    first, second, *_ = line_fingerprints("\n" * 200)

    assert (first.rpartition(":")[2], second.rpartition(":")[2]) == ("1", "2")
    assert line_fingerprints("a\rb") == line_fingerprints("a\nb")


GREETING = ["e9496ae3ebfced30:1", "fb7c023a8b9ccb3f:1", "ce8ba1a563dcdaca:1", "e20e36e16fcb0cc8:1",
            "b3edc88f2938467e:1", "c8e28b0b4002a3a0:1", "c129715d7a2bc9a3:1"]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", ["c129715d7a2bc9a3:1"]),
        (
            " a\nb\n  \t\tc\n d",
            ["271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"],
        ),
        (
            " hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End",
            [
                "8b7cf3e952e7aeb2:1",
                "b1ae1287ec4718d9:1",
                "bff680108adb0fcc:1",
                "c6805c5e1288b612:1",
                "b86d3392aea1be30:1",
                "e6ceba753e1a442:1",
            ],
        ),
        *(
            (f" hello; \t{one}world!!!{two}{three}{four}  \t\tGreetings{five} End{six}", GREETING)
            for one, two, three, four, five, six in (
                ("\n",) * 6,
                ("\n", "\r", "\r", "\r", "\r", "\r"),
                ("\r\n",) * 6,
                ("\n", "\r\n", "\n", "\r", "\r", "\r\n"),
            )
        ),
        (
            "Lorem ipsum dolor sit amet.\n" * 10,
            [
                *(f"a7f2ff13bc495cf2:{number}" for number in range(1, 7)),
                "a7f2ff1481e87703:1",
                "a9cf91f7bbf1862b:1",
                "55ec222b86bcae53:1",
                "cc97dc7b1d7d8f7b:1",
                "c129715d7a2bc9a3:1",
            ],
        ),
    ],
)
def test_fingerprints_are_those_that_codeql_action_publishes_for_its_own(
    text: str, wanted: list[str]
) -> None:
    assert line_fingerprints(text) == wanted


def test_a_character_beyond_the_first_65536_counts_as_its_two_halves() -> None:
    """JavaScript's characters are units of UTF-16; this is its sum written out."""
    units = [0xD83D, 0xDE00, 65535] + [0] * 97
    value = 0
    for unit in units:
        value = (value * 37 + unit) % 2**64
    assert line_fingerprints("😀") == [f"{value:x}:1"]


def test_a_fingerprint_is_that_of_what_follows_alone_however_much_stands_before() -> None:
    text = "".join(f"line {number} = {number * 7} # {'x' * 20}\n" for number in range(500))
    found = line_fingerprints(text)
    assert len(found) == 501
    assert found[-3:] == line_fingerprints("".join(text.splitlines(keepends=True)[-2:]))


def test_a_fingerprint_ignores_blanks_and_line_ends() -> None:
    plain = line_fingerprints("a = 1\nb = 2\n")
    assert line_fingerprints("a=1\r\n\tb  =  2\r\n") == plain
    assert line_fingerprints("a = 2\nb = 2\n")[0] != plain[0]
