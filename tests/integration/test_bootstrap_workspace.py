"""Atoms 006 to 010 on real folders: folders, git, ignored files, environment, dependency manager."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from bootstrap_world import PYPROJECT, RUNNING, World, other_interpreters, snapshot

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="stand-in programs are sh scripts")

ABSENT = "3.14" if RUNNING != "3.14" else "3.13"
OTHERS = other_interpreters()
needs_another = pytest.mark.skipif(not OTHERS, reason="this machine has one Python only")
FOLDERS = [
    *("src", "tests/unit", "tests/integration", "tests/e2e", "tests/contracts", "tests/auger"),
    *("tests/fixtures", "artifacts/cli_runs", "artifacts/reports", ".github/workflows", ".vscode", "scripts"),
]
"""The source document's appendix."""


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.write("pyproject.toml", PYPROJECT)
    world.link("git", "uv")
    return world


# --- 006 ----------------------------------------------------------------------------------------


def test_006_makes_every_folder_and_names_those_it_made(world: World) -> None:
    world.write("src/mine.py", "x = 1\n")

    done = world.run("atom_006")

    assert done.code == 0
    assert all((world.root / folder).is_dir() for folder in FOLDERS)
    made = done["create_project_directory_structure"][1].removeprefix("made ").split(", ")
    # The run itself leaves artifacts/ there, but not the folders in it.
    assert sorted(made) == sorted(set(FOLDERS) - {"src"})
    assert not (world.root / "src/.gitkeep").exists()


def test_006_changes_nothing_when_they_are_there(world: World) -> None:
    world.run("atom_006")
    before = snapshot(world.root, without=["artifacts"])

    done = world.run("atom_006")

    assert done["create_project_directory_structure"] == ("pass", "")
    assert snapshot(world.root, without=["artifacts"]) == before


def test_006_makes_no_folder_again_that_a_commit_took_away(world: World) -> None:
    world.run("atom_006")
    world.write(".gitignore", "/artifacts/\n")
    begin(world)
    world.git("rm", "-r", "--quiet", "tests/e2e")
    world.git("commit", "--quiet", "-m", "no end-to-end tests")
    commit = world.git("log", "-1", "--format=%h")
    shutil.rmtree(world.root / "tests/contracts")  # by accident: git still has it

    _, reason = world.run("atom_006")["create_project_directory_structure"]

    assert reason == f"made tests/contracts; without tests/e2e/, which {commit} took away"
    assert not (world.root / "tests/e2e").exists()
    assert world.git("status", "--porcelain") == ""
    status, seen, _ = world.check("atom_006")
    assert (status, f"{commit} took away" in seen) == ("holds", True)


def test_006_keeps_empty_folders_in_git(world: World) -> None:
    world.run("atom_006")
    world.git("init", "--quiet")
    world.git("add", "--all", "--", ":!artifacts")
    world.git("commit", "--quiet", "-m", "all")
    world.git("clone", "--quiet", str(world.root), str(world.base / "clone"))

    assert all((world.base / "clone" / f).is_dir() for f in FOLDERS if not f.startswith("artifacts/"))


def test_006_names_a_file_where_a_folder_belongs(world: World) -> None:
    world.write("scripts", "a file\n")

    done = world.run("atom_006")

    assert done.code == 1
    status, reason = done["create_project_directory_structure"]
    assert status == "fail"
    assert "scripts" in reason
    assert world.read("scripts") == "a file\n"
    assert not (world.root / ".vscode").exists(), "nothing is made by halves"


# --- 007 ----------------------------------------------------------------------------------------

NO_GUESSES = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "user.useConfigOnly", "GIT_CONFIG_VALUE_0": "true"}
"""git knows no author here, whatever the host is called."""


def begin(world: World, **env: str) -> tuple[str, str]:
    return world.run("atom_007", "--only", **env)["initialize_git_repository"]


def test_007_begins_a_repository_with_a_first_commit_of_all_that_is_not_ignored(world: World) -> None:
    world.write(".gitignore", "/artifacts/\n")
    world.write("src/demo.py", "x = 1\n")

    status, reason = begin(world, **NO_GUESSES)

    assert status == "pass"
    assert world.git("log", "-1", "--format=%h") in reason
    assert world.git("branch", "--show-current") == "main"
    assert world.git("ls-files").split() == [".gitignore", "pyproject.toml", "src/demo.py"]
    assert world.git("status", "--porcelain") == ""


