"""A project gets the runtime from the very source and tag of its template, however that was named.

copier really clones each form: git rewrites the hosts to a local repository (`insteadOf`).
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from once import Once

Git = Callable[..., str]
Render = Callable[..., Path]
Snapshot = Callable[[Path], Path]
Tool = Callable[..., subprocess.CompletedProcess[str]]

ROOT = Path(__file__).parents[2]
PIP = {"dependency_manager": "pip-tools"}
INDEX = {"runtime_source": "index"}
HTTPS = "https://github.com/org/atomci.git"
# A file of a template that says all that includes/pin.jinja exports.
PIN = """\
{% import 'includes/pin.jinja' as pin with context %}
words = {{ pin.words | to_json }}
requirement = {{ pin.requirement | to_json }}
uv_source = {{ pin.uv_source or '{}' }}
direct = {{ pin.direct | to_json }}
"""

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="posix paths")


def pin_of(project: Path) -> dict[str, Any]:
    """`words`, `requirement`, `uv_source` and `direct` of a render."""
    return tomllib.loads((project / "pin.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def pins_alone(git: Git) -> Snapshot:
    """Makes a template at tag v1.2.0 that renders PIN and no more, in a fraction of the time."""

    def make(folder: Path) -> Path:
        config = yaml.safe_load((ROOT / "copier.yml").read_text(encoding="utf-8"))
        kept = {name: config[name] for name in ("_subdirectory", "_envops", "runtime_source")}
        shutil.copytree(ROOT / "includes", folder / "includes")
        (folder / "copier.yml").write_text(yaml.safe_dump(kept), encoding="utf-8")
        (folder / "README.md").write_text("# Pins\n", encoding="utf-8")
        (folder / "template").mkdir()
        (folder / "template/pin.toml.jinja").write_text(PIN, encoding="utf-8")
        git(folder, "init", "--quiet", "--initial-branch=main")
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message=release")
        git(folder, "tag", "v1.2.0")
        return folder

    return make


@pytest.fixture
def source(pins_alone: Snapshot, tmp_path: Path) -> Path:
    """A template of this test's own, at tag v1.2.0."""
    return pins_alone(tmp_path / "atomci")


@pytest.fixture
def hosted(request: pytest.FixtureRequest, tmp_path: Path, copier_environment: Callable[..., None]) -> None:
    """Every host that the tests name answers with a local template: PIN alone, or what `hosted` is asked for."""
    template = request.getfixturevalue(getattr(request, "param", "source"))
    base = (tmp_path / "hosts").as_posix()
    (tmp_path / "hosts" / "org").mkdir(parents=True)
    for name in ("atomci.git", "atomci"):
        subprocess.run(["git", "clone", "--quiet", "--bare", str(template), f"{base}/org/{name}"], check=True)
    hosts = (
        *("https://github.com/", "https://gitlab.com/", "https://code.example.com/"),
        *("https://user:hunter2@code.example.com/", "ssh://git@github.com/", "git@github.com:"),
        *("ssh://git@code.example.com:2222/", "dev@code.example.com:"),
    )
    config = "".join(f'[url "file://{base}/"]\n\tinsteadOf = "{host}"\n' for host in hosts)
    settings = Path(os.environ["GIT_CONFIG_GLOBAL"]).read_text() + config
    (tmp_path / "gitconfig").write_text(settings)
    copier_environment(
        GIT_CONFIG_GLOBAL=str(tmp_path / "gitconfig"), COPIER_CACHE_DIR=str(tmp_path / "copier")
    )


@pytest.fixture(scope="session")
def with_its_pin(snapshot: Snapshot, git: Git, once: Once) -> Path:
    """Our template at tag v1.3.0, with PIN in it."""

    def make(folder: Path) -> None:
        source = snapshot(folder / "atomci")
        (source / "template/pin.toml.jinja").write_text(PIN, encoding="utf-8")
        git(source, "add", "--all")
        git(source, "commit", "--quiet", "--message=pin")
        git(source, "tag", "v1.3.0")

    return once("with-its-pin", make) / "atomci"


