"""Rendering a version of a template with recorded answers, in this process, as `copier update` would.

copier's worker does it; it is only told where the template's files already are, so that it neither
fetches nor asks git about each file. A test compares the bytes with those of `copier copy`.
"""

from __future__ import annotations

import importlib
import shlex
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from atomci.errors import AtomciError, InfrastructureError, RefusedError, UsageError
from atomci.template.answers import Recorded
from atomci.template.limits import bounded, within_limits
from atomci.template.questionnaire import Dialogue, plain
from atomci.template.repository import Release, Template
from atomci.template.sources import with_template_extra
from atomci.tools.git.client import complaint

__all__ = ["Replay", "Replayed", "Version", "at_work", "described_template", "refuse_migrations"]


Operation = Literal["copy", "update"]


@dataclass(frozen=True)
class Version:
    """A version of a template with a project's answers: what is to be rendered.

    `data` are answers that count whatever they say, `last` earlier ones that count where still valid. What is
    open then is asked for in a dialogue, or takes the default. Paths of `exclude` are left out. `ref` is how
    the version was asked for, and `operation` what copier would call this.
    """

    template: Template
    release: Release
    recorded: Recorded
    data: Mapping[str, Any]
    last: Mapping[str, Any] = field(default_factory=dict)
    exclude: tuple[str, ...] = ()
    ref: str | None = None
    operation: Operation = "update"
    dialogue: Dialogue | None = None


@dataclass(frozen=True)
class Replayed:
    """What a render tells besides its files: paths of seeds, and those that the template leaves out."""

    seeds: Callable[[str], bool]
    excludes: Callable[[str], bool]
    exclude: tuple[str, ...]
    questions: Mapping[str, Any]
    template: Any


@dataclass
class Replay:
    """Renders. A template is read and compiled once for all renders of one object.

    `answered` are the answers that were given or asked for last, also where that or the render then failed;
    neither secret nor wrong ones, and none at all where nobody answered a question.
    """

    answered: Mapping[str, Any] = field(default_factory=dict)
    _compiled: Any = None
    _templates: dict[tuple[Path, str], Any] = field(default_factory=dict)

    def render(self, version: Version, into: Path) -> Replayed:
        """Render into a folder. Raises UsageError for a bad answer or template, RefusedError for trust."""
        recorded, template = version.recorded, self._described(version)
        with at_work(recorded.location):
            from atomci.template import worker as copiers

            if version.dialogue:
                importlib.import_module("questionary")
            worker = copiers.Worker(
                src_path=recorded.location,
                dst_path=into,
                answers_file=Path(recorded.file) if recorded.file else None,
                vcs_ref=version.ref,
                data=dict(version.data),
                exclude=list(version.exclude),
                defaults=version.dialogue is None,
                overwrite=True,
                quiet=True,
                cleanup_on_error=False,
                skip_tasks=True,
            )
            worker.dialogue = version.dialogue
            self._compiled = self._compiled or copiers.Compiled()
            worker.place(template, version.last, recorded.root, self._compiled)
            try:
                skips, leaves_out = copiers.run(worker, version.operation)
            except BaseException as error:
                self.answered = copiers.told(worker, _asked_in(error)) if worker.was_answered else {}
                raise
            self.answered = copiers.told(worker) if worker.was_answered else {}

        def excludes(path: str) -> bool:
            # What is below a folder that is left out is left out, too.
            return any(map(leaves_out, (Path(path), *Path(path).parents[:-1])))

        location = recorded.location
        return Replayed(
            seeds=within_limits(location, template.skip_if_exists, lambda path: skips(Path(path))),
            excludes=within_limits(location, template.exclude, excludes),
            exclude=template.exclude,
            questions=template.questions_data,
            template=template,
        )

    def _described(self, version: Version) -> Any:
        location, files = version.recorded.location, version.template.checkout(version.release)
        if (files, location) not in self._templates:
            found = described_template(version.template, version.release, location)
            self._templates[files, location] = found
        return self._templates[files, location]