def test_007_takes_the_author_of_pyproject_where_git_knows_none(world: World) -> None:
    _, reason = begin(world, **NO_GUESSES)

    assert world.git("log", "-1", "--format=%an <%ae>") == "Ada Byron <ada@example.com>"
    assert (
        "by Ada Byron <ada@example.com>, since git knows no author: git config --global user.name" in reason
    )


def test_007_needs_no_author_at_all(world: World) -> None:
    world.replace("pyproject.toml", 'authors = [{ name = "Ada Byron", email = "ada@example.com" }]', "")

    status, reason = begin(world, **NO_GUESSES)

    assert (status, "since git knows no author" in reason) == ("pass", True)
    assert world.git("log", "--oneline").count("\n") == 0


def test_007_prefers_the_author_that_git_knows(world: World) -> None:
    config = world.base / "gitconfig"
    config.write_text("[user]\nname = Grace\nemail = grace@example.com\n")

    _, reason = begin(world, GIT_CONFIG_GLOBAL=str(config))

    assert world.git("log", "-1", "--format=%an <%ae>") == "Grace <grace@example.com>"
    assert "knows no author" not in reason


def test_007_begins_the_answered_branch_also_in_a_clone_without_commits(world: World) -> None:
    world.git("init", "--quiet", "--initial-branch=master")
    world.write(".copier-answers.yml", "default_branch: trunk\n")

    status, reason = begin(world, **NO_GUESSES)

    assert (status, world.git("branch", "--show-current")) == ("pass", "trunk"), reason


def test_007_commits_also_what_the_user_ignores_everywhere(world: World) -> None:
    """Many ignore .vscode and *.lock on their machine; the colleague's clone and CI need them."""
    ignored = world.base / "ignored"
    ignored.write_text("*.lock\n.vscode/\n", encoding="utf-8")
    config = world.base / "gitconfig"
    config.write_text(f"[core]\nexcludesFile = {ignored}\n", encoding="utf-8")
    world.write("uv.lock", "version = 1\n")
    world.write(".vscode/settings.json", "{}\n")

    status, reason = begin(world, GIT_CONFIG_GLOBAL=str(config))

    assert status == "pass", reason
    assert world.git("ls-files").split() == [".vscode/settings.json", "pyproject.toml", "uv.lock"]


def test_007_commits_without_the_signature_that_cannot_be_made(world: World) -> None:
    config = world.base / "gitconfig"
    config.write_text("[commit]\ngpgSign = true\n[gpg]\nprogram = no-such-program\n", encoding="utf-8")

    status, reason = begin(world, GIT_CONFIG_GLOBAL=str(config))

    assert (status, "not signed, since error: cannot run no-such-program" in reason) == ("pass", True), reason
    assert reason.endswith(": git commit --amend --no-edit --gpg-sign")
    assert world.git("log", "-1", "--format=%s") == "chore: first commit"


def test_007_says_gits_own_reason(world: World) -> None:
    status, reason = begin(world, GIT_COMMITTER_DATE="the 40th of May")

    assert (status, "invalid date format: the 40th of May" in reason) == ("error", True), reason


def test_007_leaves_alone_a_repository_that_the_environment_names_for_a_larger_folder(world: World) -> None:
    """As those have who keep their home under git: the project's first commit took all of it."""
    (world.base / "private").write_text("mine\n", encoding="utf-8")
    apart = world.base / "apart.git"

    status, reason = begin(world, GIT_DIR=str(apart), GIT_WORK_TREE=str(world.base))

    assert status == "pass", reason
    assert not apart.exists()
    assert world.git("ls-files") == "pyproject.toml"


def test_007_obeys_the_chosen_branch_and_remote(world: World) -> None:
    world.write(".copier-answers.yml", "default_branch: release/1.0\ngit_remote: https://example.com/x.git\n")

    begin(world)

    assert world.git("branch", "--show-current") == "release/1.0"
    assert world.git("remote", "get-url", "origin") == "https://example.com/x.git"


