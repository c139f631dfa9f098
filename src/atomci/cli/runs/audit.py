"""`atomci audit`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from atomci.cli.options import project_at, project_option
from atomci.errors import UsageError
from atomci.visible import visible

if TYPE_CHECKING:
    from atomci.artifacts.printed.audit import AuditFault, AuditShown, AuditVerdict
    from atomci.audit.chain import Chain, Head

__all__ = ["audit_command"]

_MEANS = """how each kind of tampering would show:
  a line edited, taken out or moved            the next line holds another digest
  the last line edited, a run without a line   the run's own log, as long as it is there
  lines cut off, or all of them written again  only a head that is kept elsewhere
  who sat there                                nothing: names are what the machine said"""


@click.group("audit")
def audit_command() -> None:
    """Show who ran what, when and where, and whether somebody changed that record.

    Each run adds a line to artifacts/audit.jsonl when it is over, and each line holds the digest of the line
    before it.

    \b
    atomci audit show                  the last runs, as a story
    atomci audit verify                is the log as it was written?
    atomci audit verify --anchor HEAD  the same, against a head that you kept
    """


@audit_command.command("show")
@click.option("--last", "-n", type=click.IntRange(1), default=20, show_default=True, help="How many entries.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@project_option
def show_command(last: int, as_json: bool, project: Path | None) -> int:
    """Print the last entries, the newest last.

    \b
    atomci audit show -n 3
    """
    from atomci.audit.log import read_log

    chain = read_log(project_at(project).root / "artifacts")
    entries = [entry for entry in chain.entries if entry][-last:]
    if as_json:
        from atomci.artifacts.printed.audit import AuditShown

        head = str(chain.head) if chain.head else ""
        _print(AuditShown(head=head, entries=tuple(map(dict, entries))))
        return 0
    for entry in entries:
        click.echo(visible(_told(entry)))
    click.echo(
        f"head: {chain.head}" if chain.head else "there is no entry yet: atomci run local_ci makes one"
    )
    return 0


@audit_command.command("verify")
@click.option(
    "--anchor", "given", multiple=True, metavar="HEAD", help="A head that you kept: LOG:NUMBER:DIGEST."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@project_option
def verify_command(given: tuple[str, ...], as_json: bool, project: Path | None) -> int:
    """Say whether the log is as it was written, and by which means that is known.

    Heads are also looked for in tags and in commits, in lines `Audit-Head: HEAD`. Exits 1 when something is
    wrong.

    \b
    atomci audit verify
    """
    from atomci.audit.anchors import anchors_in, of_this_log
    from atomci.audit.log import read_log
    from atomci.audit.runs import disagreements

    here = project_at(project)
    chain = read_log(here.root / "artifacts")
    found = anchors_in(here.git)
    anchors = {**of_this_log(found, chain), **_given(given)}
    others = len({head.log for head in found.values()} - {head.log for head in anchors.values()})
    faults = _faults(chain, anchors, list(disagreements(here.root, chain)))
    if as_json:
        from atomci.artifacts.printed.audit import AuditVerdict

        kept = {where: str(head) for where, head in anchors.items()}
        _print(AuditVerdict(entries=len(chain.entries), faults=tuple(faults), anchors=kept))
        return 1 if faults else 0
    for fault in faults:
        click.echo(f"{fault.kind}: {visible(fault.words)}")
    for line in chain.clock:
        click.echo(f"note: line {line} is dated before the line above it: a clock was set back")
    if not faults:
        click.echo(
            f"entries that follow each other: {len(chain.entries)}; heads kept elsewhere: {len(anchors)}"
        )
        if not anchors and chain.head:
            click.echo(f"to see later that no line was cut off, keep this head elsewhere: {chain.head}")
    if others:
        click.echo(
            f"note: tags and commits hold heads of other logs ({others}): other machines', or removed ones"
        )
    click.echo(_MEANS)
    return 1 if faults else 0


def _given(texts: tuple[str, ...]) -> dict[str, Head]:
    from atomci.audit.chain import Head

    heads = {f"--anchor {text}": Head.parsed(text) for text in texts}
    for name, head in heads.items():
        if head is None:
            raise UsageError(f"{name} is no head", "atomci audit show prints one at its end")
    return {name: head for name, head in heads.items() if head}


def _print(found: AuditShown | AuditVerdict) -> None:
    import msgspec

    click.echo(json.dumps(msgspec.to_builtins(found), indent=1))


def _faults(chain: Chain, anchors: Mapping[str, Head], disagreeing: list[str]) -> list[AuditFault]:
    from atomci.artifacts.printed.audit import AuditFault
    from atomci.audit.chain import against_anchors

    found = (*chain.faults, *against_anchors(chain, anchors))
    return [
        *(AuditFault(kind=one.kind, line=one.line, words=f"line {one.line}: {one.words}") for one in found),
        *(AuditFault(kind="unrecorded", line=0, words=words) for words in disagreeing),
    ]


def _told(entry: Mapping[str, Any]) -> str:
    """An entry as a sentence."""
    people = entry.get("who", {})
    actions = people.get("actions", {})
    person = actions.get("triggered_by") or people.get("claimed") or people.get("user") or "somebody"
    where = (
        f"on GitHub, {actions['repository']} run {actions.get('run')}" if actions.get("repository") else ""
    )
    place = where or f"on machine {people.get('host', '?')}"
    what = (
        " ".join(["atomci run", *entry.get("words", [])]) if entry.get("what") == "run" else entry.get("what")
    )
    commit = str(entry.get("commit", ""))[:9] or "no commit"
    changed = f" and {entry['uncommitted']} changed files" if entry.get("uncommitted") else ""
    overridden = f"; overridden: {', '.join(entry['overridden'])}" if entry.get("overridden") else ""
    ended = f"{entry.get('verdict')}{overridden}"
    return f"{str(entry.get('at'))[:19]}  {person} {place}: {what}, of {commit}{changed}: {ended}"
