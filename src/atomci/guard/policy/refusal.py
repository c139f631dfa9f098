"""Programs that say no: small ones of the same name, which are found first.

They tell an agent what isn't wanted, before it tries in vain. Who knows the real program's path gets around
them; what must not be possible is up to the back-end.
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterable
from pathlib import Path

__all__ = ["FOLDER", "refuse"]

FOLDER = "refused"
"""In the scratch folder; it comes first on PATH."""

_HEAD = """#!/bin/sh
refuse() {{
    echo "atomci guard: $1 is refused: [tool.atomci.guard] refused, in pyproject.toml" >&2
    exit 126
}}
"""
_WHOLE = 'refuse "{name}"\n'
# Options may stand before the word that says what to do, and some have a value of their own.
_BY_WORD = """skip=
for word; do
    if [ -n "$skip" ]; then skip=; continue; fi
    case $word in
        -C|-c|--git-dir|--work-tree|--namespace) skip=1 ;;
        -*) ;;
{cases}
        *) break ;;
    esac
done
exec {program} "$@"
"""


def refuse(refused: Iterable[str], scratch: Path, path: str) -> str:
    """Make the programs, and return the PATH on which they are found. Raises OSError."""
    by_name: dict[str, list[str]] = {}
    for words in refused:
        name, *word = words.split()
        by_name.setdefault(name, []).extend(word or [""])
    if not by_name:
        return path
    folder = scratch / FOLDER
    folder.mkdir(exist_ok=True)
    for name, said in by_name.items():
        file = folder / name
        file.write_text(_program(name, said, shutil.which(name, path=path)), encoding="utf-8")
        file.chmod(0o755)
    return f"{folder}:{path}" if path else str(folder)


def _program(name: str, words: list[str], real: str | None) -> str:
    head = _HEAD.format()
    if "" in words or real is None:
        return head + _WHOLE.format(name=name)
    cases = "\n".join(f'        {shlex.quote(word)}) refuse "{name} {word}" ;;' for word in words)
    return head + _BY_WORD.format(cases=cases, program=shlex.quote(real))
