"""ci.yml's jobs: order, places and events (073 to 077), what they leave (078 to 080), caches (109)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

import pytest

from atomci.configuration.ci import caching, jobs, parity, publishing, workflow
from atomci.configuration.ci.actions import by_folder
from atomci.configuration.ci.expressions import holds, moment
from atomci.configuration.ci.graph import Workflow
from atomci.configuration.documents import yaml_document
from atomci.configuration.facts import Fact

FIXTURES = Path(__file__).parents[2] / "fixtures" / "configuration" / "ci"
GOOD = (FIXTURES / "ci.yml").read_text(encoding="utf-8")
SETUP = (FIXTURES / "action.yml").read_text(encoding="utf-8")
PLACE = ".github/actions/setup/action.yml"
PYTHONS = jobs.Pythons(("3.11", "3.12", "3.13"), ">=3.11")
TESTS = ["tests/unit/Greeting.Tests.ps1"]

RULES: dict[int, Callable[[Workflow], Iterator[Fact]]] = {
    73: jobs.lint_types,
    74: lambda found: jobs.unit(found, PYTHONS),
    75: jobs.integration,
    76: lambda found: jobs.pester(found, TESTS),
    77: jobs.e2e,
    78: publishing.artifacts,
    79: publishing.codecov,
    80: publishing.slack,
    109: lambda found: caching.facts(found, ["uv.lock"]),
}


def parsed(folder: Path, text: str, setup: str = SETUP) -> Workflow:
    for path, content in {"ci.yml": text, PLACE: setup}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content, encoding="utf-8")
    return Workflow(yaml_document(folder, "ci.yml"), by_folder({PLACE: yaml_document(folder, PLACE)}))


def problems(found: Workflow, number: int) -> list[str]:
    return [str(fact) for fact in RULES[number](found) if not fact.ok]


@pytest.mark.parametrize("number", RULES)
def test_the_good_workflow_holds_and_says_where(tmp_path: Path, number: int) -> None:
    facts = list(RULES[number](parsed(tmp_path, GOOD)))

    assert [str(fact) for fact in facts if not fact.ok] == []
    assert facts
    assert all(str(fact).startswith(("ci.yml:", PLACE, "ci.yml: ")) for fact in facts)


LINT, UNIT, INTEGRATION, PESTER, E2E, NOTIFY, REQUIRED = (
    f"  {name}:\n    name: "
    for name in ("lint_types", "unit", "integration", "pester", "e2e", "notify", "required")
)
CONDITION = "${{ github.event_name != 'pull_request' && github.event_name != 'merge_group' }}"
UPLOAD = "if: ${{ !cancelled() }}\n        with:\n          name: "
MATRIX = '["3.11", "3.12", "3.13"]'
WEBHOOK = "env.SLACK_WEBHOOK_URL != ''"

BREAKS: list[tuple[int, str, str, str]] = [
    (73, "atomci run lint_types", "ruff check", "no job calls atomci run lint_types"),
    (73, LINT, f"  lint_types:\n    needs: integration\n    name: {LINT[len(LINT):]}", "lint_types waits for"),
    (73, LINT, "  lint_types:\n    if: github.event_name == 'push'\n    name: ", "runs on a condition"),
    (73, "    needs: lint_types\n    runs-on: windows", "    runs-on: windows", "pester doesn't wait for lint_types"),
    (73, PESTER, "  pester:\n    if: always()\n    name: ", "pester runs also after lint_types went red"),
    (73, "  merge_group:\n", "", "it doesn't start on merge_group"),
    (74, "atomci run unit", "pytest", "no job calls atomci run unit"),
    (74, MATRIX, '["3.11", "3.13"]', "doesn't run on Python 3.12, which pyproject.toml promises"),
    (74, MATRIX, '["3.10", "3.11", "3.12", "3.13"]', "3.10: not >=3.11"),
    (74, MATRIX, "[3.11, 3.12, 3.13]", "quote it"),
    (74, f"        python: {MATRIX}\n", "        os: [a, b]\n", "no matrix of Python versions"),
    (74, MATRIX, MATRIX + '\n        exclude: [{python: "3.12"}]', "leaves versions out again"),
    (74, UNIT, "  unit:\n    continue-on-error: ${{ matrix.python == '3.12' }}\n    name: ", "may fail on Python 3.12"),
    (74, "          python: ${{ matrix.python }}\n", '          python: "3.11"\n', "doesn't use matrix.python"),
    (74, "    needs: lint_types\n    runs-on: ubuntu", "    runs-on: ubuntu", "unit doesn't wait for lint_types"),
    (74, UNIT, "  unit:\n    if: ${{ !cancelled() }}\n    name: ", "unit runs also after lint_types went red"),
    (75, "atomci run integration", "pytest", "no job calls atomci run integration"),
    (75, "    needs: unit\n", "    needs: lint_types\n", "integration doesn't wait for unit"),
    (75, INTEGRATION, "  integration:\n    if: always()\n    name: ", "runs also after unit went red"),
    (75, "    needs: unit\n    runs-on: ubuntu-24.04", "    needs: unit\n    runs-on: macos-15", "not on Linux"),
    (76, "atomci run pester", "pwsh tests", "no job calls atomci run pester, which tests/unit/Greeting"),
    (76, "windows-2025", "ubuntu-24.04", "pester runs on ubuntu-24.04, not on Windows"),
    (76, "    needs: lint_types\n    runs-on: windows", "    runs-on: windows", "doesn't wait for lint_types"),
    (77, "atomci run e2e", "pytest", "no job calls atomci run e2e"),
    (77, "  schedule:\n    - cron: \"23 3 * * *\"\n", "", "it doesn't start on schedule"),
    (77, "23 3 * * *", "nightly", "no cron with five fields"),
    (77, "  workflow_dispatch:\n", "", "it doesn't start on workflow_dispatch"),
    (77, f"    if: {CONDITION}\n", "", "e2e runs on pull_request"),
    (77, " && github.event_name != 'merge_group'", "", "e2e runs on merge_group"),
    (77, CONDITION, "github.event_name == 'push'", "e2e does not run on schedule"),
    (77, CONDITION, "github.ref == 'refs/heads/master'", "e2e does not run on push"),
    (77, CONDITION, "vars.E2E == 'yes'", "can't be worked out"),
    (77, "    needs: integration\n", "    needs: unit\n", "e2e doesn't wait for integration"),
    (77, INTEGRATION, "  integration:\n    if: github.event_name == 'pull_request'\n    name: ", "e2e does not run on push"),
    (77, "pull_request/skipped | merge_group/skipped", "x", "required is red on every pull request"),
    (77, " | merge_group/skipped", "", "without asking whether it is merge_group"),
    (78, UPLOAD + "unit-", "with:\n          name: unit-", "unit doesn't upload artifacts/ after a failure"),
    (78, UPLOAD + "unit-", UPLOAD.replace("!cancelled()", "success()") + "unit-", "after a failure"),
    (78, "integration\n          path: artifacts/", "integration\n          path: htmlcov/", "integration doesn't upload"),
    (78, "integration\n          path: artifacts/\n          retention-days: 14", "integration\n          path: artifacts/", "how long"),
    (78, "e2e\n          path: artifacts/\n          retention-days: 14", "e2e\n          path: artifacts/\n          retention-days: 400", "how long"),
    (78, "unit-py${{ matrix.python }}", "unit", "unit uploads 3 runs of its matrix under one name"),
    (78, "name: e2e\n", "name: pester\n", "2 jobs upload under the name pester"),
    (79, "      id-token: write # for Codecov\n", "", "unit can't get an OIDC token"),
    (79, "use_oidc: true", "token: ${{ secrets.CODECOV_TOKEN }}", "needs a token"),
    (79, "codecov/codecov-action", "other/action", "no job uploads to it"),
    (79, "files: artifacts/reports/coverage.xml", "files: coverage.xml", "unit uploads coverage.xml, not"),
    (79, "run unit\n", "run triage\n", "runs no unit tests"),
    (80, "failure() &&", "always() &&", "doesn't run on failures alone"),
    (80, "failure() && github.event_name != 'pull_request'", "failure() && github.event_name == 'release'", "on no event"),
    (80, "pester, e2e]\n    if: ${{ failure()", "pester]\n    if: ${{ failure()", "isn't started by failures of e2e"),
    (80, f"        if: ${{{{ {WEBHOOK} }}}}\n", "", "runs also without its secret"),
    (80, WEBHOOK, "env.SLACK_WEBHOOK_URL == ''", "runs also without its secret"),
    (80, '"$SLACK_WEBHOOK_URL"\n', '"${{ secrets.SLACK_WEBHOOK_URL }}"\n', "passes the secret SLACK_WEBHOOK_URL"),
    (80, "run: printf", "run: set -x; printf", "prints every command"),
    (80, "run: printf", 'run: echo "$SLACK_WEBHOOK_URL"; printf', "prints the secret in SLACK_WEBHOOK_URL"),
    (80, "${{ github.run_id }}", "latest", "doesn't link the run"),
    (80, "SLACK_WEBHOOK_URL: ${{ secrets.SLACK_WEBHOOK_URL }}", "A: b", "no secret in its env"),
    (109, "      - uses: ./.github/actions/setup\n      - run: uv run --locked atomci run e2e", "      - run: uv run --locked atomci run e2e", "e2e caches nothing"),
]  # fmt: skip
IDS = [f"{number} {says[:40]}" for number, _, _, says in BREAKS]


@pytest.mark.parametrize(("number", "old", "new", "says"), BREAKS, ids=IDS)
def test_each_breakage_is_named(tmp_path: Path, number: int, old: str, new: str, says: str) -> None:
    assert old in GOOD

    said = problems(parsed(tmp_path, GOOD.replace(old, new, 1)), number)

    assert any(says in line for line in said), said
    assert all(line.startswith(("ci.yml:", PLACE)) for line in said)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("enable-cache: true", "enable-cache: false", "setup-uv's cache is off"),
        ("glob: uv.lock", "glob: setup.cfg", "doesn't have the lock"),
        ("glob: uv.lock", "glob: requirements/dev.txt", "there is no requirements/dev.txt"),
        ("py${{ inputs.python }}", "py${{ inputs.python }}-${{ github.run_id }}", "no second run finds it"),
        (
            "        cache-suffix: py${{ inputs.python }}\n        python-version: ${{ inputs.python }}\n",
            "",
            "doesn't have the Python version",
        ),
    ],
)
def test_caches_are_looked_for_in_the_local_action(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in SETUP

    said = problems(parsed(tmp_path, GOOD, SETUP.replace(old, new, 1)), 109)

    assert any(says in line and line.startswith(PLACE) for line in said), said


def test_an_input_that_is_given_nowhere_leaves_the_key_without_python(tmp_path: Path) -> None:
    setup = SETUP.replace('    default: "3.11"\n', "")

    said = problems(parsed(tmp_path, GOOD, setup), 109)

    assert [line.partition(": ")[2].partition(":")[0] for line in said] == ["integration", "pester", "e2e"]


SYSTEMS = MATRIX + """
        system: [ubuntu-24.04]
        include:
          - { system: windows-2025, python: "3.12" }
          - { system: macos-15, python: "3.12" }
