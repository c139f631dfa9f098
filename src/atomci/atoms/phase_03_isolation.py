"""Phase 3: what a session changed, and what tells of it."""

from __future__ import annotations

from dataclasses import replace

from atomci.artifacts import handles
from atomci.artifacts.handed.schemas import Evidence, Status
from atomci.atoms.parts.ci_files import verdict_of
from atomci.atoms.parts.sessions import newest_captured
from atomci.atoms.parts.verdicts.recorded import outcome_of, recorded
from atomci.configuration.facts import expect, problem, seen, unknown_to_us
from atomci.engine.context import Context, Outcome, Verdict
from atomci.engine.outputs import declared_outputs
from atomci.errors import RefusedError
from atomci.guard.handover.branch import NOTHING, SUBJECT, branch
from atomci.guard.handover.checkpoint import annotated, branched, checkpoints, own_checkpoint
from atomci.guard.handover.finished import FinishedSession, finished
from atomci.guard.handover.shown import told
from atomci.guard.handover.trailers import trailers
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


def create_fix_branch_and_checkpoint(ctx: Context) -> Outcome:
    """Of the newest session that changed something; one that is on a branch already stays there."""
    session = _newest_session(ctx)
    if isinstance(session, Verdict):
        return Outcome("skipped", "; ".join(session.evidence), 0, "commits")
    known = own_checkpoint(session)
    if known is None:
        try:
            made = branch(session, session.store.run, SUBJECT, told(session))
        except RefusedError as error:
            status: Status = "skipped" if error.message.endswith(NOTHING) else "fail"
            return Outcome(status, f"{error.message} ({error.hint})", 0, "commits")
        said = "made"
    else:
        made, said = branched(session, known), "there already"
    ctx.write(handles.FIX_BRANCH, made)
    return Outcome("pass", f"{made.branch or made.commit[:9]}: {len(made.paths)} paths, {said}", 1, "commits")


def create_fix_branch_and_checkpoint_holds(ctx: Context) -> Verdict:
    """One commit, on the one that the session began with, holds just what it changed; or it went on from
    there: squashed, rebased, amended.
    """
    session = _branched_session(ctx)
    if isinstance(session, Verdict):
        return session
    facts = [
        (
            seen(each.branch or each.commit[:9], "one commit with just what the session changed")
            if each.stands_alone
            else seen(each.commit[:9], f"tells of {session.store.run}; it was squashed, rebased or amended")
        )
        for each in checkpoints(session)
    ]
    return verdict_of(facts)


def annotate_commit_with_cli_metadata(ctx: Context) -> Outcome:
    """The checkpoint has its trailers since it was made; one that lost some gets them again."""
    session = _branched_session(ctx)
    if isinstance(session, Verdict):
        return Outcome("skipped", "; ".join(session.evidence), 0, "commits")
    wanted, said = trailers(session, told(session)), ""
    known = own_checkpoint(session)
    if known is not None and not wanted.keys() <= known.said.keys():
        try:
            commit = annotated(session, known, wanted)
        except RefusedError as error:
            return Outcome("fail", f"{error.message} ({error.hint})", 1, "commits")
        ctx.write(handles.FIX_BRANCH, branched(session, replace(known, commit=commit)))
        said = f"{known.branch} is {commit[:9]} now, with all trailers"
    return replace(recorded(ctx, annotate_commit_with_cli_metadata_holds(ctx)), reason=said)


def annotate_commit_with_cli_metadata_holds(ctx: Context) -> Verdict:
    """git reads each trailer back, also from a squash, and it says what the record says."""
    session = _branched_session(ctx)
    if isinstance(session, Verdict):
        return session
    record = told(session)
    wanted = trailers(session, record)
    facts = []
    for each in checkpoints(session):
        place = each.branch or each.commit[:9]
        for name, value in wanted.items():
            good, bad = f"{name}: {value}", f"{name} is {each.said.get(name, 'missing')}, and not {value}"
            facts.append(expect(each.said.get(name) == value, place, good, bad))
        if record is None:
            text = "its record is gone, so nobody can compare tool, model, seed and settings"
            facts.append(unknown_to_us(place, text))
    return verdict_of(facts, "atomci run annotate_commit_with_cli_metadata")


def _newest_session(ctx: Context) -> FinishedSession | Verdict:
    """The newest session that changed something, or why there is none to go by."""
    found = newest_captured(ctx)
    if isinstance(found, Verdict):
        return found
    if found.after is None:
        return Verdict(None, (f"{found.place}: nobody saw its end",), "atomci guard -- COMMAND", not_run=True)
    return finished(found.store.repository, found.store.run)


def _branched_session(ctx: Context) -> FinishedSession | Verdict:
    """The same, where a commit tells of it."""
    session = _newest_session(ctx)
    if isinstance(session, Verdict) or checkpoints(session):
        return session
    run = session.store.run
    return Verdict(None, (f"no commit tells of {run} yet",), f"atomci guard branch {run}", not_run=True)


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
    for each in found:
        place = each.folder.relative_to(ctx.root).as_posix()
        if each.session is None:
            facts.append(seen(place, f"no index: {each.unreadable}"))
            continue
        wrong = each.differing()
        facts += [problem(place, text) for text in wrong]
        if not wrong:
            facts.append(seen(place, f"{len(each.session.files)} files as the index says"))
    return verdict_of(facts, "atomci guard -- COMMAND")
