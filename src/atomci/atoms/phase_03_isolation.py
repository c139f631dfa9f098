"""Phase 3: what a session changed, and what tells of it."""

from __future__ import annotations

from dataclasses import replace

from atomci.artifacts import handles
from atomci.artifacts.handed.schemas import Evidence
from atomci.atoms.parts.ci_files import verdict_of
from atomci.atoms.parts.sessions import newest_captured
from atomci.atoms.parts.verdicts.recorded import outcome_of
from atomci.configuration.facts import problem, seen, unknown_to_us
from atomci.engine.context import Context, Outcome, Verdict
from atomci.engine.outputs import declared_outputs
from atomci.guard.sessions import recorded_sessions
from atomci.guard.snapshot.difference import difference


def detect_modified_paths_since_snapshot_holds(ctx: Context) -> Verdict:
    """What the newest session changed is known from its snapshots, and not from what it said."""
    found = newest_captured(ctx)
    if isinstance(found, Verdict):
        return found
    if found.after is None:
        facts = [problem(found.place, "nobody saw its end")]
    else:
        change = difference(found.store.objects.git, found.before, found.after)
        facts = [seen(found.place, f"{row.kind}: {row.path}") for row in change.changes]
        facts += [
            unknown_to_us(found.place, f"{row.path} can't be compared: {row.reason}")
            for row in change.unknown
        ]
        facts += [seen(found.place, f"{path}: an empty folder") for path in change.folders_made]
    return verdict_of(facts, f"atomci guard show {found.store.run}")


def write_artifact_index_json(ctx: Context) -> Outcome:
    """A session writes its index itself, and a run writes its own when all atoms have ended."""
    verdict = write_artifact_index_json_holds(ctx)
    if verdict.holds is None:
        return Outcome("skipped", "; ".join(verdict.evidence), 0, "facts")
    evidence = Evidence(
        atom=ctx.atom.name, holds=verdict.holds, evidence=verdict.evidence, facts=verdict.facts
    )
    ctx.write(declared_outputs(ctx.atom)[0], evidence)
    return replace(outcome_of(ctx, verdict), without=(handles.INDEX.path,))


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
