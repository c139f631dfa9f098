"""`atomci update --pull-request`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from atomci.cli.view.advice import typed_here
from atomci.cli.view.updates import progress, show_update
from atomci.visible import visible

if TYPE_CHECKING:
    from atomci.artifacts.printed.sync import Proposal
    from atomci.fleet.finish import Finish
    from atomci.template.answers import Recorded
    from atomci.template.workshop import Workshop
    from atomci.update.request import Request

__all__ = ["propose_update"]


def propose_update(
    recorded: Recorded, request: Request, command: str | None, kept: Path | None, as_json: bool
) -> int:
    """Plan, propose, show; 1 with conflicts, or where what is to finish it fails or had failed."""
    from atomci.artifacts.printed.sync import Proposal
    from atomci.fleet.proposals import branch_of, propose
    from atomci.forge.api import api_of_origin
    from atomci.template.workshop import Workshop
    from atomci.tools.git.repository import open_repository
    from atomci.update.plan import plan_update
    from atomci.update.planned import Planned

    words = _words(command)
    with progress(as_json) as tell, Workshop(tell) as shop:
        planned = plan_update(shop, recorded, request)
        if not isinstance(planned, Planned):
            branch = branch_of(recorded, open_repository(recorded.root).prefix)
            _show(Proposal(state="up-to-date", branch=branch, update=planned), as_json)
            return 0
        api = api_of_origin(recorded.root, right="Pull requests")
        tell("asking GitHub")
        finish = _kept(kept, shop.folder()) if kept else _here(command, words, shop)
        proposal = propose(planned, recorded, api, anew=request.to is not None, finish=finish)
    _show(proposal, as_json)
    return 1 if proposal.conflicts or not proposal.finished else 0


def prepare_update(recorded: Recorded, request: Request, command: str, file: Path) -> int:
    """Plan, run the command on a copy of the updated files, keep what it makes; 1 where it fails."""
    from atomci.fleet.finish import prepared
    from atomci.template.workshop import Workshop
    from atomci.update.plan import plan_update
    from atomci.update.planned import Planned

    words = _words(command)
    content: bytes | None = b""
    with progress(as_json=False) as tell, Workshop(tell) as shop:
        planned = plan_update(shop, recorded, request)
        if isinstance(planned, Planned) and not planned.merged.stages:
            objects = planned.objects
            finish = _here(command, words, shop)
            content = prepared(objects, objects.tree(planned.merged.files), finish) if finish else b""
    # A failure is kept too: the pull request tells of it.
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content or b"")
    click.echo(f"kept the result of {command} in {file}" if content else f"nothing to keep in {file}")
    return 1 if content is None else 0


def _here(command: str | None, words: tuple[str, ...], shop: Workshop) -> Finish | None:
    """The command run on a copy, with nothing of the user's: no token, no login, no configuration."""
    from atomci.fleet.finish import RunHere
    from atomci.tools.process import Children, Command
    from atomci.tools.surroundings import bare_environment

    home = shop.folder()

    def run(folder: Path) -> bool:
        bare = bare_environment(home)
        done = Children().run(Command(words, env=bare, without=("",)), folder)
        if done.code != 0:
            click.echo(f"{done.stdout}{done.stderr}".rstrip(), err=True)
        return done.code == 0

    return RunHere(command, shop.folder(), run) if command else None


def _kept(file: Path, folder: Path) -> Finish:
    from atomci.fleet.finish import Prepared

    content = file.read_bytes() if file.is_file() else b""
    return Prepared("the command of --prepare", folder, content)


def _words(command: str | None) -> tuple[str, ...]:
    import shlex

    from atomci.errors import UsageError

    try:
        words = tuple(shlex.split(command or ""))
    except ValueError as error:
        raise UsageError(f"--then {command}: not a command line: {error}") from None
    if command is not None and not words:
        raise UsageError("--then: the command is empty", "for example --then 'uv lock'")
    return words


def _show(proposal: Proposal, as_json: bool) -> None:
    if as_json:
        from atomci.artifacts.json_text import json_of

        click.echo(json_of(proposal).decode())
        return
    if proposal.state == "up-to-date":
        show_update(proposal.update, as_json=False)
        return
    update = proposal.update
    if proposal.state == "declined":
        click.echo(f"{visible(update.after)} is out; somebody closed {proposal.url}, so it stays closed")
        again = f"atomci update --pull-request --to {visible(shlex.quote(update.after))}"
        click.echo(f"  to open one anyway: {typed_here(again)}")
        return
    if proposal.state == "taken-over":
        _show_taken_over(proposal)
        return
    show_update(update, as_json=False, following=_following(proposal))
    for note in proposal.notes:
        click.echo(visible(f"  note: {note}"))


def _show_taken_over(proposal: Proposal) -> None:
    click.echo(visible(f"{proposal.update.after} is out; {proposal.url}"))
    for path in proposal.conflicts:
        click.echo(f"  {visible(path)} still has conflict markers there, so it is a draft")
    for note in proposal.notes:
        click.echo(visible(f"  note: {note}"))


def _following(proposal: Proposal) -> str:
    head = f"{proposal.state}: {proposal.url}"
    if not proposal.conflicts:
        return head
    count = len(proposal.conflicts)
    return f"{head}, a draft: {count} file{'s' if count != 1 else ''} in conflict; it shows what to type"
