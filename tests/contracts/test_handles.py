"""Artifacts: each has one handle, which knows the schema that it keeps."""

import ast
import typing
from pathlib import Path

import pytest

from atomci.artifacts import handles
from atomci.artifacts.handed import (
    autofix,
    failures,
    fixing,
    fixtures,
    impact,
    lines,
    runs,
    schemas,
    snapshots,
    testing,
    trends,
)
from atomci.artifacts.handles import Artifact
from atomci.artifacts.published import SCHEMAS
from atomci.atoms.loading.builtin import built_in
from atomci.catalog import ARTIFACTS, ATOMS
from atomci.engine.inputs.files import matches
from atomci.engine.outputs import declared_outputs

SOURCE = Path(__file__).parents[2] / "src" / "atomci"
HANDLES = {name: value for name, value in vars(handles).items() if isinstance(value, Artifact)}
ROOMS = (
    schemas,
    autofix,
    failures,
    fixing,
    fixtures,
    impact,
    lines,
    snapshots,
    testing,
    trends,
    runs,
    handles,
)
TYPES = typing.get_type_hints(handles, {name: value for room in ROOMS for name, value in vars(room).items()})


@pytest.mark.parametrize("name", HANDLES)
def test_a_handle_is_typed_as_the_struct_of_its_schema(name: str) -> None:
    handle = HANDLES[name]
    (kind,) = typing.get_args(TYPES[name])
    assert bool(handle.schema) != bool(handle.form)
    assert kind is (handle.kind if handle.schema else typing.Any)
    assert set(SCHEMAS) >= {handle.schema} - {""}


def test_no_artifact_has_two_handles() -> None:
    assert len({handle.path for handle in HANDLES.values()}) == len(HANDLES)


def test_what_an_atom_writes_has_a_handle() -> None:
    written = {path for row in ATOMS if row.name in built_in() for path in declared_outputs(row)}
    assert written <= ARTIFACTS.keys()


def test_a_handle_is_that_of_an_artifact_which_an_atom_writes() -> None:
    globs = [f"{path}**" if path.endswith("/") else path for row in ATOMS for path in row.writes]
    assert [handle for handle in HANDLES.values() if not matches(handle.path, globs)] == []


def test_an_artifact_with_a_handle_is_named_by_it_and_by_no_literal() -> None:
    paths = {handle.path for handle in HANDLES.values()}
    literals = []
    for folder in ("atoms", "testing", "engine"):
        for file in (SOURCE / folder).rglob("*.py"):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            values = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
            literals += [f"{file.relative_to(SOURCE)}: {value}" for value in values if value in paths]
    assert literals == []
