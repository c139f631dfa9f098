"""atom_021: workflows that are pinned, least privileged, cached by lock and call the runtime."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from atomci.configuration.calls import calls_in
from atomci.configuration.documents import Document, Key
from atomci.configuration.facts import Fact, expect, problem, seen

__all__ = ["CI", "action_facts", "ci_facts", "roll_up_of", "rolls_up", "workflow_facts"]

CI = ".github/workflows/ci.yml"

_PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
_DIGEST = re.compile(r"docker://.+@sha256:[0-9a-f]{64}")
_VERSION = re.compile(r"#\s*v?\d+(\.\d+)*")
_LOCK = re.compile(r"uv\.lock|requirements")

Known = Callable[[str], bool]
Step = tuple[tuple[Key, ...], Mapping[str, Any]]


def action_facts(document: Document) -> Iterator[Fact]:
    """Rules for a composite action of the repository: what it uses is pinned."""
    yield from _pins(document, _steps(document, ("runs",)))


def workflow_facts(document: Document) -> Iterator[Fact]:
    """Rules for every workflow: pins, permissions, time limits, no credentials left behind."""
    yield from _permissions(document)
    for name, job in document.table("jobs").items():
        where = ("jobs", name)
        steps = _steps(document, where)
        yield from _pins(document, [(where, job), *steps] if "uses" in job else steps)
        yield from _limits(document, name, job)
        for keys, step in steps:
            if str(step.get("uses", "")).startswith("actions/checkout@"):
                kept = _input(step, "persist-credentials")
                place = document.at(*keys, "with", "persist-credentials")
                yield expect(
                    kept == "false",
                    place,
                    f"{name}: no credentials are left in the checkout",
                    f"{name}: credentials are left behind: persist-credentials isn't false",
                )


def ci_facts(document: Document, known: Known) -> Iterator[Fact]:
    """Rules for ci.yml: jobs call the runtime, caches have their keys, and one job answers for all.

    `known` says whether a target of `atomci run` exists.
    """
    # YAML 1.1 reads the key `on` as the truth value.
    triggers = (
        document.data.get("on", document.data.get(True)) if isinstance(document.data, Mapping) else None
    )
    names = [triggers] if isinstance(triggers, str) else list(triggers or ())
    good = f"runs on {', '.join(map(str, names))}"
    yield expect("pull_request" in names, document.at("on"), good, "doesn't run on pull_request")
    jobs = document.table("jobs")
    roll_up = roll_up_of(document)
    yield _roll_up(document, roll_up)
    for name, job in jobs.items():
        if name == roll_up or "uses" in job:
            continue
        yield from _calls(document, name, known)
        if any(_is_call(step) for _, step in _steps(document, ("jobs", name))):
            yield _cache(document, name, job)


def rolls_up(document: Document, name: str) -> bool:
    """Whether a job runs always, needs all others and looks at how they ended."""
    job = document.table("jobs", name)
    return _runs_always(job) and not _unneeded(document, name) and _looks(document, name)


def roll_up_of(document: Document) -> str | None:
    """The job meant to answer for all others: it runs always and needs most of them."""
    jobs = document.table("jobs")
    found = [name for name, job in jobs.items() if _runs_always(job) and job.get("needs")]
    return max(found, key=lambda name: len(_needs(jobs[name])), default=None)


def _roll_up(document: Document, name: str | None) -> Fact:
    if name is None:
        return problem(document.at("jobs"), "no roll-up: no job with `if: always()` needs the others")
    place = document.at("jobs", name, "needs")
    if missing := _unneeded(document, name):
        return problem(place, f"{name} doesn't need {', '.join(missing)}, so it is green without")
    if not _looks(document, name):
        return problem(document.at("jobs", name, "steps"), f"{name} doesn't look at needs.*.result")
    return seen(place, f"{name} needs every other job and runs always")


def _runs_always(job: Mapping[str, Any]) -> bool:
    return re.sub(r"[\s${}]", "", str(job.get("if", ""))) == "always()"


def _needs(job: Mapping[str, Any]) -> list[str]:
    needs = job.get("needs") or []
    return [needs] if isinstance(needs, str) else list(needs)


def _unneeded(document: Document, name: str) -> list[str]:
    jobs = document.table("jobs")
    return [other for other in jobs if other not in (name, *_needs(jobs[name]))]


def _looks(document: Document, name: str) -> bool:
    return any(
        re.search(
            r"needs\.\S+\.result|toJSON\(\s*needs\s*\)",
            f"{step.get('env')} {step.get('run')} {step.get('with')}",
        )
        for _, step in _steps(document, ("jobs", name))
    )


def _steps(document: Document, where: tuple[Key, ...]) -> list[Step]:
    return [((*where, "steps", index), step) for index, step in document.rows(*where, "steps")]


def _input(step: Mapping[str, Any], name: str) -> str | None:
    """An action's input as GitHub hands it over: a string, with truth values in lower case."""
    given = step.get("with")
    value = given.get(name) if isinstance(given, Mapping) else None
    return str(value).lower() if isinstance(value, bool) else None if value is None else str(value)


