"""The rendered template-update.yml, run for real by act: real uv, git and gh, against a GitHub of our own."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_github import HOST, TOKEN, GitHub, Repo, serving
from nightly import NIGHTLY

from .act import Run, act
from .conftest import Shell, environment
from .pythons import lay_out

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="act's self-hosted mode")

BRANCH = "atomci/template-update"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
README = "template/README.md.jinja"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[GitHub]:
    """A GitHub with the empty private repository o/r."""
    bare = tmp_path / "hub" / "r.git"
    bare.mkdir(parents=True)
    with serving(GitHub({"o/r": Repo(bare=bare)})) as running:
        yield running


@pytest.fixture
def template(checkout: Path, home: Path, tmp_path: Path) -> Shell:
    """Our template with the release v1.0.0."""
    shell = Shell(tmp_path / "template", environment(home))
    Shell(tmp_path, shell.env).ok("git", "clone", "--quiet", str(checkout), "template")
    shell.ok("git", "tag", "v1.0.0")
    return shell


@pytest.fixture
def rendered(template: Shell, hub: GitHub, home: Path, tmp_path: Path) -> Shell:
    """A project of v1.0.0, locked and pushed."""
    shell = copied(template, hub, home, tmp_path)
    shell.ok("uv", "lock", "--quiet")
    publish(shell, hub)
    return shell


@pytest.fixture
def with_pip_tools(template: Shell, hub: GitHub, home: Path, tmp_path: Path) -> Shell:
    """The same for pip-tools, developed with little, since the workflow installs all of it twice."""
    answers = ("dependency_manager=pip-tools", f"python_min={PYTHON}")
    shell = copied(template, hub, home, tmp_path, *answers)
    source = shell.folder / "requirements/dev.in"
    lines = source.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if re.match(r"atomci |editables|hatchling|pip-tools|#|$", line)]
    source.write_text("".join(kept), encoding="utf-8")
    # uv writes the same pins in a second; the workflow then locks with pip-tools.
    locks = ("--output-file", "requirements/dev.txt", "pyproject.toml", "requirements/dev.in")
    shell.ok("uv", "pip", "compile", "--quiet", *locks)
    publish(shell, hub)
    return shell


def copied(template: Shell, hub: GitHub, home: Path, tmp_path: Path, *answers: str) -> Shell:
    """What v1.0.0 renders with answers, in a shell that knows our GitHub."""
    folder = tmp_path / "my-project"
    quicker = {"UV_PYTHON": sys.executable, "PIP_NO_COMPILE": "1"}
    shell = Shell(folder, environment(home, **{**quicker, **hub.env, "GH_TOKEN": ""}))
    words = ("copier", "copy", "--defaults", "--quiet", "--vcs-ref", "v1.0.0")
    given = [f"--data={answer}" for answer in answers]
    Shell(tmp_path, shell.env).ok(*words, *given, str(template.folder), str(folder))
    return shell


def publish(shell: Shell, hub: GitHub) -> None:
    """Commit and push it."""
    bare = hub.repos["o/r"].bare
    assert bare is not None
    Shell(bare, shell.env).ok("git", "init", "--quiet", "--bare", "--initial-branch=main")
    shell.ok("git", "init", "--quiet", "--initial-branch=main")
    # gh's credential helper is for https alone, and this GitHub has none.
    shell.ok("git", "remote", "add", "origin", f"http://x:{TOKEN}@{HOST}/o/r.git")
    commit(shell)


def commit(project: Shell) -> None:
    project.ok("git", "add", "--all")
    project.ok("git", "commit", "--quiet", "--message", "change")
    project.ok("git", "push", "--quiet", "origin", "main")


def release(template: Shell, tag: str, old: str, new: str) -> None:
    path = template.folder / README
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    template.ok("git", "commit", "--quiet", "--all", "--message", tag)
    template.ok("git", "tag", tag)


def workflow(project: Shell, hub: GitHub, folder: Path, token: str = "") -> Run:
    """The run; gh has no token but the secret's. Locking takes the network."""
    open_network = {"HTTPS_PROXY": "", "https_proxy": "", "UV_OFFLINE": "false", "PIP_NO_INDEX": ""}
    programs = folder.with_name(f"{folder.name}-programs")
    programs.mkdir()
    lay_out(programs)
    env = {name: value for name, value in hub.env.items() if name != "GH_TOKEN"}
    return act(
        project,
        folder,
        "workflow_dispatch",
        *([f"--secret=TEMPLATE_UPDATE_TOKEN={token}"] if token else []),
        workflow="template-update",
        programs=(programs,),
        UV_CACHE_DIR=project.ok("uv", "cache", "dir").strip(),
        **env,
        **open_network,
    )


