"""copier's worker, told where a template's files are, and asking neither git nor the user.

Imported only where something is rendered: it imports copier.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from copier import _main
from copier._jinja_ext import get_yield_context
from copier._template import Template
from copier._types import LazyDict, Phase
from copier._user_data import load_answersfile_data
from copier.errors import ForbiddenPathError

from atomci.template.repository import Release
from atomci.template.versions import position

__all__ = ["Compiled", "Worker", "checked_out", "run"]


@dataclass(frozen=True)
class Compiled:
    """What renders share: Jinja's sources by checkout and name, and code by options, source and name."""

    sources: dict[Any, Any] = field(default_factory=dict)
    codes: dict[Any, Any] = field(default_factory=dict)


def checked_out(location: str, files: Path, release: Release) -> Template:
    """copier's view of a template whose files are on disk already."""
    template = Template(url=location, ref=release.commit)
    at = position(release.name)
    template.__dict__.update(
        local_abspath=files.resolve(),
        vcs="git",
        commit=release.name,
        commit_hash=release.commit,
        version=at[0] if at else None,
        git_index_modes={},
    )
    return template


def run(worker: Worker) -> Callable[[Path], bool]:
    """Render as an update does; what `_skip_if_exists` matches."""
    token = _main._operation.set("update")
    try:
        worker.run_copy()
        return worker.match_skip
    finally:
        _main._operation.reset(token)


def _forget_yield(env: Any) -> None:
    """What compiling does besides: the tag of yield-loops in names starts afresh."""
    context = get_yield_context(env)
    context.yield_name = context.yield_iterable = None


class Worker(_main.Worker):
    """Shares compiled templates; files of the project are read there, not where it is rendered."""

    compiled: Compiled
    project: Path
    remembered: Mapping[str, Any] | None = None

    def place(self, template: Template, last: Mapping[str, Any], project: Path, compiled: Compiled) -> None:
        """What copier would find out by itself."""
        self.__dict__["template"] = template
        self.subproject.__dict__["last_answers"] = dict(last)
        self.project, self.compiled = project, compiled

    def _answers_to_remember(self) -> Mapping[str, Any]:
        # While files are rendered nothing is answered any more, and each asks again.
        if Phase.current() is not Phase.RENDER:
            return super()._answers_to_remember()
        if self.remembered is None:
            self.remembered = super()._answers_to_remember()
        return self.remembered

    @property
    def answers_relpath(self) -> Path:
        """Asked for at each file; the same each time where its name is plain."""
        name = str(self.answers_file or self.template.answers_relpath)
        if not self._is_plain(name):
            return super().answers_relpath
        _forget_yield(self.jinja_env)
        return Path(name)

    def _render_string(self, string: Any, extra_context: dict[str, Any] | None = None) -> str:
        if not self._is_plain(string):
            return super()._render_string(string, extra_context)
        _forget_yield(self.jinja_env)
        return str(string)

    def _is_plain(self, text: Any) -> bool:
        """Whether Jinja would give a text back as it is, as it does with most names of files."""
        return isinstance(text, str) and self._signs.search(text) is None

    @cached_property
    def _signs(self) -> re.Pattern[str]:
        env = self.jinja_env
        starts = [env.block_start_string, env.variable_start_string, env.comment_start_string]
        prefixes = [sign for sign in (env.line_statement_prefix, env.line_comment_prefix) if sign]
        return re.compile("|".join(map(re.escape, (*starts, *prefixes, "\n", "\r"))))

    @cached_property
    def jinja_env(self) -> Any:
        """Jinja as the template wants it, reading and compiling each text once."""
        env = super().jinja_env
        env.loader.get_source = self._reading_once(env.loader.get_source)  # type: ignore[method-assign,union-attr]
        options = repr((sorted(self.template.envops.items()), self.template.jinja_extensions))
        compile_anew, codes = env.compile, self.compiled.codes

        def compile_once(source: Any, name: Any = None, filename: Any = None, *rest: Any) -> Any:
            key = (options, source, name, rest)
            if key not in codes:
                codes[key] = compile_anew(source, name, filename, *rest)
            _forget_yield(env)
            return codes[key]

        env.compile = compile_once  # type: ignore[method-assign,assignment]
        return env

    def _reading_once(self, read: Callable[..., Any]) -> Callable[..., Any]:
        sources, root = self.compiled.sources, self.template.local_abspath

        def get_source(env: Any, name: str) -> Any:
            if (root, name) not in sources:
                sources[root, name] = read(env, name)
            return sources[root, name]

        return get_source

    def _external_data(self) -> LazyDict[str, Any]:
        files = self.template.external_data.items()
        return LazyDict({name: partial(self._load, path) for name, path in files})

    def _load(self, path: str) -> Any:
        with Phase.use(Phase.UNDEFINED):
            name = self._render_string(path)
        if not (self.project / name).resolve().is_relative_to(self.project.resolve()):
            raise ForbiddenPathError(path=Path(name))
        return load_answersfile_data(self.project, name, warn_on_missing=True)

    def _sync_git_index_executable_bit(self, dst_relpath: Path, src_mode: int) -> None:
        """The render lies in no repository."""