"""


def on_systems(text: str) -> str:
    """The good workflow with the unit tests on three systems, and a part of it exchanged."""
    unit = text.partition(UNIT)[2]
    moved = unit.replace(MATRIX + "\n", SYSTEMS, 1)
    moved = moved.replace("runs-on: ubuntu-24.04", "runs-on: ${{ matrix.system }}", 1)
    moved = moved.replace(
        "unit-py${{ matrix.python }}", "unit-py${{ matrix.python }}-${{ matrix.system }}", 1
    )
    return text.replace(unit, moved)


WIDE = on_systems(GOOD)


def test_other_systems_may_be_there_and_have_to_where_they_are_asked_for(tmp_path: Path) -> None:
    wide = parsed(tmp_path, WIDE)
    asked = [str(fact) for fact in jobs.unit(wide, PYTHONS, ["windows", "macos"])]
    assert [str(fact) for fact in jobs.unit(wide, PYTHONS) if not fact.ok] == problems(wide, 78) == []
    assert any("unit runs on Python 3.11, 3.12, 3.13" in line for line in asked)

    alone = [fact for fact in jobs.unit(parsed(tmp_path, GOOD), PYTHONS, ["windows", "macos"]) if not fact.ok]
    assert [str(fact).partition(": ")[2] for fact in alone] == [
        "unit runs on ubuntu-24.04, not on Windows",
        "unit runs on ubuntu-24.04, not on macOS",
    ]


@pytest.mark.parametrize(
    ("number", "old", "new", "says"),
    [
        (74, MATRIX, '["3.11", "3.13"]', "doesn't run on Python 3.12"),  # but on the other systems
        (78, "-${{ matrix.system }}", "", "unit uploads 3 runs of its matrix under one name"),
    ],
)
def test_a_leg_of_one_system_is_none_of_another(
    tmp_path: Path, number: int, old: str, new: str, says: str
) -> None:
    assert old in WIDE

    said = problems(parsed(tmp_path, WIDE.replace(old, new, 1)), number)

    assert any(says in line for line in said), said


def test_without_a_lock_there_is_nothing_to_make_keys_of(tmp_path: Path) -> None:
    found = [str(fact) for fact in caching.facts(parsed(tmp_path, GOOD), []) if not fact.ok]

    assert "there is neither uv.lock nor requirements/*.txt" in found[0]


def test_a_skeleton_of_other_names_and_shapes_holds_as_well(tmp_path: Path) -> None:
    text = GOOD.replace("branches: [main]", "branches: [trunk]")
    text = text.replace(
        CONDITION, "github.ref == format('refs/heads/{0}', 'x') || github.ref == 'refs/heads/trunk'"
    )
    assert any("can't be worked out" in line for line in problems(parsed(tmp_path, text), 77))

    text = text.replace("github.ref == format('refs/heads/{0}', 'x') || ", "")
    assert problems(parsed(tmp_path, text), 77) == []

    renamed = GOOD.replace("  unit:\n", "  quick:\n").replace("needs: unit", "needs: quick")
    renamed = renamed.replace("[lint_types, unit,", "[lint_types, quick,")
    assert problems(parsed(tmp_path, renamed), 75) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("true", "by OIDC"),
        ("${{ !github.event.pull_request.head.repo.fork }}", "by OIDC"),
        ("false", "without a token"),
    ],
)
def test_codecov_takes_an_identity_or_no_token_at_all(tmp_path: Path, given: str, said: str) -> None:
    found = parsed(tmp_path, GOOD.replace("use_oidc: true", f"use_oidc: {given}"))

    assert any(fact.ok and said in str(fact) for fact in publishing.codecov(found))


def test_no_pester_job_is_asked_for_without_tests(tmp_path: Path) -> None:
    found = parsed(tmp_path, GOOD.replace("atomci run pester", "true"))

    assert list(jobs.pester(found, [])) == []


@pytest.mark.parametrize(
    ("table", "versions"),
    [
        ({"classifiers": ["Programming Language :: Python :: 3", "Programming Language :: Python :: 3.12"]}, ("3.12",)),
        ({"requires-python": ">=3.11,<4"}, ("3.11",)),
        ({}, ()),
    ],
)  # fmt: skip
def test_supported_pythons_are_those_of_the_classifiers(
    table: dict[str, object], versions: tuple[str, ...]
) -> None:
    assert jobs.supported(table).versions == versions


ATOMS = {
    "local_ci": {"lint", "test", "compute_local_ci_exit_code"},
    "lint_types": {"lint"},
    "unit": {"test"},
    "integration": {"more"},
    "pester": {"more"},
    "e2e": {"more"},
}


def closure(targets: Sequence[str]) -> Collection[str]:
    return set().union(*(ATOMS[target] for target in targets))


CALLING = SETUP + "    - run: uv run --locked atomci run ${{ inputs.target }}\n      shell: bash\n"
CALLING = CALLING.replace("inputs:\n", "inputs:\n  target: {}\n")


@pytest.mark.parametrize("through", [False, True])
def test_atoms_021_and_047_hold_through_a_local_action(tmp_path: Path, through: bool) -> None:
    text = GOOD
    if through:
        with_target = '          python: "3.11"\n          target: lint_types\n'
        text = text.replace('          python: "3.11"\n', with_target, 1)
        text = text.replace("      - run: uv run --locked atomci run lint_types\n", "")
    found = parsed(tmp_path, text, CALLING if through else SETUP)
    document, actions = found.document, found.actions

    facts = [
        *workflow.workflow_facts(document),
        *workflow.own_actions_facts(document, actions),
        *workflow.ci_facts(document, ATOMS.__contains__, actions),
        *parity.jobs(document, closure, actions),
    ]

    assert [str(fact) for fact in facts if not fact.ok] == []
    assert any("notify only reports failures" in str(fact) for fact in facts)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("actions/setup\n", "actions/set-up\n", "there is no .github/actions/set-up/action.yml"),
        ("actions/checkout@", "other/checkout@", "isn't there before actions/checkout"),
    ],
)
def test_a_local_action_is_there_and_checked_out_before(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    found = parsed(tmp_path, GOOD.replace(old, new, 1))

    said = [str(fact) for fact in workflow.own_actions_facts(found.document, found.actions)]

    assert len(said) == 1
    assert says in said[0]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("failure() && github.event_name != 'pull_request'", "always()"),
        ("failure() && github.event_name != 'pull_request'", "github.event_name == 'push'"),
        ('run: printf', 'run: uv run atomci run unit; printf'),
    ],
)  # fmt: skip
def test_a_job_that_does_more_than_tell_of_failures_is_needed_by_the_roll_up(
    tmp_path: Path, old: str, new: str
) -> None:
    found = parsed(tmp_path, GOOD.replace(old, new))

    said = [str(f) for f in workflow.ci_facts(found.document, ATOMS.__contains__, found.actions) if not f.ok]

    assert any("required doesn't need notify" in line for line in said), said


def test_an_action_that_uses_itself_ends(tmp_path: Path) -> None:
    setup = SETUP + "    - uses: ./.github/actions/setup\n"

    assert problems(parsed(tmp_path, GOOD, setup), 109) == []


@pytest.mark.parametrize(
    ("condition", "event", "status", "wanted"),
    [
        (None, "push", "success", True),
        (None, "push", "failure", False),
        (True, "push", "success", True),
        ("always()", "push", "cancelled", True),
        ("!cancelled()", "push", "failure", True),
        ("${{ failure() }}", "push", "success", False),
        ("${{ failure() }}", "push", "failure", True),
        ("github.event_name == 'PUSH'", "push", "success", True),
        ('contains(fromJSON(\'["push", "schedule"]\'), github.event_name)', "schedule", "success", True),
        ('contains(fromJSON(\'["push", "schedule"]\'), github.event_name)', "merge_group", "success", False),
        ("!(github.event_name == 'push' || github.event_name == 'schedule')", "push", "success", False),
        ("startsWith(github.ref, 'refs/heads/gh-readonly-queue/')", "merge_group", "success", True),
        ("github.ref_name == github.event.repository.default_branch", "push", "success", True),
        ("always() && contains(needs.*.result, 'failure')", "push", "failure", True),
        ("always() && contains(needs.*.result, 'failure')", "push", "success", False),
        ("github.event_name == 'push' && vars.X", "pull_request", "success", False),
        ("github.event_name == 'push' && vars.X", "push", "success", None),
        ("github.event_name == 'push' || vars.X", "push", "success", True),
        ("hashFiles('x') != ''", "push", "success", None),
        ("github.event_name ==", "push", "success", None),
        ("'it''s' == 'it''s'", "push", "success", True),
    ],
)
def test_conditions_are_worked_out_as_github_does(
    condition: object, event: str, status: str, wanted: bool | None
) -> None:
    assert holds(condition, moment(event, "main"), status) is wanted  # type: ignore[arg-type]


LEGS: list[tuple[str, list[dict[str, str]]]] = [
    ("{}", [{}]),
    ("{python: [3.11, '3.12']}", [{"python": "3.11"}, {"python": "3.12"}]),
    ("{os: [a, b], python: ['1', '2'], exclude: [{os: b, python: '1'}]}",
     [{"os": "a", "python": "1"}, {"os": "a", "python": "2"}, {"os": "b", "python": "2"}]),
    ("{python: ['1', '2'], include: [{python: '2', odd: true}, {python: '3', odd: true}]}",
     [{"python": "1"}, {"python": "2", "odd": "True"}, {"python": "3", "odd": "True"}]),
    ("{python: ['1', '2'], include: [{os: a}]}", [{"python": "1", "os": "a"}, {"python": "2", "os": "a"}]),
    ("{include: [{python: '1'}, {python: '2'}]}", [{"python": "1"}, {"python": "2"}]),
]  # fmt: skip


@pytest.mark.parametrize(("matrix", "legs"), LEGS)
def test_a_matrix_is_filled_in_as_github_does(
    tmp_path: Path, matrix: str, legs: list[dict[str, str]]
) -> None:
    found = parsed(tmp_path, f"jobs:\n  unit:\n    strategy:\n      matrix: {matrix}\n")

    assert found.legs("unit") == legs


@pytest.mark.parametrize(
    ("condition", "excused"),
    [
        ("false", []),
        ("true", ["1", "2"]),
        ("${{ matrix.python == '2' }}", ["2"]),
        ("${{ matrix.odd }}", ["2"]),
        ("${{ vars.ODD == 'yes' }}", ["1", "2"]),
    ],
)
def test_the_legs_that_may_fail_are_those_whose_condition_holds(
    tmp_path: Path, condition: str, excused: list[str]
) -> None:
    matrix = "{python: ['1', '2'], include: [{python: '1', odd: ''}, {python: '2', odd: true}]}"
    text = f"jobs:\n  unit:\n    continue-on-error: {condition}\n    strategy:\n      matrix: {matrix}\n"

    assert [leg["python"] for leg in parsed(tmp_path, text).excused("unit")] == excused
