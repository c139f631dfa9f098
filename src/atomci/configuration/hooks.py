"""atom_019: hooks that run the locked tools, and the gate before a push."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from atomci.analysis.protocol import Tool
from atomci.configuration.calls import calls_in, in_locked_environment, program_of
from atomci.configuration.documents import Document
from atomci.configuration.facts import Fact, expect, problem, seen

__all__ = ["FILE", "STAGES", "Hook", "configured", "hooks_of", "installed"]

FILE = ".pre-commit-config.yaml"
STAGES = ("pre-commit", "pre-push")
"""The git hooks that a project installs."""

_ALL_STAGES = (*STAGES, "commit-msg", "manual", "post-checkout", "post-commit", "post-merge")
_DUTIES = {
    "YAML": ("check-yaml",),
    "TOML": ("check-toml",),
    "large files": ("check-added-large-files",),
    "conflict markers": ("check-merge-conflict",),
    "secrets": ("detect-secrets-hook", "gitleaks", "trufflehog", "ggshield"),
}


@dataclass(frozen=True)
class Hook:
    """A hook of the config, with its index among repositories and hooks."""

    where: tuple[str | int, ...]
    table: Mapping[str, Any]
    stages: tuple[str, ...]

    @property
    def command(self) -> str:
        """Entry and arguments as one line."""
        words = [str(self.table.get("entry", "")), *map(str, self.table.get("args", ()))]
        return " ".join(words).strip()


def hooks_of(document: Document) -> Iterator[Hook]:
    """Every hook of the config, in order."""
    default = document.get("default_stages") or _ALL_STAGES
    for number, _ in document.rows("repos"):
        for index, table in document.rows("repos", number, "hooks"):
            stages = tuple(_modern(stage) for stage in table.get("stages") or default)
            yield Hook(("repos", number, "hooks", index), table, stages)


def configured(document: Document, tools: Iterable[Tool]) -> Iterator[Fact]:
    """Whether the config has the hooks it should, all of them local; `tools` are those of the project."""
    for number, repo in document.rows("repos"):
        if repo.get("repo") != "local" or "rev" in repo:
            name = f"{repo.get('repo')} {repo.get('rev', '')}".strip()
            yield problem(document.at("repos", number), f"{name} has versions of its own, not the lock's")
    hooks = list(hooks_of(document))
    for hook in hooks:
        yield from _locked(document, hook)
    by_tools = {tool.NAME: (tool.HOOK,) for tool in tools if tool.HOOK}
    for duty, programs in {**by_tools, **_DUTIES}.items():
        yield _done(document, duty, programs, hooks)
    yield _pushed(document, hooks)
    types = [_modern(stage) for stage in document.get("default_install_hook_types") or ("pre-commit",)]
    missing = [stage for stage in STAGES if stage not in types]
    place = document.at("default_install_hook_types")
    yield expect(not missing, place, f"installs {', '.join(types)}", f"doesn't install {', '.join(missing)}")


def installed(folder: Path | None, shown: str) -> Iterator[Fact]:
    """Whether git's hooks folder holds pre-commit's hooks; `shown` is what to call the folder."""
    if folder is None:
        yield problem(shown, "no git repository, so no hook can be installed")
        return
    for stage in STAGES:
        place = f"{shown}/{stage}"
        try:
            text = (folder / stage).read_text(encoding="utf-8", errors="replace")
        except OSError:
            yield problem(place, "not installed")
            continue
        python = re.search(r"^INSTALL_PYTHON=(.+)$", text, re.MULTILINE)
        if f"--hook-type={stage}" not in text or python is None:
            yield problem(place, "not pre-commit's hook")
        elif not Path(*shlex.split(python[1])).exists():
            yield problem(place, f"its Python is no longer there: {python[1]}")
        elif os.name != "nt" and not os.access(folder / stage, os.X_OK):
            yield problem(place, "not executable, so git ignores it")
        else:
            yield seen(place, "installed by pre-commit")


def _modern(stage: object) -> str:
    # pre-commit still takes the names it had before version 3.2.
    return {"commit": "pre-commit", "push": "pre-push"}.get(str(stage), str(stage))


def _locked(document: Document, hook: Hook) -> Iterator[Fact]:
    name = hook.table.get("id")
    language = hook.table.get("language")
    # pre-commit 4.4 calls `system` `unsupported`; both mean: the command as it stands.
    if language not in ("system", "unsupported"):
        place = document.at(*hook.where, "language")
        yield problem(place, f"{name}: language {language} installs its own tools; use language: system")
    elif not in_locked_environment(hook.command):
        place = document.at(*hook.where, "entry")
        yield problem(place, f"{name}: `{hook.command}` doesn't run the locked tool, as `uv run` does")


def _done(document: Document, duty: str, programs: Sequence[str], hooks: Sequence[Hook]) -> Fact:
    for hook in hooks:
        words = " ".join(program_of(hook.command))
        if "pre-commit" in hook.stages and any(f"{words} ".startswith(f"{known} ") for known in programs):
            return seen(document.at(*hook.where), f"{duty}: {words}")
    return problem(document.at("repos"), f"no hook for {duty}: none runs {' or '.join(programs)} at commit")


def _pushed(document: Document, hooks: Sequence[Hook]) -> Fact:
    for hook in hooks:
        calls = [call for call in calls_in(hook.command) if "local_ci" in call.targets]
        if not calls:
            continue
        place = document.at(*hook.where)
        name = hook.table.get("id")
        if "pre-push" not in hook.stages:
            return problem(place, f"{name} runs the gate, but not before a push: stages {list(hook.stages)}")
        if calls[0].defect:
            return problem(place, f"{name}: {calls[0].defect}")
        if hook.table.get("always_run") is not True:
            return problem(place, f"{name} is skipped when no file matches: always_run isn't true")
        if hook.table.get("pass_filenames") is not False:
            return problem(place, f"{name} gets file names as targets: pass_filenames isn't false")
        return seen(place, f"before a push: {hook.command}")
    return problem(document.at("repos"), "no hook runs `atomci run local_ci` before a push")
