"""The table of all 119 atoms, their phases and the pipelines that group them.

A row says what an atom needs (atoms whose artifacts it reads), reads and writes (globs relative to the
project's root) and what kind of effect it has. No code of an atom is imported from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from atomci.artifacts import handles
from atomci.artifacts.handles import Artifact

__all__ = [
    "ARTIFACTS",
    "ATOMS",
    "PHASES",
    "PIPELINES",
    "Atom",
    "Effect",
    "Phase",
    "Pipeline",
    "atom",
]

Effect = Literal["pure", "host", "tree", "network"]
"""pure: a function of what it reads, so a result may be reused. host: looks at this machine.
tree: writes files of the project, so it runs alone. network: talks to other machines."""


class Phase(NamedTuple):
    """A phase of the source document; its atoms' code is in the module that its name and slug make."""

    number: int
    slug: str
    title: str

    @property
    def name(self) -> str:
        """The target that people type, such as `phase_04`."""
        return f"phase_{self.number:02d}"


class Atom(NamedTuple):
    """One row. `after` orders without requiring; `always` runs it also when a need went red; `last` is for
    the atom that judges a run: it waits for all others but those that need it.

    `hints` are artifacts that it reads when they are there and that change how it works, not its result.
    """

    number: int
    name: str
    phase: int
    summary: str
    needs: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    optional: bool = False
    effect: Effect = "pure"
    after: tuple[str, ...] = ()
    always: bool = False
    hints: tuple[str, ...] = ()
    last: bool = False

    @property
    def id(self) -> str:
        """The short target, such as `atom_031`."""
        return f"atom_{self.number:03d}"


class Pipeline(NamedTuple):
    """A named group of atoms; running it also runs what they need."""

    name: str
    summary: str
    atoms: tuple[str, ...]


PHASES: tuple[Phase, ...] = (
    Phase(0, "bootstrap", "Machine and workspace bootstrap"),
    Phase(1, "configuration", "Project configuration"),
    Phase(2, "guard", "Guardrailed CLI edit session"),
    Phase(3, "isolation", "Trigger and isolation"),
    Phase(4, "triage", "Fast static triage"),
    Phase(5, "unit", "Targeted unit tests"),
    Phase(6, "loop", "Red/green rapid loop"),
    Phase(7, "local_ci", "Local CI bundle"),
    Phase(8, "autofix", "Autonomous fix loop"),
    Phase(9, "integration", "Integration tests"),
    Phase(10, "e2e", "E2E and feature tests"),
    Phase(11, "reports", "Reports and observability"),
    Phase(12, "pull_request", "Commit, pull request and branch protections"),
    Phase(13, "ci", "CI orchestration"),
    Phase(14, "recording", "Auger-assisted test generation"),
    Phase(15, "release", "Merge, release and cleanup"),
    Phase(16, "streams", "Parallel workstreams"),
    Phase(17, "security", "Security, secrets and compliance"),
    Phase(18, "recovery", "Error handling and recovery"),
    Phase(19, "performance", "Performance and cost"),
    Phase(20, "done", "Definition of done"),
)

# What several rows read.
_PY = ("**/*.py", "**/*.pyi")
_SRC = ("src/**/*",)
_CONF = ("pyproject.toml",)
_ANSWERS = (".copier-answers.yml",)
# What pytest and coverage read in its place.
_TEST_CONF = (
    *_CONF,
    ".coveragerc",
    ".coveragerc.toml",
    "setup.cfg",
    "tox.ini",
    "**/pytest.ini",
    "**/.pytest.ini",
    "**/pytest.toml",
    "**/.pytest.toml",
)
# What static tools read in its place; any of them may stand in for another.
_STATIC_CONF = (*_CONF, "ruff.toml", ".ruff.toml", "mypy.ini", ".mypy.ini", "setup.cfg")
# ruff goes by the nearest of these.
_NESTED_CONF = ("**/pyproject.toml", "**/ruff.toml", "**/.ruff.toml")
# Findings that were there before the gate.
_BASELINE = (".atomci/baseline.jsonl",)
_CI = (".github/workflows/*.yml", ".github/actions/**/*.yml", ".github/actions/**/*.yaml")
_TREE = ("**/*",)
_UNIT = (handles.UNIT_RESULTS, handles.UNIT_DATA, handles.UNIT_TESTS)
# The files, the commit that they are, and what was seen of both.
_COMMIT = (*_TREE, ".git/", "artifacts/atoms/*.json")
_EVENTS = ("artifacts/runs/*/events.jsonl",)
_SESSION = "artifacts/cli_runs/**/*"

_Paths = tuple[str | Artifact[Any], ...]
_ROWS: list[Atom] = []
_ARTIFACTS: dict[str, Artifact[Any]] = {}


def _phase(number: int, *rows: Atom) -> None:
    _ROWS.extend(row._replace(phase=number) for row in rows)


