"""What somebody has to know of an adoption before they take it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from atomci.adopt.existing import Existing
from atomci.artifacts.printed.sync import AdoptedFile, InferredAnswer
from atomci.tools.git.repository import Repository

__all__ = ["notes"]

_OTHER_TEMPLATES = {".cruft.json", ".projenrc.py", ".projenrc.js", ".projenrc.ts"}


def notes(
    repository: Repository,
    files: Sequence[AdoptedFile],
    texts: Mapping[str, str],
    answers: Sequence[InferredAnswer],
    existing: Existing,
) -> Iterator[str]:
    """The notes, in the order in which they matter. `texts` are those of the added files."""
    if repository.git.states("--untracked-files=no"):
        yield "the branch starts at HEAD: what you haven't committed isn't in it, and stays where it is"
    if "pyproject.toml" in existing.paths and not existing.pyproject:
        yield "pyproject.toml can't be read: what isn't found elsewhere gets the template's default"
    if others := existing.other_packages:
        names = [row.name for row in answers if existing.layout and row.source == existing.layout.path]
        yield from (f"{name}: it may also be {', '.join(others)}: choose by -d {name}=..." for name in names)
    added = {row.path for row in files if row.change == "added"}
    licence = next((row for row in answers if row.name in ("licence", "license")), None)
    if "LICENSE" in added and licence is not None and "default" in licence.source:
        yield f"LICENSE is new and says {licence.value}, by default: -d {licence.name}=... for another"
    if any(row.path == "pyproject.toml" and row.change == "kept" for row in files):
        yield "pyproject.toml is kept; atomci diff pyproject.toml shows how the template sets the tools"
    if ".github/CODEOWNERS" in added:
        yield ".github/CODEOWNERS: it names who approves; GitHub accepts a person or a team, @org/team"
    for path in sorted(_OTHER_TEMPLATES & existing.paths):
        yield f"{path}: another tool applies a template here, and both would change the same files"
    yield from _on_the_layout(texts, existing)
    yield from _on_artifacts(texts, existing)


def _on_the_layout(texts: Mapping[str, str], existing: Existing) -> Iterator[str]:
    layout = existing.layout
    if layout is None or layout.kind == "src":
        return
    naming = [path for path, text in texts.items() if f"src/{layout.package}" in text]
    if naming:
        yield f"your package is {layout.path}; these name src/{layout.package}: {', '.join(naming)}"


def _on_artifacts(texts: Mapping[str, str], existing: Existing) -> Iterator[str]:
    mine = next((path for path in sorted(existing.paths) if path.startswith("artifacts/")), None)
    if mine and any("atomci run" in text for text in texts.values()):
        yield f"{mine} is yours, and the gate writes to artifacts/: git mv artifacts elsewhere before it runs"
