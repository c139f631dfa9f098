"""atoms 073 to 077: which jobs ci.yml has, in which order they run, where, and on which events."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from atomci.configuration.ci import e2e_policy
from atomci.configuration.ci.caching import cache_of
from atomci.configuration.ci.expressions import tolerates_failure
from atomci.configuration.ci.graph import Workflow
from atomci.configuration.ci.workflow import roll_up_of
from atomci.configuration.facts import Fact, expect, problem, seen
from atomci.project import oldest_python

__all__ = ["Pythons", "e2e", "integration", "lint_types", "pester", "supported", "unit"]

_ON_PULL_REQUESTS = ("pull_request", "merge_group")
_ON_MAIN = ("push", "schedule", "workflow_dispatch")
_CLASSIFIER = re.compile(r"Programming Language :: Python :: (3\.\d+)")
_VERSION = re.compile(r"3\.\d+")
# By what the answers call a system: how its runners' labels begin, and its name.
_SYSTEMS = {"windows": ("windows", "Windows"), "macos": ("macos", "macOS")}


@dataclass(frozen=True)
class Pythons:
    """The Python versions that a project promises, and what requires-python says."""

    versions: tuple[str, ...]
    requires: str = ""

    def allows(self, version: str) -> bool:
        """Whether requires-python lets a version in."""
        from packaging.specifiers import InvalidSpecifier, SpecifierSet

        try:
            return SpecifierSet(self.requires).contains(f"{version}.99")
        except InvalidSpecifier:
            return True


def supported(project: Mapping[str, Any]) -> Pythons:
    """What `[project]` promises: its classifiers, else the oldest that requires-python lets in."""
    requires = str(project.get("requires-python", ""))
    named = [m[1] for line in project.get("classifiers", ()) if (m := _CLASSIFIER.fullmatch(str(line)))]
    oldest = oldest_python(requires)
    return Pythons(tuple(named) or ((oldest,) if oldest else ()), requires)


def lint_types(workflow: Workflow) -> Iterator[Fact]:
    """atom_073: it starts at once, on every pull request and push, and all other jobs wait for it."""
    missing = [event for event in ("pull_request", "push", "merge_group") if event not in workflow.triggers]
    yield expect(
        not missing,
        workflow.document.at("on"),
        f"it starts on {', '.join(workflow.triggers)}",
        f"it doesn't start on {', '.join(missing)}",
    )
    name = workflow.job_for("lint_types")
    if name is None:
        yield _no_job(workflow, "lint_types")
        return
    needs, condition = workflow.needs(name), workflow.condition(name)
    place = workflow.at(name, "needs" if needs else "if")
    why = f"waits for {', '.join(needs)}" if needs else f"runs on a condition: {condition}"
    first = not needs and condition is None
    yield expect(first, place, f"{name} starts at once, always", f"{name} {why}")
    for other in workflow.working:
        if other != name:
            yield _waits(workflow, other, name)


def unit(workflow: Workflow, pythons: Pythons, systems: Collection[str] = ()) -> Iterator[Fact]:
    """atom_074: the unit tests on Linux, on every Python that the project promises, cached by the lock.

    `systems` are those that the answers ask for besides: windows, macos.
    """
    name = workflow.job_for("unit")
    if name is None:
        yield _no_job(workflow, "unit")
        return
    first = workflow.job_for("lint_types")
    if first is not None:
        yield _waits(workflow, name, first)
    yield _on(workflow, name, "ubuntu", "Linux")
    for system in systems:
        if system in _SYSTEMS:
            yield _on(workflow, name, *_SYSTEMS[system])
    yield from _pythons(workflow, name, pythons)
    yield cache_of(workflow, name)


def integration(workflow: Workflow) -> Iterator[Fact]:
    """atom_075: on Linux, after unit is green and never without."""
    name, unit_job = workflow.job_for("integration"), workflow.job_for("unit")
    if name is None or unit_job is None:
        yield _no_job(workflow, "integration" if name is None else "unit")
        return
    yield _on(workflow, name, "ubuntu", "Linux")
    if workflow.job_with("unit", "integration") == name:
        yield seen(workflow.at(name), f"{name} runs them in one call with the unit tests, and after these")
    else:
        yield _waits(workflow, name, unit_job)


def pester(workflow: Workflow, tests: Sequence[str]) -> Iterator[Fact]:
    """atom_076's job: there is one on Windows where there are PowerShell tests."""
    name = workflow.job_for("pester")
    if name is None:
        if tests:
            yield problem(
                workflow.document.at("jobs"), f"no job calls atomci run pester, which {tests[0]} needs"
            )
        return
    yield _on(workflow, name, "windows", "Windows")
    if (first := workflow.job_for("lint_types")) is not None:
        yield _waits(workflow, name, first)