def test_007_runs_no_hook_of_the_user(world: World) -> None:
    hooks = world.base / "hooks"
    hooks.mkdir()
    (hooks / "pre-commit").write_text("#!/bin/sh\nexit 1\n")
    (hooks / "pre-commit").chmod(0o755)
    config = world.base / "gitconfig"
    config.write_text(f"[core]\nhooksPath = {hooks}\n")

    assert begin(world, GIT_CONFIG_GLOBAL=str(config))[0] == "pass"


def test_007_changes_nothing_in_an_existing_repository(world: World) -> None:
    world.write(".gitignore", "/artifacts/\n")
    world.git("init", "--quiet", "--initial-branch=old")
    world.git("add", "--all")
    world.git("commit", "--quiet", "-m", "theirs")
    world.write("pyproject.toml", PYPROJECT + "# changed\n")
    world.write("new.txt", "new\n")
    before = snapshot(world.root, without=["artifacts"])

    status, reason = begin(world)

    assert status == "pass"
    assert "nothing changed" in reason
    assert snapshot(world.root, without=["artifacts"]) == before


def test_007_makes_no_repository_inside_a_larger_one(world: World) -> None:
    world.write(".gitignore", "/artifacts/\n")
    world.git("init", "--quiet", cwd=world.base)
    world.git("add", "project", cwd=world.base)
    world.git("commit", "--quiet", "-m", "all", cwd=world.base)
    head = world.git("rev-parse", "HEAD", cwd=world.base)

    status, reason = begin(world)

    assert status == "pass"
    assert str(world.base) in reason
    assert not (world.root / ".git").exists()
    assert world.git("rev-parse", "HEAD", cwd=world.base) == head


def test_007_commits_in_a_repository_that_was_only_begun(world: World) -> None:
    world.write(".gitignore", "/artifacts/\n")
    world.git("init", "--quiet", "--initial-branch=mine")

    assert begin(world)[0] == "pass"
    assert world.git("branch", "--show-current") == "mine"
    assert world.git("ls-files").split() == [".gitignore", "pyproject.toml"]


def test_007_is_counted_in_words_that_have_a_singular(world: World) -> None:
    done = world.atomci("run", "atom_007", "--only")

    assert "1 repo " in done.out


def test_007_says_what_git_said_when_it_failed(world: World) -> None:
    world.write(".copier-answers.yml", "default_branch: 'no..branch'\n")

    done = world.run("atom_007", "--only")

    assert done.code == 3
    status, reason = done["initialize_git_repository"]
    assert status == "error"
    assert "no..branch" in reason


# --- 008 ----------------------------------------------------------------------------------------


def write_bytes(world: World, path: str, content: bytes) -> None:
    (world.root / path).write_bytes(content)


@pytest.mark.parametrize(
    "own",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"# mine\n*.log\n", id="lines"),
        pytest.param(b"# mine\r\n*.log\r\n", id="CRLF"),
        pytest.param(b"# mine\n*.log", id="no end of line"),
        pytest.param(b"# \xe9t\xe9\n*.log\n", id="Latin-1"),
        pytest.param("# été 🎉\n\n\n*.log\n\n".encode(), id="UTF-8"),
    ],
)
def test_008_keeps_every_own_line_byte_for_byte(world: World, own: bytes) -> None:
    write_bytes(world, ".gitignore", own)
    write_bytes(world, ".gitattributes", b"*.png binary\n*.bat text eol=crlf\n")

    done = world.run("atom_008")

    assert done.code == 0, done["configure_gitignore_and_attributes"]
    after = (world.root / ".gitignore").read_bytes()
    assert after.startswith(own)
    endings = {line[-2:] == b"\r\n" for line in after.splitlines(keepends=True)}
    assert endings == {b"\r\n" in own}
    world.git("init", "--quiet")
    for path in ("artifacts/x", ".venv/x", "src/__pycache__/x", ".coverage", ".env", ".ruff_cache/x"):
        assert world.git("check-ignore", "--no-index", path) == path
    # What the user said about single kinds of files still wins.
    assert world.git("check-attr", "eol", "a.bat") == "a.bat: eol: crlf"
    assert world.git("check-attr", "text", "a.png") == "a.png: text: unset"
    assert world.git("check-attr", "eol", "a.py") == "a.py: eol: lf"