def _row(
    number: int,
    name: str,
    summary: str,
    *,
    needs: tuple[str, ...] = (),
    after: tuple[str, ...] = (),
    reads: _Paths = (),
    hints: _Paths = (),
    writes: _Paths = (),
    effect: Effect = "pure",
    optional: bool = False,
    always: bool = False,
    last: bool = False,
) -> Atom:
    _ARTIFACTS.update((path.path, path) for path in writes if isinstance(path, Artifact))
    read, hinted, written = (tuple(str(path) for path in paths) for paths in (reads, hints, writes))
    return Atom(
        number, name, -1, summary, needs, read, written, optional, effect, after, always, hinted, last
    )


# One atom is one row of two or three lines, so that the whole pipeline can be read from top to bottom.
# fmt: off
_phase(0,
    _row(0, "detect_host_os_and_shell", "Host facts: os, version, arch, shell, CI provider, WSL, container", writes=(handles.HOST,), effect="host"),
    _row(1, "install_python_runtime", "An interpreter that satisfies requires-python is found, or installed through uv",
        reads=_CONF, writes=(handles.PYTHON,), effect="network"),
    _row(2, "install_git_cli", "git >= 2.38 is found, or this host's install command is given",
        needs=("detect_host_os_and_shell",), reads=(handles.HOST,), writes=(handles.GIT,), effect="network"),
    _row(3, "install_powershell_if_applicable", "PowerShell 7 is found, or the install command is given",
        needs=("detect_host_os_and_shell",), reads=(handles.HOST, "scripts/**/*.ps1", "tests/**/*.ps1"), writes=(handles.POWERSHELL,), optional=True, effect="network"),
    _row(4, "install_node_optional_for_vscode", "Node.js is found, or the install command is given",
        needs=("detect_host_os_and_shell",), reads=(handles.HOST, ".vscode/*.json"), writes=(handles.NODE,), optional=True, effect="network"),
    _row(5, "install_docker_optional", "Docker is found; client and running engine are told apart",
        needs=("detect_host_os_and_shell",), reads=(*_CONF, handles.HOST, "Dockerfile", ".devcontainer/devcontainer.json"), writes=(handles.DOCKER,), optional=True, effect="network"),
    _row(6, "create_project_directory_structure", "Every folder of the conventions exists; missing ones are made",
        reads=(*_CONF, *_ANSWERS, ".git/"), writes=("src/", "tests/", "scripts/", ".vscode/", ".github/workflows/"), effect="tree"),
    _row(7, "initialize_git_repository", "git repository with the chosen default branch and a first commit",
        needs=("install_git_cli", "create_project_directory_structure", "configure_gitignore_and_attributes", "compile_lockfile_and_sync"), reads=(*_TREE,), writes=(".git/",), effect="tree"),
    _row(8, "configure_gitignore_and_attributes", "Required ignore and attribute entries are present, own lines kept",
        reads=(".gitignore", ".gitattributes"), writes=(".gitignore", ".gitattributes"), effect="tree"),
    _row(9, "create_virtual_environment", ".venv of the project's Python",
        needs=("install_python_runtime", "choose_dependency_manager"), reads=(*_CONF, handles.PYTHON, handles.MANAGER), writes=(".venv/",), effect="tree"),
    _row(10, "choose_dependency_manager", "One dependency manager, recorded once and obeyed everywhere",
        reads=(*_CONF, *_ANSWERS, "uv.lock", "requirements/*", "Taskfile.yml", "scripts/*", ".pre-commit-config.yaml", ".github/workflows/*.yml"), writes=(handles.MANAGER,)),
    _row(11, "compile_lockfile_and_sync", "Lock and install; a second run changes no byte; a stale lock fails in CI",
        needs=("create_virtual_environment", "choose_dependency_manager"), reads=(*_TREE, handles.MANAGER), writes=("uv.lock", "requirements/*.txt", ".venv/"), effect="tree"),
    _row(12, "verify_toolchain_versions", "A table of tool, wanted, found and where from",
        needs=("compile_lockfile_and_sync",), reads=(*_CONF, "uv.lock", "requirements/*"), writes=(handles.TOOLCHAIN,), effect="host"),
)
_phase(1,
    _row(13, "author_pyproject_toml_core", "pyproject.toml is valid and builds a wheel and an sdist",
        reads=(*_CONF, *_SRC, "README*", "LICENSE*"), writes=(handles.evidence("artifacts/configuration/pyproject.json"),), effect="host"),
    _row(14, "configure_pytest_plugins_and_markers", "Markers registered, --strict-markers, a timeout",
        reads=_CONF, writes=(handles.evidence("artifacts/configuration/pytest.json"),)),
    _row(15, "configure_coverage_thresholds", "Branch coverage, fail_under, XML and HTML to artifacts/reports/",
        reads=_CONF, writes=(handles.evidence("artifacts/configuration/coverage.json"),)),
    _row(16, "configure_ruff_black_mypy", "One line length and one target version for all three; mypy strict",
        reads=_STATIC_CONF, writes=(handles.evidence("artifacts/configuration/static.json"),)),
    _row(17, "scaffold_test_pyramid_directories", "unit, integration, e2e, contracts, auger and fixtures, each with a test that runs",
        reads=(*_CONF, *_ANSWERS, "tests/**/*", ".git/"), writes=(handles.evidence("artifacts/configuration/pyramid.json"),), effect="host"),
    _row(18, "add_conftest_shared_fixtures", "Shared fixtures, each used by a test",
        reads=(*_CONF, *_ANSWERS, "tests/**/*.py"), writes=(handles.evidence("artifacts/configuration/fixtures.json"),)),
    _row(19, "create_precommit_config", "Hooks that run the locked tools, installed; pre-push runs the gate",
        after=("initialize_git_repository", "compile_lockfile_and_sync"), reads=(".pre-commit-config.yaml", ".git/"), writes=(".git/hooks/",), effect="tree"),
    _row(20, "seed_vscode_settings_tasks_extensions", "Settings, tasks, launch and extensions parse and call the same commands",
        reads=(".vscode/*.json", *_ANSWERS), writes=(handles.evidence("artifacts/configuration/vscode.json"),)),
    _row(21, "create_ci_workflow_skeleton", "A workflow whose jobs call the runtime, pinned, least privilege, cached by lock",
        reads=(*_CI, ".github/workflows/*.yaml", "Dockerfile"), writes=(handles.evidence("artifacts/configuration/workflow.json"),)),
)
_phase(2,
    _row(22, "start_cli_edit_guardrail", "Any AI command line under wall, first-byte, inactivity and after-result timers",
        reads=(_SESSION,), writes=(handles.evidence("artifacts/guard/guardrail.json"),), effect="host"),
    _row(23, "capture_pre_edit_snapshot", "A byte-exact, restorable snapshot that leaves index, stash and refs alone",
        reads=(_SESSION, ".git/"), writes=(handles.evidence("artifacts/guard/snapshot.json"),), effect="host"),
    _row(24, "execute_cli_tool_with_policies", "Allowed paths, commands and resources, enforced by the kernel where it can",
        reads=(_SESSION, *_CONF), writes=(handles.evidence("artifacts/guard/policies.json"),), effect="host"),
    _row(25, "archive_cli_session_logs", "Output, events and transcript with secrets redacted",
        reads=(_SESSION, ".env*"), writes=(handles.evidence("artifacts/guard/archive.json"),), effect="host"),
    _row(26, "detect_cli_completion_signal", "Why the session ended, as one typed value",
        reads=(_SESSION,), writes=(handles.evidence("artifacts/guard/completion.json"),), effect="host"),
)
_phase(3,
    _row(27, "detect_modified_paths_since_snapshot", "Added, modified, deleted, renamed, mode and symlink changes",
        reads=(_SESSION, ".git/"), writes=(handles.evidence("artifacts/guard/changes.json"),), effect="host"),
    _row(28, "create_fix_branch_and_checkpoint", "Branch fix/<topic> with one checkpoint commit, HEAD and index untouched",
        needs=("detect_modified_paths_since_snapshot",), reads=(_SESSION, ".git/"), writes=(".git/", handles.FIX_BRANCH), effect="tree"),
    _row(29, "annotate_commit_with_cli_metadata", "Trailers with tool, model, time, run id, config and seed",
        needs=("create_fix_branch_and_checkpoint",), reads=(_SESSION, ".git/", handles.FIX_BRANCH), writes=(".git/", handles.evidence("artifacts/guard/trailers.json")), effect="tree"),
    _row(30, "write_artifact_index_json", "One index of logs, diffs and reports with sizes and sha256",
        reads=(_SESSION,), writes=(handles.evidence("artifacts/guard/index.json"), handles.INDEX), effect="host"),
)
_phase(4,
    _row(31, "run_ruff_lint", "Lint findings with file, line and rule; no autofix",
        reads=(*_PY, "**/*.ipynb", *_STATIC_CONF, *_NESTED_CONF, *_BASELINE), writes=(handles.RUFF,)),
    _row(32, "run_black_check", "Each file that black would change is a finding", reads=(*_PY, "**/*.ipynb", *_STATIC_CONF, *_NESTED_CONF, *_BASELINE), writes=(handles.BLACK,)),
    _row(33, "run_mypy_typecheck", "Type findings, strict, those of changed files first",
        reads=(*_PY, *_STATIC_CONF, *_BASELINE), writes=(handles.MYPY,)),
    _row(34, "aggregate_static_findings", "One SARIF 2.1.0 file and one JSON of all findings",
        needs=("run_ruff_lint", "run_black_check", "run_mypy_typecheck"), reads=("artifacts/findings/*.json", *_PY, *_CONF, *_BASELINE), writes=(handles.STATIC_SARIF, handles.FINDINGS), always=True),
    _row(35, "classify_static_failures", "Every finding in the lint, format or type lane, with the fixing command",
        needs=("aggregate_static_findings",), reads=(handles.FINDINGS,), writes=(handles.LANES,), always=True),
)
_phase(5,
    _row(36, "select_impacted_unit_tests", "Changed source mapped to its tests, with the reason for each", reads=_TREE, hints=(handles.IMPACT, handles.LINES, handles.ESCAPES), writes=(handles.SELECTION,)),
    _row(37, "run_pytest_unit_with_coverage", "tests/unit with coverage, stopping on the first failure",
        needs=("select_impacted_unit_tests", "parallelize_unit_suite_optional"), reads=(*_TREE, handles.SELECTION), hints=(handles.PARALLEL, "artifacts/tests/shards/*/tests/*"), writes=(*_UNIT, "artifacts/tests/duration*.json", "artifacts/tests/impact*.json", "artifacts/tests/impact-line*.json", "artifacts/tests/impact-escape*.json")),
    _row(38, "parallelize_unit_suite_optional", "xdist workers when they pay: suite time and cores",
        needs=("select_impacted_unit_tests",), reads=(*_TREE, handles.SELECTION), hints=(handles.DURATIONS,), writes=(handles.PARALLEL,), optional=True),
    _row(39, "enforce_coverage_budget", "The total budget, and which lines to cover",
        needs=("run_pytest_unit_with_coverage",), reads=(*_TEST_CONF, *_PY, handles.UNIT_DATA, handles.UNIT_TESTS), writes=(handles.BUDGET,), always=True),
    _row(40, "export_junit_and_coverage_artifacts", "junit.xml, coverage.xml and htmlcov/ under artifacts/reports/",
        needs=("run_pytest_unit_with_coverage",), reads=(*_TEST_CONF, *_PY, *_UNIT), writes=(handles.UNIT_JUNIT, handles.UNIT_COVERAGE, handles.UNIT_HTML), always=True),
)
_phase(6,
    _row(41, "start_loop_on_fail", "On save, the failed tests first, then the impacted ones", reads=_TREE, writes=(handles.evidence("artifacts/loop/ready.json"),), effect="host"),
    _row(42, "route_fix_lane_lint_format", "ruff --fix and black, local only; refused in CI",
        needs=("classify_static_failures",), after=("route_fix_lane_types_interfaces", "route_fix_lane_behavior"), reads=(handles.LANES, *_STATIC_CONF), writes=(handles.FIXED,), effect="tree", always=True),
    _row(43, "route_fix_lane_types_interfaces", "Type findings grouped by symbol, to the fixer or a work list",
        needs=("classify_static_failures",), reads=(handles.FINDINGS, *_PY), writes=(handles.TYPE_WORK,), always=True),
    _row(44, "route_fix_lane_behavior", "Failing tests with the changed lines they run through",
        needs=("run_pytest_unit_with_coverage",), reads=(*_UNIT, *_PY, ".git/"), hints=(handles.IMPACT,), writes=(handles.BEHAVIOR_WORK,), effect="host", always=True),
    _row(45, "update_shared_fixtures_as_needed", "Unknown, unused or duplicate fixtures and where they belong",
        reads=_TREE, writes=(handles.SHARED_FIXTURES,), effect="tree"),
    _row(46, "repeat_unit_tests_until_green", "Ends on green, on no progress or on the bound",
        after=("run_pytest_unit_with_coverage", "route_fix_lane_behavior"), reads=_TREE, hints=(handles.UNIT_TESTS,), writes=(handles.UNIT_ROUNDS, handles.ROUND_RESULTS), effect="host", always=True),
)
_phase(7,
    _row(47, "run_local_ci_script", "The scripts, the task, the hook and the CI jobs run the same atoms", reads=_TREE, effect="host"),
    _row(48, "stage1_lint_types", "Lint, format and types together, changed paths first",
        needs=("classify_static_failures",), reads=(handles.FINDINGS, handles.LANES), writes=(handles.LINT_TYPES_STAGE,), always=True),
    _row(49, "stage2_unit_tests", "Unit tests and the coverage budget together",
        needs=("enforce_coverage_budget",), reads=(handles.UNIT_TESTS, handles.BUDGET), writes=(handles.UNIT_STAGE,), always=True),
    _row(50, "stage3_static_artifacts_emit", "junit, coverage and SARIF in artifacts/, also when a stage failed",
        after=("classify_static_failures", "export_junit_and_coverage_artifacts", "stage1_lint_types", "stage2_unit_tests"), reads=(handles.STATIC_SARIF, handles.UNIT_JUNIT, handles.UNIT_COVERAGE, handles.UNIT_PAGE), writes=(handles.REPORTS,), always=True),
    _row(51, "compute_local_ci_exit_code", "Green, red or broken, as distinct exit codes",
        needs=("stage1_lint_types", "stage2_unit_tests", "stage3_static_artifacts_emit"), reads=(handles.LINT_TYPES_STAGE, handles.UNIT_STAGE, handles.REPORTS), writes=(handles.GATE,), always=True, last=True),
)
_phase(8,
    _row(52, "configure_auto_fix_iterations", "Bounds on attempts, time, tokens and cost in one table",
        reads=_CONF, writes=(handles.FIX_BOUNDS,)),
    _row(53, "run_auto_fix_cycle_once", "Gate, lanes, then the fixer under the guard, in a scratch worktree",
        needs=("configure_auto_fix_iterations",), reads=(*_TREE, ".git/", handles.FIX_BOUNDS), writes=(handles.FIX_REPORT, "artifacts/fix/*.patch", "artifacts/fix/work*.md"), effect="host"),
    _row(54, "apply_guarded_patch", "A minimal patch in scope; weakened tests are refused; brought here with --apply",
        needs=("run_auto_fix_cycle_once",), reads=(handles.FIX_BOUNDS, handles.FIX_REPORT), writes=(handles.FIX_JUDGED,), effect="tree"),
    _row(55, "emit_auto_fix_report", "What changed and why, per attempt",
        needs=("run_auto_fix_cycle_once",), reads=(handles.FIX_REPORT,), writes=(handles.FIX_PAGE,), always=True),
    _row(56, "terminate_auto_fix_on_green_or_limit", "One typed reason for stopping",
        needs=("emit_auto_fix_report",), after=("apply_guarded_patch",), reads=(handles.FIX_REPORT,), writes=(handles.FIX_END,), always=True),
)
_phase(9,
    _row(57, "provision_integration_env", "A folder, a git remote and ports for the tests, gone when they end, also on Ctrl-C",
        writes=(handles.INTEGRATION_ENV,), effect="host"),
    _row(58, "run_pytest_integration", "Tests by the marker integration, with coverage of their own",
        needs=("provision_integration_env",), reads=(*_TREE, handles.INTEGRATION_ENV), hints=(handles.INTEGRATION_IMPACT, handles.INTEGRATION_ESCAPES), writes=(handles.INTEGRATION_SELECTION, handles.INTEGRATION_RESULTS, handles.INTEGRATION_TESTS, handles.INTEGRATION_DATA, handles.INTEGRATION_FILES, "artifacts/tests/integration.impact*.json", "artifacts/tests/integration.impact-escape*.json"), effect="host"),
    _row(59, "exercise_adapters_and_endpoints", "git, the file system and endpoints are driven for real",
        needs=("run_pytest_integration",), reads=(*_CONF, "src/**/*.py", "tests/**/*.py", handles.INTEGRATION_SELECTION, handles.INTEGRATION_RESULTS), hints=(handles.INTEGRATION_IMPACT,), writes=(handles.EXERCISED,)),
    _row(60, "collect_integration_artifacts", "Logs, junit and coverage that combines with the unit run",
        needs=("run_pytest_integration",), reads=(*_CONF, *_SRC, handles.INTEGRATION_RESULTS, handles.INTEGRATION_TESTS, handles.INTEGRATION_DATA, "artifacts/integration/files/**/*"), writes=(handles.INTEGRATION_JUNIT, handles.INTEGRATION_COVERAGE, handles.INTEGRATION_REPORTS), always=True),
    _row(61, "gate_on_integration_results", "A required check for pull requests",
        needs=("exercise_adapters_and_endpoints", "collect_integration_artifacts"), reads=(handles.INTEGRATION_SELECTION, handles.INTEGRATION_TESTS, handles.EXERCISED, handles.INTEGRATION_REPORTS), writes=(handles.INTEGRATION_STAGE,), always=True),
)
_phase(10,
    _row(62, "stage_e2e_preconditions", "The project is installed; each mock service starts, answers and stops",
        reads=(*_TREE,), writes=(handles.SERVICES,), effect="host"),
    _row(63, "run_pytest_e2e", "tests/e2e by its marker, against the installed command and the running services",
        needs=("stage_e2e_preconditions",), reads=_TREE, hints=(handles.E2E_IMPACT, handles.E2E_ESCAPES), writes=(handles.E2E_SELECTION, handles.E2E_RESULTS, handles.E2E_TESTS, handles.E2E_DATA, handles.E2E_FILES, "artifacts/tests/e2e.impact*.json", "artifacts/tests/e2e.impact-escape*.json"), effect="host"),
    _row(64, "simulate_quality_workflow", "A scratch clone goes through lint, fix, test and commit",
        reads=(*_TREE, ".git/"), writes=(handles.REHEARSAL,), effect="host"),
    _row(65, "capture_e2e_artifacts", "Logs, junit and screenshots",
        needs=("run_pytest_e2e",), reads=(handles.E2E_RESULTS, "artifacts/e2e/files/**/*"), writes=(handles.E2E_JUNIT, handles.E2E_REPORTS), always=True),
    _row(66, "mark_e2e_required_on_main", "Required on main and nightly, not on pull requests",
        after=("run_pytest_e2e", "simulate_quality_workflow"), reads=(".github/rulesets/*.json", *_CI, *_ANSWERS, handles.E2E_SELECTION, handles.E2E_TESTS, handles.REHEARSAL), writes=(handles.E2E_STAGE,), always=True),
)
_phase(11,
    _row(67, "generate_coverage_xml_html", "Coverage of all layers as XML and HTML, and the budget that counts over several",
        after=("run_pytest_unit_with_coverage", "run_pytest_integration", "run_pytest_e2e"), reads=(*_TEST_CONF, *_PY, handles.UNIT_DATA, handles.INTEGRATION_DATA, handles.E2E_DATA), writes=(handles.ALL_COVERAGE, handles.ALL_BUDGET)),
    _row(68, "publish_local_reports_index", "One self-contained page to triage a run",
        after=("compute_local_ci_exit_code", "gate_on_integration_results", "mark_e2e_required_on_main", "generate_coverage_xml_html"), reads=_EVENTS, writes=(handles.PAGE,), always=True, effect="host"),
    _row(69, "summarize_test_outcomes_for_pr", "Short Markdown for the job summary and the pull request",
        after=("compute_local_ci_exit_code", "gate_on_integration_results", "mark_e2e_required_on_main", "generate_coverage_xml_html"), reads=_EVENTS, writes=(handles.SUMMARY,), always=True, effect="host"),
)
_phase(12,
    _row(70, "commit_fix_with_conventional_message", "Type, scope and subject from the change, checked", writes=(".git/",), effect="tree"),
    _row(71, "push_branch_and_open_pr", "Push and open or update one pull request",
        needs=("commit_fix_with_conventional_message",), reads=("artifacts/reports/*",), effect="network"),
    _row(72, "enforce_branch_protection_rules", "A ruleset file, compared first and applied on request",
        reads=(".github/rulesets/*.json", *_CI, *_ANSWERS, ".git/"), writes=(handles.PROTECTION,), effect="network"),
)
_phase(13,
    _row(73, "ci_job_lint_types", "Fails fast, first", reads=_CI, writes=(handles.evidence("artifacts/ci/lint_types.json"),)),
    _row(74, "ci_job_unit_linux_matrix", "Every supported Python on Linux, other systems by answer, cached by lock hash",
        reads=(*_CI, *_CONF, *_ANSWERS), writes=(handles.evidence("artifacts/ci/unit.json"),)),
    _row(75, "ci_job_integration_linux", "Runs only after unit is green", reads=_CI, writes=(handles.evidence("artifacts/ci/integration.json"),)),
    _row(76, "ci_job_pester_windows_optional", "Pester and PSScriptAnalyzer, only when there is PowerShell",
        reads=("scripts/**/*.ps1", "tests/**/*.ps1", "PSScriptAnalyzerSettings.psd1"), writes=(handles.PESTER_FINDINGS, handles.PESTER_JUNIT, handles.PESTER_RUN), optional=True, effect="host"),
    _row(77, "ci_job_e2e_on_main_nightly", "Main and schedule", reads=(*_CI, *_ANSWERS), writes=(handles.evidence("artifacts/ci/e2e.json"),)),
    _row(78, "ci_publish_artifacts", "Reports uploaded, also on failure, with retention",
        reads=_CI, writes=(handles.evidence("artifacts/ci/artifacts.json"),)),
    _row(79, "ci_codecov_upload_optional", "Coverage trend by answer, tokenless or OIDC",
        reads=(*_CI, *_ANSWERS), writes=(handles.evidence("artifacts/ci/codecov.json"),), optional=True),
    _row(80, "ci_slack_notification_on_failure", "A message that links the failing job; no secret: skipped",
        reads=(*_CI, *_ANSWERS), writes=(handles.evidence("artifacts/ci/slack.json"),), optional=True),
)
_phase(14,
    _row(81, "select_pure_module_for_recording", "Modules ranked by purity, with what disqualifies one",
        reads=_SRC, writes=("artifacts/recording/candidates.json",)),
    _row(82, "author_minimal_driver_script", "tools/record_<module>.py, to be edited",
        needs=("select_pure_module_for_recording",), writes=("tools/",), effect="tree"),
    _row(83, "wrap_driver_with_auger_magic", "The driver records through auger.magic",
        needs=("author_minimal_driver_script",), writes=("tools/",), effect="tree"),
    _row(84, "execute_driver_in_isolated_env", "An environment of its own, not the project's",
        needs=("wrap_driver_with_auger_magic",), writes=("artifacts/recording/raw/",), effect="network"),
    _row(85, "collect_generated_unittest_files", "Under tests/auger/<module>/",
        needs=("execute_driver_in_isolated_env",), reads=("artifacts/recording/raw/*",), writes=("tests/auger/",), effect="tree"),
    _row(86, "curate_and_deduplicate_cases", "Brittle, uncompilable and duplicate cases dropped with a report",
        needs=("collect_generated_unittest_files",), reads=("tests/auger/**/*",), writes=("tests/auger/",), effect="tree"),
    _row(87, "mark_generated_tests_for_selection", "Marker generated",
        needs=("curate_and_deduplicate_cases",), reads=("tests/auger/**/*",), writes=("tests/auger/",), effect="tree"),
    _row(88, "run_pytest_and_commit_curated_tests", "Green, coverage gained and stability; the commit is proposed",
        needs=("mark_generated_tests_for_selection",), reads=("tests/auger/**/*",), writes=("artifacts/recording/report.json",)),
)
_phase(15,
    _row(89, "merge_pr_via_squash_or_merge", "By the repository's policy, only when required checks are green", effect="network"),
    _row(90, "tag_release_if_applicable", "Next version and changelog from conventional commits",
        reads=("CHANGELOG.md",), writes=("CHANGELOG.md", ".git/"), effect="network"),
    _row(91, "delete_feature_branch", "Only when its content is contained in the target", needs=("merge_pr_via_squash_or_merge",), effect="network"),
    _row(92, "sync_local_main_and_dependencies", "Pull with rebase, lock refresh if needed",
        after=("delete_feature_branch",), writes=("uv.lock",), effect="network"),
)
_phase(16,
    _row(93, "enumerate_workflows_from_backlog", "A backlog becomes streams with scope and resources",
        reads=("backlog.*",), writes=("artifacts/streams/streams.json",), effect="network"),
    _row(94, "build_dependency_graph_across_streams", "Explicit and inferred edges, each with its reason",
        needs=("enumerate_workflows_from_backlog",), reads=("artifacts/streams/streams.json",), writes=("artifacts/streams/graph.json",)),
    _row(95, "detect_conflicts_and_overlaps", "File scope, API and schema, resources",
        needs=("build_dependency_graph_across_streams",), reads=("artifacts/streams/graph.json",), writes=("artifacts/streams/conflicts.json",)),
    _row(96, "score_parallelization_opportunities", "A documented, reproducible score",
        needs=("detect_conflicts_and_overlaps",), reads=("artifacts/streams/conflicts.json",), writes=("artifacts/streams/scores.json",)),
    _row(97, "form_parallel_execution_clusters", "Safe groups with a worktree, ports and env each",
        needs=("score_parallelization_opportunities",), reads=("artifacts/streams/scores.json",), writes=("artifacts/streams/clusters.json",)),
    _row(98, "schedule_clustered_execution_levels", "Topological levels, parallel within each",
        needs=("form_parallel_execution_clusters",), reads=("artifacts/streams/clusters.json",), writes=("artifacts/streams/plan.json",)),
    _row(99, "instrument_real_time_monitoring", "Progress, quality and cost per stream",
        needs=("schedule_clustered_execution_levels",), reads=("artifacts/streams/plan.json",), writes=("artifacts/streams/monitor.html",), effect="host"),
    _row(100, "enact_dynamic_adjustments_or_rollback", "A failing stream is isolated, the rest re-planned",
        needs=("instrument_real_time_monitoring",), reads=("artifacts/streams/plan.json",), writes=("artifacts/streams/replan.json",), effect="tree"),
)
_phase(17,
    _row(101, "manage_env_and_secrets_safely", ".env.example complete, .env ignored, only declared secrets",
        reads=(*_CONF, *_CI, ".github/workflows/*.yaml", ".env.example", ".gitignore", ".git/", "src/**/*.py", "tests/**/*.py", "scripts/**/*", "Taskfile.yml", "Dockerfile", "*compose*.yml", "*compose*.yaml"), writes=(handles.evidence("artifacts/security/env.json"),), effect="host"),
    _row(102, "run_security_linters_and_scans", "bandit, a dependency audit and a secret scan",
        reads=_TREE, writes=("artifacts/findings/security.json",), effect="network"),
    _row(103, "enforce_artifact_privacy_and_retention", "No secret under artifacts/; old runs removed by age and size",
        after=("run_security_linters_and_scans",), reads=(*_CONF, *_CI, ".github/workflows/*.yaml", ".env", ".env.example", "artifacts/**/*"), writes=(handles.RETENTION,), effect="host"),
    _row(104, "audit_logging_for_tooling_and_ci", "Who ran what, when and where; tampering is detectable",
        reads=(*_EVENTS, "artifacts/audit*.jsonl", ".git/"), writes=(handles.evidence("artifacts/security/audit.json"),), effect="host"),
)
_phase(18,
    _row(105, "classify_pipeline_failures", "static, unit, integration, e2e or infra, with the reason",
        after=("compute_local_ci_exit_code", "gate_on_integration_results", "mark_e2e_required_on_main"), reads=(*_EVENTS, "artifacts/runs/*/*", "tests/**/*.py"), writes=(handles.FAILURES,), always=True, effect="host"),
    _row(106, "surface_actionable_diagnostics", "File and line, log, diff and a command that reproduces it",
        needs=("classify_pipeline_failures",), reads=(handles.FAILURES,), writes=(handles.DIAGNOSTICS,), always=True, effect="host"),
    _row(107, "implement_checkpoint_and_retry_policies", "Continue from the last good atom; flaky tests re-run with bounds",
        after=("classify_pipeline_failures",), reads=(*_EVENTS, "artifacts/runs/*/*"), writes=(handles.CHECKPOINT,), always=True, effect="host"),
    _row(108, "support_manual_override_and_escalation", "An override needs a reason and an expiry",
        reads=(*_CONF, *_ANSWERS, "docs/playbooks/*.md"), writes=(handles.OVERRIDES,), effect="host"),
)
_phase(19,
    _row(109, "cache_dependencies_effectively", "Keys from os, python and lock hash; a second CI run hits",
        reads=(*_CI, "uv.lock", "requirements/*"), writes=(handles.evidence("artifacts/performance/cache.json"),)),
    _row(110, "shard_and_parallelize_tests_where_safe", "Balanced shards whose union is the whole suite, slow tests off pull requests",
        reads=_TREE, hints=(handles.DURATIONS,), writes=(handles.SHARDS,), effect="host"),
    _row(111, "watch_ci_duration_and_flakiness", "Trends over past runs; alert beyond noise",
        reads=("artifacts/performance/history.json*",), writes=(handles.TRENDS, handles.TRENDS_PAGE), effect="host"),
)
_phase(20,
    _row(112, "precommit_hooks_clean", "The hooks pass on all files", reads=_COMMIT, writes=(handles.answer("artifacts/done/hooks.json"),), effect="host"),
    _row(113, "local_ci_green", "The local gate is green for this commit",
        after=("compute_local_ci_exit_code",), reads=(*_COMMIT, handles.GATE, handles.UNIT_TESTS), writes=(handles.answer("artifacts/done/local_ci.json"),), effect="host"),
    _row(114, "unit_coverage_meets_threshold", "The coverage budget is met for this commit",
        after=("enforce_coverage_budget",), reads=(*_COMMIT, handles.BUDGET), writes=(handles.answer("artifacts/done/coverage.json"),), effect="host"),
    _row(115, "integration_pass_for_affected_areas", "Adapters and endpoints pass when touched",
        after=("gate_on_integration_results",), reads=(*_COMMIT, handles.INTEGRATION_STAGE), writes=(handles.answer("artifacts/done/integration.json"),), effect="host"),
    _row(116, "e2e_pass_on_main_if_critical_path", "By branch policy",
        after=("mark_e2e_required_on_main",), reads=(*_COMMIT, handles.E2E_STAGE), writes=(handles.answer("artifacts/done/e2e.json"),), effect="host"),
    _row(117, "artifacts_uploaded_and_linked", "junit, coverage and htmlcov are in CI", reads=_COMMIT, writes=(handles.answer("artifacts/done/artifacts.json"),), effect="network"),
    _row(118, "pr_checks_green_and_approved", "Required reviewers and checks", reads=_COMMIT, writes=(handles.answer("artifacts/done/pull_request.json"),), effect="network"),
)
# fmt: on