def e2e(workflow: Workflow, *, small: bool = False) -> Iterator[Fact]:
    """atom_077: on the default branch, every night and by hand, after integration; not on pull requests.

    In a small project one call may run every layer, on each event.
    """
    if small and (every := workflow.job_with("unit", "integration", "e2e")):
        yield from e2e_policy.always(workflow, every)
        return
    yield from _starts(workflow)
    name, before = workflow.job_for("e2e"), workflow.job_for("integration")
    if name is None or before is None:
        yield _no_job(workflow, "e2e" if name is None else "integration")
        return
    yield _waits(workflow, name, before)
    yield from _events(workflow, name)
    yield from _may_be_skipped(workflow, name)


def _no_job(workflow: Workflow, target: str) -> Fact:
    return problem(workflow.document.at("jobs"), f"no job calls atomci run {target}")


def _waits(workflow: Workflow, name: str, other: str) -> Fact:
    """A job runs only after another one is green."""
    place = workflow.at(name, "needs")
    if other not in workflow.before(name):
        return problem(place, f"{name} doesn't wait for {other}")
    # One that looks away from failures runs after a red job as well, as does what needs only such a job.
    if tolerates_failure(workflow.condition(name)):
        return problem(workflow.at(name, "if"), f"{name} runs also after {other} went red")
    if other not in _strictly_before(workflow, name):
        return problem(place, f"{name} waits for {other} only by jobs that run also after it went red")
    return seen(place, f"{name} waits for {other} to be green")


def _strictly_before(workflow: Workflow, name: str) -> set[str]:
    found: set[str] = set()
    queue = workflow.needs(name)
    while queue:
        other = queue.pop()
        if other not in found:
            found.add(other)
            if other in workflow.jobs and not tolerates_failure(workflow.condition(other)):
                queue += workflow.needs(other)
    return found


def _on(workflow: Workflow, name: str, label: str, system: str) -> Fact:
    labels = workflow.systems(name)
    shown = ", ".join(labels) or "nothing that is known"
    right = any(text.startswith(label) for text in labels)
    place = workflow.at(name, "runs-on")
    return expect(right, place, f"{name} runs on {shown}", f"{name} runs on {shown}, not on {system}")


