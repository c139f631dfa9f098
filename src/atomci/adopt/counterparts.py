"""What a repository has already under another name, in another place or by another tool."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

__all__ = ["Counterparts"]

# Files that say the same under another ending: with a README.rst nobody needs a README.md besides.
_ENDINGS = ({"", ".md", ".rst", ".txt", ".adoc", ".markdown"}, {".yml", ".yaml"})
_SUBJECTS = {
    "licence": "license",
    "copying": "license",
    "unlicense": "license",
    "changes": "changelog",
    "history": "changelog",
    "news": "changelog",
    "releases": "changelog",
    "release_notes": "changelog",
    "release-notes": "changelog",
    "whatsnew": "changelog",
    "hacking": "contributing",
}
# Where a forge, or a reader, finds these.
_TOLD = (
    "code_of_conduct codeowners contributing governance issue_template pull_request_template security support"
)
_PLACES = {
    **dict.fromkeys(_TOLD.split(), (".", ".github", "docs")),
    "changelog": (".", "docs", "doc"),
    "license": (".", "docs"),
}
# A rendered path, and what does the same.
_PURPOSES = tuple(
    (re.compile(rendered, re.IGNORECASE), re.compile(mine, re.IGNORECASE))
    for rendered, mine in (
        (r"\.github/dependabot\.ya?ml", r"(\.github/|\.gitlab/)?renovate\.json5?|\.renovaterc(\.json5?)?"),
        (
            r"\.pre-commit-config\.ya?ml",
            r"\.?lefthook(-local)?\.(ya?ml|toml|json)|\.husky/.+|\.githooks/.+|prek\.toml|\.overcommit\.yml",
        ),
        (
            r"(taskfile\.ya?ml|(gnu)?makefile|\.?justfile|noxfile\.py)",
            r"(taskfile(\.dist)?\.ya?ml|(gnu)?makefile|\.?justfile|noxfile\.py)",
        ),
        (r"\.github/issue_template/.+", r"(\.github/|docs/)?issue_template([./].+)?"),
        (r"(\.github/|docs/)?pull_request_template\..+", r"(\.github/|docs/)?pull_request_template/.+"),
        (
            r"agents\.md",
            r"(claude|gemini)\.md|\.cursorrules|\.windsurfrules|\.cursor/rules/.+|\.github/copilot-instructions\.md",
        ),
        (r"\.devcontainer/devcontainer\.json", r"\.devcontainer(\.json|/[^/]+/devcontainer\.json)"),
        (r"dockerfile|containerfile", r"(.+/)?(dockerfile|containerfile)(\.[^/]+)?"),
        # What an image is built from is said for the image of the template.
        (r"\.(docker|container)ignore", r"(.+/)?(dockerfile|containerfile)(\.[^/]+)?"),
        (r"\.?codecov\.ya?ml", r"(\.github/|dev/)?\.?codecov\.ya?ml"),
        (r"licen[cs]e(\..+)?", r"licen[cs]es/.+|licen[cs]e[-_.][^/.]+(\.(md|rst|txt))?"),
        (r"changelog(\..+)?", r"(changelog(\.d)?|changes|newsfragments|releasenotes)/.+"),
        (r"\.env\.example", r"\.?env\.(sample|template|dist|default|defaults)|\.?env\.example"),
    )
)


@dataclass(frozen=True)
class Counterparts:
    """The committed files of a repository, asked for what stands in for a rendered one.

    What the template renders itself is no twin of another rendered file.
    """

    mine: Collection[str]
    rendered: Collection[str]

    def twin(self, path: str) -> str | None:
        """A file that is this one for people: another case, another ending, another usual name or place."""
        pure = PurePosixPath(path)
        here = str(pure.parent)
        places = _PLACES.get(_subject(pure), ())
        for folder in (here, *(place for place in places if here in places and place != here)):
            for name in self._by_folder.get(folder, ()):
                other = PurePosixPath(name)
                same = folder == here and other.name.lower() == pure.name.lower()
                if (same or _alike(pure, other)) and name not in self.rendered:
                    return name
        return None

    def stand_in(self, path: str) -> str | None:
        """A file that serves the same purpose by other means."""
        for rendered, mine in _PURPOSES:
            if rendered.fullmatch(path):
                return next((name for name in sorted(self.mine) if mine.fullmatch(name)), None)
        return None

    @cached_property
    def _by_folder(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path in sorted(self.mine):
            found.setdefault(str(PurePosixPath(path).parent), []).append(path)
        return found


def _alike(one: PurePosixPath, other: PurePosixPath) -> bool:
    endings = {one.suffix.lower(), other.suffix.lower()}
    return any(endings <= known for known in _ENDINGS) and _subject(one) == _subject(other)


def _subject(path: PurePosixPath) -> str:
    stem = path.stem.lower()
    return _SUBJECTS.get(stem, stem)