ATOMS: tuple[Atom, ...] = tuple(_ROWS)
ARTIFACTS: Mapping[str, Artifact[Any]] = _ARTIFACTS
"""What atoms write, by its path."""
_BY_NAME = {row.name: row for row in ATOMS}


def _of(*phases: int) -> tuple[str, ...]:
    """The names of all atoms of some phases."""
    return tuple(row.name for row in ATOMS if row.phase in phases)


PIPELINES: tuple[Pipeline, ...] = (
    Pipeline("bootstrap", "Machine, environment, lock, git and hooks", (*_of(0), "create_precommit_config")),
    Pipeline("triage", "Lint, format and types, classified", _of(4)),
    Pipeline(
        "lint_types",
        "The gate's first stage, as the CI job runs it",
        ("stage1_lint_types", "stage3_static_artifacts_emit"),
    ),
    Pipeline(
        "unit",
        "The gate's second stage, as the CI job runs it",
        ("export_junit_and_coverage_artifacts", "stage2_unit_tests", "stage3_static_artifacts_emit"),
    ),
    Pipeline(
        "local_ci",
        "The whole local gate",
        (
            "export_junit_and_coverage_artifacts",
            "stage1_lint_types",
            "stage2_unit_tests",
            "stage3_static_artifacts_emit",
            "compute_local_ci_exit_code",
        ),
    ),
    Pipeline("guard", "A guarded AI editing session", _of(2, 3)),
    Pipeline("autofix", "The bounded fix loop", _of(8)),
    Pipeline("integration", "Integration tests", _of(9)),
    Pipeline("e2e", "End-to-end tests", _of(10)),
    Pipeline("reports", "Page, Markdown and coverage of a run", _of(11)),
    Pipeline("pull_request", "Commit, push and open a pull request", _of(12)),
    Pipeline("pester", "PowerShell: PSScriptAnalyzer and Pester", ("ci_job_pester_windows_optional",)),
    Pipeline("recording", "Recorded tests with auger", _of(14)),
    Pipeline("release", "Merge, tag and clean up", _of(15)),
    Pipeline("streams", "Parallel workstreams", _of(16)),
    Pipeline("security", "Secrets, scans, retention and audit", _of(17)),
    Pipeline(
        "diagnostics",
        "What went wrong in the last run, and how to see it again",
        (
            "classify_pipeline_failures",
            "surface_actionable_diagnostics",
            "implement_checkpoint_and_retry_policies",
        ),
    ),
    Pipeline("done", "The definition of done", _of(20)),
)


def atom(name: str) -> Atom:
    """The built-in atom of that name; raises KeyError."""
    return _BY_NAME[name]
