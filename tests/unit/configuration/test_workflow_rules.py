"""Workflows: caches, pins, roll-ups (021), and what the outside linters say."""

import json
from pathlib import Path

import pytest

from atomci.configuration.ci import workflow, workflow_linters
from atomci.configuration.documents import Document, yaml_document
from atomci.errors import InfrastructureError
from atomci.tools.process import Command, Completed

SHA = "0123456789abcdef0123456789abcdef01234567"


def parsed(folder: Path, text: str) -> Document:
    (folder / "ci.yml").write_text(text)
    return yaml_document(folder, "ci.yml")


def problems(folder: Path, steps: str, job: str = "") -> list[str]:
    """What is wrong with a workflow whose only working job has these steps."""
    text = (
        "on: [pull_request]\npermissions: {}\njobs:\n"
        f"  unit:\n    timeout-minutes: 5\n{job}    steps:\n{steps}"
        "      - run: uv run atomci run unit\n"
        "  all:\n    timeout-minutes: 5\n    if: ${{ always() }}\n    needs: unit\n"
        "    steps:\n      - run: echo '${{ toJSON(needs) }}'\n"
    )
    document = parsed(folder, text)
    facts = [*workflow.workflow_facts(document), *workflow.ci_facts(document, {"unit"}.__contains__)]
    return [str(fact) for fact in facts if not fact.ok]


UV, PYTHON, CACHE = (
    f"      - uses: {name}@{SHA} # v1.2\n        with:\n"
    for name in ("astral-sh/setup-uv", "actions/setup-python", "actions/cache")
)
UV += "          version: '1.2.3'\n"


@pytest.mark.parametrize(
    ("steps", "job"),
    [
        (UV + "          python-version: '3.12'\n", ""),
        (UV + "          cache-suffix: py${{ matrix.python }}\n", ""),
        (UV, "    env: {UV_PYTHON: '3.12'}\n"),
        (PYTHON + "          cache: pip\n          cache-dependency-path: requirements/dev.txt\n", ""),
        (CACHE + "          key: ${{ runner.os }}-${{ matrix.python }}-${{ hashFiles('uv.lock') }}\n", ""),
        (
            PYTHON + "          python-version: '3.12'\n" + UV + "          python-version: '3.12'\n",
            "",
        ),
    ],
)
def test_a_cache_keyed_by_system_python_and_lock_holds(tmp_path: Path, steps: str, job: str) -> None:
    assert problems(tmp_path, steps, job) == []


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        ("", "caches nothing"),
        (UV, "doesn't have the Python version"),
        (UV + "          enable-cache: false\n          python-version: '3.12'\n", "is off"),
        (
            UV + "          cache-dependency-glob: ''\n          python-version: '3.12'\n",
            "doesn't have the lock",
        ),
        (PYTHON + "          python-version: '3.12'\n", "caches nothing"),
        (PYTHON + "          cache: pip\n", "doesn't have the lock"),
        (CACHE + "          key: ${{ runner.os }}-${{ hashFiles('uv.lock') }}\n", "the Python version"),
        (CACHE + "          key: ${{ matrix.python }}\n", "the system, lock"),
    ],
)
def test_a_cache_with_a_part_of_its_key_missing_is_a_problem(tmp_path: Path, steps: str, says: str) -> None:
    (line,) = problems(tmp_path, steps)

    assert says in line


GOOD_CACHE = UV + "          python-version: '3.12'\n"


@pytest.mark.parametrize(
    ("uses", "says"),
    [
        (f"a/b@{SHA} # v1.2.3", None),
        (f"a/b/c/d@{SHA} # 4", None),
        ("./.github/actions/local", None),
        ("docker://alpine@sha256:" + "a" * 64, None),
        ("docker://alpine:3", "isn't pinned by digest"),
        ("a/b@v1 # v1", "isn't pinned to a commit"),
        (f"a/b@{SHA[:7]} # v1", "isn't pinned to a commit"),
        (f"a/b@{SHA}", "no comment with its version"),
        (f"a/b@{SHA} # main", "no comment with its version"),
    ],
)
def test_every_action_is_pinned_and_says_its_version(tmp_path: Path, uses: str, says: str | None) -> None:
    found = problems(tmp_path, f"{GOOD_CACHE}      - uses: {uses}\n")

    assert [says in line for line in found if says] == ([True] if says else [])
    assert bool(found) is bool(says)


