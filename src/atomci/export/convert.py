"""A version of a copier template as a cookiecutter template that renders the same bytes.

The template's files are taken as they are. What cookiecutter lacks comes from the files in exported/: a
Jinja extension that finds copier's names behind cookiecutter's, and two hooks.
"""

from __future__ import annotations

import json
import re
import shutil
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from atomci.artifacts.sync import Exported
from atomci.errors import UsageError
from atomci.export.cookiecutter import FOLDER, converted, literal, looks_binary, offered, prompt, refused
from atomci.export.jinja_sources import (
    Sources,
    block_signs,
    comment_signs,
    conditional,
    is_jinja,
    plain,
    variable_signs,
)
from atomci.template.replay import described_template
from atomci.template.repository import Release
from atomci.template.workshop import Workshop

__all__ = ["export_cookiecutter"]

_SHIPPED = Path(__file__).with_name("exported")
# An ending that cookiecutter may take for that of a binary file: any but these.
_STRANGE = re.compile(
    r".\.(?!(bat|cfg|cmd|conf|cpp|css|csv|env|example|html|in|ini|ipynb|js|json|jsx|lock|md|ps1|py|pyi|rst|sh|sql|svg|tex|toml"
    r"|ts|tsx|txt|typed|xml|yaml|yml)$)\w+$"
)
_README = """\
# A cookiecutter template

Written by `atomci export cookiecutter` from {location} at {version}. Export it again rather than edit it.

    cookiecutter PATH-OF-THIS-FOLDER

It renders what `copier copy` renders from that version, byte for byte, with the file of answers too, so a
project made from it can be updated by copier or `atomci update`.
"""


@dataclass(frozen=True)
class _File:
    """A file of the template, where it goes, and whether it is rendered or copied."""

    source: Path
    target: str
    rendered: bool


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
    exported = _Export(described, release, location, made).write()
    _copy(made, dest)
    files = sum(path.is_file() for path in made.rglob("*"))
    return Exported(
        template=location, version=release.name, destination=str(dest), files=files, questions=exported
    )


@dataclass(frozen=True)
class _Export:
    described: Any
    release: Release
    location: str
    made: Path

    def write(self) -> tuple[str, ...]:
        """Write all of it; the names of the questions that are asked."""
        described = self.described
        for name in ("subdirectory", "templates_suffix"):
            self._refuse_jinja(f"_{name}", getattr(described, name))
        self._refuse_jinja("_answers_file", str(described.answers_relpath))
        for pattern in described.exclude:
            self._refuse_jinja("_exclude", pattern)
        if described.config_data.get("external_data"):
            raise refused("_external_data", "reads the answers to another template")
        questions = {name: converted(name, details) for name, details in described.questions_data.items()}
        files = self._files()
        included = self._check(questions, files)
        start, end = variable_signs(described.envops)
        folder = f"{start}cookiecutter.{FOLDER}{end}"
        for file in files:
            self._put(file.source, f"{folder}/{file.target}", file.rendered)
        for path in included:
            self._put(described.local_abspath / path, f"templates/{path}", True)
        self._settings(questions, [file.target for file in files if not file.rendered])
        self._machinery()
        return tuple(name for name, question in questions.items() if question["when"] is not False)

    def _refuse_jinja(self, name: str, text: str) -> None:
        if is_jinja(text, self.described.envops):
            raise refused(name, f"depends on answers ({text})")

    def _files(self) -> list[_File]:
        from pathspec import GitIgnoreSpec

        described = self.described
        root = described.local_abspath / described.subdirectory
        suffix = described.templates_suffix
        excluded = GitIgnoreSpec.from_lines(described.exclude).match_file
        found = []
        for source in sorted(root.rglob("*")):
            path = source.relative_to(root).as_posix()
            if source.is_symlink() and (described.preserve_symlinks or source.is_dir()):
                raise refused(path, "is a symbolic link, which cookiecutter doesn't make")
            # As copier does, the file with the suffix counts where there are both.
            beside = bool(suffix) and source.with_name(source.name + suffix).exists()
            target = path.removesuffix(suffix) if suffix else path
            if source.is_dir() or beside or excluded(plain(target, described.envops)):
                continue
            rendered = target != path if suffix else _is_text(source)
            found.append(_File(source, self._target(target, rendered), rendered))
        return found

    def _target(self, path: str, rendered: bool) -> str:
        """The name in the exported tree. A folder or copied file that may have none gets one to remove."""
        *folders, name = path.split("/")
        envops = self.described.envops
        named = [conditional(folder, envops) for folder in folders]
        if rendered:
            # cookiecutter copies what ends like a binary file; a comment at the end keeps it from that.
            ending = " ".join(comment_signs(envops)) if _STRANGE.search(name) else ""
            return "/".join([*named, name + ending])
        return "/".join([*named, conditional(name, envops)])

    def _check(self, questions: Mapping[str, Any], files: list[_File]) -> list[str]:
        """What the texts include. Raises RefusedError for what the exported template couldn't do."""
        root = self.described.local_abspath
        everything = [path.relative_to(root).as_posix() for path in sorted(root.rglob("*")) if path.is_file()]
        sources = Sources(self.described.envops, everything, lambda path: _read(root / path, path))
        for name, question in questions.items():
            for key in ("default", "when", "validator"):
                for text in _texts(question.get(key)):
                    sources.add(f"question {name}: {key}", text)
        sources.add("_message_after_copy", self.described.message_after_copy)
        for file in files:
            path = file.source.relative_to(root).as_posix()
            sources.add(f"the name of {path}", file.target)
            if file.rendered:
                sources.add(path, _read(file.source, path))
        return sorted(sources.included)

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

    def _settings(self, questions: Mapping[str, Any], copied: list[str]) -> None:
        asked = {name: question for name, question in questions.items() if question["when"] is not False}
        envops = dict(self.described.envops)
        strict = envops.pop("undefined", "") == "jinja2.StrictUndefined"
        keep = envops.pop("keep_trailing_newline", True)
        details = self.described.questions_data
        cookiecutter: dict[str, Any] = {FOLDER: "my-project"}
        cookiecutter |= {name: offered(question) for name, question in asked.items()}
        cookiecutter |= {
            "__prompts__": {
                FOLDER: "Which folder is it made in?",
                **{name: prompt(details[name], self.described.envops) for name in asked},
            },
            "_extensions": ["local_extensions.CopierNames"],
            "_jinja2_env_vars": envops,
            "_copy_without_render": [literal(path) for path in copied],
            "_new_lines": "\n",
        }
        _write_json(self.made / "cookiecutter.json", cookiecutter)
        conf = {
            "answers_file": str(self.described.answers_relpath),
            "src_path": self.location,
            "vcs_ref_hash": self.release.commit,
        }
        recorded = {"_commit": self.release.name, "_src_path": self.location}
        copier = {
            "folder": FOLDER,
            "recorded": recorded,
            "conf": conf,
            "strict": strict,
            "keep_trailing_newline": keep,
            "message": self.described.message_after_copy,
            "questions": questions,
        }
        _write_json(self.made / "copier.json", copier)

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


def _texts(found: Any) -> Iterator[str]:
    if isinstance(found, str):
        yield found
    elif isinstance(found, list):
        for item in found:
            yield from _texts(item)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _is_text(path: Path) -> bool:
    try:
        path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _read(path: Path, name: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise refused(name, "isn't text in UTF-8") from None


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
