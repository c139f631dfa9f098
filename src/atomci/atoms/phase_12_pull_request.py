"""Phase 12: commit, pull request and branch protection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from atomci.artifacts import handles
from atomci.artifacts.handed.schemas import Finding, Protection, RulesetDifference, RulesetState, Status
from atomci.atoms.parts.ci_files import ci_verdict, ruleset_documents, verdict_of
from atomci.atoms.parts.options import ProtectionOptions
from atomci.atoms.parts.verdicts.recorded import outcome_of
from atomci.bootstrap.managers.choice import prefix
from atomci.bootstrap.profile import has_layers, left_out
from atomci.configuration.ci.graph import Workflow
from atomci.configuration.ci.rulesets import RULESETS, protection_facts, shape_facts
from atomci.configuration.documents import Document, Unreadable
from atomci.configuration.facts import Fact, problem
from atomci.engine.context import Context, Outcome, Verdict, runs
from atomci.errors import AtomciError
from atomci.forge.api import Api, page_command, require_gh
from atomci.forge.protection import LIST, Compared, applied, read
from atomci.forge.remote import HostedRepository, origin
from atomci.forge.rulesets import DECLARED, EXPORTED
from atomci.tools.process import Command

_UNIT = "rulesets"
# The longest that one answer may take.
_SECONDS = 60.0
_REMEDY = f"require reviews, a linear history and the roll-up's check in a file in {RULESETS}/"


def _protection(ctx: Context) -> Sequence[Command]:
    return (page_command(origin(ctx.root), LIST),)


@runs(_protection)
def enforce_branch_protection_rules(ctx: Context) -> Outcome:
    try:
        documents = ruleset_documents(ctx)
    except Unreadable as error:
        return outcome_of(ctx, Verdict(False, (str(error),)))
    if not documents:
        return Outcome("vacuous", f"there is no {RULESETS}/*.json", 0, _UNIT)
    shaped = verdict_of(shape(documents))
    if not shaped.holds:
        return outcome_of(ctx, shaped)
    require_gh()
    repository = origin(ctx.root)
    api = Api(repository, ctx.run, ctx.children.pause, ctx.timeout or _SECONDS)
    compared = read(api, [(document.path, document.data) for document in documents])
    broken = _apply(ctx, api, compared) if ctx.option(ProtectionOptions).apply else None
    if broken is None:
        _write(ctx, repository, compared)
        return _compared(ctx, repository, compared, {document.path: document for document in documents})
    reason = ", then: ".join(filter(None, (_done(compared), broken.message)))
    return Outcome("error", "; ".join(filter(None, (reason, broken.hint))), len(documents), _UNIT)


def enforce_branch_protection_rules_holds(ctx: Context) -> Verdict:
    """Reviews, a linear history and the roll-up's check are demanded on the default branch."""

    if not has_layers(ctx.project.answers) and not ctx.files(f"{RULESETS}/*.json"):
        return Verdict(None, (left_out(ctx.project, f"{RULESETS}/"),))

    def rules(workflow: Workflow) -> Iterator[Fact]:
        found = ruleset_documents(ctx)
        if not found:
            yield problem(f"{RULESETS}/default-branch.json", "missing: no ruleset protects a branch")
            return
        facts = list(shape(found))
        yield from facts
        if all(fact.ok for fact in facts):
            yield from protection_facts(found, workflow, alone=ctx.project.answers.get("reviewers") == "")

    verdict = ci_verdict(ctx, rules)
    return Verdict(False, verdict.evidence, _REMEDY) if verdict.holds is False else verdict


def _apply(ctx: Context, api: Api, compared: list[Compared]) -> AtomciError | None:
    """Put what was changed in the place of what was found; what stopped it, if something did.

    What was changed until then is written down in any case, also when it is interrupted.
    """
    try:
        for index, row in enumerate(compared):
            compared[index] = applied(api, row, prune=ctx.option(ProtectionOptions).prune)
    except AtomciError as error:
        return error
    finally:
        _write(ctx, api.repository, compared)
    return None


