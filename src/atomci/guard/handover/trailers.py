"""What a commit says of the session that it is of: one block of trailers, written and read back."""

from __future__ import annotations

import hashlib
import re
import textwrap
from collections.abc import Iterator
from pathlib import PurePath

from atomci.artifacts.handed.guarded import Session
from atomci.guard.agents.table import GENERIC
from atomci.guard.handover.finished import FinishedSession
from atomci.guard.handover.shown import record_of
from atomci.tools.git.client import Git

__all__ = ["RUN", "block", "read_blocks", "trailers"]

RUN = "Atomci-Run"
_POLICY = "policy.json"


def trailers(session: FinishedSession, told: Session | None) -> dict[str, str]:
    """By name, in their order. `told` is the session's record; without it, only its snapshots speak.

    The user is who commits and answers for it, so nobody is said to have signed it off.
    """
    rows = {RUN: session.store.run, "Atomci-Time": session.after.taken}
    if told is not None:
        rows = dict(_told(session, told)) | rows
    rows |= {"Atomci-Before": session.before.tree, "Atomci-After": session.after.tree}
    return {name: _one_line(value) for name, value in rows.items()}


def _told(session: FinishedSession, told: Session) -> Iterator[tuple[str, str]]:
    if told.tool == GENERIC:
        tool = PurePath(told.command[0]).name if told.command else GENERIC
    else:
        tool = told.tool
        yield "Assisted-by", f"{tool}:{told.model}" if told.model else tool
    yield "Atomci-Tool", f"{tool} {told.tool_version}" if told.tool_version else tool
    yield "Atomci-Model", told.model or "unknown"
    yield "Atomci-Seed", told.seed or "none"
    policy = next((row.sha256 for row in told.files if row.path == _POLICY), "")
    yield "Atomci-Config", f"sha256:{policy}" if policy else "unknown"
    if (index := record_of(session)) is not None:
        yield "Atomci-Record", f"sha256:{hashlib.sha256(index.read_bytes()).hexdigest()}"
    yield "Atomci-Confinement", told.level


def block(rows: dict[str, str]) -> str:
    """Without an empty line, so that a squash keeps it whole."""
    return "\n".join(f"{name}: {value}" for name, value in rows.items())


def read_blocks(git: Git, message: str) -> list[dict[str, str]]:
    """The trailers of each session that a message tells of, as git reads them.

    git looks at a message's last paragraph alone. A squash puts the messages of its commits one after the
    other, and `git merge --squash` puts blanks before them.
    """
    return [
        _read(git, paragraph)
        for paragraph in re.split(r"\n[ \t]*\n", textwrap.dedent(message))
        if re.search(rf"^[ \t]*{RUN}:", paragraph, re.MULTILINE)
    ]


def _read(git: Git, paragraph: str) -> dict[str, str]:
    # What the settings say of trailers holds for new ones, and may start programs.
    words = ("-c", "trailer.separators=:", "interpret-trailers", "--parse", "--no-divider")
    given = f"subject\n\n{textwrap.dedent(paragraph).strip()}\n"
    out = git(*words, stdin=given.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")
    rows = (line.partition(": ") for line in out.splitlines())
    return {name: value for name, _, value in rows}


def _one_line(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f\x85\u2028\u2029]+", " ", text).strip()
