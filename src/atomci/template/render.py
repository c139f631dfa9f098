"""Rendering through copier's own API, so that the bytes equal those of `copier copy`."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from atomci.errors import InfrastructureError, UsageError
from atomci.project import Project
from atomci.template.ownership import FILE as OWNERSHIP_FILE
from atomci.template.sources import Source
from atomci.tools.git.client import complaint

__all__ = ["Rendered", "copier_errors", "render"]


@dataclass(frozen=True)
class Rendered:
    """A fresh render: the project, what copier warned of, and what the template says of who owns what.

    `owners` is its table, None where it has none; `seeds` tells what its `_skip_if_exists` matches.
    """

    project: Project
    notes: tuple[str, ...]
    owners: bytes | None
    seeds: Callable[[str], bool]


def render(source: Source, destination: Path, answers: Mapping[str, Any], *, ask: bool) -> Rendered:
    """Render into an empty folder, asking for what `answers` leaves open, or taking the defaults.

    Raises UsageError for a bad answer or template, InfrastructureError when it can't be fetched, and
    KeyboardInterrupt when the questions are broken off. What was written until then stays.
    """
    with copier_errors(source.location) as caught:
        from copier._main import Worker

        # What `run_copy` does; the template's files are gone when it returns.
        with Worker(
            src_path=source.location,
            dst_path=destination,
            data=dict(answers),
            vcs_ref=source.ref,
            defaults=not ask,
            quiet=True,
            cleanup_on_error=False,
        ) as worker:
            worker.run_copy()
            table = worker.template.local_abspath / OWNERSHIP_FILE
            owners = table.read_bytes() if table.is_file() else None
            seeds = worker.match_skip
    project = Project(destination)
    unknown = sorted(set(answers) - set(project.answers))
    if unknown:
        raise UsageError(f"the template asks no question called {unknown[0]}", _questions(project))
    notes = tuple(_one_line(w.message) for w in caught if type(w.message).__name__ == "DirtyLocalWarning")
    return Rendered(project, notes, owners, lambda path: seeds(Path(path)))


@contextmanager
def copier_errors(location: str) -> Iterator[list[warnings.WarningMessage]]:
    """What copier raises inside becomes an error of ours; its warnings are gathered."""
    copier = _copier()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield caught
        except copier.errors.CopierAnswersInterrupt:
            raise KeyboardInterrupt from None
        except copier.errors.UnsafeTemplateError as error:
            raise UsageError(f"{location}: {error}", "atomci renders templates that need no trust") from None
        except _template_faults() as error:
            raise UsageError(_one_line(error), "run it again with another answer or --ref") from None
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError) as error:
            # What an expression of the template came to.
            raise UsageError(
                f"{location} can't be rendered: {type(error).__name__}: {_one_line(error)}",
                "another answer may help; else its authors can mend it",
            ) from None
        except _git_failed() as error:
            said = complaint(str(getattr(error, "stderr", "") or error))
            raise InfrastructureError(
                f"{location} can't be fetched: {said}", "check the address and the network"
            ) from None
        except OSError as error:
            raise InfrastructureError(f"{location} can't be rendered: {_one_line(error)}") from None


def _copier() -> Any:
    try:
        import copier
        import copier.errors
    except ImportError:
        raise UsageError(
            "rendering needs the template extra",
            "in a project with a group of that name: uv run --group template atomci ...; else:"
            ' uv tool install "atomci[template]"',
        ) from None
    return copier


def _template_faults() -> tuple[type[Exception], ...]:
    """A bad answer, and a template that can't be rendered with it."""
    from copier.errors import UserMessageError
    from jinja2 import TemplateError

    return (UserMessageError, ValueError, TemplateError)


def _git_failed() -> type[Exception]:
    """What copier lets through when the git it runs fails; an OSError too, so it is caught first."""
    from plumbum import ProcessExecutionError

    failed: type[Exception] = ProcessExecutionError
    return failed


def _questions(project: Project) -> str:
    return "it asks: " + ", ".join(name for name in project.answers if not name.startswith("_"))


def _one_line(error: object) -> str:
    return " ".join(str(error).split())
