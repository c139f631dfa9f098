"""Phase 3: what a session changed, and what tells of it."""

from __future__ import annotations

from atomci.atoms.parts.ci_files import verdict_of
from atomci.configuration.facts import problem, seen
from atomci.engine.context import Context, Verdict
from atomci.guard.sessions import recorded_sessions


def write_artifact_index_json_holds(ctx: Context) -> Verdict:
    """The index of each session names each of its files, with size and hash."""
    found = recorded_sessions(ctx.root)
    if not found:
        return Verdict(None, ("no session was here yet",), "atomci guard -- COMMAND", not_run=True)
    facts = []
    for recorded in found:
        place = recorded.folder.relative_to(ctx.root).as_posix()
        if recorded.session is None:
            facts.append(seen(place, f"no index: {recorded.unreadable}"))
            continue
        wrong = recorded.differing()
        facts += [problem(place, text) for text in wrong]
        if not wrong:
            facts.append(seen(place, f"{len(recorded.session.files)} files as the index says"))
    return verdict_of(facts, "atomci guard -- COMMAND")
