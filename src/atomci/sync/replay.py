"""Rendering a version of a template with recorded answers, in this process, as `copier update` would.

copier's worker does it; it is only told where the template's files already are, so that it neither
fetches nor asks git about each file. A test compares the bytes with those of `copier copy`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from threading import Thread
from typing import Any

from atomci.errors import RefusedError
from atomci.sync.answers import Recorded
from atomci.sync.render import copier_errors
from atomci.sync.template import Release
from atomci.sync.versions import position

__all__ = ["Replay", "Replayed"]


@dataclass(frozen=True)
class Replayed:
    """What a render tells besides its files."""

    seeds: Callable[[str], bool]
    exclude: tuple[str, ...]
    questions: frozenset[str]
    template: Any


@dataclass
class Replay:
    """Renders; what Jinja compiled is shared by all renders of one object."""

    _codes: dict[Any, Any] = field(default_factory=dict)

    def warm_up(self) -> None:
        """Import copier meanwhile, which takes longer than what git does first. Its errors come later."""
        Thread(target=_import_copier, daemon=True).start()

    def render(
        self,
        files: Path,
        release: Release,
        recorded: Recorded,
        into: Path,
        *,
        data: Mapping[str, Any],
        last: Mapping[str, Any],
        exclude: Sequence[str] = (),
    ) -> Replayed:
        """Render the template's `files` into a folder.

        `data` are answers that count whatever they say, `last` earlier ones that count where they are
        still valid. Raises UsageError for a bad answer or template, RefusedError where trust is needed.
        """
        location = recorded.location
        with copier_errors(location):
            from copier._main import _operation

            template = _template(location, files, release)
            _refuse_trust(location, template)
            worker = _worker_class()(
                src_path=location,
                dst_path=into,
                answers_file=Path(recorded.file),
                data=dict(data),
                exclude=list(exclude),
                defaults=True,
                overwrite=True,
                quiet=True,
                cleanup_on_error=False,
                skip_tasks=True,
            )
            worker.__dict__["template"] = template
            worker.subproject.__dict__["last_answers"] = dict(last)
            worker.codes, worker.project = self._codes, recorded.root
            token = _operation.set("update")
            try:
                worker.run_copy()
                match = worker.match_skip
            finally:
                _operation.reset(token)
        return Replayed(
            lambda path: match(Path(path)), template.exclude, frozenset(template.questions_data), template
        )


def _import_copier() -> None:
    with suppress(ImportError):
        importlib.import_module("copier._main")


def refuse_migrations(location: str, old: Replayed, new: Replayed) -> None:
    """Raises RefusedError where copier would run commands of the template between the two versions."""
    if any(new.template.migration_tasks(stage, old.template) for stage in ("before", "after")):
        raise _needs_trust(location, "migrations")


def _refuse_trust(location: str, template: Any) -> None:
    for name in ("tasks", "jinja_extensions"):
        if getattr(template, name):
            raise _needs_trust(location, name)


def _needs_trust(location: str, what: str) -> RefusedError:
    return RefusedError(
        f"{location} runs code of its own (_{what}), which atomci doesn't",
        "if you trust it: copier update --trust",
    )


def _template(location: str, files: Path, release: Release) -> Any:
    from copier._template import Template

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


def _worker_class() -> Any:
    """copier's worker with compiled templates shared and nothing asked of git."""
    from copier._jinja_ext import get_yield_context
    from copier._main import Worker
    from copier._types import LazyDict, Phase
    from copier._user_data import load_answersfile_data
    from copier.errors import ForbiddenPathError

    class _Worker(Worker):
        codes: Any = None
        project: Any = None

        @cached_property
        def jinja_env(self) -> Any:
            env = super().jinja_env
            options = repr((sorted(self.template.envops.items()), self.template.jinja_extensions))
            compile_anew, codes = env.compile, self.codes

            def compile_once(source: Any, name: Any = None, filename: Any = None, *rest: Any) -> Any:
                key = (options, source, name, rest)
                if key not in codes:
                    codes[key] = compile_anew(source, name, filename, *rest)
                # What compiling does besides: the tag of yield-loops in names starts afresh.
                context = get_yield_context(env)
                context.yield_name = context.yield_iterable = None
                return codes[key]

            env.compile = compile_once  # type: ignore[method-assign,assignment]
            return env

        def _external_data(self) -> Any:
            """The files of the project that the template reads, which aren't where it is rendered."""

            def load(path: str) -> Any:
                with Phase.use(Phase.UNDEFINED):
                    name = self._render_string(path)
                if not (self.project / name).resolve().is_relative_to(self.project.resolve()):
                    raise ForbiddenPathError(path=Path(name))
                return load_answersfile_data(self.project, name, warn_on_missing=True)

            files = self.template.external_data.items()
            return LazyDict({name: partial(load, path) for name, path in files})

        def _sync_git_index_executable_bit(self, dst_relpath: Path, src_mode: int) -> None:
            """The render lies in no repository."""

    return _Worker
