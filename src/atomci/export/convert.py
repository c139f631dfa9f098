"""A version of a copier template as a cookiecutter template that renders the same bytes.

The template's files are taken as they are. What cookiecutter lacks comes from the files in exported/: a
Jinja extension that finds copier's names behind cookiecutter's, and two hooks.
"""

from __future__ import annotations

import json
import shutil
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from atomci.artifacts.printed.sync import Exported
from atomci.errors import UsageError
from atomci.export.contents import Contents, contents_of
from atomci.export.cookiecutter import FOLDER, literal, looks_binary, offered, prompt
from atomci.export.jinja_sources import block_signs, variable_signs
from atomci.template.replay import at_work, described_template
from atomci.template.repository import Release
from atomci.template.workshop import Workshop

__all__ = ["export_cookiecutter"]

_SHIPPED = Path(__file__).with_name("exported")
_README = """\
# A cookiecutter template

Written by `atomci export cookiecutter` from {location} at {version}. Don't edit it; export it again.

    cookiecutter PATH-OF-THIS-FOLDER

It renders what `copier copy` renders from that version, byte for byte, with the file of answers too, so a
project made from it can be updated by copier or `atomci update`.
"""


def export_cookiecutter(shop: Workshop, location: str, ref: str | None, dest: Path) -> Exported:
    """Write a cookiecutter template into a folder that is absent or empty.

    Raises UsageError for a folder with something in it, RefusedError for what cookiecutter can't do;
    nothing is written then.
    """
    if dest.exists() and (not dest.is_dir() or any(dest.iterdir())):
        raise UsageError(f"{dest} exists and isn't an empty folder", "name another one; nothing was changed")
    template = shop.template(location)
    release = template.wanted(ref)
    described = described_template(template, release)
    made = shop.folder() / "made"
    made.mkdir()
    with at_work(location):
        contents = contents_of(described)
        _Export(described, release, location, contents, made).write()
    _copy(made, dest)
    return Exported(
        template=location,
        version=release.name,
        destination=str(dest),
        files=sum(path.is_file() for path in made.rglob("*")),
        questions=tuple(contents.asked),
    )


@dataclass(frozen=True)
class _Export:
    described: Any
    release: Release
    location: str
    contents: Contents
    made: Path

    def write(self) -> None:
        start, end = variable_signs(self.described.envops)
        folder = f"{start}cookiecutter.{FOLDER}{end}"
        for file in self.contents.files:
            self._put(file.source, f"{folder}/{file.target}", file.rendered)
        for path in self.contents.included:
            self._put(self.described.local_abspath / path, f"templates/{path}", True)
        _write_json(self.made / "cookiecutter.json", self._questions())
        _write_json(self.made / "copier.json", self._copier())
        self._machinery()

    def _put(self, source: Path, target: str, rendered: bool) -> None:
        path = self.made / target
        content = source.read_bytes()
        if rendered:
            # Jinja reads a template with \n, whatever it was stored with.
            content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if rendered and not target.startswith("templates/") and looks_binary(content):
            opened, closed = block_signs(self.described.envops)
            name = f"texts/{zlib.crc32(target.encode()):x}"
            _write(self.made / "templates" / name, content)
            content = f"{opened} include '{name}' {closed}".encode()
        _write(path, content)
        shutil.copymode(source, path)

    def _questions(self) -> dict[str, Any]:
        """What cookiecutter asks, and how it renders."""
        asked, details = self.contents.asked, self.described.questions_data
        envops = {
            name: value
            for name, value in self.described.envops.items()
            if name not in ("undefined", "keep_trailing_newline")
        }
        copied = [file.target for file in self.contents.files if not file.rendered]
        return {
            FOLDER: "my-project",
            **{name: offered(question) for name, question in asked.items()},
            "__prompts__": {
                FOLDER: "Which folder is it made in?",
                **{name: prompt(details[name], self.described.envops) for name in asked},
            },
            "_extensions": ["local_extensions.CopierNames"],
            "_jinja2_env_vars": envops,
            "_copy_without_render": [literal(path) for path in copied],
            "_new_lines": "\n",
        }

    def _copier(self) -> dict[str, Any]:
        """What the exported extension has to know to find copier's names."""
        envops = self.described.envops
        return {
            "folder": FOLDER,
            "recorded": {"_commit": self.release.name, "_src_path": self.location},
            "conf": {
                "answers_file": str(self.described.answers_relpath),
                "src_path": self.location,
                "vcs_ref_hash": self.release.commit,
            },
            "strict": envops.get("undefined", "") == "jinja2.StrictUndefined",
            "keep_trailing_newline": envops.get("keep_trailing_newline", True),
            "message": self.described.message_after_copy,
            "questions": self.contents.questions,
        }

    def _machinery(self) -> None:
        shutil.copyfile(_SHIPPED / "local_extensions.py", self.made / "local_extensions.py")
        (self.made / "hooks").mkdir()
        for hook in sorted((_SHIPPED / "hooks").glob("*.py")):
            text = hook.read_text(encoding="utf-8")
            for ours, theirs in zip(("{{", "}}"), variable_signs(self.described.envops), strict=True):
                text = text.replace(ours, theirs)
            (self.made / "hooks" / hook.name).write_text(text, encoding="utf-8", newline="\n")
        readme = _README.format(location=self.location, version=self.release.name)
        (self.made / "README.md").write_text(readme, encoding="utf-8", newline="\n")


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")


def _copy(made: Path, dest: Path) -> None:
    """All of it, or nothing."""
    there = dest.exists()
    try:
        shutil.copytree(made, dest, dirs_exist_ok=True)
    except BaseException:
        shutil.rmtree(dest, ignore_errors=True)
        if there:
            dest.mkdir(exist_ok=True)
        raise