def test_008_adds_nothing_twice(world: World) -> None:
    write_bytes(world, ".gitignore", b"/.venv\nartifacts\n")
    world.run("atom_008")
    before = snapshot(world.root, without=["artifacts"])

    done = world.run("atom_008")

    assert done["configure_gitignore_and_attributes"] == ("pass", "")
    assert snapshot(world.root, without=["artifacts"]) == before
    lines = world.read(".gitignore").splitlines()
    assert [line for line in lines if "artifacts" in line] == ["artifacts"]


# --- 009 ----------------------------------------------------------------------------------------


def version_in_environment(world: World) -> str:
    lines = (world.root / ".venv/pyvenv.cfg").read_text().splitlines()
    [version] = [line.split("=")[1].strip() for line in lines if line.startswith("version")]
    return ".".join(version.split(".")[:2])


def make_environment(world: World, **env: str) -> tuple[str, str]:
    return world.run("atom_009", **env)["create_virtual_environment"]


@pytest.mark.parametrize("manager", ["uv", "pip-tools"])
def test_009_makes_the_environment_with_the_chosen_manager(world: World, manager: str) -> None:
    world.write(".copier-answers.yml", f"dependency_manager: {manager}\n")

    status, reason = make_environment(world)

    assert status == "pass"
    assert RUNNING in reason
    assert version_in_environment(world) == RUNNING
    assert ("uv = " in world.read(".venv/pyvenv.cfg")) == (manager == "uv")


def test_009_keeps_an_environment_that_fits(world: World) -> None:
    make_environment(world)
    world.write(".venv/mine.txt", "mine\n")
    before = snapshot(world.root / ".venv")

    status, reason = make_environment(world)

    assert status == "pass"
    assert "already there" in reason
    assert snapshot(world.root / ".venv") == before


@needs_another
def test_009_replaces_an_environment_of_another_python(world: World) -> None:
    minor, prefix = next(iter(OTHERS.items()))
    make_environment(world)
    assert version_in_environment(world) == RUNNING
    (world.bin / f"python{minor}").symlink_to(prefix / f"bin/python{minor}")
    world.replace("pyproject.toml", ">=3.11", f"=={minor}.*")

    status, reason = make_environment(world)

    assert status == "pass", reason
    assert version_in_environment(world) == minor


def test_009_replaces_an_environment_whose_interpreter_is_gone(world: World) -> None:
    make_environment(world)
    python = world.root / ".venv/bin/python"
    python.unlink()
    python.symlink_to(world.base / "gone/python")

    status, reason = make_environment(world)

    assert status == "pass", reason
    assert os.access(world.root / ".venv/bin/python", os.X_OK)


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_009_never_clears_what_is_no_environment(world: World, kind: str) -> None:
    precious = world.write(".venv/diary.txt" if kind == "folder" else ".venv", "precious\n")
    if kind == "link":
        precious.unlink()
        elsewhere = world.base / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / "diary.txt").write_text("precious\n")
        precious.symlink_to(elsewhere)
        precious = elsewhere / "diary.txt"

    status, reason = make_environment(world)

    assert status == "fail"
    assert ".venv" in reason
    assert "move it away" in reason
    assert precious.read_text() == "precious\n"


def test_009_a_dry_run_prints_what_makes_the_environment_and_nothing_for_one_that_is_kept(
    world: World,
) -> None:
    first = world.atomci("run", "atom_009", "--only", "--dry-run")
    assert f"{world.bin / 'uv'} venv" in first.out
    assert not (world.root / ".venv").exists()

    make_environment(world)

    second = world.atomci("run", "atom_009", "--only", "--dry-run")
    assert "uv venv" not in second.out


def test_009_says_why_it_cannot_be_made_and_leaves_nothing(world: World) -> None:
    world.program(
        "uv",
        """case "$1" in
venv) /bin/mkdir -p .venv; echo "error: no space left on device" >&2; exit 2 ;;
esac""",
    )

    done = world.run("atom_009")

    assert done.code == 3
    status, reason = done["create_virtual_environment"]
    assert status == "error"
    assert "no space left on device" in reason
    assert "uv venv" in reason
    assert not (world.root / ".venv").exists()