def _write(ctx: Context, repository: HostedRepository, compared: Sequence[Compared]) -> None:
    states = tuple(
        RulesetState(
            name=row.name,
            path=row.path,
            status=row.status,
            source=row.source,
            done=row.done,
            differences=tuple(
                RulesetDifference(what=d.label, kind=d.kind, file=d.wanted, github=d.found, loosens=d.loosens)
                for d in row.differences
            ),
            github=None if row.found is None else dict(row.found),
        )
        for row in compared
    )
    ctx.write(handles.PROTECTION, Protection(repository=str(repository), rulesets=states))


def _compared(
    ctx: Context,
    repository: HostedRepository,
    compared: Sequence[Compared],
    documents: Mapping[str, Document],
) -> Outcome:
    prune = ctx.option(ProtectionOptions).prune
    findings = tuple(found for row in compared for found in _findings(ctx, row, documents))
    wrong = [row for row in compared if row.done != "deleted" and _is_wrong(row, prune)]
    unseen = [row.name for row in wrong if {d.kind for d in row.counting(prune=prune)} == {"unknown"}]
    said = [_done(compared) or "nothing was changed"] if ctx.option(ProtectionOptions).apply else []
    status: Status = "pass"
    if len(unseen) < len(wrong):
        status = "fail"
        said.append(_how_they_differ(ctx, repository, wrong))
    elif unseen:
        status = "error"
        said.append(
            f"who may bypass {', '.join(unseen)} is shown only to those who may change it: gh auth login as "
            "one of them, or take bypass_actors out of the file"
        )
    else:
        said.append(f"{repository} has what the files say{_kept(compared, prune)}")
    return Outcome(status, "; ".join(filter(None, said)), len(documents), _UNIT, findings)


def _is_wrong(row: Compared, prune: bool) -> bool:
    return row.step(prune=prune) is not None or bool(row.counting(prune=prune))


def _done(compared: Sequence[Compared]) -> str:
    """What was changed, in words; empty when nothing was."""
    return ", ".join(f"{row.done} {row.name}" for row in compared if row.done)


def _how_they_differ(ctx: Context, repository: HostedRepository, wrong: Sequence[Compared]) -> str:
    counts = {
        "missing": sum(row.status == "missing" for row in wrong),
        "different": sum(row.path is not None and row.status != "missing" for row in wrong),
        "on GitHub only": sum(row.path is None for row in wrong),
    }
    shown = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    if any(row.done for row in wrong):
        return f"{repository} took that, but still differs: {shown}"
    # What lets more through can't go without --prune.
    asked = ctx.option(ProtectionOptions).prune
    prune = " --prune" if asked or all(row.step(prune=False) is None for row in wrong) else ""
    return f"{shown} in {repository}: {prefix(ctx.project)}atomci run {ctx.atom.name} --apply{prune}"


def _kept(compared: Sequence[Compared], prune: bool) -> str:
    extra = sum(row.status == "extra" and row.done is None for row in compared)
    if prune or not extra:
        return ""
    return f", and {extra} more that no file names; --prune shows what that would take"


def _findings(ctx: Context, row: Compared, documents: Mapping[str, Document]) -> Iterator[Finding]:
    """The differences, each at its line; what may stay is a note."""
    prune = ctx.option(ProtectionOptions).prune

    def finding(line: int, message: str, wrong: bool) -> Finding:
        return Finding(
            path=row.path or next(iter(documents)),
            line=line,
            tool="atomci",
            rule=ctx.atom.name,
            message=message,
            level="error" if wrong else "note",
        )

    if row.done == "deleted" or row.status == "inherited":
        return
    if row.path is None:
        yield finding(1, f"{row.name} is on GitHub only, no file names it", prune)
    elif row.status == "missing":
        yield finding(documents[row.path].line("name"), f"{row.name} is missing on GitHub", True)
    else:
        counting = row.counting(prune=prune)
        for difference in row.differences:
            line = documents[row.path].line(*difference.keys)
            yield finding(line, f"{row.name}: {difference}", difference in counting)


def shape(found: list[Document]) -> Iterator[Fact]:
    """Whether GitHub could take them."""
    yield from shape_facts(found, {*DECLARED, *EXPORTED})
