"""`atomci update --pull-request`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from atomci.cli.view.updates import progress, show_update
from atomci.visible import visible

if TYPE_CHECKING:
    from atomci.artifacts.sync import Proposal
    from atomci.template.answers import Recorded
    from atomci.update.request import Request

__all__ = ["propose_update"]

_SECONDS = 60.0


def propose_update(recorded: Recorded, request: Request, command: str | None, as_json: bool) -> int:
    """Plan, propose, show; 1 with conflicts, or where the command fails that is to finish it."""
    from atomci.artifacts.sync import Proposal
    from atomci.fleet.finish import Finish
    from atomci.fleet.proposals import branch_of, propose
    from atomci.forge.api import Api, require_gh
    from atomci.forge.remote import origin
    from atomci.template.workshop import Workshop
    from atomci.tools.git.repository import open_repository
    from atomci.tools.process import Children, Command
    from atomci.update.plan import plan_update
    from atomci.update.planned import Planned

    words = _words(command)
    with progress(as_json) as tell, Workshop(tell) as shop:
        planned = plan_update(shop, recorded, request)
        if not isinstance(planned, Planned):
            branch = branch_of(recorded, open_repository(recorded.root).prefix)
            _show(Proposal(state="up-to-date", branch=branch, update=planned), as_json)
            return 0
        require_gh()
        root, children = recorded.root, Children()
        api = Api(
            origin(root),
            lambda command: children.run(command, root),
            children.pause,
            _SECONDS,
            right="Pull requests",
        )

        def finish(folder: Path) -> bool:
            done = children.run(Command(words), folder)
            if done.code != 0:
                click.echo(f"{done.stdout}{done.stderr}".rstrip(), err=True)
            return done.code == 0

        tell("asking GitHub")
        proposal = propose(
            planned,
            recorded,
            api,
            anew=request.to is not None,
            finish=Finish(command, shop.folder(), finish) if command else None,
        )
    _show(proposal, as_json)
    return 1 if proposal.conflicts or not proposal.finished else 0


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
        click.echo(f"  to have it all the same: atomci update --pull-request --to {visible(update.after)}")
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
    return f"{head}, a draft: {count} file{'s' if count != 1 else ''} in conflict; it says what to type"
