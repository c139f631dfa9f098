"""What an update does to each file and answer, in the words of its report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from atomci.artifacts.printed.sync import AnswerChange, Change, FileChange
from atomci.template.ownership import Tier
from atomci.tools.git.objects import Entry, Files
from atomci.update.merging import MergedRenders
from atomci.update.three_way.merge import Merged

__all__ = ["acts", "answer_changes", "file_changes", "locks_to_renew"]

# Of managers that an adopted project may have: a lock, what it is made from, and what makes it anew.
_OTHER_LOCKS = (("poetry.lock", "pyproject.toml", "poetry lock"), ("pdm.lock", "pyproject.toml", "pdm lock"))
_IN_HISTORY = "your edit stays in git's history"


def acts(changes: Iterable[FileChange]) -> bool:
    """Whether any of the changes is made; some only tell what is left alone."""
    quiet = {"kept-deleted", "corrected-upstream", "ignored"}
    return any(change.change not in quiet for change in changes)


def locks_to_renew(
    changes: Iterable[FileChange], answers: Iterable[AnswerChange], head: Files, prefix: str
) -> list[str]:
    """What to type for each lock that may no longer fit what it is made from, or is another manager's now."""
    from atomci.bootstrap.managers.table import MANAGERS

    for answer in answers:
        before, after = MANAGERS.get(answer.before), MANAGERS.get(answer.after)
        if answer.name == "dependency_manager" and before and after:
            gone = f"git rm {before.LOCK}; " if prefix + before.LOCK in head else ""
            return [f"{after.NAME} locks from now on: {gone}{after.BEGIN}, then git add {after.LOCK}"]
    locks = [(manager.LOCK, manager.SOURCE, manager.RENEW) for manager in MANAGERS.values()]
    changed = {change.path for change in changes if acts([change])}
    return [
        f"{source} changes: {command}, then git add {lock}"
        for lock, source, command in (*locks, *_OTHER_LOCKS)
        if prefix + source in changed and prefix + lock in head
    ]


def answer_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[AnswerChange]:
    """The answers that differ, also by being there or not."""
    return [
        AnswerChange(name=name, before=before.get(name), after=after.get(name))
        for name in [*after, *(name for name in before if name not in after)]
        if before.get(name) != after.get(name) or (name in before) != (name in after)
    ]


def file_changes(merged: MergedRenders) -> list[FileChange]:
    """Each file's change, by path."""
    renders, result, tier = merged.renders, merged.result, merged.tier
    head, base, theirs = renders.mine.files, renders.base, renders.theirs.files
    renames = {**_renames(merged), **merged.renamed}
    origins = _origins(merged)
    found = []
    for path in sorted(head.keys() | result.files.keys() | result.stages.keys()):
        if (told := _told(merged, renames, path)) is None:
            continue
        origin = renames.get(path) or origins.get(path, "")
        found.append(
            FileChange(path=path, change=told[0], tier=tier(path), renamed_from=origin, detail=told[1])
        )
    changed = {path for path in base.keys() | theirs.keys() if base.get(path) != theirs.get(path)}
    quiet: dict[str, tuple[Change, str]] = dict.fromkeys(result.kept_deleted, ("kept-deleted", ""))
    quiet |= {path: ("ignored", why) for path, why in merged.left_out.items() if path in changed}
    follow = {path for path, mine in head.items() if result.files.get(path) != mine}
    for path in changed - merged.left_out.keys() - follow:
        if tier(path) != "seed":
            continue
        if row := _seed(head.get(path), base.get(path), theirs.get(path)):
            quiet[path] = row
        elif path in theirs.keys() - head.keys() - result.files.keys() - result.stages.keys():
            above = next(above for above in map(str, PurePosixPath(path).parents) if above in head)
            quiet[path] = "ignored", f"{above} is yours and stays, so there is no folder for it"
    found += [
        FileChange(path=path, change=why, tier=tier(path), detail=detail)
        for path, (why, detail) in quiet.items()
    ]
    return sorted(found, key=lambda change: change.path)


def _told(merged: MergedRenders, renames: Mapping[str, str], path: str) -> tuple[Change, str] | None:
    """What becomes of a path, and why; None where nothing does."""
    result, managed = merged.result, merged.tier(path) == "managed"
    base = merged.renders.base.get(path)
    mine, after = merged.renders.mine.files.get(path), result.files.get(path)
    if path in result.stages:
        return "conflicted", result.reasons.get(path, "content")
    if mine == after or path in renames.values():
        return None
    if mine is None and path in renames:
        return "renamed", _IN_HISTORY if _gives_way(merged, renames[path], after) else ""
    if mine is None:
        return "added", "you had deleted it, but the template owns it" if managed and base else ""
    if after is None:
        return "removed", _IN_HISTORY if _gives_way(merged, path, after) else _set_aside(result, path)
    return _edited(merged.tier(path), edited=mine != base)


def _edited(tier: Tier, *, edited: bool) -> tuple[Change, str]:
    if not edited or tier == "generated":
        return "updated", ""
    return ("replaced", _IN_HISTORY) if tier == "managed" else ("merged", "")


def _set_aside(result: Merged, path: str) -> str:
    """Where git puts a file whose place a folder takes."""
    aside = next((name for name in sorted(result.stages) if name.startswith(f"{path}~yours")), "")
    return f"set aside as {aside}" if aside else ""


def _gives_way(merged: MergedRenders, path: str, after: Entry | None) -> bool:
    """Whether a managed file that was edited vanishes from its path, and the edit with it."""
    mine, base = merged.renders.mine.files[path], merged.renders.base.get(path)
    return merged.tier(path) == "managed" and mine not in (base, after)


def _seed(mine: Entry | None, base: Entry | None, theirs: Entry | None) -> tuple[Change, str] | None:
    """What is told of a seed that the template changes: it stays as the user has it."""
    if mine is None:
        return ("kept-deleted", "") if base and theirs else None
    if mine == theirs:
        return None
    if theirs is None:
        return "corrected-upstream", "the template no longer has it; yours stays"
    return "corrected-upstream", "" if base else "the template now has one too; yours stays"


def _origins(merged: MergedRenders) -> dict[str, str]:
    """Files of the user's that git takes for moved ones of the template: its changes went there."""
    renders, result = merged.renders, merged.result
    head, base, theirs = renders.mine.files, renders.base, renders.theirs.files
    elsewhere = {
        path
        for path in head.keys() - base.keys() - theirs.keys()
        if path in result.stages or result.files.get(path, head[path]) != head[path]
    }
    if not elsewhere - merged.renamed.keys() - {merged.lock}:
        return {}
    pairs = renders.objects.renames(base, head)
    return {mine: old for old, mine in pairs.items() if mine in elsewhere}


def _renames(merged: MergedRenders) -> dict[str, str]:
    """Files that the template renamed, new path to old: the content went along, whoever edited it."""
    renders, outcome = merged.renders, merged.result.files
    head, base, theirs = renders.mine.files, renders.base, renders.theirs.files
    gone = {path for path in base if path not in theirs and path in head and path not in outcome}
    new = {path for path in theirs if path not in base and path not in head and path in outcome}
    if not gone or not new:
        return {}
    pairs = renders.objects.renames(base, theirs)
    return {after: before for before, after in pairs.items() if before in gone and after in new}
