"""`atomci update`."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from atomci.cli.options import answers_file_option, not_empty, project_option, rendered_folder
from atomci.cli.view.updates import progress, show_update

if TYPE_CHECKING:
    from atomci.template.answers import Recorded
    from atomci.update.planned import Planned
    from atomci.update.request import Request

__all__ = ["update_command"]


@click.command("update")
@click.option(
    "--to", metavar="TAG", callback=not_empty, help="A tag, branch or commit.  [default: the newest release]"
)
@click.option(
    "--from",
    "start",
    metavar="TAG",
    callback=not_empty,
    help="The version rendered here, where the recorded one was removed.",
)
@click.option("--prerelease", is_flag=True, help="Count pre-releases as releases.")
@click.option("--plan", "only_plan", is_flag=True, help="Show what would change; change nothing.")
@click.option("--commit", "and_commit", is_flag=True, help="Commit when there are no conflicts.")
@click.option(
    "--pull-request",
    is_flag=True,
    help="Open or refresh a pull request with it; change no file here.",
)
@click.option(
    "--then",
    metavar="COMMAND",
    help="Run this on the updated files before they are committed to the pull request, such as uv lock.",
)
@click.option(
    "--prepare",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Only run the command of --then and keep its result in FILE; needs no token.",
)
@click.option(
    "--prepared",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Commit what --prepare kept in FILE to the pull request; run nothing.",
)
@click.option("--abort", is_flag=True, help="Put everything back as it was before the update.")
@click.option("--continue", "go_on", is_flag=True, help="Commit the update after its conflicts are resolved.")
@click.option("--data", "-d", "pairs", multiple=True, metavar="KEY=VALUE", help="Change an answer.")
@click.option(
    "--template",
    metavar="SRC",
    callback=not_empty,
    help="Where the template is now: a path, a git URL or gh:org/name.",
)
@click.option("--skip", multiple=True, metavar="ID", help="Leave out one of the template's migrations.")
@answers_file_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@project_option
def update_command(
    to: str | None,
    start: str | None,
    prerelease: bool,
    only_plan: bool,
    and_commit: bool,
    pull_request: bool,
    then: str | None,
    prepare: Path | None,
    prepared: Path | None,
    abort: bool,
    go_on: bool,
    pairs: tuple[str, ...],
    template: str | None,
    skip: tuple[str, ...],
    answers_file: str | None,
    as_json: bool,
    project: Path | None,
) -> int:
    """Merge a newer version of the template into this project, as git merges.

    A clean update is left staged. Conflicts leave the repository in the middle of a cherry-pick: resolve
    them in any editor, then --continue, or --abort. Works for every copier template that needs no trust.

    \b
    atomci update --plan             what would change, file by file; touches nothing
    atomci update                    to the newest release, staged
    atomci update --to v2.1.0        to that one
    atomci update -d licence=MIT     another answer, the same version
    atomci update --pull-request     as a pull request, through gh; a draft when there are conflicts

    Exit codes: 0 done or up to date, 1 conflicts, 2 usage, 3 the template or the disk can't be reached,
    4 refused: uncommitted work in the way, an older version, a template that needs trust, commits of others
    on the branch of the pull request.
    """
    from atomci.errors import UsageError

    proposing = pull_request or prepare or prepared
    if abort + go_on + bool(only_plan or and_commit or proposing or to or start or pairs or template) > 1:
        raise UsageError("--abort and --continue go with no other option", "atomci update --abort")
    if only_plan + and_commit + pull_request > 1:
        raise UsageError("--plan, --commit and --pull-request exclude each other", "atomci update --plan")
    if then is not None and not (pull_request or prepare):
        raise UsageError("--then goes with --pull-request", "atomci update --pull-request --then 'uv lock'")
    if prepare and (then is None or pull_request or only_plan or and_commit):
        raise UsageError(
            "--prepare goes with --then alone",
            "atomci update --then 'uv lock' --prepare FILE",
        )
    if prepared and (then is not None or not pull_request):
        raise UsageError(
            "--prepared goes with --pull-request, without --then",
            "atomci update --pull-request --prepared FILE",
        )
    root = rendered_folder(project)
    if abort or go_on:
        return _end(root, as_json, abort)
    from atomci.cli.answers import given_answers
    from atomci.deadlines import today
    from atomci.project import Project
    from atomci.template.answers import recorded_answers
    from atomci.template.sources import named_source
    from atomci.update.drift.excepted import holding, read_excepted
    from atomci.update.end import recover
    from atomci.update.request import Request

    recorded = recorded_answers(root, answers_file)
    if not proposing and recover(root):
        click.echo("finished an update that was interrupted", err=True)
        recorded = recorded_answers(root, answers_file)
    exceptions = read_excepted(Project(root))
    request = Request(
        to=to,
        start=start,
        prereleases=prerelease,
        answers=given_answers(pairs),
        template=named_source(template, None).location if template else None,
        skip=frozenset(skip),
        excepted=holding(exceptions, today()),
    )
    if pull_request:
        from atomci.cli.projects.pull_request import propose_update

        return propose_update(recorded, request, then, prepared, as_json)
    if prepare:
        from atomci.cli.projects.pull_request import prepare_update

        return prepare_update(recorded, request, then or "", prepare)
    return _run(recorded, request, as_json, only_plan, and_commit)


def _run(recorded: Recorded, request: Request, as_json: bool, only_plan: bool, and_commit: bool) -> int:
    import gc

    from atomci.artifacts.printed.sync import Update
    from atomci.template.workshop import Workshop
    from atomci.update.plan import plan_update

    # A render makes a great many small objects, and the process ends soon: 2 % of an update's time.
    gc.disable()
    with progress(as_json) as tell, Workshop(tell) as shop:
        planned = plan_update(shop, recorded, request)
        if isinstance(planned, Update):
            show_update(planned, as_json)
            return 0
        from atomci.update.apply import apply_update, foreseen
        from atomci.update.end import commit_update

        planned = planned.with_notes().noting(*_unfit_python(planned, recorded.root))
        if only_plan:
            show_update(foreseen(planned), as_json)
            return 1 if planned.merged.stages else 0
        done = apply_update(planned, alone=and_commit)
        if and_commit and done.state == "staged":
            done = commit_update(planned.repository.top, done)
    show_update(done, as_json)
    return 1 if done.state == "conflicts" else 0


def _unfit_python(planned: Planned, root: Path) -> tuple[str, ...]:
    """A note where the new requires-python leaves out the environment's Python: `uv run` may fail then."""
    import tomllib

    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    from atomci.engine.inputs.environment import python_version
    from atomci.project import Project

    project = Project(root)
    entry = planned.merged.files.get(f"{planned.repository.prefix}pyproject.toml")
    if entry is None or project.own_environment is None or not (version := python_version(project)):
        return ()
    try:
        pyproject = tomllib.loads(planned.objects.read([entry.oid])[entry.oid].decode())
        requires = str(pyproject.get("project", {}).get("requires-python", ""))
        if SpecifierSet(requires).contains(version, prereleases=True):
            return ()
    except (ValueError, InvalidSpecifier):  # It is in conflict, or no TOML: nothing can be told.
        return ()
    mend = "uv sync" if (root / "uv.lock").is_file() else "remove it, and set it up as README.md says"
    note = f"the environment has Python {version}, and requires-python is {requires} now: {mend}"
    if project.version_of("atomci") is None:
        return (note,)
    program = shlex.quote(Path(os.path.relpath(project.scripts / "atomci", root)).as_posix())
    return (f"{note}; the way back without another Python: {program} update --abort",)


def _end(root: Path, as_json: bool, abort: bool) -> int:
    from atomci.update.end import abort_update, continue_update

    show_update(abort_update(root) if abort else continue_update(root), as_json)
    return 0