def _pythons(workflow: Workflow, name: str, pythons: Pythons) -> Iterator[Fact]:
    place = workflow.at(name, "strategy", "matrix")
    key, values = _axis(workflow.matrix(name))
    if key is None:
        yield problem(place, f"{name} has no matrix of Python versions")
        return
    if numbers := [value for value in values if isinstance(value, float)]:
        yield problem(place, f"{name}: {numbers[0]} is a number there, and 3.10 would be 3.1; quote it")
    # A Python that only Windows has is none of Linux.
    legs = [leg for leg in workflow.legs(name) if workflow.label(name, leg).startswith("ubuntu")]
    given = [leg[key] for leg in legs if key in leg]
    missing = [version for version in pythons.versions if version not in given]
    refused = [version for version in given if not pythons.allows(version)]
    yield expect(
        not missing,
        place,
        f"{name} runs on Python {', '.join(given)}",
        f"{name} doesn't run on Python {', '.join(missing)}, which pyproject.toml promises",
    )
    if refused:
        yield problem(place, f"{name} runs on Python {', '.join(refused)}: not {pythons.requires}")
    may_fail = {leg.get(key) for leg in workflow.excused(name)}
    if excused := [version for version in pythons.versions if version in may_fail]:
        place = workflow.at(name, "continue-on-error")
        yield problem(place, f"{name} may fail on Python {', '.join(excused)}, which pyproject.toml promises")
    excluded = workflow.document.get("jobs", name, "strategy", "matrix", "exclude")
    if excluded and list(workflow.matrix(name)) == [key]:
        yield problem(place, f"{name} leaves versions out again: exclude")
    yield expect(
        f"matrix.{key}" in _told_which_python(workflow, name),
        workflow.at(name),
        f"{name} takes its Python from the matrix",
        f"{name} doesn't use matrix.{key}, so every run has the same Python",
    )


def _told_which_python(workflow: Workflow, name: str) -> str:
    """What can choose a job's Python: variables, scripts and an action's input; the names of caches can't."""
    said = [str(workflow.jobs[name].get("env"))]
    for step in workflow.steps(name):
        said += [step.script, str(step.given.get("env")), step.input("python-version") or ""]
    return " ".join(said)


def _axis(matrix: Mapping[str, list[Any]]) -> tuple[str | None, Collection[Any]]:
    """The key of a matrix whose values are Python versions, and the values."""
    for key, values in matrix.items():
        if values and all(_VERSION.match(str(value)) for value in values):
            return key, values
    return None, ()


def _starts(workflow: Workflow) -> Iterator[Fact]:
    """A push to the default branch, a time table and people start the workflow."""
    place = workflow.document.at("on")
    if missing := [event for event in _ON_MAIN if event not in workflow.triggers]:
        yield problem(place, f"it doesn't start on {', '.join(missing)}")
        return
    rows = workflow.document.rows("on", "schedule") or workflow.document.rows(True, "schedule")
    times = [str(row.get("cron", "")) for _, row in rows]
    yield expect(
        bool(times) and all(len(time.split()) == 5 for time in times),
        workflow.document.at("on", "schedule"),
        f"it starts on a push to {workflow.branch}, by hand and at {', '.join(times)}",
        "its schedule has no cron with five fields",
    )


def _events(workflow: Workflow, name: str) -> Iterator[Fact]:
    place = workflow.at(name, "if")
    for event in (*_ON_MAIN, *_ON_PULL_REQUESTS):
        wanted, runs = event in _ON_MAIN, workflow.runs_on(name, event)
        if runs is None:
            yield problem(place, f"whether {name} runs on {event} can't be worked out from its `if`")
        elif runs is not wanted:
            yield problem(place, f"{name} {'runs' if runs else 'does not run'} on {event}")
        else:
            yield seen(place, f"{name} {'runs' if runs else 'does not run'} on {event}")


def _may_be_skipped(workflow: Workflow, name: str) -> Iterator[Fact]:
    """The roll-up takes a skipped job for fine where it is meant to be skipped, and nowhere else."""
    roll_up = roll_up_of(workflow.document)
    if roll_up is None:
        yield problem(workflow.document.at("jobs"), "no roll-up: no job with `if: always()` needs the others")
        return
    place = workflow.at(roll_up, "steps")
    said = " ".join(step.text for step in workflow.steps(roll_up))
    if "skipped" not in said:
        yield problem(place, f"{roll_up} is red on every pull request: {name} is skipped there")
    elif missing := [event for event in _ON_PULL_REQUESTS if event not in said]:
        yield problem(place, f"{roll_up} takes skipped jobs without asking whether it is {missing[0]}")
    elif name not in said:
        yield problem(place, f"{roll_up} takes every job that was skipped, not {name} alone")
    else:
        yield seen(place, f"{roll_up} lets {name} be skipped on pull requests only")
