"""A workflow as a graph: what each job calls, what it waits for, and on which events it runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import Any

from atomci.configuration.calls import Call, calls_in
from atomci.configuration.ci.actions import Actions, Step, steps_of
from atomci.configuration.ci.expressions import EVENTS, Status, holds, moment, tolerates_failure
from atomci.configuration.documents import Document, Key
from atomci.configuration.facts import Place

__all__ = ["Workflow", "filled", "listed"]

_MATRIX = re.compile(r"\$\{\{\s*matrix\.([\w-]+)\s*\}\}")


@dataclass(frozen=True)
class Workflow:
    """A workflow with the local actions that its jobs use."""

    document: Document
    actions: Actions = field(default_factory=dict)

    @property
    def jobs(self) -> Mapping[str, Any]:
        """The jobs by name, in order; what isn't a table is left out."""
        return {name: job for name, job in self.document.table("jobs").items() if isinstance(job, Mapping)}

    @cached_property
    def triggers(self) -> dict[str, Any]:
        """The events that start it, with what is said of each."""
        data = self.document.data
        # YAML 1.1 reads the key `on` as the truth value.
        given = data.get("on", data.get(True)) if isinstance(data, Mapping) else None
        if isinstance(given, Mapping):
            return {str(name): said for name, said in given.items()}
        return dict.fromkeys(listed(given))

    @property
    def branch(self) -> str:
        """The branch that a push starts it for: the default branch."""
        push = self.triggers.get("push")
        branches = listed(push.get("branches")) if isinstance(push, Mapping) else []
        return next((name for name in branches if not name.startswith("!") and "*" not in name), "main")

    def at(self, name: str, *keys: Key) -> Place:
        """The place of a job or of a key of it."""
        return self.document.at("jobs", name, *keys)

    def steps(self, name: str) -> list[Step]:
        """A job's steps, local actions looked through."""
        return steps_of(self.document, name, self.actions)

    def calls(self, name: str) -> Iterator[tuple[Step, Call]]:
        """Where a job calls `atomci run`."""
        for step in self.steps(name):
            for call in calls_in(step.script):
                yield step, call

    def targets(self, name: str) -> list[str]:
        """What a job calls `atomci run` with."""
        return [target for _, call in self.calls(name) for target in call.targets]

    @property
    def working(self) -> list[str]:
        """The jobs that call `atomci run`."""
        return [name for name in self.jobs if any(self.calls(name))]

    def job_for(self, target: str) -> str | None:
        """The job that runs a target: the one of that name, else the first that does."""
        found = [name for name in self.jobs if target in self.targets(name)]
        return target if target in found else next(iter(found), None)

    def job_with(self, *targets: str) -> str | None:
        """The first job that runs all of them in one call, in which a red one stops those of later phases."""
        for name in self.jobs:
            if any(set(targets) <= set(call.targets) for _, call in self.calls(name)):
                return name
        return None

    def needs(self, name: str) -> list[str]:
        """The jobs that a job names in `needs`."""
        return listed(self.jobs.get(name, {}).get("needs"))

    def before(self, name: str) -> set[str]:
        """All jobs that end before a job begins."""
        found: set[str] = set()
        queue = self.needs(name)
        while queue:
            other = queue.pop()
            if other not in found:
                found.add(other)
                queue += self.needs(other)
        return found

    def check_name(self, name: str) -> str:
        """What GitHub calls a job where it shows how it ended."""
        return str(self.jobs[name].get("name") or name)

    def condition(self, name: str) -> object:
        """A job's `if`."""
        return self.jobs[name].get("if")

    def runs_on(self, name: str, event: str, status: Status = "success") -> bool | None:
        """Whether a job runs when an event happens and all before it ended so; None when that is unknown."""
        own = holds(self.condition(name), moment(event, self.branch), status)
        if own is False or tolerates_failure(self.condition(name)):
            return own
        needed = [self.runs_on(other, event) for other in self.needs(name) if other in self.jobs]
        return False if False in needed else None if None in needed else own

    def only_tells(self, name: str) -> bool:
        """Whether a job runs after a failure only and calls nothing: it can't make anything green."""
        if any(self.calls(name)) or "uses" in self.jobs[name]:
            return False
        moments = [moment(event, self.branch) for event in EVENTS]
        return all(holds(self.condition(name), at, "success") is False for at in moments) and any(
            holds(self.condition(name), at, "failure") is not False for at in moments
        )

    def matrix(self, name: str) -> dict[str, list[Any]]:
        """A job's matrix: every value of each key, those of `include` too."""
        given = self._strategy(name)
        found = {
            str(key): list(values)
            for key, values in given.items()
            if key not in ("include", "exclude") and isinstance(values, list)
        }
        for row in given.get("include") or ():
            for key, value in row.items() if isinstance(row, Mapping) else ():
                found.setdefault(str(key), []).append(value)
        return found

    def _strategy(self, name: str) -> Mapping[str, Any]:
        strategy = self.jobs[name].get("strategy")
        given = strategy.get("matrix") if isinstance(strategy, Mapping) else None
        return given if isinstance(given, Mapping) else {}

    def legs(self, name: str) -> list[dict[str, str]]:
        """Every run of a job by the keys of its matrix, as GitHub fills it in; without one, [{}].

        https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstrategymatrix
        """
        given = self._strategy(name)
        axes = {
            str(key): [str(value) for value in values]
            for key, values in given.items()
            if key not in ("include", "exclude") and isinstance(values, list)
        }
        combined = (
            [dict(zip(axes, values, strict=True)) for values in product(*axes.values())] if axes else []
        )
        left_out = _rows(given.get("exclude"))
        found = [leg for leg in combined if not any(row.items() <= leg.items() for row in left_out)]
        for row in _rows(given.get("include")):
            own = {key: value for key, value in row.items() if key in axes}
            widened = [leg for leg in found if own.items() <= leg.items()] if axes else []
            for leg in widened:
                leg.update(row)
            if not widened:
                found.append(row)
        return found or [{}]

    def excused(self, name: str) -> list[dict[str, str]]:
        """The legs of a job whose failure may stop nothing; what can't be worked out may be one."""
        condition = self.jobs[name].get("continue-on-error")
        if condition in (None, False):
            return []
        return [
            leg
            for leg in self.legs(name)
            if holds(condition, {f"matrix.{key}": value for key, value in leg.items()}) is not False
        ]

    def label(self, name: str, leg: Mapping[str, str]) -> str:
        """The label of the runner that a leg of a job takes; of several the first."""
        label = next(iter(listed(self.jobs[name].get("runs-on"))), "")
        return filled(label, leg)

    def systems(self, name: str) -> list[str]:
        """The labels of the runners that a job takes, its matrix filled in."""
        found: list[str] = []
        for label in listed(self.jobs[name].get("runs-on")):
            match = _MATRIX.fullmatch(label)
            found += map(str, self.matrix(name).get(match[1], [])) if match else [label]
        return list(dict.fromkeys(found))


def filled(text: str, leg: Mapping[str, str]) -> str:
    """A text as a leg has it: the keys of its matrix in their places; other expressions stay."""
    return _MATRIX.sub(lambda match: leg.get(match[1], ""), text)


def _rows(given: object) -> list[dict[str, str]]:
    """The rows of `include` or `exclude`."""
    rows = given if isinstance(given, list) else []
    return [{str(key): str(value) for key, value in row.items()} for row in rows if isinstance(row, Mapping)]


def listed(value: Any) -> list[str]:
    """One or several, as a list of strings."""
    if value is None:
        return []
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]