def test_with_the_token_a_newer_version_becomes_a_pull_request_with_its_lock(
    template: Shell, rendered: Shell, hub: GitHub, tmp_path: Path
) -> None:
    release(template, "v2.0.0", "# {{ project_name }}", "# The {{ project_name }}")

    ended = workflow(rendered, hub, tmp_path / "first", TOKEN)

    assert ended.code == 0, ended.said
    (pull,) = hub.repos["o/r"].pulls
    assert (pull["draft"], pull["head"]["ref"], pull["base"]["ref"]) == (False, BRANCH, "main")
    rendered.ok("git", "fetch", "--quiet", "origin", BRANCH)
    rendered.ok("git", "switch", "--quiet", "--detach", "FETCH_HEAD")
    assert (rendered.folder / "README.md").read_text(encoding="utf-8").startswith("# The ")
    # What CI does first: with a lock that isn't that of pyproject.toml this fails.
    rendered.ok("uv", "lock", "--check", "--quiet")
    assert "tag=v2.0.0" in (rendered.folder / "uv.lock").read_text(encoding="utf-8")
    rendered.ok("uv", "run", "--locked", "--quiet", "atomci", "status", "--offline")
    assert "github-actions[bot]" in rendered.ok("git", "log", "-1", "--format=%an")

    rendered.ok("git", "switch", "--quiet", "main")
    hub.requests.clear()
    ended = workflow(rendered, hub, tmp_path / "second", TOKEN)
    assert (ended.code, hub.writes) == (0, []), ended.said


@pytest.mark.skipif(
    not NIGHTLY, reason="a minute; by day the lock's commands are those of test_template_gate.py"
)
def test_with_pip_tools_the_pull_request_has_its_lock_as_well(
    template: Shell, with_pip_tools: Shell, hub: GitHub, tmp_path: Path
) -> None:
    release(template, "v2.0.0", "# {{ project_name }}", "# The {{ project_name }}")

    ended = workflow(with_pip_tools, hub, tmp_path / "first", TOKEN)

    assert ended.code == 0, ended.said
    (pull,) = hub.repos["o/r"].pulls
    assert (pull["draft"], pull["head"]["ref"], pull["base"]["ref"]) == (False, BRANCH, "main")
    with_pip_tools.ok("git", "fetch", "--quiet", "origin", BRANCH)
    changed = with_pip_tools.ok("git", "diff", "--name-only", "main", "FETCH_HEAD").splitlines()
    locks = ["requirements/dev.in", "requirements/dev.txt"]
    assert changed == [".atomci/lock.json", ".copier-answers.yml", "README.md", *locks]
    pins = with_pip_tools.ok("git", "grep", "atomci @", "FETCH_HEAD", "--", *locks).splitlines()
    assert len(pins) == 2, pins
    assert all(pin.endswith("@v2.0.0") for pin in pins), pins
    assert pull["head"]["sha"] == with_pip_tools.ok("git", "rev-parse", "FETCH_HEAD").strip()


def test_with_conflicts_it_is_red_and_the_pull_request_a_draft(
    template: Shell, rendered: Shell, hub: GitHub, tmp_path: Path
) -> None:
    release(template, "v2.0.0", "# {{ project_name }}", "# The {{ project_name }}")
    readme = rendered.folder / "README.md"
    readme.write_text("# Mine\n" + readme.read_text(encoding="utf-8").partition("\n")[2], encoding="utf-8")
    commit(rendered)

    ended = workflow(rendered, hub, tmp_path / "first", TOKEN)

    assert ended.code != 0, ended.said
    (pull,) = hub.repos["o/r"].pulls
    assert pull["draft"]
    assert "- `README.md`" in pull["body"]
    ((status,),) = hub.repos["o/r"].statuses.values()
    assert status["state"] == "failure"


def test_without_the_token_it_reports_and_is_red_only_when_behind(
    template: Shell, rendered: Shell, hub: GitHub, tmp_path: Path
) -> None:
    ended = workflow(rendered, hub, tmp_path / "first")
    assert ended.code == 0, ended.said
    assert "the newest" in ended.said

    release(template, "v2.0.0", "# {{ project_name }}", "# The {{ project_name }}")
    hub.requests.clear()
    ended = workflow(rendered, hub, tmp_path / "second")

    assert ended.code != 0, ended.said
    assert "v2.0.0 is out" in ended.said
    assert hub.writes == []
    assert hub.repos["o/r"].pulls == []
