"""Whether what an atom left the last time still holds, and how proved facts become an outcome."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from made_up import MadeUp

from atomci.artifacts.handed.schemas import Evidence, Finding
from atomci.artifacts.handed.verdicts import Fact
from atomci.artifacts.store import read
from atomci.atoms.loading.builtin import catalog_of
from atomci.atoms.parts.verdicts.evidence import last_result
from atomci.atoms.parts.verdicts.recorded import outcome_of, recorded
from atomci.catalog import Atom
from atomci.catalog import atom as row_of
from atomci.engine.config import Config
from atomci.engine.context import Context, Outcome, Verdict, Workspace
from atomci.project import Project

# Two rows of the catalog of which the second stands on the first.
LINT, ALL = row_of("run_ruff_lint"), row_of("aggregate_static_findings")


def context(project: MadeUp, atom: Atom) -> Context:
    return Context(Workspace(Project(project.root), catalog_of({}), Config()), atom)


def leave(ctx: Context) -> Outcome:
    """Write what it is declared to write."""
    for path in ctx.atom.writes:
        (ctx.root / path).parent.mkdir(parents=True, exist_ok=True)
        (ctx.root / path).write_text(ctx.atom.name, encoding="utf-8")
    return Outcome("pass", "", 7, "files")


def run_both(project: MadeUp) -> None:
    """Both pass. It is no fixture, since pytest names the phase in a variable, and those are inputs."""
    project.write("src/demo/a.py", "A = 1\n")
    alone = ALL._replace(needs=("run_ruff_lint",), after=())
    assert project.run((LINT._replace(needs=(), after=()), leave), (alone, leave)).exit_code == 0


def test_a_pass_whose_files_and_inputs_are_unchanged_holds(project: MadeUp) -> None:
    run_both(project)
    verdict = last_result(context(project, LINT))
    assert verdict.holds is True
    assert verdict.evidence[0].startswith("7 files in run ")
    assert verdict.evidence[1:] == LINT.writes[:3]


def test_what_never_ran_neither_holds_nor_is_broken(project: MadeUp) -> None:
    verdict = last_result(context(project, LINT))
    assert (verdict.holds, verdict.not_run) == (None, True)
    assert verdict.evidence == ("artifacts/atoms/run_ruff_lint.json is missing: it hasn't run here",)
    assert verdict.remedy == "atomci run run_ruff_lint"


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda project: (project.root / LINT.writes[0]).unlink(), f"{LINT.writes[0]} is missing"),
        (lambda project: project.write(LINT.writes[0], "other"), f"{LINT.writes[0]} was changed"),
    ],
)
def test_what_was_altered_since_does_not_hold(
    project: MadeUp, damage: Callable[[MadeUp], Any], said: str
) -> None:
    run_both(project)
    damage(project)
    verdict = last_result(context(project, LINT))
    assert verdict.holds is False
    assert [text.partition(" since run ")[0] for text in verdict.evidence] == [said]


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("src/demo/a.py", "A = 2\n", "src/demo/a.py changed"),
        ("src/demo/b.py", "", "src/demo/b.py is new"),
    ],
)
def test_what_ran_on_an_older_state_neither_holds_nor_is_broken(
    project: MadeUp, path: str, text: str, said: str
) -> None:
    run_both(project)
    project.write(path, text)
    verdict = last_result(context(project, LINT))
    assert (verdict.holds, verdict.out_of_date) == (None, True)
    assert [text.partition(" since run ")[0] for text in verdict.evidence] == [said]
    assert verdict.remedy == "atomci run run_ruff_lint"


def test_a_file_that_was_altered_is_broken_whatever_else_changed(project: MadeUp) -> None:
    run_both(project)
    project.write("src/demo/a.py", "A = 2\n")
    project.write(LINT.writes[0], "other")
    verdict = last_result(context(project, LINT))
    assert (verdict.holds, verdict.out_of_date, len(verdict.evidence)) == (False, False, 2)


def test_what_stands_on_an_atom_that_is_out_of_date_is_out_of_date(project: MadeUp) -> None:
    run_both(project)
    assert last_result(context(project, ALL)).holds is True
    project.write("src/demo/a.py", "A = 2\n")
    verdict = last_result(context(project, ALL))
    assert (verdict.holds, verdict.out_of_date) == (None, True)
    assert verdict.evidence[-1].startswith("run_ruff_lint is out of date: src/demo/a.py changed since run ")


@pytest.mark.parametrize("status", ["fail", "vacuous", "error", "skipped"])
@pytest.mark.parametrize("optional", [True, False])
def test_a_skip_is_no_evidence_and_only_an_optional_atom_owes_none(
    project: MadeUp, status: str, optional: bool
) -> None:
    atom = LINT._replace(optional=optional, writes=(), needs=())
    found = tuple(Finding(path="a.py", line=n, tool="t", rule="r", message="m") for n in range(7))
    project.run((atom, Outcome(status, "why", findings=found)))
    verdict = last_result(context(project, atom))
    assert verdict.holds is (None if status == "skipped" else False)
    assert verdict.not_run == (status == "skipped" and not optional)
    assert verdict.evidence[0].startswith(f"{status} in run ")
    assert verdict.evidence[0].endswith(": why")
    assert len(verdict.evidence) == (1 if verdict.holds is None else 6)


FACTS = Atom(1, "facts", 1, "", writes=("artifacts/facts.json",))


@pytest.mark.parametrize(("holds", "status"), [(True, "pass"), (False, "fail")])
def test_proved_facts_are_written_down_and_decide_the_outcome(
    project: MadeUp, holds: bool, status: str
) -> None:
    outcome = recorded(context(project, FACTS), Verdict(holds, ("one", "two")))
    assert (outcome.status, outcome.examined, outcome.unit) == (status, 2, "facts")
    assert outcome.reason == ("" if holds else "one; two")
    facts = (Fact(holds, "one"), Fact(holds, "two"))
    wanted = Evidence(atom="facts", holds=holds, evidence=("one", "two"), facts=facts)
    assert read(project.root / "artifacts/facts.json", Evidence) == wanted


def test_a_question_that_does_not_apply_is_skipped_and_leaves_no_evidence(project: MadeUp) -> None:
    outcome = recorded(context(project, FACTS), Verdict(None, ("no package", "no CI")))
    assert outcome == Outcome("skipped", "no package; no CI", 0, "facts")
    assert not (project.root / "artifacts/facts.json").exists()


@pytest.mark.parametrize(
    ("fact", "findings"),
    [
        (Fact(False, "no permissions", "ci.yml", 12), [("ci.yml", 12, "no permissions")]),
        (Fact(False, "key: value\nis wrong", "a/b.toml", 3), [("a/b.toml", 3, "key: value\nis wrong")]),
        (Fact(False, "no permissions", "ci.yml"), []),
        (Fact(False, "no lock file"), []),
        ("no lock file", []),
    ],
)
def test_a_problem_with_a_line_becomes_a_finding_there(
    project: MadeUp, fact: Fact | str, findings: list[tuple[str, int, str]]
) -> None:
    outcome = outcome_of(context(project, FACTS), Verdict(False, (fact,)))
    assert [(row.path, row.line, row.message) for row in outcome.findings] == findings
    assert all((row.tool, row.rule) == ("atomci", "facts") for row in outcome.findings)
    assert outcome.reason == str(fact)


def test_evidence_of_what_holds_is_no_finding(project: MadeUp) -> None:
    outcome = outcome_of(
        context(project, FACTS), Verdict(True, (Fact(True, "permissions are set", "ci.yml", 12),))
    )
    assert outcome.findings == ()
    assert msgspec.json.encode(outcome.findings) == b"[]"


def test_a_plugin_may_name_what_it_gives_a_verdict() -> None:
    assert Verdict(holds=True, evidence=("seen",)).evidence == ("seen",)
    assert Verdict.of(problems=["wrong"], evidence=["seen"]).evidence == ("wrong",)
    assert Verdict.of(problems=[], evidence=["seen"], remedy="x").holds
