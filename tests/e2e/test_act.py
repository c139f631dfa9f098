"""The workflows of rendered projects, run for real by act: which jobs run, what turns the roll-up red."""

import hashlib
import itertools
import json
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from nightly import NIGHTLY
from once import Once

from .act import PAYLOADS, REPOSITORY, Run, act
from .conftest import Shell, environment
from .pythons import baseline
from .test_ways_in import BROKEN

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="act's self-hosted mode")

STAND_INS = Path(__file__).parent / "stand_ins"
HOOK = "https://hooks.slack.example/services/T0/B0/not-to-be-seen"
# The workflows differ by these answers; the other choices change no job.
SETS: dict[str, dict[str, Any]] = {
    "library": {},
    "cli": {"kind": "cli", "licence": "Proprietary", "integrations": []},
    "service": {
        "kind": "service",
        "integrations": [
            "vscode",
            "powershell",
            "devcontainer",
            "docker",
            "codecov",
            "slack",
            "docs",
            "recording",
        ],
        "systems": ["windows", "macos"],
        "checks": ["bandit", "audit", "zizmor", "lowest"],
    },
    "pip-tools": {"kind": "cli", "dependency_manager": "pip-tools"},
    "pip-tools-proprietary": {"dependency_manager": "pip-tools", "licence": "Proprietary"},
}
# With real tools one set goes through all of CI; the others run the same commands, and by night they are run.
REAL = [
    ("library", "push"),
    *(
        [
            *itertools.product(["library", "cli", "service"], ["pull_request"]),
            ("cli", "push"),
            ("service", "push"),
            ("pip-tools", "push"),  # each job makes its environment anew, so once
        ]
        if NIGHTLY
        else []
    ),
]
# No job on stand-ins needs a lock, and pip-tools takes minutes to make one; a release needs that of what builds.
UNLOCKED = {"pip-tools-proprietary", *(() if NIGHTLY else ("pip-tools",))}
# By day each kind of licence once; pip-tools takes half a minute to lock what builds.
RELEASED = list(SETS) if NIGHTLY else ["library", "cli"]
# Which jobs run for which event, where all is green. A job that isn't here is skipped.
ON_REQUEST = {"lint_types", "unit", "integration", "required"}
EVENTS = {
    "pull_request": ON_REQUEST,
    "merge_group": ON_REQUEST,
    "push": ON_REQUEST | {"e2e"},
    "schedule": ON_REQUEST | {"e2e"},
    "workflow_dispatch": ON_REQUEST | {"e2e"},
}
# What a job doesn't run without.
NEEDS = {
    "lint_types": set(),
    "unit": {"lint_types"},
    "integration": {"lint_types", "unit"},
    "lowest": {"lint_types"},
    "pester": {"lint_types"},
    "e2e": {"lint_types", "unit", "integration"},
}
Make = Callable[[str], Shell]


def jobs_of(name: str, event: str) -> set[str]:
    more = {"powershell": "pester", "lowest": "lowest"}
    asked = {*SETS[name].get("integrations", ()), *SETS[name].get("checks", ())}
    return EVENTS[event] | {more[answer] for answer in asked & more.keys()}


def unit_legs(name: str, versions: list[str], pythons: dict[str, Path]) -> dict[str, str]:
    """The runs of the unit tests as act calls them, with the folders of what they upload."""
    if "systems" not in SETS[name]:
        return {f"unit {version}": f"unit-py{version}" for version in versions}
    ran = [(version, "ubuntu-24.04") for version in versions]
    ran += [(baseline(pythons), system) for system in ("windows-2025", "macos-15")]
    return {f"unit {version} {system}": f"unit-py{version}-{system}" for version, system in ran}


@pytest.fixture(scope="session")
def made_for(
    atomci: Shell, home: Path, pythons: dict[str, Path], once: Once
) -> Callable[[str], tuple[Path, dict[str, str]]]:
    """A project with its lock in git, and variables by which its jobs need no network; made once."""
    oldest = next(iter(pythons))
    path = pythons[baseline(pythons)]

    def lay_out(name: str, project: Shell) -> None:
        answers = {"python_min": oldest, **SETS[name]}
        words = [
            f"-d{key}={value if isinstance(value, str) else json.dumps(value)}"
            for key, value in answers.items()
        ]
        folder = str(project.folder)
        atomci.ok("uv", "run", "atomci", "new", folder, "--defaults", "--no-bootstrap", *words)
        prepare(name, project, pythons)
        project.ok("git", "init", "--quiet", "--initial-branch=main")
        project.ok("git", "add", "--all")
        project.ok("git", "commit", "--quiet", "-m", "one")

    def make(name: str) -> tuple[Path, dict[str, str]]:
        env = environment(home, UV_PYTHON=str(path), PYTHON=str(path))
        base = once(f"act-{name}", lambda base: lay_out(name, Shell(base / "my-project", env)))
        project = Shell(base / "my-project", env)
        return project.folder, offline(project)

    return make


