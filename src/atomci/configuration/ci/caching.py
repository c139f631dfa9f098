"""Whether what a job installs is kept in a cache whose key is right: system, Python and lock."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from functools import cache

from atomci.configuration.ci.actions import Step
from atomci.configuration.ci.graph import Workflow
from atomci.configuration.facts import Fact, expect, problem, seen

__all__ = ["cache_of", "facts", "lock_globs"]

# A key that holds one of these is another one at every run.
_NEVER_THE_SAME = re.compile(r"github\.(?:run_id|run_number|run_attempt|sha)\b")
_KEY_INPUTS = ("key", "cache-suffix", "cache-dependency-glob", "cache-dependency-path")


@cache
def lock_globs() -> tuple[str, ...]:
    """Globs of the files that a job installs from."""
    from atomci.bootstrap.managers.table import MANAGERS

    return tuple(glob for manager in MANAGERS.values() for glob in manager.LOCKS)


def facts(workflow: Workflow, locks: list[str]) -> Iterator[Fact]:
    """atom_109: every job that calls the runtime has a cache that a second run hits.

    `locks` are the paths of the lock files that are there.
    """
    yield expect(
        bool(locks),
        workflow.document.path,
        f"the lock is {', '.join(locks)}",
        f"there is neither {' nor '.join(lock_globs())} to make keys of",
    )
    if not workflow.working:
        yield problem(workflow.document.at("jobs"), "no job calls atomci run")
    for name in workflow.working:
        yield cache_of(workflow, name)
        yield from _stable(workflow, name, locks)


def cache_of(workflow: Workflow, name: str) -> Fact:
    """Whether what a job installs is cached by system, Python and lock."""
    place = workflow.at(name, "steps")
    python_is_set = _pins_python(workflow, name)
    for step in workflow.steps(name):
        rules = _RULES.get(step.action)
        if rules is None:
            continue
        place = step.at()
        gap = rules(step, python_is_set)
        if not gap:
            return seen(place, f"{name}: {step.action} caches by system, Python and lock")
        if step.action != "actions/setup-python" or step.input("cache"):
            return problem(place, f"{name}: {gap}")
    return problem(place, f"{name} caches nothing that it installs")


def _stable(workflow: Workflow, name: str, locks: list[str]) -> Iterator[Fact]:
    for step in workflow.steps(name):
        if step.action not in _RULES:
            continue
        for key in _KEY_INPUTS:
            given = step.input(key) or ""
            if found := _NEVER_THE_SAME.search(given):
                place = step.at("with", key)
                yield problem(place, f"{name}: no second run finds it: its key has {found[0]}")
        yield from _names_a_lock(step, name, locks)


def _names_a_lock(step: Step, name: str, locks: list[str]) -> Iterator[Fact]:
    for key in ("cache-dependency-glob", "cache-dependency-path"):
        for glob in (step.input(key) or "").split():
            pattern = glob.removeprefix("**/")
            if _holds_a_lock(glob) and not any(fnmatch(path, pattern) for path in locks):
                yield problem(step.at("with", key), f"{name}: there is no {glob} for the cache's key")


def _holds_a_lock(text: str) -> bool:
    """Whether a path or a key holds a lock, or the folder of locks."""
    return any(glob.partition("/")[0] in text for glob in lock_globs())


def _pins_python(workflow: Workflow, name: str) -> bool:
    tables = [workflow.document.get("env"), workflow.jobs[name].get("env")]
    return any(isinstance(table, Mapping) and "UV_PYTHON" in table for table in tables)


def _setup_uv(step: Step, python_is_set: bool) -> str:
    # Its key holds the system and the architecture by itself, and Python when it is told which.
    if step.input("enable-cache") == "false":
        return "setup-uv's cache is off"
    lock = step.input("cache-dependency-glob")
    if lock is not None and not _holds_a_lock(lock):
        return f"setup-uv's cache key doesn't have the lock: cache-dependency-glob: {lock}"
    told = step.input("python-version") or re.search(r"py\S", step.input("cache-suffix") or "")
    return "" if told or python_is_set else "setup-uv's cache key doesn't have the Python version"


def _setup_python(step: Step, _python_is_set: bool) -> str:
    # Its key holds the system and Python by itself.
    if not step.input("cache"):
        return "setup-python's cache is off"
    lock = step.input("cache-dependency-path") or ""
    return (
        "" if _holds_a_lock(lock) else "setup-python's cache key doesn't have the lock: cache-dependency-path"
    )


def _plain_cache(step: Step, _python_is_set: bool) -> str:
    key = step.input("key") or ""
    parts = {"runner.os": "system", "python": "Python version", "hashFiles(": "lock"}
    missing = [meaning for part, meaning in parts.items() if part not in key]
    return f"the cache key doesn't have the {', '.join(missing)}" if missing else ""


_RULES = {
    "astral-sh/setup-uv": _setup_uv,
    "actions/setup-python": _setup_python,
    "actions/cache": _plain_cache,
}
