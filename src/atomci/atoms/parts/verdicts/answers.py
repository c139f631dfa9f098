"""The answers of the definition of done: about one commit, and yes only where something of it shows so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from atomci.artifacts.printed.done import DoneAnswer, Word
from atomci.atoms.parts.verdicts.evidence import last_result
from atomci.engine.context import Context, Outcome, Verdict
from atomci.engine.outputs import declared_outputs
from atomci.errors import AtomciError

__all__ = [
    "Said",
    "answered",
    "applies_not",
    "by_last_result",
    "last_answer",
    "listed",
    "no",
    "short",
    "verdict_of",
    "yes",
]

_SHOWN = 3


@dataclass(frozen=True)
class Said:
    """An answer, what shows it, and what to type next."""

    word: Word
    evidence: tuple[str, ...]
    next: str = ""
    known: bool = True
    """False where nobody could be asked."""
    pending: bool = False
    """Nothing is wrong: there is just nothing yet that could show it."""


def yes(*evidence: str) -> Said:
    """It is so."""
    return Said("yes", evidence)


def no(why: str | Sequence[str], following: str, *, known: bool = True, pending: bool = False) -> Said:
    """It isn't so, or nothing shows that it is."""
    return Said("no", (why,) if isinstance(why, str) else tuple(why), following, known, pending)


def applies_not(*evidence: str) -> Said:
    """The question has no place here."""
    return Said("not applicable", evidence)


Asked = Callable[[Context], Said]


class _Commit(NamedTuple):
    """Where the project stands."""

    id: str | None
    uncommitted: Sequence[str] | None


def answered(ctx: Context, ask: Asked) -> Outcome:
    """Ask about the commit that is checked out, and write the answer down."""
    commit = _commit(ctx)
    try:
        said = _uncommitted(commit) or ask(ctx)
    except AtomciError as error:
        said = no(f"not known: {error.message}", error.hint or "atomci done", known=False)
    if said.word == "yes" and _commit(ctx) != commit:
        said = no("the commit or the files changed meanwhile", "atomci done", pending=True)
    (path,) = declared_outputs(ctx.atom)
    clean = ctx.redactor.clean
    answer = DoneAnswer(
        atom=ctx.atom.name,
        answer=said.word,
        evidence=tuple(map(clean, said.evidence)),
        next=said.next,
        commit=commit.id,
        known=said.known,
        pending=said.pending,
    )
    ctx.write(path, answer)
    text, count = "; ".join(answer.evidence), len(answer.evidence)
    if said.word == "yes":
        return Outcome("pass", text, count, "facts")
    if said.word == "not applicable":
        return Outcome("skipped", text, count, "facts")
    return Outcome("fail" if said.known else "error", text, count, "facts")


def verdict_of(ctx: Context, ask: Asked) -> Verdict:
    """The same answer for `atomci check`, of what only looks at files."""
    said = _uncommitted(_commit(ctx)) or ask(ctx)
    if said.word == "no":
        holds = None if said.pending else False
        return Verdict(holds, said.evidence, said.next or "atomci done", not_run=said.pending)
    return Verdict(True if said.word == "yes" else None, said.evidence)


def last_answer(ctx: Context) -> Verdict:
    """The last answer for `atomci check`, where it is about this commit; to ask again would run something."""
    commit = _commit(ctx)
    if (said := _uncommitted(commit)) is not None:
        return Verdict(None, said.evidence, said.next, not_run=True)
    (path,) = declared_outputs(ctx.atom)
    found = ctx.read_if_there(path, DoneAnswer)
    if found is None or not found.known or found.commit != commit.id:
        why = f"{path} is missing" if found is None else f"nobody has answered for {short(commit.id)}"
        return Verdict(None, (f"{why}: it hasn't been asked here",), "atomci done", not_run=True)
    if found.answer == "no":
        holds = None if found.pending else False
        return Verdict(holds, found.evidence, found.next, not_run=found.pending)
    return Verdict(True if found.answer == "yes" else None, found.evidence)


def by_last_result(ctx: Context, atom: str, again: str) -> Said:
    """By how an atom ended the last time: yes where it passed and all that it rests on is as it was."""
    row = ctx.catalog.atoms[atom]
    if not ctx.workspace.config.of(atom).enabled:
        return applies_not(f"{atom} is disabled in pyproject.toml")
    verdict = last_result(Context(ctx.workspace, row))
    if verdict.holds:
        return yes(*verdict.evidence[:1])
    if verdict.not_run:
        return no(f"{atom} hasn't run here, so nothing shows it for this commit", again, pending=True)
    if verdict.holds is None and not verdict.out_of_date:
        return applies_not(*verdict.evidence)
    facts = [f"{atom}: {fact}" for fact in verdict.evidence[:_SHOWN]]
    return no(facts, again, pending=verdict.out_of_date)


def listed(names: Sequence[str]) -> str:
    """The first three names, and how many more there are."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"


def short(commit: str | None) -> str:
    """A commit's id as people read it."""
    return (commit or "no commit")[:10]


def _commit(ctx: Context) -> _Commit:
    ctx.workspace.inputs.forget()  # something may have written since it was asked the last time
    git = ctx.project.git
    changed = git.changed() if git.commit() else None
    kept = None if changed is None else [path for path in changed if not path.startswith("artifacts/")]
    return _Commit(git.commit(), kept)


def _uncommitted(commit: _Commit) -> Said | None:
    """The answer where the files are no commit."""
    if commit.id is None or commit.uncommitted is None:
        return no("there is no commit here yet", "git add --all && git commit", pending=True)
    if not (changed := commit.uncommitted):
        return None
    said = f"not committed: {listed(changed)}; the answer is about a commit"
    return no(said, "git add --all && git commit", pending=True)