def prepare(name: str, project: Shell, pythons: dict[str, Path]) -> None:
    """Lock the project and fill what the caches of the setup actions hold on a second run."""
    downloads = project.folder.parent / "downloads"
    if not of_pip_tools(project):
        if not (NIGHTLY or (name, "push") in REAL or name in RELEASED):
            project.ok("uv", "lock", "--quiet")  # no tool of it is run
            return
        for version in pythons if NIGHTLY else [baseline(pythons)]:
            environment_of = str(downloads / version)
            project.ok(
                "uv", "sync", "-q", UV_PYTHON=str(pythons[version]), UV_PROJECT_ENVIRONMENT=environment_of
            )
        if "lowest" in SETS[name].get("checks", ()):
            oldest = f"--python={downloads / next(iter(pythons))}"
            words = ("--resolution=lowest-direct", "--upgrade", "--editable", ".")
            project.ok("uv", "pip", "install", "-q", oldest, *words)
        return
    wanted = ["pip", "pip-tools"]
    if name in UNLOCKED and name in RELEASED:
        source = project.folder / "requirements/dev.in"
        lines = source.read_text(encoding="utf-8").splitlines()
        built_by = [line for line in lines if re.match(r"(build|editables|hatchling|pip-tools)\b", line)]
        source.write_text("\n".join(built_by) + "\n", encoding="utf-8")
    if name not in UNLOCKED or name in RELEASED:
        project.ok("sh", "scripts/in_venv.sh", "--lock")
        lines = (project.folder / "requirements/dev.txt").read_text(encoding="utf-8").splitlines()
        wanted += [line for line in lines if re.match(r"[\w.-]+(\[.*\])?==", line)]
    else:
        return
    project.ok(".venv/bin/python", "-m", "pip", "download", "-q", "-d", str(downloads), *wanted)


def offline(project: Shell) -> dict[str, str]:
    """The variables by which its jobs find what was put aside."""
    if not of_pip_tools(project):
        return {"UV_CACHE_DIR": project.ok("uv", "cache", "dir").strip()}
    downloads = str(project.folder.parent / "downloads")
    return {"PIP_FIND_LINKS": downloads, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_COMPILE": "1"}


def of_pip_tools(project: Shell) -> bool:
    return (project.folder / "requirements").is_dir()


@pytest.fixture
def run(
    made_for: Callable[[str], tuple[Path, dict[str, str]]],
    home: Path,
    pythons: dict[str, Path],
    tmp_path: Path,
) -> Callable[..., Run]:
    """Clones the project of a set, edits it and runs an event there: `run("cli", "push", edit)`."""
    numbers = itertools.count()

    def go(
        name: str,
        event: str,
        *words: str,
        edit: Callable[[Path], None] | None = None,
        merged: bool = True,
        programs: tuple[Path, ...] = (STAND_INS,),
        **options: Any,
    ) -> Run:
        root, env = made_for(name)
        folder = tmp_path / str(next(numbers))
        shell = Shell(folder / "my-project", environment(home))
        Shell(tmp_path, shell.env).ok("git", "clone", "--quiet", str(root), str(shell.folder))
        # act asks the remote what the repository is called; nobody connects to it.
        shell.ok("git", "remote", "set-url", "origin", f"https://github.com/{REPOSITORY}.git")
        if edit:
            edit(shell.folder)
            shell.ok("git", "add", "--all")
            shell.ok("git", "commit", "--quiet", "-m", "edited")
            if merged:
                shell.ok("git", "update-ref", "refs/remotes/origin/main", "HEAD")
        folders = (*programs, next(iter(pythons.values())).parent)
        return act(shell, folder / "act", event, *words, programs=folders, **env, **options)

    return go


def legs(versions: list[str]) -> list[str]:
    """act's words that leave these legs of the matrix."""
    return [f"--matrix=python:{version}" for version in versions]


# --- Which jobs run ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "event"), REAL)
def test_ci_is_green_on_a_good_tree(
    name: str, event: str, run: Callable[..., Run], pythons: dict[str, Path]
) -> None:
    # The matrix in full by night; by day with commands that do nothing, below, and a project on the newest Python.
    versions = list(pythons) if NIGHTLY and name in {"library", "service"} else [baseline(pythons)]
    ended = run(name, event, *legs(versions))
    assert ended.code == 0, ended.said
    assert ended.jobs("success") == {job.split()[0] for job in ended.results}, ended.said
    assert ended.jobs("success") == jobs_of(name, event), ended.said
    units = unit_legs(name, versions, pythons)
    assert {job for job in ended.results if job.startswith("unit ")} == units.keys()
    for job in jobs_of(name, event) - {"required"}:
        for folder in units.values() if job == "unit" else [job]:
            assert list((ended.artifacts / folder).rglob("*.json")), folder
    reports = dict.fromkeys(units.values(), "coverage.xml") | {"integration": "integration.xml"}
    for folder, report in reports.items():
        assert (ended.artifacts / folder / "reports" / report).is_file(), report
    sent = {path.stem for path in ended.records.glob("codecov-*")}
    assert sent == ({f"codecov-{baseline(pythons)}"} if name == "service" else set())


@pytest.fixture
def instant(tmp_path: Path) -> Path:
    """Programs in whose place all is green at once, but for the job or the tool that RED names."""
    folder = tmp_path / "instant"
    folder.mkdir()
    text = (
        "#!/bin/sh\nmkdir -p artifacts/reports\necho '<coverage />' > artifacts/reports/coverage.xml\n"
        'case " $* " in\n*" atomci run "*) test "$GITHUB_JOB" != "${RED:-}" ;;\n*" ${RED:-/} "*) exit 1 ;;\nesac\n'
    )
    for name in ("uv", "in_venv.sh"):
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o755)
    return folder


