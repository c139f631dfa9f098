"""The published schemas, and that what runs leave keeps them."""

import json
import runpy
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from atomci.artifacts.published import SCHEMAS

FOLDER = Path(__file__).parents[2] / "docs" / "schemas"
# Written by coverage.py, in its own formats.
FOREIGN = {"artifacts/reports/htmlcov/status.json"}


def _validator(name: str) -> Any:
    schema = json.loads((FOLDER / f"{name}.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_published_schemas_are_current() -> None:
    wanted = runpy.run_path(str(FOLDER / "generate.py"))["documents"]()
    there = {file.name: file.read_text(encoding="utf-8") for file in FOLDER.glob("*.schema.json")}
    assert there == wanted, "uv run docs/schemas/generate.py"
    assert set(there) == {f"{name}.schema.json" for name in SCHEMAS}


def test_a_file_names_the_schema_by_the_name_under_which_it_is_published() -> None:
    named = {}
    for name in SCHEMAS:
        schema = json.loads((FOLDER / f"{name}.schema.json").read_text(encoding="utf-8"))
        own = schema["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
        if "schema" in own.get("properties", {}):
            named[name] = own["properties"]["schema"]["enum"]
    assert len(named) > 40
    assert {name: words for name, words in named.items() if words != [f"atomci/{name}/1"]} == {}


def test_the_table_of_artifacts_is_current() -> None:
    generate = runpy.run_path(str(FOLDER / "generate.py"))
    page = (FOLDER.parent / "artifacts.md").read_text(encoding="utf-8")
    assert generate["with_table"](page) == page, "uv run docs/schemas/generate.py"


@pytest.fixture(scope="module", params=["green", "red", "nothing to do"])
def after_a_run(
    request: pytest.FixtureRequest, real_reference: Any, tmp_path_factory: pytest.TempPathFactory
) -> Any:
    """The project after a gate that went one way or another; don't write into it."""
    project = real_reference.copy(tmp_path_factory.mktemp("run") / "demo")
    if request.param == "red":
        project.append("src/demo/words.py", "import os\nx: int = ''\n")
        project.append("tests/unit/test_words.py", "\n\ndef test_bad() -> None:\n    assert 0\n")
        assert project.atomci("run", "local_ci", "--keep-going").code == 1
    if request.param == "nothing to do":
        assert project.atomci("run", "local_ci", "--since", "HEAD").code == 0
    return project


def test_every_artifact_of_a_run_keeps_its_schema(after_a_run) -> None:
    seen = set()
    for file in sorted((after_a_run.root / "artifacts").rglob("*.json")):
        path = file.relative_to(after_a_run.root).as_posix()
        content = json.loads(file.read_text(encoding="utf-8"))
        if path in FOREIGN:
            continue
        family, name, version = content["schema"].split("/")
        assert (family, version) == ("atomci", "1")
        _validator(name).validate(content)
        seen.add(name)
    assert seen >= {"findings", "all-findings", "lanes", "selection", "parallel", "tests", "stage"}
    assert seen >= {"reports", "gate", "result", "index"}


def test_every_event_of_a_run_keeps_the_schema(after_a_run) -> None:
    validator = _validator("events")
    kinds = set()
    for run in after_a_run.runs:
        for line in (run / "events.jsonl").read_text(encoding="utf-8").splitlines():
            validator.validate(json.loads(line))
            kinds.add(json.loads(line)["event"])
    told = {"test", "session", "coverage"}
    assert kinds - {"excerpt"} == {"run_started", "atom_started", *told, "atom_finished", "run_finished"}


def test_the_recorded_tests_keep_the_events_schema(real_reference) -> None:
    validator = _validator("events")
    lines = real_reference.read("artifacts/tests/unit.jsonl").splitlines()
    for line in lines:
        validator.validate(json.loads(line))
    assert [json.loads(line)["event"] for line in lines] == [*["test"] * 4, "session"]


@pytest.mark.parametrize("wrong", [{"schema": "atomci/gate/2"}, {"exit_code": "0"}, {"verdict": "fine"}])
def test_a_schema_refuses_what_it_does_not_describe(real_reference, wrong: dict[str, Any]) -> None:
    content = real_reference.json("artifacts/gate.json")
    _validator("gate").validate(content)
    with pytest.raises(jsonschema.ValidationError):
        _validator("gate").validate(content | wrong)


def test_the_index_names_every_file_with_size_and_digest(after_a_run) -> None:
    import hashlib

    index = after_a_run.json("artifacts/index.json")
    assert index["run"] == after_a_run.runs[-1].name
    listed = {row["path"]: row for row in index["files"]}
    for path, row in listed.items():
        content = (after_a_run.root / path).read_bytes()
        assert (row["size"], row["sha256"]) == (len(content), hashlib.sha256(content).hexdigest()), path
    there = {
        file.relative_to(after_a_run.root).as_posix()
        for file in (after_a_run.root / "artifacts").rglob("*")
        if file.is_file()
    }
    left_out = there - set(listed)
    assert "artifacts/index.json" in left_out
    own = f"artifacts/runs/{index['run']}/"
    for path in left_out - {"artifacts/index.json"}:
        assert path.startswith(("artifacts/runs/", "artifacts/reports/htmlcov/")), path
        assert not path.startswith(own), path


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("check", ["check", "--json"]),
        ("list", ["list", "--json"]),
        ("explanation", ["explain", "phase_04", "--json"]),
        ("explanation", ["explain", "score_parallelization_opportunities", "--json"]),
    ],
)
def test_what_is_said_of_atoms_keeps_its_schema(sample, name: str, words: list[str]) -> None:
    said = json.loads(sample.atomci(*words).out)
    assert said["schema"] == f"atomci/{name}/1"
    _validator(name).validate(said)
    assert said["atoms"]


def test_a_fact_of_a_check_has_its_place(sample) -> None:
    atoms = json.loads(sample.atomci("check", "phase_01", "--json").out)["atoms"]
    facts = [(fact, text) for row in atoms for fact, text in zip(row["facts"], row["evidence"], strict=True)]
    assert any(fact.get("line") for fact, _ in facts)
    for fact, text in facts:
        place = ":".join(str(fact[key]) for key in ("path", "line") if key in fact)
        assert text == (f"{place}: {fact['text']}" if place else fact["text"])
