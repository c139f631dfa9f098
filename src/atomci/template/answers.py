"""What a project records of its render: copier's answers files, one for each template."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from atomci.errors import RefusedError, UsageError
from atomci.project import ANSWERS_FILE
from atomci.template.sources import on_this_machine

__all__ = [
    "Recorded",
    "answers_file",
    "answers_files",
    "parse_answers",
    "recorded_answers",
    "rendered_root",
]

# Of a YAML text, in bytes, signs that open something, and values with what aliases repeat.
_LARGE, _NESTED, _MOST = 1 << 18, 500, 1_000_000
_PATTERNS = (".copier-answers*.yml", ".copier-answers*.yaml")


@dataclass(frozen=True)
class Recorded:
    """One answers file: the folder that was rendered into, the file's name there, what it says."""

    root: Path
    file: str
    values: Mapping[str, Any]

    @property
    def location(self) -> str:
        """Where the template is, as copier recorded it."""
        return str(self.values["_src_path"])

    @property
    def source(self) -> str:
        """The same, to be read there. Raises RefusedError where it lies in the project's own repository."""
        place, top = on_this_machine(self.location), _top(self.root)
        if place is not None and place.resolve().is_relative_to(top.resolve()):
            raise RefusedError(
                f"the template is recorded as {self.location}, a folder of this very repository",
                "take a copy outside of it: git clone TEMPLATE ../template;"
                " atomci update --template ../template",
            )
        return self.location

    @property
    def version(self) -> str:
        """The tag or described commit that was rendered."""
        return str(self.values["_commit"])

    @property
    def answers(self) -> dict[str, Any]:
        """The answers alone."""
        return {name: value for name, value in self.values.items() if not name.startswith("_")}

    @property
    def lock(self) -> str:
        """The lock that belongs to this file, relative to `root`."""
        middle = Path(self.file).stem.removeprefix(".copier-answers").strip(".-_")
        return f".atomci/lock.{middle}.json" if middle else ".atomci/lock.json"


def _top(root: Path) -> Path:
    return next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)


def answers_files(folder: Path) -> list[str]:
    """The answers files in a folder, sorted."""
    return sorted({path.name for pattern in _PATTERNS for path in folder.glob(pattern) if path.is_file()})


def answers_file(named: str) -> str:
    """The template's name for its answers file, where `answers_files` finds that; else the usual one."""
    return named if PurePosixPath(named).match(".copier-answers*.y*ml") and "/" not in named else ANSWERS_FILE


def rendered_root(start: Path) -> Path:
    """The nearest folder upwards with an answers file; `start` itself where none has one."""
    for folder in (start, *start.parents):
        if answers_files(folder):
            return folder
        if (folder / ".git").exists():
            break
    return start


def recorded_answers(root: Path, file: str | None = None) -> Recorded:
    """What the answers file of a folder says. Raises UsageError for none, or several."""
    there = answers_files(root)
    if file is None and len(there) > 1:
        raise UsageError(
            f"{root} was rendered from {len(there)} templates", f"name one: --answers-file {there[0]}"
        )
    name = file or next(iter(there), None)
    if name is None or not (root / name).is_file():
        raise UsageError(
            f"no {name or ANSWERS_FILE} in {root}: it wasn't rendered from a template",
            "cd into a project that was; or name its answers file: --answers-file FILE;"
            " make one: atomci new DEST, or let this one join: atomci adopt",
        )
    values = parse_answers((root / name).read_bytes(), str(root / name))
    for key in ("_src_path", "_commit"):
        if not values.get(key):
            raise UsageError(
                f"{name} doesn't record {key}",
                "it was rendered from a folder without git, or the file was edited: see git log -p " + name,
            )
    return Recorded(root, name, values)


def parse_answers(text: bytes, where: str) -> Mapping[str, Any]:
    """An answers file parsed. Raises UsageError when it isn't a mapping in YAML, as after a bad merge."""
    import yaml

    # libyaml where it is there: the same result, an order of magnitude sooner. Deep nesting ends the
    # process there.
    loader = yaml.SafeLoader if _may_be_deep(text) else getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        loaded = yaml.load(text, Loader=loader)  # noqa: S506
        if b"*" in text:
            _refuse_repeated(loaded)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        what = f"not readable as YAML: {' '.join(str(error).split())}"
        raise UsageError(f"{where}: {what}", _mended(text, where)) from None
    if not isinstance(loaded, Mapping):
        raise UsageError(f"{where}: not a mapping of questions to answers", _mended(text, where))
    return {str(key): value for key, value in loaded.items()}


def _may_be_deep(text: bytes) -> bool:
    return len(text) > _LARGE or sum(1 for _ in re.finditer(rb"[\[{]|[-?]\s", text)) > _NESTED


def _refuse_repeated(value: Any) -> None:
    """Raises ValueError where a text of a few aliases stands for more than anybody can look at."""
    sizes: dict[int, int] = {}

    def size(part: Any) -> int:
        parts = [*part, *part.values()] if isinstance(part, dict) else part if isinstance(part, list) else ()
        if id(part) not in sizes:
            sizes[id(part)] = _MOST  # until it is known, as within itself
            sizes[id(part)] = 1 + sum(map(size, parts))
        return sizes[id(part)]

    if size(value) > _MOST:
        raise ValueError("its aliases repeat each other without end")


def _mended(text: bytes, where: str) -> str:
    name = Path(where).name
    if b"\n<<<<<<< " in b"\n" + text:
        return f"resolve the conflict in it, then: git add {name}"
    return f"git checkout HEAD -- {name}"
