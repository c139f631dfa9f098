"""The lanes of fixes: what tools mend by themselves, and lists of work for the rest."""

import json

import pytest

BAD = "import os\n\n\ndef twice(text: str) -> int:\n    return text+text\n"


@pytest.fixture
def broken(real_sample):
    (real_sample.root / "src/demo/twice.py").write_text(BAD, encoding="utf-8")
    real_sample.commit()
    return real_sample


def test_tools_fix_what_they_can_and_it_can_be_undone(broken) -> None:
    file = broken.root / "src/demo/twice.py"

    done = broken.atomci("run", "route_fix_lane_lint_format", "route_fix_lane_types_interfaces", "--json")

    status, reason = done["route_fix_lane_lint_format"]
    assert (status, reason.split(";")[0]) == ("pass", "1 changed: src/demo/twice.py")
    assert file.read_text(encoding="utf-8") == "def twice(text: str) -> int:\n    return text + text\n"
    left = json.loads((broken.root / "artifacts/fix/types.json").read_text(encoding="utf-8"))
    assert [(each["path"], each["symbol"], len(each["findings"])) for each in left["symbols"]] == [
        ("src/demo/twice.py", "twice", 1)
    ]
    undone = broken.atomci("undo", "--json", reason.split("atomci undo ")[1].split()[0])
    assert [row["path"] for row in json.loads(undone.out)["rows"]] == ["src/demo/twice.py"]
    assert (undone.code, file.read_text(encoding="utf-8")) == (0, BAD)


def test_a_file_outside_stays_as_it_is_since_no_undo_brings_it_back(broken, tmp_path) -> None:
    outside = tmp_path / "outside.py"
    outside.write_text(BAD, encoding="utf-8")
    (broken.root / "src/demo/linked.py").symlink_to(outside)

    done = broken.atomci("run", "route_fix_lane_lint_format", "--json")

    status, reason = done["route_fix_lane_lint_format"]
    assert (status, reason.split(",")[0]) == ("fail", "src/demo/linked.py leads out of this project")
    assert outside.read_text(encoding="utf-8") == BAD
    assert (broken.root / "src/demo/twice.py").read_text(encoding="utf-8") == BAD


def test_in_ci_nothing_is_changed(broken) -> None:
    broken.env["CI"] = "true"

    done = broken.atomci("run", "route_fix_lane_lint_format", "--json")

    assert done["route_fix_lane_lint_format"][0] == "fail"
    assert (broken.root / "src/demo/twice.py").read_text(encoding="utf-8") == BAD


def test_where_nothing_is_found_nothing_runs(green) -> None:
    done = green.atomci("run", "route_fix_lane_lint_format", "--json")
    said = "nothing was found that ruff or black could fix"
    assert done["route_fix_lane_lint_format"] == ("pass", said)


def test_a_failing_test_is_listed_with_the_changed_lines_that_it_runs_through(sample) -> None:
    test = sample.root / "tests/unit/test_words.py"
    sample.commit()
    sample.git("checkout", "-qb", "topic")
    test.write_text(
        f"{test.read_text(encoding='utf-8')}\n\ndef test_red() -> None:\n    assert 0\n", encoding="utf-8"
    )

    done = sample.atomci("run", "route_fix_lane_behavior", "--json")

    left = json.loads((sample.root / "artifacts/fix/behavior.json").read_text(encoding="utf-8"))
    assert done["route_fix_lane_behavior"] == ("pass", "failing: 1, of which through changed lines: 1")
    (found,) = left["tests"]
    assert found["nodeid"].endswith("test_red")
    assert {(each["path"], each["symbol"]) for each in found["changed"]} == {
        ("tests/unit/test_words.py", "test_red")
    }