def without_work(instant: Path) -> Callable[[Path], None]:
    """pip-tools projects bring the script that their jobs call."""

    def edit(root: Path) -> None:
        (root / "edited.txt").write_text("so that there is something to commit\n", encoding="utf-8")
        if (root / "scripts/in_venv.sh").is_file():
            shutil.copy(instant / "in_venv.sh", root / "scripts/in_venv.sh")
            lock = root / "requirements/dev.txt"  # the cache's key is made from it
            lock.write_text("# no tool is needed\n", encoding="utf-8")

    return edit


# The workflow of a command is that of a library, that of a service has one more job, and that of pip-tools has
# other commands, but no other conditions: the tests of the golden trees hold all of this.
@pytest.mark.parametrize("name", ["library", "service", "pip-tools", *(["cli"] if NIGHTLY else [])])
def test_each_event_has_its_jobs(
    name: str, run: Callable[..., Run], instant: Path, pythons: dict[str, Path]
) -> None:
    for event in EVENTS if name == "service" or NIGHTLY else ("pull_request", "push"):
        ended = run(
            name, event, *legs(list(pythons)), edit=without_work(instant), programs=(instant, STAND_INS)
        )
        assert ended.code == 0, (event, ended.said)
        units = unit_legs(name, list(pythons), pythons)
        assert {job for job in ended.results if job.startswith("unit ")} == units.keys()
        assert ended.jobs("success") == jobs_of(name, event), (event, ended.said)
        assert ended.jobs("failure") == set()


# --- What turns it red -------------------------------------------------------------------------------


def failing_test(layer: str) -> Callable[[Path], None]:
    def edit(root: Path) -> None:
        text = "def test_sum() -> None:\n    assert 1 + 1 == 3\n"
        (root / f"tests/{layer}/test_broken.py").write_text(text, encoding="utf-8")

    return edit


def lose_the_exit_code(root: Path) -> None:
    script = root / "scripts/local_ci.ps1"
    text = script.read_text(encoding="utf-8")
    script.write_text(text.replace("exit $code\n", ""), encoding="utf-8")


# By job: what breaks it and nothing else, and what its log says.
RED: dict[str, tuple[Callable[[Path], None], str]] = {
    "lint_types": BROKEN["lint"],
    "unit": BROKEN["test"],
    "integration": (failing_test("integration"), r"tests/integration/test_broken\.py:2:1: error: assert"),
    "pester": (lose_the_exit_code, r"tests/scripts/local_ci\.Tests\.ps1:\d+:\d+: error: Expected"),
    "e2e": (failing_test("e2e"), r"tests/e2e/test_broken\.py:2:1: error: assert"),
}


def ended_as_they_should(ended: Run, job: str, event: str, name: str) -> None:
    """With one job red: it and the roll-up are, what needs it is skipped, the rest is green."""
    jobs = jobs_of(name, event)
    assert ended.code != 0, ended.said
    assert ended.jobs("failure") == {job, "required"}, ended.said
    wanted = {other for other in jobs - {job, "required"} if job not in NEEDS[other]}
    told = {"notify"} if name == "service" and event != "pull_request" else set()
    assert ended.jobs("success") == wanted | told, ended.said