def described_template(template: Template, release: Release, location: str = "") -> Any:
    """A version as copier sees it: questions, settings. Raises RefusedError where trust is needed.

    `location` is what a project recorded of where the template is, if that is another by now.
    """
    location = location or template.location
    files = template.checkout(release)
    with at_work(location):
        from atomci.template import worker as copiers

        described = copiers.checked_out(location, files, release)
        _refuse_trust(location, described)
        return described


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
        f"{location} wants to run code of its own (_{what}), and atomci runs none",
        "if you trust it: copier copy --trust, or in a project copier update --trust",
    )


@contextmanager
def at_work(location: str) -> Iterator[None]:
    """Inside, a template is followed within limits, and what goes wrong becomes an error of ours."""
    with _copier_errors(location), bounded(location):
        yield


@contextmanager
def _copier_errors(location: str) -> Iterator[None]:
    """What copier raises inside becomes an error of ours; its warnings are of no use here."""
    copier = _copier()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except copier.errors.CopierAnswersInterrupt:
            raise KeyboardInterrupt from None
        except copier.errors.UnsafeTemplateError as error:
            raise UsageError(f"{location}: {error}", "atomci renders templates that need no trust") from None
        except _template_faults() as error:
            if ended := _ours_behind(error):
                raise ended from None
            asked = _asked_in(error)
            said = f"{asked}: {plain(asked, _one_line(error))}" if asked else _one_line(error)
            hint = f"run it again with another answer: -d {asked or 'KEY'}=VALUE"
            raise UsageError(said, hint) from None
        except _git_failed() as error:
            said = complaint(str(getattr(error, "stderr", "") or error))
            raise InfrastructureError(
                f"{location} can't be fetched: {said}", "check the address and the network"
            ) from None
        except OSError as error:
            raise InfrastructureError(f"{location} can't be rendered: {_one_line(error)}") from None
        except (AtomciError, MemoryError):
            raise
        except Exception as error:
            if (asked := _asked_in(error)) and isinstance(error, TypeError):
                hint = f"run it again with a list in YAML: -d '{asked}=[one, two]'"
                raise UsageError(f"{asked}: {_one_line(error)}", hint) from None
            # What an expression of the template came to, or copier of what it is.
            raise UsageError(
                f"{location} can't be rendered: {type(error).__name__}: {_one_line(error)}",
                "try another answer; if that doesn't help, report it to the template's authors",
            ) from None


def _copier() -> Any:
    try:
        import copier
        import copier.errors
    except ImportError:
        raise UsageError(
            "this needs copier, which comes with the template extra of atomci",
            "in a project with uv: uv run --group template atomci ...; in one with pip-tools: see its"
            f" CONTRIBUTING.md; elsewhere: uvx --from {shlex.quote(with_template_extra())} atomci ...",
        ) from None
    return copier


def _template_faults() -> tuple[type[Exception], ...]:
    """A bad answer, and a template that can't be rendered with it."""
    from copier.errors import UserMessageError
    from jinja2 import TemplateError

    return (UserMessageError, ValueError, TemplateError)


def _ours_behind(error: BaseException) -> BaseException | None:
    """What ended the render, where copier took it for a bad answer."""
    behind: BaseException | None = error
    while behind is not None and not isinstance(behind, (AtomciError, MemoryError)):
        behind = behind.__cause__ or behind.__context__
    return behind


def _git_failed() -> type[Exception]:
    """What copier lets through when the git it runs fails; an OSError too, so it is caught first."""
    from plumbum import ProcessExecutionError

    failed: type[Exception] = ProcessExecutionError
    return failed


def _asked_in(error: BaseException) -> str:
    """The question that copier was at; what it says of an answer of the wrong type doesn't name it."""
    step = error.__traceback__
    while step is not None:
        name = step.tb_frame.f_locals.get(_AT.get(step.tb_frame.f_code.co_name, ""))
        if name is not None:
            return str(name)
        step = step.tb_next
    return ""


_AT = {"_ask": "var_name", "_round": "name"}
"""What asks, copier and we, and what it calls the question there."""


def _one_line(error: object) -> str:
    return " ".join(str(error).split())