@posix_only
@pytest.mark.parametrize("answers", [{}, PIP, INDEX, INDEX | PIP], ids=["uv", "pip", "uv index", "pip index"])
def test_the_pin_is_what_a_project_asks_for(
    answers: dict[str, str], with_its_pin: Path, render: Render, tmp_path: Path
) -> None:
    """The other tests read the pin alone; here it stands where the manager reads it."""
    project = render(tmp_path / "my-project", answers, source=with_its_pin)

    pin, settings = pin_of(project), tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = project / "pyproject.toml"
    if answers.get("dependency_manager") == "pip-tools":
        wanted = project / "requirements/dev.in"
        lines = wanted.read_text(encoding="utf-8").splitlines()
        assert [line for line in lines if line.startswith(("atomci", "-e "))] == [pin["direct"]]
        assert "uv" not in settings["tool"]
    else:
        named = [line for line in settings["dependency-groups"]["dev"] if line.startswith("atomci")]
        assert named == [pin["requirement"]]
        assert settings["tool"].get("uv", {}).get("sources", {}).get("atomci", {}) == pin["uv_source"]
    comments = re.findall(r"^# The runtime is (.+)\.$", wanted.read_text(encoding="utf-8"), re.MULTILINE)
    assert comments == [pin["words"]]


@posix_only
@pytest.mark.usefixtures("hosted")
@pytest.mark.parametrize(
    ("named", "url"),
    [
        ("gh:org/atomci", HTTPS),
        ("gh:/org/atomci.git", HTTPS),
        ("gl:org/atomci", "https://gitlab.com/org/atomci.git"),
        ("https://github.com/org/atomci", HTTPS),
        (HTTPS, HTTPS),
        ("https://code.example.com/org/atomci.git", "https://code.example.com/org/atomci.git"),
        ("git+https://code.example.com/org/atomci", "https://code.example.com/org/atomci"),
        ("https://user:hunter2@code.example.com/org/atomci.git", "https://code.example.com/org/atomci.git"),
        ("git@github.com:org/atomci.git", "ssh://git@github.com/org/atomci.git"),
        ("git@github.com:org/atomci", "ssh://git@github.com/org/atomci"),
        ("dev@code.example.com:org/atomci.git", "ssh://dev@code.example.com/org/atomci.git"),
        ("ssh://git@github.com/org/atomci.git", "ssh://git@github.com/org/atomci.git"),
        (
            "git+ssh://git@code.example.com:2222/org/atomci.git",
            "ssh://git@code.example.com:2222/org/atomci.git",
        ),
    ],
)
def test_a_hosted_release_is_pinned_by_url_and_tag(
    named: str, url: str, render: Render, tmp_path: Path
) -> None:
    project = render(tmp_path / "my-project", source=named)

    assert pin_of(project) == {
        "words": f"tag v1.2.0 of {url}",
        "requirement": "atomci",
        "uv_source": {"git": url, "tag": "v1.2.0"},
        "direct": f"atomci @ git+{url}@v1.2.0",
    }
    assert "hunter2" not in (project / "pin.toml").read_text(encoding="utf-8")


@posix_only
@pytest.mark.parametrize("tagless", [False, True], ids=["after a tag", "without tags"])
def test_a_url_between_releases_is_pinned_by_commit(
    tagless: bool, source: Path, render: Render, git: Git, tmp_path: Path
) -> None:
    if tagless:
        git(source, "tag", "--delete", "v1.2.0")
    git(source, "commit", "--quiet", "--allow-empty", "--message=later")
    commit = git(source, "rev-parse", "HEAD")
    url = f"file://{source}"

    pin = pin_of(render(tmp_path / "my-project", source=f"git+{url}", ref="main"))

    assert pin["uv_source"] == {"git": url, "rev": commit}
    assert pin["words"] == f"commit {commit} of {url}, which is not a release"
    assert pin["direct"] == f"atomci @ git+{url}@{commit}"


@posix_only
def test_a_git_file_url_at_a_release_is_pinned_by_tag(source: Path, render: Render, tmp_path: Path) -> None:
    url = f"file://{source}"

    project = render(tmp_path / "my-project", source=f"git+{url}")

    assert pin_of(project)["uv_source"] == {"git": url, "tag": "v1.2.0"}