@pytest.mark.parametrize("job", RED if NIGHTLY else ["lint_types"])
def test_a_red_job_makes_the_roll_up_red(job: str, run: Callable[..., Run], pythons: dict[str, Path]) -> None:
    edit, finding = RED[job]
    name = "service" if job == "pester" else "library"
    ended = run(name, "push", *legs([baseline(pythons)]), edit=edit)
    ended_as_they_should(ended, job, "push", name)
    assert re.search(finding, ended.said), ended.said


# The jobs of a service are those of every kind, and one more.
@pytest.mark.parametrize("name", ["service", *(["library"] if NIGHTLY else [])])
def test_each_job_turns_each_event_red(
    name: str, run: Callable[..., Run], instant: Path, pythons: dict[str, Path]
) -> None:
    words = legs([baseline(pythons)])
    for event in ("pull_request", "schedule"):
        for job in jobs_of(name, event) - {"required"}:
            programs = (instant, STAND_INS)
            ended = run(name, event, *words, edit=without_work(instant), programs=programs, RED=job)
            ended_as_they_should(ended, job, event, name)


@pytest.mark.parametrize("tool", ["bandit", "zizmor"])
def test_what_the_first_job_looks_for_besides_makes_it_red(
    tool: str, run: Callable[..., Run], instant: Path, pythons: dict[str, Path]
) -> None:
    words, programs = legs([baseline(pythons)]), (instant, STAND_INS)
    ended = run("service", "push", *words, edit=without_work(instant), programs=programs, RED=tool)
    ended_as_they_should(ended, "lint_types", "push", "service")
    assert ended.steps["lint_types", "Lint, format and types"] == "success"


@pytest.mark.parametrize("name", ["service", "pip-tools"])
@pytest.mark.parametrize("red", [False, True])
def test_an_audit_is_as_green_as_what_looks(
    red: bool, name: str, run: Callable[..., Run], instant: Path
) -> None:
    programs = (instant, STAND_INS)
    env = {"RED": "pip-audit" if name == "pip-tools" else "audit"} if red else {}
    ended = run(name, "schedule", workflow="audit", edit=without_work(instant), programs=programs, **env)
    assert ended.results == {"audit": "failure" if red else "success"}, ended.said


