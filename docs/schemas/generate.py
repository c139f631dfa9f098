"""Writes the published schemas beside this file: `uv run docs/schemas/generate.py`."""

import inspect
import json
from pathlib import Path
from typing import Any

import msgspec

from atomci.artifacts.published import SCHEMAS


def documents() -> dict[str, str]:
    """The text of each schema by its file's name."""
    found = {}
    for name, kind in SCHEMAS.items():
        schema = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            **_dedented(msgspec.json.schema(kind)),
        }
        found[f"{name}.schema.json"] = json.dumps(schema, indent=2) + "\n"
    return found


def _dedented(schema: Any) -> Any:
    """The same with descriptions as Python 3.13 keeps docstrings; earlier ones keep their indentation."""
    if isinstance(schema, dict):
        return {
            key: (
                inspect.cleandoc(value)
                if key == "description" and isinstance(value, str)
                else _dedented(value)
            )
            for key, value in schema.items()
        }
    return [_dedented(value) for value in schema] if isinstance(schema, list) else schema


def main() -> None:
    """Write all of them, and remove those that are no longer published."""
    folder = Path(__file__).parent
    wanted = documents()
    for file in folder.glob("*.schema.json"):
        if file.name not in wanted:
            file.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
