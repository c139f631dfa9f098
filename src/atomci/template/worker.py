"""copier's worker, told where a template's files are, and asking neither git nor the user.

Imported only where something is rendered: it imports copier.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal, NoReturn

from copier import _main
from copier._jinja_ext import get_yield_context
from copier._template import Template
from copier._types import LazyDict, Phase
from copier._user_data import AnswersMap, Question, load_answersfile_data
from copier.errors import ForbiddenPathError

from atomci.errors import AtomciError, RefusedError
from atomci.template.limits import SMALLEST, Ended, size_limit, too_big, too_much_memory
from atomci.template.questionnaire import Dialogue, NoAnswer, Questionnaire
from atomci.template.repository import Release
from atomci.template.versions import position
from atomci.tools.git.names import refuse_paths

__all__ = ["Compiled", "Worker", "checked_out", "run", "told"]


@dataclass(frozen=True)
class Compiled:
    """What renders share: Jinja's sources by checkout and name, and code by options, source and name."""

    sources: dict[Any, Any] = field(default_factory=dict)
    codes: dict[Any, Any] = field(default_factory=dict)


def checked_out(location: str, files: Path, release: Release) -> Template:
    """copier's view of a template whose files are on disk already."""
    template = Template(url=location, ref=release.commit or None)
    at = position(release.name)
    template.__dict__.update(
        local_abspath=files.resolve(),
        vcs="git" if release.commit else None,
        commit=release.name or None,
        commit_hash=release.commit or None,
        version=at[0] if at else None,
        git_index_modes={},
    )
    return template


def run(worker: Worker, operation: Literal["copy", "update"]) -> tuple[Callable[[Path], bool], ...]:
    """Render as one of copier's operations does; what `_skip_if_exists` and `_exclude` match."""
    token = _main._operation.set(operation)
    try:
        worker.run_copy()
        return worker.match_skip, worker.match_exclude
    finally:
        _main._operation.reset(token)


def told(worker: Worker, wrong: str = "") -> dict[str, Any]:
    """The answers so far in the template's order, but for secret, hidden, computed and wrong ones."""
    found = worker.__dict__.get("answers")
    if found is None:
        return {}
    known = {**worker.data, **worker.typed, **found.user}
    left_out = {*worker.template.secret_questions, *found.hidden, wrong}
    return {
        name: known[name] for name in worker.template.questions_data if name in known and name not in left_out
    }


def _forget_yield(env: Any) -> None:
    """What compiling does besides: the tag of yield-loops in names starts afresh."""
    context = get_yield_context(env)
    context.yield_name = context.yield_iterable = None


# What jinja2-ansible-filters would read for a template: files, links, the environment, who the user is.
_OF_THIS_MACHINE = ("expanduser", "expandvars", "fileglob", "realpath")


def _refuse_filter(name: str, *_: Any, **__: Any) -> NoReturn:
    raise RefusedError(
        f"the template reads what is on this machine (filter {name}), and atomci doesn't let it",
        "if you trust it: copier copy",
    )


class Worker(_main.Worker):
    """Shares compiled templates; files of the project are read there, not where it is rendered."""

    compiled: Compiled
    project: Path
    size: int = 0
    known: Mapping[str, Any] | None = None
    dialogue: Dialogue | None = None
    was_answered: bool = False
    """Somebody answered a question, be it by Enter."""
    typed: dict[str, Any]
    """Answers that differ from the default, also where that question is still to be asked again."""

    def place(self, template: Template, last: Mapping[str, Any], project: Path, compiled: Compiled) -> None:
        """What copier would find out by itself."""
        self.__dict__["template"] = template
        self.subproject.__dict__["last_answers"] = dict(last)
        self.project, self.compiled, self.typed = project, compiled, {}

    def _ask(self) -> None:
        if self.dialogue is None:
            super()._ask()
            return
        questionnaire = Questionnaire(self, self.dialogue, dict(self.data), self.typed)
        questionnaire.ask(self.subproject.last_answers)
        while (again := self.dialogue.confirm(told(self))) is not NoAnswer.DONE:
            if isinstance(again, str):
                questionnaire.ask_again(again)
            else:
                questionnaire.ask()
        self.answers.external = self._external_data()

    def fresh_answers(self, given: Mapping[str, Any]) -> AnswersMap:
        """No answers yet but those that were given."""
        metadata, external = self.template.metadata, self._external_data()
        return AnswersMap(init=dict(given), metadata=metadata, external=external)

    def question(self, name: str) -> Question:
        """As copier sees it, with the answers so far."""
        return Question(
            answers=self.answers,
            context=self._render_context(),
            jinja_env=self.jinja_env,
            settings=self.settings,
            var_name=name,
            **self.template.questions_data[name],
        )

    def _render_context(self) -> MutableMapping[str, Any]:
        # While files are rendered nothing is answered any more, and each asks again.
        if Phase.current() is not Phase.RENDER:
            return super()._render_context()
        if self.known is None:
            self.known = super()._render_context()
        return dict(self.known)

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
        env.filters.update({name: partial(_refuse_filter, name) for name in _OF_THIS_MACHINE})
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
        env.handle_exception = self._ending(env.handle_exception)  # type: ignore[method-assign]
        return env

    def _ending(self, handle: Callable[..., NoReturn]) -> Callable[..., NoReturn]:
        """copier takes a validator's error for a bad answer, and one that says nothing for a good one."""

        def handle_exception(source: str | None = None) -> NoReturn:
            error = sys.exc_info()[1]
            if isinstance(error, MemoryError):
                error = too_much_memory(self.template.url)
            if isinstance(error, AtomciError):
                raise Ended(error)
            handle(source)

        return handle_exception

    def _reading_once(self, read: Callable[..., Any]) -> Callable[..., Any]:
        sources, root = self.compiled.sources, self.template.local_abspath

        def get_source(env: Any, name: str) -> Any:
            if (root, name) not in sources:
                sources[root, name] = read(env, name)
            return sources[root, name]

        return get_source

    def _render_file(self, src_relpath: Path, dst_relpath: Path, extra_context: Any = None) -> None:
        if not (self.template.local_abspath / src_relpath).is_file():
            raise RefusedError(
                f"{self.template.url} holds {src_relpath}, a pipe or a device",
                "nothing was changed; remove it there",
            )
        with self._admitted(dst_relpath):
            super()._render_file(src_relpath, dst_relpath, extra_context)

    def _render_symlink(self, src_relpath: Path, dst_relpath: Path) -> None:
        with self._admitted(dst_relpath):
            super()._render_symlink(src_relpath, dst_relpath)

    def _render_folder(self, dst_relpath: Path) -> None:
        if dst_relpath != Path():
            with self._admitted(dst_relpath):
                super()._render_folder(dst_relpath)

    @contextmanager
    def _admitted(self, name: Path) -> Iterator[None]:
        """What is written inside has a name that git may hold, and its size counts."""
        refuse_paths([name.as_posix()], self.template.url)
        if any("\udc80" <= sign <= "\udcff" for sign in str(name)):
            raise RefusedError(
                f"{self.template.url} holds {name}, a name that isn't UTF-8, which no lock can list",
                "nothing was changed; report it to the template's authors",
            )
        yield
        path = self.subproject.local_abspath / name
        self.size += SMALLEST + (path.lstat().st_size if os.path.lexists(path) else 0)
        if self.size > size_limit():
            raise too_big(self.template.url)

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