@posix_only
def test_a_folder_at_a_release_is_pinned_by_tag(pins_alone: Snapshot, render: Render, tmp_path: Path) -> None:
    source = pins_alone(tmp_path / "with space & ü" / "atomci")
    url = f"file://{tmp_path}/with%20space%20%26%20%C3%BC/atomci"

    project = render(tmp_path / "my-project", source=f"{source}/")

    assert pin_of(project)["uv_source"] == {"git": url, "tag": "v1.2.0"}
    assert subprocess.run(["git", "ls-remote", url], check=False).returncode == 0


@posix_only
@pytest.mark.parametrize("dirty", [False, True], ids=["committed", "uncommitted"])
def test_a_folder_between_releases_is_pinned_to_itself(
    dirty: bool, source: Path, render: Render, git: Git, tmp_path: Path
) -> None:
    if dirty:
        (source / "README.md").write_text("changed\n")
    else:
        git(source, "commit", "--quiet", "--allow-empty", "--message=later")

    pin = pin_of(render(tmp_path / "my-project", source=source, ref="HEAD"))

    assert pin["uv_source"] == {"path": str(source), "editable": True}
    pattern = r"the working tree at \S+/atomci \(described as v1\.2\.0-1-g\w+\), which is not a release"
    assert re.fullmatch(pattern, pin["words"])
    assert pin["direct"] == f"-e file://{source}"


@posix_only
def test_a_bare_repository_is_no_working_tree(source: Path, render: Render, git: Git, tmp_path: Path) -> None:
    git(source, "commit", "--quiet", "--allow-empty", "--message=later")
    bare = tmp_path / "atomci.git"
    git(tmp_path, "clone", "--quiet", "--bare", str(source), str(bare))

    project = render(tmp_path / "my-project", source=bare, ref="main")

    assert pin_of(project)["uv_source"] == {"git": f"file://{bare}", "rev": git(source, "rev-parse", "HEAD")}


@posix_only
def test_a_folder_outside_git_is_pinned_to_itself(source: Path, render: Render, tmp_path: Path) -> None:
    (source / ".git").rename(tmp_path / "elsewhere")

    project = render(tmp_path / "my-project", source=source)

    assert pin_of(project)["uv_source"] == {"path": str(source), "editable": True}
    assert "(not in git), which is not a release" in pin_of(project)["words"]


@posix_only
@pytest.mark.parametrize("named", ["atomci", "./atomci", "../here/atomci", "~/atomci"])
@pytest.mark.parametrize("release", [True, False], ids=["release", "working tree"])
def test_a_relative_folder_is_pinned_by_its_absolute_path(
    named: str,
    release: bool,
    pins_alone: Snapshot,
    render: Render,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    copier_environment: Callable[..., None],
) -> None:
    source = pins_alone(tmp_path / "here" / "atomci")
    monkeypatch.chdir(tmp_path / "here")
    copier_environment(HOME=str(tmp_path / "here"))
    if not release:
        (source / "README.md").write_text("changed\n")

    project = render(tmp_path / "my-project", source=named, ref=None if release else "HEAD")

    pinned = {"git": f"file://{source}", "tag": "v1.2.0"}
    assert pin_of(project)["uv_source"] == (pinned if release else {"path": str(source), "editable": True})


@pytest.mark.parametrize(
    ("named", "described", "source"),
    [
        ("C:\\Users\\Zoë\\atomci", "v1.2.0", {"git": "file:///C:/Users/Zo%C3%AB/atomci", "tag": "v1.2.0"}),
        ("C:/atomci/", "v1.2.0-1-gabcdef0", {"path": "C:/atomci", "editable": True}),
        ("D:\\srv\\atomci.git", "abcdef0", {"git": "file:///D:/srv/atomci.git", "rev": "abcdef0" + "1" * 33}),
    ],
)
def test_windows_paths(named: str, described: str, source: dict[str, Any], template_repo: Path) -> None:
    """The one form that only Windows can clone: the Jinja file alone, with copier's filters."""
    from jinja2 import FileSystemLoader, StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment(
        loader=FileSystemLoader(template_repo),
        extensions=["jinja2_ansible_filters.AnsibleCoreFiltersExtension"],
        undefined=StrictUndefined,
    )
    text = "{% import 'includes/pin.jinja' as pin with context %}atomci = {{ pin.uv_source }}"
    rendered = environment.from_string(text).render(
        _copier_answers={"_src_path": named, "_commit": described},
        _copier_conf={"vcs_ref_hash": "abcdef0" + "1" * 33, "src_path": "unused"},
        runtime_source="template",
    )

    assert tomllib.loads(rendered)["atomci"] == source


