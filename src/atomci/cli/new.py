"""`atomci new`: render, bootstrap, gate. Whatever goes wrong on the way leaves nothing half-made."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from atomci.cli.options import data_file_option, data_option, template_option
from atomci.errors import InfrastructureError, UsageError

if TYPE_CHECKING:
    from atomci.project import Project

__all__ = ["new_command"]


@click.command("new")
@click.argument("dest", type=click.Path(path_type=Path))
@template_option
@click.option("--ref", metavar="TAG", help="A tag, branch or commit of the template.")
@data_option
@data_file_option
@click.option("--defaults", is_flag=True, help="Don't ask; take the defaults.")
@click.option("--no-bootstrap", is_flag=True, help="Only render: no environment, git, hooks or gate.")
def new_command(
    dest: Path,
    template: str | None,
    ref: str | None,
    pairs: tuple[str, ...],
    data_file: Path | None,
    defaults: bool,
    no_bootstrap: bool,
) -> int:
    """Make a new repository in DEST: rendered, locked, installed, under git with hooks, its gate run.

    \b
    atomci new myproj
    atomci new myproj --defaults -d licence=Apache-2.0
    atomci new myproj --template gh:org/atomci --ref v1.2.0
    """
    from atomci.cli.answers import given_answers
    from atomci.template.first_lock import write_first_lock
    from atomci.template.render import render
    from atomci.template.sources import named_source, own_source

    answers = given_answers(pairs, data_file)
    if not defaults and not sys.stdin.isatty():
        raise UsageError(
            "there is no terminal to ask questions on", "add --defaults, and -d KEY=VALUE for others"
        )
    _need_git()
    source = named_source(template, ref) if template else own_source(ref)
    with _all_or_nothing(dest) as root:
        click.echo(f"rendering {source.location}" + (f" at {source.ref}" if source.ref else ""))
        rendered = render(source, root, answers, ask=not defaults)
        # With --no-bootstrap it is what plain copier writes, which knows no lock.
        lock_notes = () if no_bootstrap else write_first_lock(rendered)
        for note in (*rendered.notes, *lock_notes):
            click.echo(f"note: {note}")
        if not no_bootstrap:
            _bootstrap(rendered.project)
    if no_bootstrap:
        click.echo(f"rendered {root}; next: cd {dest}, then task setup (its README.md says how without task)")
        return 0
    code = _gate(root)
    _say_goodbye(dest, root, code)
    return code


def _need_git() -> None:
    if shutil.which("git") is None:
        raise InfrastructureError(
            "git isn't on PATH", "install it, then: atomci run install_git_cli tells how"
        )


@contextmanager
def _all_or_nothing(dest: Path) -> Iterator[Path]:
    """Yields the absolute destination; on any error it is as it was before: absent, or an empty folder."""
    root = dest.resolve()
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise UsageError(f"{dest} exists and isn't an empty folder", "name another one; nothing was changed")
    made = _missing_folders(root)
    # A new project must not be installed into the environment of the one that runs atomci.
    for variable in ("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT"):
        os.environ.pop(variable, None)
    try:
        root.mkdir(parents=True, exist_ok=True)
        yield root
    except BaseException:
        _empty(root)
        for folder in made:
            folder.rmdir()
        raise


def _missing_folders(root: Path) -> list[Path]:
    """The destination and its parents that aren't there yet, deepest first."""
    return [folder for folder in (root, *root.parents) if not folder.exists()]


def _empty(root: Path) -> None:
    def writable_first(remove: Callable[[str], Any], path: str, _: object) -> None:
        Path(path).chmod(stat.S_IWRITE)  # git's objects are read-only, which stops Windows
        remove(path)

    for entry in root.iterdir() if root.is_dir() else ():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, onerror=writable_first)
        else:
            entry.unlink()


def _bootstrap(project: Project) -> None:
    """Phase 0 and the hooks, with progress. Raises InfrastructureError on the first thing that broke."""
    from atomci.atoms.load import Loader
    from atomci.cli.output import listener_for
    from atomci.engine.context import Options
    from atomci.engine.plan import make_plan
    from atomci.engine.runner import run_plan

    loader = Loader(project)
    plan = make_plan(["bootstrap"], loader.catalog)
    options = Options(jobs=os.cpu_count() or 1, in_ci=False)
    with listener_for(plan, as_json=False, project=project) as listener:
        result = run_plan(loader.workspace(options), plan, loader.implementation, [listener])
    if result.exit_code == 130:
        raise KeyboardInterrupt
    for name, outcome in result.outcomes.items():
        if outcome.status in ("fail", "vacuous", "error"):
            raise InfrastructureError(
                f"{name}: {outcome.reason}", "nothing was left behind; mend it and try again"
            )


def _gate(root: Path) -> int:
    """The project's own runtime runs its gate, as it will from now on."""
    from atomci.project import Project
    from atomci.tools.process import Command, hand_over

    click.echo("running the gate")
    sys.stdout.flush()
    return hand_over(Command((Project(root).python, "-m", "atomci", "run", "local_ci")), root)


def _say_goodbye(dest: Path, root: Path, code: int) -> None:
    from atomci.bootstrap.managers.choice import prefix
    from atomci.cli.style import paint
    from atomci.project import Project

    typed = prefix(Project(root))
    click.echo(
        paint(f"{dest} is ready" if code == 0 else f"{dest} is there, but its gate isn't green", "cyan")
    )
    click.echo(f"  cd {dest}")
    click.echo(f"  {typed}atomci run local_ci    the whole gate (also: task ci)")
    click.echo(f"  {typed}atomci check           which atoms hold here, with evidence")
