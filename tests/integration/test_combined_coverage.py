"""Atom 067: what all layers covered together, as XML and HTML, by real coverage."""

import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

ATOM = "generate_coverage_xml_html"
FOLDER = "artifacts/reports/coverage"


def hits(root: Path, name: str) -> list[str]:
    rows = ET.parse(root / FOLDER / "coverage.xml").iter("class")
    (row,) = [row for row in rows if row.attrib["filename"].endswith(name)]
    return [line.attrib["number"] for line in row.iter("line") if line.attrib["hits"] != "0"]


def test_what_another_layer_covered_is_added_and_both_stay(real_green) -> None:
    root = real_green.root
    real_green.write("src/demo/later.py", "def later() -> int:\n    return 1\n")
    words = ("-m", "coverage", "run", "--branch", "--source=src")
    data = "--data-file=artifacts/tests/integration.coverage.data"
    subprocess.run(
        [sys.executable, *words, data, "src/demo/later.py"], cwd=root, env=real_green.env, check=True
    )
    done = real_green.atomci("run", ATOM, "--only", "--json")
    assert done[ATOM] == ("pass", "unit and integration")
    assert hits(root, "later.py") == ["1"]
    assert len(hits(root, "prices.py")) > 3
    assert (root / FOLDER / "htmlcov/index.html").is_file()
    assert (root / "artifacts/tests/coverage.data").is_file()
    assert (root / "artifacts/tests/integration.coverage.data").is_file()
    assert real_green.atomci("check", ATOM).code == 0
    (root / FOLDER / "htmlcov/index.html").unlink()
    assert "htmlcov/index.html is missing" in real_green.atomci("check", ATOM).out


def test_data_that_coverage_cannot_take_is_an_error_and_none_is_vacuous(real_green) -> None:
    real_green.write("artifacts/tests/integration.coverage.data", "no database")
    done = real_green.atomci("run", ATOM, "--only", "--json")
    assert done[ATOM][0] == "error"
    assert "integration.coverage.data" in done[ATOM][1]
    for name in ("coverage.data", "integration.coverage.data"):
        (real_green.root / "artifacts/tests" / name).unlink()
    assert real_green.atomci("run", ATOM, "--only", "--json")[ATOM][0] == "vacuous"


def test_the_pipeline_of_reports_tells_of_the_run_before_it(real_green) -> None:
    done = real_green.atomci("run", "reports", "--json")
    assert done.code == 0, done.out
    run = real_green.runs[0].name
    assert done["publish_local_reports_index"] == ("pass", f"run {run}: green")
    assert done["summarize_test_outcomes_for_pr"] == ("pass", f"run {run}: green")
    assert real_green.atomci("check", "phase_11").code == 0
