"""atom_110: the unit job of ci.yml runs every shard, and a job after it judges them together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from atomci.configuration.ci.graph import Workflow
from atomci.configuration.facts import Fact, expect, problem

__all__ = ["VARIABLE", "facts"]

VARIABLE = "ATOMCI_SHARD"
# What stands for a shard: words without a space, or with one inside of `${{ }}`.
_OPTION = re.compile(r"--shard[= ]+[\"']?((?:\$\{\{.*?\}\}|[^\s\"'])+)")
_MATRIX = re.compile(r"\$\{\{\s*matrix\.([\w-]+)\s*\}\}")
_JUDGED = re.compile(r"--shards-from\b")


def facts(workflow: Workflow, count: int) -> Iterator[Fact]:
    """`count` is 2 or more."""
    told = {name: text for name in workflow.jobs if (text := _told(workflow, name))}
    if not told:
        where = workflow.job_for("unit")
        place = workflow.at(where) if where else workflow.document.at("jobs")
        yield problem(place, f"no job runs a shard of the unit tests: {VARIABLE} or --shard")
        return
    name, text = next(iter(told.items()))
    yield _all_of_them(workflow, name, text, count)
    yield from _judged(workflow, name)


def _told(workflow: Workflow, name: str) -> str:
    """What a job that runs the unit tests is told of its shard."""
    for step, call in workflow.calls(name):
        if "unit" in call.targets and not _JUDGED.search(step.script):
            if option := _OPTION.search(step.script):
                return option[1]
            for variables in (step.given.get("env"), workflow.jobs[name].get("env")):
                if isinstance(variables, Mapping) and variables.get(VARIABLE):
                    return str(variables[VARIABLE])
    return ""


def _all_of_them(workflow: Workflow, name: str, text: str, count: int) -> Fact:
    place = workflow.at(name, "strategy", "matrix")
    keys = set(_MATRIX.findall(text))
    excluded: Any = workflow.document.get("jobs", name, "strategy", "matrix", "exclude")
    if any(keys & row.keys() for row in excluded or () if isinstance(row, Mapping)):
        return problem(workflow.at(name, "strategy", "matrix", "exclude"), f"{name} leaves shards out again")
    wanted = [f"{number}/{count}" for number in range(1, count + 1)]
    given = _filled(text, workflow.matrix(name))
    missing = [shard for shard in wanted if shard not in given]
    strange = [shard for shard in given if shard not in wanted]
    if strange:
        return problem(place, f"{name} runs {strange[0]}, and pyproject.toml has {count} shards")
    return expect(
        not missing,
        place,
        f"{name} runs shards {', '.join(wanted)}",
        f"{name} doesn't run shard {', '.join(missing)}",
    )


def _filled(text: str, matrix: Mapping[str, list[Any]]) -> list[str]:
    """A text for each value of the matrix that it names."""
    match = _MATRIX.search(text)
    if match is None:
        return [text.strip()]
    filled = [text.replace(match[0], str(value)) for value in matrix.get(match[1], ())]
    return [done for one in filled for done in _filled(one, matrix)]


def _judged(workflow: Workflow, name: str) -> Iterator[Fact]:
    """One shard's coverage is no answer, so a job puts them together."""
    for other in workflow.jobs:
        for step, call in workflow.calls(other):
            if "unit" in call.targets and _JUDGED.search(step.script):
                yield expect(
                    name in workflow.before(other),
                    workflow.at(other, "needs"),
                    f"{other} judges all shards after {name}",
                    f"{other} judges the shards without waiting for {name}",
                )
                if call.defect:
                    yield problem(step.at("run"), f"{other}: {call.defect}")
                return
    yield problem(
        workflow.document.at("jobs"),
        "no job judges the shards together: atomci run unit --shards-from FOLDER",
    )
