"""What a template holds, as cookiecutter would have it: questions, files, and what these include."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from atomci.export.cookiecutter import converted, refused
from atomci.export.jinja_sources import Sources, comment_signs, conditional, is_jinja, plain
from atomci.template.repository import refuse_leading_out

__all__ = ["Contents", "TemplateFile", "contents_of"]

# An ending that cookiecutter may take for that of a binary file: any but these.
_STRANGE = re.compile(
    r".\.(?!(bat|cfg|cmd|conf|cpp|css|csv|env|example|html|in|ini|ipynb|js|json|jsx|lock|md|ps1|py|pyi|rst|sh|sql|svg|tex|toml"
    r"|ts|tsx|txt|typed|xml|yaml|yml)$)\w+$"
)


@dataclass(frozen=True)
class TemplateFile:
    """A file of the template, where it goes, and whether it is rendered or copied."""

    source: Path
    target: str
    rendered: bool


@dataclass(frozen=True)
class Contents:
    """Converted questions by their names, the files, and the paths of what texts include."""

    questions: Mapping[str, Mapping[str, Any]]
    files: tuple[TemplateFile, ...]
    included: tuple[str, ...]

    @property
    def asked(self) -> dict[str, Mapping[str, Any]]:
        """The questions that are put to somebody; others are computed."""
        return {name: question for name, question in self.questions.items() if question["when"] is not False}


def contents_of(described: Any) -> Contents:
    """Read all of a version. Raises RefusedError for what cookiecutter can't do; nothing is rendered."""
    _refuse_settings(described)
    questions = {name: converted(name, details) for name, details in described.questions_data.items()}
    files = tuple(_files(described))
    return Contents(questions, files, _included(described, questions, files))


def _refuse_settings(described: Any) -> None:
    for name in ("subdirectory", "templates_suffix"):
        _refuse_jinja(described, f"_{name}", getattr(described, name))
    _refuse_jinja(described, "_answers_file", str(described.answers_relpath))
    for pattern in described.exclude:
        _refuse_jinja(described, "_exclude", pattern)
    if described.config_data.get("external_data"):
        raise refused("_external_data", "reads the answers to another template")


def _refuse_jinja(described: Any, name: str, text: str) -> None:
    if is_jinja(text, described.envops):
        raise refused(name, f"depends on answers ({text})")


def _files(described: Any) -> Iterator[TemplateFile]:
    from pathspec import GitIgnoreSpec

    whole = described.local_abspath
    root = whole / described.subdirectory
    refuse_leading_out(root, whole, described.url)
    suffix, envops = described.templates_suffix, described.envops
    excluded = GitIgnoreSpec.from_lines(described.exclude).match_file
    for source in sorted(root.rglob("*")):
        path = source.relative_to(root).as_posix()
        if source.is_symlink() and (described.preserve_symlinks or source.is_dir()):
            raise refused(path, "is a symbolic link, which cookiecutter doesn't make")
        refuse_leading_out(source, whole, described.url)
        # As copier does, the file with the suffix counts where there are both.
        beside = bool(suffix) and source.with_name(source.name + suffix).exists()
        target = path.removesuffix(suffix) if suffix else path
        if source.is_dir() or beside or excluded(plain(target, envops)):
            continue
        rendered = target != path if suffix else _is_text(source)
        yield TemplateFile(source, _target(target, rendered, envops), rendered)


def _target(path: str, rendered: bool, envops: Mapping[str, Any]) -> str:
    """The name in the exported tree. A folder or copied file that may have none gets one to remove."""
    *folders, name = path.split("/")
    named = [conditional(folder, envops) for folder in folders]
    if not rendered:
        return "/".join([*named, conditional(name, envops)])
    # cookiecutter copies what ends like a binary file; a comment at the end keeps it from that.
    ending = " ".join(comment_signs(envops)) if _STRANGE.search(name) else ""
    return "/".join([*named, name + ending])


def _included(
    described: Any, questions: Mapping[str, Mapping[str, Any]], files: tuple[TemplateFile, ...]
) -> tuple[str, ...]:
    """What the texts include. Raises RefusedError for what the exported template couldn't do."""
    root = described.local_abspath
    everything = [path.relative_to(root).as_posix() for path in sorted(root.rglob("*")) if path.is_file()]
    sources = Sources(described.envops, everything, lambda path: _read(root / path, path, described))
    for name, question in questions.items():
        for key in ("default", "when", "validator"):
            for text in _texts(question.get(key)):
                sources.add(f"question {name}: {key}", text)
    sources.add("_message_after_copy", described.message_after_copy)
    for file in files:
        path = file.source.relative_to(root).as_posix()
        sources.add(f"the name of {path}", file.target)
        if file.rendered:
            sources.add(path, _read(file.source, path, described))
    return tuple(sorted(sources.included))


def _texts(found: Any) -> Iterator[str]:
    if isinstance(found, str):
        yield found
    elif isinstance(found, list):
        for item in found:
            yield from _texts(item)


def _is_text(path: Path) -> bool:
    try:
        path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _read(path: Path, name: str, described: Any) -> str:
    refuse_leading_out(path, described.local_abspath, described.url)
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise refused(name, "isn't text in UTF-8") from None
