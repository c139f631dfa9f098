"""Answers as they are given on a command line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from atomci.errors import UsageError

__all__ = ["given_answers", "keep_answers"]


def given_answers(pairs: tuple[str, ...], file: Path | None = None) -> dict[str, Any]:
    """`-d KEY=VALUE` over those of `--data-file`. Raises UsageError for one that is neither."""
    answers: dict[str, Any] = dict(_from_file(file)) if file else {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UsageError(f"-d {pair}: not KEY=VALUE", "for example -d licence=MIT")
        answers[key] = value
    return answers


def keep_answers(dest: Path, answers: Mapping[str, Any]) -> Path:
    """Write answers that somebody gave to a new file outside of any project, for `--data-file`."""
    import tempfile

    import yaml

    handle, name = tempfile.mkstemp(prefix=f"atomci-answers-{dest.resolve().name}-", suffix=".yml")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        yaml.safe_dump(dict(answers), file, allow_unicode=True, sort_keys=False)
    return Path(name)


def _from_file(path: Path) -> Mapping[str, Any]:
    import yaml

    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"--data-file {path}: {' '.join(str(error).split())}") from None
    if not isinstance(loaded, Mapping):
        raise UsageError(f"--data-file {path}: not a mapping of questions to answers")
    return {key: value for key, value in loaded.items() if not str(key).startswith("_")}