def test_a_composite_action_pins_what_it_uses(tmp_path: Path) -> None:
    document = parsed(tmp_path, "runs:\n  using: composite\n  steps:\n    - uses: a/b@v1\n")

    assert [str(fact) for fact in workflow.action_facts(document)] == [
        "ci.yml:4: a/b@v1 isn't pinned to a commit: 40 hex digits"
    ]


def test_a_job_that_calls_a_reusable_workflow_is_pinned_and_needs_no_limit(tmp_path: Path) -> None:
    text = "permissions: {{}}\njobs:\n  call:\n    uses: {}\n"
    pinned = parsed(tmp_path, text.format(f"a/b/.github/workflows/c.yml@{SHA} # v1"))
    moving = parsed(tmp_path, text.format("a/b/.github/workflows/c.yml@main"))

    assert all(fact.ok for fact in workflow.workflow_facts(pinned))
    assert [str(fact).partition(": ")[0] for fact in workflow.workflow_facts(moving) if not fact.ok] == [
        "ci.yml:4"
    ]


@pytest.mark.parametrize("access", ["write-all", "read-all"])
def test_a_job_names_the_scopes_that_it_needs(tmp_path: Path, access: str) -> None:
    found = problems(tmp_path, GOOD_CACHE, f"    permissions: {access}\n")

    assert found == [f"ci.yml:6: unit has {access}; name the scopes that it needs"]


def completed(stdout: str, code: int = 1, stderr: str = "") -> Completed:
    return Completed(Command(("linter",)), code, stdout, stderr, 0.1)


def test_actionlint_s_findings_name_file_line_and_kind() -> None:
    # As its documentation shows the output of -format '{{json .}}'.
    row = {
        "message": 'unexpected key "branch" for "push" section',
        "filepath": ".github/workflows/ci.yml",
        "line": 4,
        "column": 5,
        "kind": "syntax-check",
        "snippet": "    branch: main\n    ^~~~~~~",
        "end_column": 11,
    }

    (fact,) = workflow_linters.facts("actionlint", completed(json.dumps([row])))

    assert not fact.ok
    assert str(fact) == (
        '.github/workflows/ci.yml:4: unexpected key "branch" for "push" section [actionlint syntax-check]'
    )


@pytest.mark.parametrize("name", ["actionlint", "zizmor"])
def test_a_linter_that_found_nothing_says_so(name: str) -> None:
    (fact,) = workflow_linters.facts(name, completed("[]", code=0))

    assert (fact.ok, str(fact)) == (True, f"{name}: no finding")


@pytest.mark.parametrize(
    ("stdout", "code"),
    [("", 3), ("not JSON", 0), ("[]", 2), ('[{"unknown": 1}]', 1)],
)
@pytest.mark.parametrize("name", ["actionlint", "zizmor"])
def test_a_linter_that_broke_is_never_taken_for_one_that_found_nothing(
    name: str, stdout: str, code: int
) -> None:
    with pytest.raises(InfrastructureError, match=f"{name} failed .*: because"):
        list(workflow_linters.facts(name, completed(stdout, code, "because")))


@pytest.mark.parametrize(
    ("given", "good"),
    [
        ("version: '0.13.9'", True),
        ("version: ${{ env.UV_VERSION }}", True),
        ("version-file: pyproject.toml", True),
        ("version: '0.13'", False),
        ("version: latest", False),
        ("enable-cache: true", False),
    ],
)
def test_the_action_that_installs_uv_names_its_version(tmp_path: Path, given: str, good: bool) -> None:
    steps = f"      - uses: astral-sh/setup-uv@{SHA} # v1.2\n        with:\n          {given}\n"
    steps += "          python-version: '3.12'\n"
    assert problems(tmp_path, steps) == (
        [] if good else ['ci.yml:7: setup-uv takes the newest uv: version: "X.Y.Z", as uv --version says']
    )