def _pins(document: Document, steps: Sequence[Step]) -> Iterator[Fact]:
    lines = document.text.splitlines()
    for keys, step in steps:
        uses = str(step.get("uses", ""))
        if not uses or uses.startswith("./"):
            continue
        place, line = document.at(*keys, "uses"), lines[document.line(*keys, "uses") - 1]
        if uses.startswith("docker://"):
            yield expect(
                bool(_DIGEST.fullmatch(uses)),
                place,
                f"{uses} is pinned",
                f"{uses} isn't pinned by digest",
            )
        elif not _PINNED.fullmatch(uses):
            yield problem(place, f"{uses} isn't pinned to a commit: 40 hex digits")
        elif not _VERSION.search(line.partition(uses)[2]):
            yield problem(place, f"{uses} has no comment with its version")
        else:
            yield seen(place, f"{uses.partition('@')[0]} is pinned")


def _permissions(document: Document) -> Iterator[Fact]:
    place = document.at("permissions")
    given = document.get("permissions")
    if not isinstance(given, Mapping):
        yield problem(place, f"top-level permissions are {given or 'not set'}; write `permissions: {{}}`")
    elif wide := [scope for scope, access in given.items() if access not in ("read", "none")]:
        yield problem(place, f"every job may write {', '.join(wide)}; give that to the job that needs it")
    else:
        shown = ", ".join(f"{scope}: {access}" for scope, access in given.items()) or "none"
        yield seen(place, f"top-level permissions: {shown}")
    for name, job in document.table("jobs").items():
        if job.get("permissions") in ("write-all", "read-all"):
            place = document.at("jobs", name, "permissions")
            yield problem(place, f"{name} has {job['permissions']}; name the scopes that it needs")


def _limits(document: Document, name: str, job: Mapping[str, Any]) -> Iterator[Fact]:
    if "uses" in job:
        return
    minutes = job.get("timeout-minutes")
    place = document.at("jobs", name, "timeout-minutes")
    limited = isinstance(minutes, int) and not isinstance(minutes, bool) and minutes > 0
    yield expect(limited, place, f"{name} ends after {minutes} minutes", f"{name} has no timeout-minutes")


def _is_call(step: Mapping[str, Any]) -> bool:
    return any(calls_in(str(step.get("run", ""))))


def _calls(document: Document, name: str, known: Known) -> Iterator[Fact]:
    where = ("jobs", name)
    if document.get(*where, "continue-on-error") not in (None, False):
        place = document.at(*where, "continue-on-error")
        yield problem(place, f"{name} is green whatever happens: continue-on-error")
    called: list[str] = []
    for keys, step in _steps(document, where):
        for call in calls_in(str(step.get("run", ""))):
            called += call.targets
            place = document.at(*keys, "run")
            if unknown := [target for target in call.targets if not known(target)]:
                yield problem(place, f"{name} runs what doesn't exist: {', '.join(unknown)}")
            if call.defect:
                yield problem(place, f"{name}: {call.defect}")
            if step.get("continue-on-error") not in (None, False):
                yield problem(place, f"{name}: this step is green whatever happens: continue-on-error")
    yield expect(
        bool(called),
        document.at(*where),
        f"{name} calls atomci run {' '.join(called)}",
        f"{name} neither calls atomci run nor answers for all other jobs",
    )


def _cache(document: Document, name: str, job: Mapping[str, Any]) -> Fact:
    """Whether what a job installs is cached by system, Python and lock."""
    place = document.at("jobs", name, "steps")
    for keys, step in _steps(document, ("jobs", name)):
        action = str(step.get("uses", "")).partition("@")[0]
        rules = {
            "astral-sh/setup-uv": _setup_uv,
            "actions/setup-python": _setup_python,
            "actions/cache": _plain_cache,
        }.get(action)
        if rules is None:
            continue
        place = document.at(*keys)
        gap = rules(step, _pins_python(document, job))
        if not gap:
            return seen(place, f"{name}: {action} caches by system, Python and lock")
        if action != "actions/setup-python" or _input(step, "cache"):
            return problem(place, f"{name}: {gap}")
    return problem(place, f"{name} caches nothing that it installs")


def _pins_python(document: Document, job: Mapping[str, Any]) -> bool:
    tables = [document.get("env"), job.get("env")]
    return any(isinstance(table, Mapping) and "UV_PYTHON" in table for table in tables)


def _setup_uv(step: Mapping[str, Any], python_is_set: bool) -> str:
    # Its key holds the system and the architecture by itself, and Python when it is told which.
    if _input(step, "enable-cache") == "false":
        return "setup-uv's cache is off"
    lock = _input(step, "cache-dependency-glob")
    if lock is not None and not _LOCK.search(lock):
        return f"setup-uv's cache key doesn't hold the lock: cache-dependency-glob: {lock}"
    told = _input(step, "python-version") or re.search(r"py", _input(step, "cache-suffix") or "")
    return "" if told or python_is_set else "setup-uv's cache key doesn't hold the Python version"


def _setup_python(step: Mapping[str, Any], _python_is_set: bool) -> str:
    # Its key holds the system and Python by itself.
    if not _input(step, "cache"):
        return "setup-python's cache is off"
    lock = _input(step, "cache-dependency-path") or ""
    return (
        "" if _LOCK.search(lock) else "setup-python's cache key doesn't hold the lock: cache-dependency-path"
    )


def _plain_cache(step: Mapping[str, Any], _python_is_set: bool) -> str:
    key = _input(step, "key") or ""
    parts = {"runner.os": "system", "python": "Python version", "hashFiles(": "lock"}
    missing = [meaning for part, meaning in parts.items() if part not in key]
    return f"the cache key doesn't hold the {', '.join(missing)}" if missing else ""
