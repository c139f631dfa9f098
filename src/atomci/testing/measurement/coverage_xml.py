"""coverage's XML as other programs read it: each file in it has to be found again in the repository."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

__all__ = ["objections"]


def objections(xml: Path, root: Path) -> list[str]:
    """Why Codecov and its like couldn't place what the report says; none where they can."""
    try:
        top = ET.parse(xml).getroot()
    except (OSError, ET.ParseError) as error:
        return [f"{xml.name} can't be read: {error}"]
    if top.tag != "coverage":
        return [f"{xml.name} isn't a coverage report"]
    sources = [root, *(root / (source.text or "") for source in top.iter("source"))]
    files = [row.get("filename", "") for row in top.iter("class")]
    if not files:
        return [f"{xml.name} names no file"]
    return [
        f"{xml.name}: {file} isn't in the repository" for file in files if not _is_there(file, sources, root)
    ]


def _is_there(file: str, sources: list[Path], root: Path) -> bool:
    found = next((path for source in sources if (path := source / file).is_file()), None)
    return found is not None and found.resolve().is_relative_to(root.resolve())
