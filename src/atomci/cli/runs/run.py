"""`atomci run`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from atomci.cli import completion
from atomci.cli.options import project_at, project_option
from atomci.errors import AtomciError, UsageError
from atomci.tools import interrupts
from atomci.tools.exclusive import exclusive
from atomci.visible import visible

__all__ = ["alone", "run_command"]

_RUNS_IN = "ATOMCI_RUNS_IN"
"""The variable that names, for what a run starts, the repository in which it goes on."""


@click.command("run")
@click.argument("targets", nargs=-1, metavar="TARGET...", shell_complete=completion.targets)
@click.option("--since", metavar="REF", help="Unit tests: run only those that changes since REF affect.")
@click.option("--all", "everything", is_flag=True, help="Unit tests: run all, even with --since.")
@click.option(
    "--shard", metavar="I/N", envvar="ATOMCI_SHARD", help="Unit tests: run shard I of N.  [env: ATOMCI_SHARD]"
)
@click.option(
    "--shards-from",
    type=click.Path(exists=True, file_okay=False, path_type=Path, resolve_path=True),
    metavar="FOLDER",
    help="Unit tests: judge the results of all shards; run none.",
)
@click.option("--only", is_flag=True, help="Run the targets alone, on the artifacts that are already there.")
@click.option("--no-cache", is_flag=True, help="Run everything, also what is proved unchanged.")
@click.option(
    "--jobs", "-j", type=click.IntRange(1), help="How many atoms run at a time.  [default: one per core]"
)
@click.option("--keep-going", "-k", is_flag=True, help="Run later phases even when an atom is red.")
@click.option("--install", is_flag=True, help="Install missing programs with this host's package manager.")
@click.option(
    "--apply",
    is_flag=True,
    help="Branch protection: change GitHub to match the files. autofix: bring the patch here.",
)
@click.option(
    "--prune", is_flag=True, help="Branch protection: count what is on GitHub only; with --apply, delete it."
)
@click.option("--write", is_flag=True, help="Fixtures: move shared ones to the conftest where they belong.")
@click.option(
    "--rounds",
    type=click.IntRange(1),
    metavar="N",
    help="Repeated unit tests: N rounds at most.  [default: 5]",
)
@click.option("--wait", metavar="TIME", help="Repeated unit tests: wait so long for an edit, such as 10m.")
@click.option(
    "--resume",
    is_flag=True,
    help="Continue the last run, if it was stopped or red, with its targets and options.",
)
@click.option("--dry-run", "-n", is_flag=True, help="Print the commands; run nothing.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print JSON Lines: one event per line, the result last."
)
@project_option
def run_command(
    targets: tuple[str, ...],
    since: str | None,
    everything: bool,
    shard: str | None,
    shards_from: Path | None,
    only: bool,
    no_cache: bool,
    jobs: int | None,
    keep_going: bool,
    install: bool,
    apply: bool,
    prune: bool,
    write: bool,
    rounds: int | None,
    wait: str | None,
    resume: bool,
    dry_run: bool,
    as_json: bool,
    project: Path | None,
    resumed: str = "",
) -> int:
    """Run atoms, phases or pipelines, and what they need.

    A TARGET is an atom's id (atom_031), its name (run_ruff_lint), a phase (phase_04) or a pipeline
    (local_ci). What is ready runs in parallel; what a content hash proves unchanged isn't run again.

    \b
    atomci run local_ci                 the whole gate
    atomci run unit --shard 2/4         one shard of the unit suite
    atomci run local_ci --since main    only unit tests that the branch's changes reach
    atomci run triage -k                all static findings
    atomci run run_mypy_typecheck -n    the command behind an atom
    atomci run --resume                 what a stopped run had left to do
    """
    given = _given(click.get_current_context())
    if resume:
        return _continued(given, dry_run=dry_run, as_json=as_json, project=project)
    if not targets:
        raise UsageError("run: no target is given", "atomci list shows them; atomci run local_ci is the gate")
    with _told_when_interrupted(targets, jobs or 1, as_json):
        from atomci.atoms.loading.load import Loader
        from atomci.atoms.parts.options import (
            FixtureOptions,
            InstallOptions,
            OneShard,
            PatchOptions,
            ProtectionOptions,
            RoundOptions,
            ShardOptions,
        )
        from atomci.audit.runs import logged_at_the_end
        from atomci.cli.view.pages import page_listener
        from atomci.cli.view.runs import dry_run_lines, listener_for
        from atomci.engine.context import Options
        from atomci.engine.guest import make_room
        from atomci.engine.plan import make_plan
        from atomci.engine.runner import run_plan
        from atomci.testing.sharding.settings import read_shards

        loader = Loader(project_at(project))
        if shard and shards_from:
            raise UsageError("--shard and --shards-from: give one of them", "ATOMCI_SHARD counts as --shard")
        _ = loader.config  # a bad table is told before anything else
        one = OneShard.named(shard, loader.project.setting(read_shards).count) if shard else None
        options = Options(
            since=_known_ref(loader.project.root, since),
            everything=everything,
            keep_going=keep_going,
            # What shards are divided by, and what they left, is in no hash.
            use_cache=not (no_cache or shard or shards_from),
            jobs=jobs or os.cpu_count() or 1,
            preview=dry_run,
            words=given,
            resumed=resumed,
            within=os.environ.get(_RUNS_IN) == str(loader.project.root),
            of_atoms=(
                InstallOptions(install),
                ProtectionOptions(apply=apply, prune=prune),
                PatchOptions(apply),
                ShardOptions(one, shards_from),
                FixtureOptions(write),
                RoundOptions(rounds or RoundOptions.rounds, _seconds(wait)),
            ),
        )
        plan = make_plan(targets, loader.catalog, only=only)
        if not dry_run:
            make_room(loader.project)
        workspace = loader.workspace(options)
    if dry_run:
        click.echo("\n".join(dry_run_lines(loader, plan, options, as_json)))
        return 0
    logged = logged_at_the_end(loader.project, workspace.redactor.clean, _noted)
    with alone(loader.project.root), listener_for(plan, as_json, loader.project) as listener:
        listeners = [page_listener(loader.project), logged, listener]
        result = run_plan(workspace, plan, loader.implementation, listeners)
    if result.broken:
        click.echo(f"error: {result.broken}\n  {result.mend}", err=True)
    return result.exit_code


def _noted(text: str) -> None:
    click.echo(f"note: {visible(text)}", err=True)


def _seconds(wait: str | None) -> float:
    from atomci.guard.limits import seconds_of

    try:
        return (seconds_of(wait) if wait else None) or 0.0
    except ValueError:
        raise UsageError(f"--wait: {wait!r} isn't a time", "such as 90s, 10m or 1h30m") from None


_NOT_ASKED = ("resume", "dry_run", "as_json", "project")


def _given(context: click.Context) -> tuple[str, ...]:
    """Targets and options that say what to run, as they can be typed again."""
    words: list[str] = []
    for option in context.command.params:
        value = context.params.get(option.name or "")
        if option.name in _NOT_ASKED or value in (None, False, ()):
            continue
        if isinstance(option, click.Argument):
            words += value
        else:
            words += [option.opts[0]] if value is True else [option.opts[0], str(value)]
    return tuple(words)


def _continued(given: Sequence[str], *, dry_run: bool, as_json: bool, project: Path | None) -> int:
    """Run what the stopped run was asked for, with what it had got done."""
    from atomci.engine.stopped import stopped_run
    from atomci.report.pages import only_reports

    if given:
        said = _shell(given)
        raise UsageError(
            f"--resume takes targets and options of the stopped run, not {said}", "leave them out"
        )
    stopped = stopped_run(project_at(project).root, only_reports)
    asked = run_command.make_context("run", list(stopped.words))
    with asked:
        if not as_json:
            click.echo(f"continues run {stopped.run}: atomci run {_shell(stopped.words)}")
        assert run_command.callback
        own = {"dry_run": dry_run, "as_json": as_json, "project": project, "resumed": stopped.run}
        return int(run_command.callback(**{**asked.params, **own}))


def _shell(words: Sequence[str]) -> str:
    """Words as they are typed in a shell."""
    import shlex

    return shlex.join(words)


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Keep other runs out of artifacts/, but for those that this one starts.

    Raises InfrastructureError when another goes on for ten seconds.
    """
    folder = root / "artifacts"
    try:
        folder.mkdir(exist_ok=True)
    except OSError:  # which the run itself will tell
        yield
        return
    if os.environ.get(_RUNS_IN) == str(root):
        yield
        return
    with exclusive(folder, "another atomci run is at work in this repository"):
        os.environ[_RUNS_IN] = str(root)
        try:
            yield
        finally:
            del os.environ[_RUNS_IN]


@contextmanager
def _told_when_interrupted(targets: Sequence[str], jobs: int, as_json: bool) -> Iterator[None]:
    """Whoever reads events is told of an interrupt also where the run has no plan yet."""
    try:
        yield
    except (KeyboardInterrupt, AtomciError) as error:
        # The interrupt of a terminal also ends git, which then gives no answer.
        if isinstance(error, AtomciError) and not interrupts.held():
            raise
        if as_json:
            from atomci.artifacts.json_text import json_of
            from atomci.engine.runner import never_begun

            for event in never_begun(targets, jobs):
                click.echo(json_of(event).decode())
        raise KeyboardInterrupt from None


def _known_ref(root: Path, ref: str | None) -> str | None:
    from atomci.tools.git.client import Git

    if ref is not None and Git(root).commit(ref) is None:
        raise UsageError(f"--since: git has no commit {ref!r} here", "git fetch origin, or name another one")
    return ref
