"""Writes the published schemas beside this file: `uv run docs/schemas/generate.py`."""

import json
from pathlib import Path

import msgspec

from atomci.artifacts.schemas import SCHEMAS


def documents() -> dict[str, str]:
    """The text of each schema by its file's name."""
    found = {}
    for name, kind in SCHEMAS.items():
        schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(kind)}
        found[f"{name}.schema.json"] = json.dumps(schema, indent=2) + "\n"
    return found


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
