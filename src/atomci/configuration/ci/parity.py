"""atom_047: scripts, task, hook and CI jobs all run the same gate, and scripts what their tasks run."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from atomci.configuration.calls import calls_in
from atomci.configuration.ci.actions import NO_ACTIONS, Actions
from atomci.configuration.ci.graph import Workflow
from atomci.configuration.ci.workflow import roll_up_of, rolls_up
from atomci.configuration.documents import Document, Key
from atomci.configuration.facts import Fact, Place, expect, problem, seen
from atomci.configuration.hooks import hooks_of

__all__ = ["GATE", "SCRIPTS", "VERBS", "hook", "jobs", "same_steps", "script", "task"]

GATE = "local_ci"
SCRIPTS = ("scripts/local_ci.sh", "scripts/local_ci.ps1")
VERBS = ("setup", "test", "fix", "check")
"""What else may be a task and a script, `scripts/VERB.sh` or `.ps1`."""
_STEP = re.compile(r"\b(?:atomci (?:run \w+|check)|ruff (?:check|format)(?: --[\w-]+)*|black \.|uv sync)")
_COMMENT = re.compile(r"^\s*#.*$", re.MULTILINE)
# It adds up the outcomes of one run; in CI the roll-up job does that over all jobs.
_ADDED_UP_BY_THE_ROLL_UP = "compute_local_ci_exit_code"

Closure = Callable[[Sequence[str]], Collection[str]]


def script(path: str, text: str) -> Fact:
    """The script calls the gate, once and nothing else of it."""
    calls = list(calls_in(text))
    return _gate(path, [(call.line, call.targets, call.defect) for call in calls])


def task(document: Document) -> Fact:
    """The Taskfile's task `ci` does."""
    if not document.table("tasks", "ci") and not isinstance(document.get("tasks", "ci"), str | list):
        return problem(document.at("tasks"), "there is no task ci")
    found = []
    for keys, command in _commands(document, "ci", frozenset()):
        line = document.line(*keys)
        found += [(line, call.targets, call.defect) for call in calls_in(command)]
    return _gate(document.path, found, document.line("tasks", "ci"))


def same_steps(tasks: Document, path: str, text: str) -> Iterator[Fact]:
    """A script and the task of its name run the same, in the same order; no fact without such a task."""
    verb = PurePosixPath(path).stem
    commands = [command for _, command in _commands(tasks, verb, frozenset())]
    if not commands:
        return
    by_task, by_script = _steps("\n".join(commands)), _steps(_COMMENT.sub("", text))
    yield expect(
        by_task == by_script,
        path,
        f"does what task {verb} does: {by_task}",
        f"does {by_script}, but task {verb} in {tasks.path} does {by_task}",
    )


def _steps(text: str) -> str:
    return ", ".join(_STEP.findall(text)) or "no step that is known"


def hook(document: Document) -> Fact:
    """The hooks before a push do."""
    found = []
    for row in hooks_of(document):
        if "pre-push" in row.stages:
            line = document.line(*row.where, "entry")
            found += [(line, call.targets, call.defect) for call in calls_in(row.command)]
    return _gate(document.path, found, document.line("repos"))


def jobs(document: Document, closure: Closure, actions: Actions = NO_ACTIONS) -> Iterator[Fact]:
    """CI's jobs together run every atom of the gate; `closure` gives the atoms that targets run.

    It raises KeyError for a target that doesn't exist. `actions` are the repository's own.
    """
    covered: dict[str, str] = {}
    workflow = Workflow(document, actions)
    for name in workflow.jobs:
        for step, call in workflow.calls(name):
            if call.defect:
                yield problem(step.at("run"), f"{name}: {call.defect}")
                continue
            try:
                covered |= dict.fromkeys(closure(call.targets), name)
            except KeyError as error:
                yield problem(step.at("run"), f"{name} runs what doesn't exist: {error.args[0]}")
    gate = set(closure([GATE])) - {_ADDED_UP_BY_THE_ROLL_UP}
    if missing := sorted(gate - covered.keys()):
        yield problem(document.at("jobs"), f"no job runs {', '.join(missing)}, which {GATE} does")
    else:
        named = ", ".join(sorted({covered[name] for name in gate}))
        yield seen(document.at("jobs"), f"jobs {named} together run the {len(gate)} atoms of {GATE}")
    yield _answers_for_all(document, actions)


def _answers_for_all(document: Document, actions: Actions) -> Fact:
    name = roll_up_of(document)
    if name is None or not rolls_up(document, name, actions):
        place = document.at("jobs", name or "") if name else document.at("jobs")
        return problem(place, "no job needs all others, runs always and looks at their results")
    return seen(
        document.at("jobs", name),
        f"{name} adds up all jobs, as {_ADDED_UP_BY_THE_ROLL_UP} does here",
    )


def _gate(path: str, calls: Sequence[tuple[int, tuple[str, ...], str]], otherwise: int = 1) -> Fact:
    """Fine when there is one call, of the gate alone, that can make the caller red."""
    if not calls:
        return problem(Place(path, otherwise), f"doesn't call atomci run {GATE}")
    for line, targets, defect in calls:
        if targets != (GATE,):
            shown = " ".join(targets) or "nothing that is known"
            return problem(Place(path, line), f"calls atomci run {shown}, not {GATE}")
        if defect:
            return problem(Place(path, line), defect)
    return seen(Place(path, calls[0][0]), f"calls atomci run {GATE}")


def _commands(document: Document, name: str, above: frozenset[str]) -> Iterator[tuple[tuple[Key, ...], str]]:
    """A task's commands, with those of the tasks that it calls."""
    where: tuple[Key, ...] = ("tasks", name)
    given: Any = document.get(*where)
    if name in above or given is None:
        return
    if isinstance(given, Mapping):
        key = "cmds" if "cmds" in given else "cmd"
        where, given = (*where, key), given.get(key)
    listed = isinstance(given, list)
    for index, command in enumerate(given if isinstance(given, list) else [given]):
        keys = (*where, index) if listed else where
        if isinstance(command, Mapping) and "task" in command:
            yield from _commands(document, str(command["task"]), above | {name})
        elif isinstance(command, Mapping):
            ignored = " || ignore_error" if command.get("ignore_error") else ""
            yield keys, f"{command.get('cmd', '')}{ignored}"
        elif command is not None:
            yield keys, str(command)
