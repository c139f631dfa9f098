"""A project gets the runtime from the very source and tag of its template, however that was named.

copier really clones each form: git rewrites the hosts to a local repository (`insteadOf`).
"""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Git = Callable[..., str]
Render = Callable[..., Path]
Snapshot = Callable[[Path], Path]
Tool = Callable[..., subprocess.CompletedProcess[str]]

PIP = {"dependency_manager": "pip-tools"}
INDEX = {"runtime_source": "index"}
HTTPS = "https://github.com/org/atomci.git"

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="posix paths")


def uv_source(project: Path) -> dict[str, Any]:
    text = (project / "pyproject.toml").read_text(encoding="utf-8")
    found: dict[str, Any] = tomllib.loads(text)["tool"]["uv"]["sources"]["atomci"]
    return found


def words(project: Path) -> str:
    path = project / "requirements" / "dev.in"
    path = path if path.exists() else project / "pyproject.toml"
    comments = re.findall(r"^# The runtime is (.+)\.$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(comments) == 1
    return str(comments[0])


def pip_line(project: Path) -> str:
    lines = (project / "requirements" / "dev.in").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line.startswith(("atomci", "-e "))]
    assert len(pins) == 1
    return pins[0]


def dev_requirement(project: Path) -> str:
    settings = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    assert "uv" not in settings["tool"]
    found = [entry for entry in settings["dependency-groups"]["dev"] if entry.startswith("atomci")]
    assert len(found) == 1
    return str(found[0])


@pytest.fixture
def source(snapshot: Snapshot, tmp_path: Path) -> Path:
    """A template of this test's own, at tag v1.2.0."""
    return snapshot(tmp_path / "atomci")


@pytest.fixture
def hosted(template_repo: Path, tmp_path: Path, copier_environment: Callable[..., None]) -> None:
    """Every host that the tests name answers with the local template."""
    base = (tmp_path / "hosts").as_posix()
    (tmp_path / "hosts" / "org").mkdir(parents=True)
    for name in ("atomci.git", "atomci"):
        subprocess.run(
            ["git", "clone", "--quiet", "--bare", str(template_repo), f"{base}/org/{name}"], check=True
        )
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

    assert uv_source(project) == {"git": url, "tag": "v1.2.0"}
    assert words(project) == f"tag v1.2.0 of {url}"
    assert "hunter2" not in (project / "pyproject.toml").read_text(encoding="utf-8")

    with_pip = render(tmp_path / "with-pip", PIP, source=named)

    assert pip_line(with_pip) == f"atomci @ git+{url}@v1.2.0"
    assert words(with_pip) == words(project)


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

    project = render(tmp_path / "my-project", source=f"git+{url}", ref="main")

    assert uv_source(project) == {"git": url, "rev": commit}
    assert words(project) == f"commit {commit} of {url}, which is not a release"
    with_pip = render(tmp_path / "with-pip", PIP, source=f"git+{url}", ref="main")
    assert pip_line(with_pip) == f"atomci @ git+{url}@{commit}"


@posix_only
def test_a_git_file_url_at_a_release_is_pinned_by_tag(
    template_repo: Path, render: Render, tmp_path: Path
) -> None:
    url = f"file://{template_repo}"

    project = render(tmp_path / "my-project", source=f"git+{url}")

    assert uv_source(project) == {"git": url, "tag": "v1.2.0"}


@posix_only
def test_a_folder_at_a_release_is_pinned_by_tag(snapshot: Snapshot, render: Render, tmp_path: Path) -> None:
    source = snapshot(tmp_path / "with space & ü" / "atomci")
    url = f"file://{tmp_path}/with%20space%20%26%20%C3%BC/atomci"

    project = render(tmp_path / "my-project", source=f"{source}/")

    assert uv_source(project) == {"git": url, "tag": "v1.2.0"}
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

    project = render(tmp_path / "my-project", source=source, ref="HEAD")

    assert uv_source(project) == {"path": str(source), "editable": True}
    pattern = r"the working tree at \S+/atomci \(described as v1\.2\.0-1-g\w+\), which is not a release"
    assert re.fullmatch(pattern, words(project))
    with_pip = render(tmp_path / "with-pip", PIP, source=source, ref="HEAD")
    assert pip_line(with_pip) == f"-e file://{source}"


@posix_only
def test_a_bare_repository_is_no_working_tree(source: Path, render: Render, git: Git, tmp_path: Path) -> None:
    git(source, "commit", "--quiet", "--allow-empty", "--message=later")
    bare = tmp_path / "atomci.git"
    git(tmp_path, "clone", "--quiet", "--bare", str(source), str(bare))

    project = render(tmp_path / "my-project", source=bare, ref="main")

    assert uv_source(project) == {"git": f"file://{bare}", "rev": git(source, "rev-parse", "HEAD")}


@posix_only
def test_a_folder_outside_git_is_pinned_to_itself(source: Path, render: Render, tmp_path: Path) -> None:
    (source / ".git").rename(tmp_path / "elsewhere")

    project = render(tmp_path / "my-project", source=source)

    assert uv_source(project) == {"path": str(source), "editable": True}
    assert "(not in git), which is not a release" in words(project)


@posix_only
@pytest.mark.parametrize("named", ["atomci", "./atomci", "../here/atomci", "~/atomci"])
@pytest.mark.parametrize("release", [True, False], ids=["release", "working tree"])
def test_a_relative_folder_is_pinned_by_its_absolute_path(
    named: str,
    release: bool,
    snapshot: Snapshot,
    render: Render,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    copier_environment: Callable[..., None],
) -> None:
    source = snapshot(tmp_path / "here" / "atomci")
    monkeypatch.chdir(tmp_path / "here")
    copier_environment(HOME=str(tmp_path / "here"))
    if not release:
        (source / "README.md").write_text("changed\n")

    project = render(tmp_path / "my-project", source=named, ref=None if release else "HEAD")

    pinned = {"git": f"file://{source}", "tag": "v1.2.0"}
    assert uv_source(project) == (pinned if release else {"path": str(source), "editable": True})


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

    project = render(tmp_path / "my-project", INDEX, source=source, ref="main")

    assert dev_requirement(project) == requirement
    assert words(project).startswith(said)
    assert pip_line(render(tmp_path / "with-pip", INDEX | PIP, source=source, ref="main")) == requirement


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
@pytest.mark.parametrize("prefix", ["", "git+file://"], ids=["path", "git+file"])
def test_uv_installs_the_release_from_its_tag(
    prefix: str, source: Path, render: Render, git: Git, tool: Tool, tmp_path: Path
) -> None:
    tagged = git(source, "rev-parse", "v1.2.0")
    git(source, "commit", "--quiet", "--allow-empty", "--message=later")
    project = render(tmp_path / "my-project", source=f"{prefix}{source}")

    uv_sync(project, tool)

    assert f'"commit_id":"{tagged}"' in installed_from(project).replace(" ", "")
    lock = (project / "uv.lock").read_bytes()
    uv_sync(project, tool)
    assert (project / "uv.lock").read_bytes() == lock


@posix_only
def test_uv_installs_uncommitted_changes_and_follows_them(
    source: Path, render: Render, tool: Tool, tmp_path: Path
) -> None:
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
def test_uv_installs_a_commit_of_a_host(
    render: Render, tool: Tool, template_repo: Path, git: Git, tmp_path: Path
) -> None:
    project = render(tmp_path / "my-project", source="git@github.com:org/atomci.git", ref="main")

    uv_sync(project, tool)

    assert git(template_repo, "rev-parse", "HEAD") in installed_from(project)