@pytest.mark.parametrize("name", ["library", "service"])
def test_the_roll_up_is_green_for_nothing_but_success(name: str, made_for: Callable[[str], Any]) -> None:
    """Its own script, with every result that GitHub knows in the place of each job's."""
    root, _ = made_for(name)
    workflow = yaml.safe_load((root / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    job = workflow["jobs"]["required"]
    (step,) = job["steps"]
    asked = re.findall(r"needs\.(\w+)\.result", step["env"]["RESULTS"])
    assert job["needs"] == [*asked, "e2e"]
    assert {*asked, "e2e", "required"} == jobs_of(name, "push")
    results = ("success", "failure", "cancelled", "skipped", "")
    for place, result, e2e, wanted in itertools.product(
        range(len(asked)), results, results, ("success", "skipped")
    ):
        given = ["success"] * len(asked)
        given[place] = result
        env = {"RESULTS": " ".join(given), "E2E": e2e, "E2E_WANTED": wanted}
        done = subprocess.run(["bash", "-e", "-c", step["run"]], env=env, check=False)
        assert (done.returncode == 0) == (result == "success" and e2e == wanted), env


# --- Codecov and Slack -------------------------------------------------------------------------------


@pytest.mark.parametrize("fork", [False, True])
def test_codecov_is_sent_the_report_without_a_token(
    fork: bool, run: Callable[..., Run], instant: Path, pythons: dict[str, Path]
) -> None:
    payload = json.loads(json.dumps(PAYLOADS["pull_request"]))
    payload["pull_request"]["head"]["repo"]["fork"] = fork
    programs, edit = (instant, STAND_INS), without_work(instant)
    ended = run(
        "service", "pull_request", *legs(list(pythons)), edit=edit, programs=programs, payload=payload
    )
    assert ended.code == 0, ended.said
    assert ended.said.count("Run Main Send the coverage to Codecov") == 1, "one report of all legs"
    (sent,) = [path.name for path in ended.records.glob("codecov-*")]
    assert sent == f"codecov-{baseline(pythons)}.json"
    assert ended.record(f"codecov-{baseline(pythons)}") == {
        "files": "artifacts/reports/coverage.xml",
        "use_oidc": not fork,
    }


@pytest.mark.parametrize(
    ("event", "secret", "red"),
    [
        ("push", True, True),
        ("push", False, True),
        ("schedule", True, True),
        ("pull_request", True, True),
        ("push", True, False),
    ],
)
def test_slack_hears_of_a_red_run_when_there_is_a_secret(
    event: str, secret: bool, red: bool, run: Callable[..., Run], instant: Path, pythons: dict[str, Path]
) -> None:
    words = [*legs([baseline(pythons)]), *([f"--secret=SLACK_WEBHOOK_URL={HOOK}"] if secret else [])]
    env = {"RED": "unit"} if red else {}
    ended = run("service", event, *words, edit=without_work(instant), programs=(instant, STAND_INS), **env)
    assert (ended.code != 0) == red, ended.said
    assert ("notify" in ended.results) == (red and event != "pull_request")
    assert ended.results.get("notify") != "failure"
    sends = secret and red and event != "pull_request"
    assert (("notify", "Link the run") in ended.steps) == sends, ended.said
    assert "not-to-be-seen" not in ended.said
    assert "hooks.slack" not in ended.said
    assert ("Main Link the run" in ended.said) == sends
    sent = ended.record("slack")
    assert (sent is not None) == sends
    if sends:
        webhook, payload = sent
        assert webhook == HOOK
        text = yaml.safe_load(payload)["text"]
        assert text == f"CI of {REPOSITORY} failed: https://github.com/{REPOSITORY}/actions/runs/1"


# --- Releases ----------------------------------------------------------------------------------------

TAG = {"ref": "refs/tags/v0.1.0"}


@pytest.mark.parametrize("name", RELEASED)
def test_a_tag_builds_attests_publishes_and_releases(name: str, run: Callable[..., Run]) -> None:
    ended = run(name, "push", "--secret=GITHUB_TOKEN=not-a-token", workflow="release", payload=TAG)
    assert ended.code == 0, ended.said
    public = SETS[name].get("licence") != "Proprietary"
    jobs = {"build", "attest", "github"} | ({"publish"} if public else set())
    assert ended.jobs("success") == set(ended.results) == jobs, ended.said
    wheel, sdist = "my_project-0.1.0-py3-none-any.whl", "my_project-0.1.0.tar.gz"
    built = {path.name: path for path in (ended.artifacts / "dist").iterdir() if path.name != ".gitignore"}
    assert set(built) == {wheel, sdist}
    with zipfile.ZipFile(built[wheel]) as archive, tarfile.open(built[sdist]) as source:
        assert "my_project/__init__.py" in archive.namelist()
        assert "my_project-0.1.0/pyproject.toml" in source.getnames()
    digests = {f"dist/{name}": hashlib.sha256(path.read_bytes()).hexdigest() for name, path in built.items()}
    assert ended.record("attested") == digests
    assert ended.record("published") == (digests if public else None)
    said = (ended.records / "gh.txt").read_text(encoding="utf-8").splitlines()
    assert said == [
        *(REPOSITORY, "release", "create", "v0.1.0"),
        *(f"dist/{wheel}", f"dist/{sdist}", "--generate-notes", "--verify-tag"),
    ]


@pytest.mark.parametrize("name", ["library", "pip-tools"])
def test_a_tag_that_is_not_the_version_publishes_nothing(name: str, run: Callable[..., Run]) -> None:
    other = {"ref": "refs/tags/v0.2.0"}
    ended = run(name, "push", "--secret=GITHUB_TOKEN=x", workflow="release", payload=other)
    assert ended.results == {"build": "failure"}, ended.said
    assert ended.steps["build", "The tag is the version"] == "failure", ended.said
    assert list(ended.records.iterdir()) == []


@pytest.mark.parametrize(
    ("merged", "step"),
    [(True, "Build the sdist and the wheel"), (False, "The tag is on the default branch")],
)
def test_a_build_that_fails_publishes_nothing(merged: bool, step: str, run: Callable[..., Run]) -> None:
    def edit(root: Path) -> None:
        (root / "README.md").unlink()

    tag: dict[str, Any] = {"workflow": "release", "payload": TAG, "edit": edit, "merged": merged}
    ended = run("library", "push", "--secret=GITHUB_TOKEN=x", **tag)
    assert ended.code != 0
    assert ended.results == {"build": "failure"}, ended.said
    assert ended.steps["build", step] == "failure", ended.said
    assert list(ended.records.iterdir()) == []
