"""Writes the published schemas and the table of docs/artifacts.md: `uv run docs/schemas/generate.py`."""

import inspect
import json
from pathlib import Path
from typing import Any

import msgspec

from atomci.artifacts import handles
from atomci.artifacts.handles import Artifact
from atomci.artifacts.published import SCHEMAS
from atomci.atoms.loading.builtin import built_in
from atomci.catalog import ARTIFACTS, ATOMS
from atomci.engine.inputs.files import matches

PAGE = Path(__file__).parents[1] / "artifacts.md"
HANDLES = [value for value in vars(handles).values() if isinstance(value, Artifact)]
_MARK = "from the catalog and the handles of artifacts; a test compares. -->\n"
_END = "<!-- end -->"


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


def table() -> str:
    """What atoms leave, for docs/artifacts.md: path, writer and schema or format, a row each."""
    rows = ["| path | by | schema |", "|---|---|---|"]
    for row in ATOMS:
        for path in row.writes if row.name in built_in() else ():
            if (artifact := _known(path)) is not None:
                schema = f"[{artifact.schema}](schemas/{artifact.schema}.schema.json)"
                kind = schema if artifact.schema else artifact.form
                rows.append(f"| `{artifact}` | [{row.number:03d}](#{row.id}) | {kind} |")
    return "\n".join(rows)


def _known(path: str) -> Artifact[Any] | None:
    # What is left only sometimes is declared by a glob.
    return ARTIFACTS.get(path) or next(
        (known for known in HANDLES if "*" in path and matches(known.path, [path])), None
    )


def with_table(page: str) -> str:
    """The page with today's table between its marks."""
    head, mark, rest = page.partition(_MARK)
    return f"{head}{mark}\n{table()}\n\n{_END}{rest.partition(_END)[2]}"


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
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(with_table(page), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