@pytest.mark.parametrize(
    ("tag", "later", "requirement", "said"),
    [
        ("v1.2.0", False, "atomci==1.2.0", "atomci 1.2.0 of the package index"),
        ("2.0.0rc1", False, "atomci==2.0.0rc1", "atomci 2.0.0rc1 of the package index"),
        ("v1.2.0", True, "atomci>=1.2.0", "any atomci of the package index from 1.2.0 up"),
        ("nightly", False, "atomci", "any atomci of the package index: the template"),
        ("", False, "atomci", "any atomci of the package index: the template"),
    ],
)
def test_an_index_pin_is_the_version_of_the_template(
    tag: str, later: bool, requirement: str, said: str, source: Path, render: Render, git: Git, tmp_path: Path
) -> None:
    git(source, "tag", "--delete", "v1.2.0")
    if tag:
        git(source, "tag", tag)
    if later:
        git(source, "commit", "--quiet", "--allow-empty", "--message=later")

    pin = pin_of(render(tmp_path / "my-project", INDEX, source=source, ref="main"))

    assert (pin["requirement"], pin["direct"], pin["uv_source"]) == (requirement, requirement, {})
    assert pin["words"].startswith(said)


# --- The pins install ---------------------------------------------------------------------------


def installed_from(project: Path) -> str:
    """PEP 610: where the atomci in the project's environment came from."""
    folder = "Scripts" if sys.platform == "win32" else "bin"
    code = "from importlib.metadata import distribution as d; print(d('atomci').read_text('direct_url.json'))"
    result = subprocess.run(
        [project / ".venv" / folder / "python", "-c", code], check=True, capture_output=True, text=True
    )
    return result.stdout


def uv_sync(project: Path, tool: Tool) -> None:
    result = tool(project, "uv", "sync", "--quiet", "--python", sys.executable)
    assert result.returncode == 0, result.stderr


@posix_only
def test_uv_installs_the_release_from_its_tag(
    snapshot: Snapshot, render: Render, git: Git, tool: Tool, tmp_path: Path
) -> None:
    source = snapshot(tmp_path / "atomci")
    tagged = git(source, "rev-parse", "v1.2.0")
    git(source, "commit", "--quiet", "--allow-empty", "--message=later")
    project = render(tmp_path / "my-project", source=f"git+file://{source}")

    uv_sync(project, tool)

    assert f'"commit_id":"{tagged}"' in installed_from(project).replace(" ", "")
    lock = (project / "uv.lock").read_bytes()
    uv_sync(project, tool)
    assert (project / "uv.lock").read_bytes() == lock


@posix_only
def test_uv_installs_uncommitted_changes_and_follows_them(
    snapshot: Snapshot, render: Render, tool: Tool, tmp_path: Path
) -> None:
    source = snapshot(tmp_path / "atomci")
    module = source / "src" / "atomci" / "only_here.py"
    module.write_text("VALUE = 1\n")
    project = render(tmp_path / "my-project", source=source, ref="HEAD")
    uv_sync(project, tool)
    command: list[str | Path] = [
        project / ".venv" / "bin" / "python",
        "-c",
        "from atomci.only_here import VALUE; print(VALUE)",
    ]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "1\n"

    module.write_text("VALUE = 2\n")
    uv_sync(project, tool)

    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "2\n"
    assert '"editable":true' in installed_from(project).replace(" ", "")


@posix_only
@pytest.mark.usefixtures("hosted")
@pytest.mark.parametrize("hosted", ["template_repo"], indirect=True)
def test_uv_installs_a_commit_of_a_host(
    render: Render, tool: Tool, template_repo: Path, git: Git, tmp_path: Path
) -> None:
    project = render(tmp_path / "my-project", source="git@github.com:org/atomci.git", ref="main")

    uv_sync(project, tool)

    assert git(template_repo, "rev-parse", "HEAD") in installed_from(project)
