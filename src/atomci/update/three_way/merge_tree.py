"""git's own merge of three lists of files, with names for its sides instead of commit ids."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field

from atomci.errors import InfrastructureError
from atomci.tools.git.client import GitFailed
from atomci.tools.git.objects import Entry, Files, Objects

__all__ = ["Stages", "TreeMerge", "has_markers", "merge_tree", "put_back"]

_LABELS = ("yours", "template")
# What git calls the side of a path that it had to set aside, once that has its name.
_ASIDE = re.compile(rf"(?P<path>.+)~(?:{'|'.join(_LABELS)})(?:_\d+)?", re.DOTALL)
_MARKERS = (b"<<<<<<< ", b"||||||| ", b">>>>>>> ")
# Ours from `git merge-tree`: renamed folders don't pull the user's new files along, and line endings
# that only differ by .gitattributes don't count.
_SETTINGS = (
    "-c", "merge.directoryRenames=false", "-c", "merge.renames=true", "-c", "merge.renormalize=true",
)  # fmt: skip

Stages = dict[str, dict[int, Entry]]
"""What git's index keeps of each conflicted path: stage 1, 2 and 3."""


@dataclass(frozen=True)
class TreeMerge:
    """What git's merge comes to; `reasons` are its words for each conflict."""

    files: Files
    stages: Stages = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)


def merge_tree(objects: Objects, ours: Files, base: Files, theirs: Files, who: str) -> TreeMerge:
    """Merge. Raises InfrastructureError where git fails, or is too old."""
    root = objects.commit(objects.tree(base), "the render of the recorded version\n", who)
    sides = tuple(
        objects.commit(objects.tree(files), f"{label}\n", who, (root,))
        for label, files in zip(_LABELS, (ours, theirs), strict=True)
    )
    code, out, said = objects.git.code(*_SETTINGS, "merge-tree", "--write-tree", "-z", "--messages", *sides)
    if code not in (0, 1):
        old = "write-tree" in said or "usage:" in said
        raise InfrastructureError(
            GitFailed(("merge-tree",), code, said).message,
            "an update needs git 2.38 or newer" if old else "",
        )
    tree, stages, reasons = _parse(out)
    files = objects.files(tree)
    if code == 0:
        return TreeMerge(files)
    return _labelled(objects, TreeMerge(files, stages, reasons), sides)


def _parse(out: bytes) -> tuple[str, Stages, dict[str, str]]:
    fields = out.split(b"\0")
    tree, at = fields[0].decode().strip(), 1
    stages: Stages = {}
    while at < len(fields) and fields[at]:
        head, _, path = fields[at].partition(b"\t")
        mode, oid, stage = head.decode().split()
        stages.setdefault(os.fsdecode(path), {})[int(stage)] = Entry(mode, oid)
        at += 1
    reasons: dict[str, str] = {}
    at += 1
    while at < len(fields) and fields[at]:
        count = int(fields[at])
        named = [os.fsdecode(path) for path in fields[at + 1 : at + 1 + count]]
        kind = fields[at + 1 + count].decode("utf-8", "replace")
        at += 3 + count
        if kind.startswith("CONFLICT"):
            for name in named:
                reasons.setdefault(name, kind.removeprefix("CONFLICT (").removesuffix(")"))
    return tree, stages, reasons


def _labelled(objects: Objects, merged: TreeMerge, sides: tuple[str, ...]) -> TreeMerge:
    """Names instead of commit ids: in conflict markers, and in paths that git had to set aside."""

    def named(path: str) -> str:
        for side, label in zip(sides, _LABELS, strict=True):
            path = path.replace(f"~{side}", f"~{label}")
        return path

    files = {named(path): entry for path, entry in merged.files.items()}
    stages = {named(path): found for path, found in merged.stages.items()}
    marked = [path for path in stages if path in files and files[path].is_file]
    contents = objects.read(files[path].oid for path in marked)
    for path in marked:
        content = contents[files[path].oid]
        for side, label in zip(sides, _LABELS, strict=True):
            for marker in _MARKERS:
                content = content.replace(marker + side.encode(), marker + label.encode())
        if content != contents[files[path].oid]:
            files[path] = Entry(files[path].mode, objects.write("blob", content))
    return TreeMerge(files, stages, {named(path): why for path, why in merged.reasons.items()})


def put_back(merged: TreeMerge, ours: Files, theirs: Files) -> None:
    """Conflicts of files with links, which git sets aside, at their own path, where ours stays as it is.

    One that only the template has, since a folder of ours stands there, has its own path too.
    """
    for path in [path for path in merged.stages if path not in ours and path not in theirs]:
        aside = _ASIDE.fullmatch(path)
        name = aside["path"] if aside else ""
        if name in ours and name in theirs:
            merged.stages[name] = {**merged.stages.get(name, {}), **merged.stages.pop(path)}
            merged.files[name] = ours[name]
        elif name in theirs and set(merged.stages[path]) == {1, 3}:
            merged.stages[name] = merged.stages.pop(path)
        else:
            continue
        merged.files.pop(path, None)
        merged.reasons[name] = merged.reasons.get(name) or merged.reasons.get(path, "")


def has_markers(content: bytes) -> bool:
    """Whether a text still shows a conflict as git writes it, whoever merged."""
    return any(line.startswith((_MARKERS[0], _MARKERS[2])) for line in content.splitlines())
