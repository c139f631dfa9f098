"""How a job may be told its shard, and what of that doesn't run them all."""

import pytest
import yaml

from atomci.configuration.ci.graph import Workflow
from atomci.configuration.ci.shards_job import facts
from atomci.configuration.documents import yaml_document

JUDGE = """
  judge:
    needs: unit
    steps:
      - run: atomci run unit --shards-from kept
"""


def workflow(tmp_path, unit: str, judge: str = JUDGE) -> Workflow:
    path = tmp_path / "ci.yml"
    path.write_text(f"on: push\njobs:\n  unit:\n{unit}{judge}", encoding="utf-8")
    assert yaml.safe_load(path.read_text(encoding="utf-8"))
    return Workflow(yaml_document(tmp_path, "ci.yml"))


def job(matrix: str, run: str, env: str = "{}", step_env: str = "{}") -> str:
    return (
        f"    strategy:\n      matrix: {matrix}\n    env: {env}\n"
        f"    steps:\n      - run: {run}\n        env: {step_env}\n"
    )


TOLD = {
    "an option": job("{part: [1, 2, 3]}", "atomci run unit --shard ${{ matrix.part }}/3"),
    "an option with a sign": job("{part: [1, 2, 3]}", 'atomci run unit --shard="${{matrix.part}}/3" -k'),
    "an option first": job("{part: [1, 2, 3]}", "atomci run --shard ${{ matrix.part }}/3 unit"),
    "whole texts": job("{shard: [1/3, 2/3, 3/3]}", "atomci run unit --shard ${{ matrix.shard }}"),
    "a variable of the step": job(
        "{shard: [1, 2, 3]}", "atomci run unit", step_env='{ATOMCI_SHARD: "${{ matrix.shard }}/3"}'
    ),
    "a variable of the job": job(
        "{shard: ['1/3', '2/3', '3/3']}", "atomci run unit", env='{ATOMCI_SHARD: "${{ matrix.shard }}"}'
    ),
    "include": job("{include: [{n: 1}, {n: 2}, {n: 3}]}", "atomci run unit --shard ${{ matrix.n }}/3"),
    "with Pythons": job(
        "{python: ['3.11', '3.12'], shard: [1, 2, 3]}", "atomci run unit --shard ${{ matrix.shard }}/3"
    ),
    "two keys": job("{i: [1, 2, 3], n: [3]}", "atomci run unit --shard ${{ matrix.i }}/${{ matrix.n }}"),
}


@pytest.mark.parametrize("name", TOLD)
def test_every_way_to_tell_a_shard_is_understood(name: str, tmp_path) -> None:
    found = list(facts(workflow(tmp_path, TOLD[name]), 3))

    assert [str(fact) for fact in found if not fact.ok] == []
    assert "unit runs shards 1/3, 2/3, 3/3" in str(found[0])


NOT_ALL = {
    "one shard only": (
        job("{python: ['3.11']}", "atomci run unit --shard 1/3"),
        "doesn't run shard 2/3, 3/3",
    ),
    "an excluded one": (
        job("{n: [1, 2, 3], exclude: [{n: 2}]}", "atomci run unit --shard ${{ matrix.n }}/3"),
        "leaves shards out again",
    ),
    "an unknown key": (
        job("{n: [1, 2, 3]}", "atomci run unit --shard ${{ matrix.m }}/3"),
        "doesn't run shard 1/3",
    ),
    "another count": (job("{n: [1, 2, 3]}", "atomci run unit --shard ${{ matrix.n }}/4"), "unit runs 1/4"),
    "a comment": (job("{n: [1]}", "'true # atomci run unit --shard 1/3'"), "no job runs a shard"),
    "another target": (job("{n: [1]}", "atomci run triage --shard 1/3"), "no job runs a shard"),
}


@pytest.mark.parametrize("name", NOT_ALL)
def test_what_does_not_run_every_shard_is_told(name: str, tmp_path) -> None:
    text, said = NOT_ALL[name]

    problems = [str(fact) for fact in facts(workflow(tmp_path, text), 3) if not fact.ok]

    assert said in problems[0]
    assert problems[0].startswith("ci.yml:")


@pytest.mark.parametrize(
    ("judge", "said"),
    [
        ("", "no job judges the shards together"),
        (JUDGE.replace("    needs: unit\n", ""), "without waiting for unit"),
        (JUDGE.replace("kept", "kept || true"), "hides its exit code"),
        (JUDGE.replace("kept", "kept --dry-run"), "--dry-run runs nothing"),
    ],
)
def test_shards_that_nobody_judges_are_told(judge: str, said: str, tmp_path) -> None:
    problems = [str(fact) for fact in facts(workflow(tmp_path, TOLD["an option"], judge), 3) if not fact.ok]

    assert len(problems) == 1
    assert said in problems[0]