def test_009_does_not_clear_the_environment_that_atomci_runs_from(world: World) -> None:
    """Half of atomci would be gone while it runs."""
    venv.create(world.root / ".venv", symlinks=True)
    packages = sysconfig.get_path("purelib")
    own = next((world.root / ".venv").glob("lib/python*/site-packages"))
    (own / "all.pth").write_text(f"{packages}\n{Path(__file__).parents[2] / 'src'}\n")
    world.program(f"python{ABSENT}", f"echo {ABSENT}.0")
    world.replace("pyproject.toml", ">=3.11", f"=={ABSENT}.*")

    words = ["-m", "atomci", "run", "--json", "atom_009", "--project", str(world.root)]
    done = subprocess.run(
        [world.root / ".venv/bin/python", *words], env=world.env, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1, done.stdout + done.stderr
    assert "atomci runs from" in done.stdout
    assert (own / "all.pth").is_file()


# --- 010 ----------------------------------------------------------------------------------------


def choose(world: World) -> tuple[str, str]:
    return world.run("atom_010")["choose_dependency_manager"]


@pytest.mark.parametrize(
    ("files", "manager", "recorded_in"),
    [
        ({".copier-answers.yml": "dependency_manager: pip-tools\n"}, "pip-tools", ".copier-answers.yml"),
        ({".copier-answers.yml": "dependency_manager: uv\n"}, "uv", ".copier-answers.yml"),
        ({"uv.lock": "version = 1\n"}, "uv", "uv.lock"),
        ({"requirements/dev.in": "pytest\n"}, "pip-tools", "requirements/dev.in"),
        ({}, "uv", "the default"),
    ],
)
def test_010_records_one_choice(world: World, files: dict[str, str], manager: str, recorded_in: str) -> None:
    for path, text in files.items():
        world.write(path, text)

    status, _ = choose(world)

    assert status == "pass"
    assert world.artifact("manager")["manager"] == manager
    assert world.artifact("manager")["recorded_in"] == recorded_in


@pytest.mark.parametrize(
    ("manager", "path", "line"),
    [
        ("uv", "scripts/local_ci.sh", "sh scripts/in_venv.sh atomci run local_ci"),
        ("uv", "Taskfile.yml", "      - pip-sync requirements/dev.txt"),
        ("uv", "requirements/dev.txt", "ruff==0.12.0"),
        ("uv", ".github/workflows/ci.yml", "      - run: python -m piptools sync"),
        ("pip-tools", ".pre-commit-config.yaml", "        entry: uv run atomci run local_ci"),
        ("pip-tools", ".github/workflows/ci.yaml", "      - uses: astral-sh/setup-uv@v6"),
        ("pip-tools", "uv.lock", "version = 1"),
    ],
)
def test_010_names_the_file_and_line_that_contradicts(
    world: World, manager: str, path: str, line: str
) -> None:
    world.write(".copier-answers.yml", f"dependency_manager: {manager}\n")
    lock = path in ("uv.lock", "requirements/dev.txt")
    world.write(path, f"{line}\n" if lock else f"# about uv sync and pip-sync\n\n{line}\n")

    status, reason = choose(world)

    assert status == "fail"
    assert f"{manager}, recorded in .copier-answers.yml" in reason
    assert f"{path}:{1 if lock else 3}:" in reason


def test_010_refuses_an_answer_that_is_neither(world: World) -> None:
    world.write(".copier-answers.yml", "dependency_manager: poetry\n")

    done = world.run("atom_010")

    assert done.code == 3
    assert "poetry" in done["choose_dependency_manager"][1]


def test_the_environment_follows_the_choice_of_another_project(world: World) -> None:
    """Nothing of the choice is remembered outside of the project."""
    world.write(".copier-answers.yml", "dependency_manager: pip-tools\n")
    choose(world)
    shutil.rmtree(world.root / "artifacts")
    world.write(".copier-answers.yml", "dependency_manager: uv\n")

    choose(world)

    assert world.artifact("manager")["manager"] == "uv"
