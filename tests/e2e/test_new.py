"""`atomci new`, as someone meets it who has just cloned this repository."""

import filecmp
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from nightly import NIGHTLY

from .conftest import LANES, ROOT, Shell, environment
from .pythons import interpreters

NEW = ("uv", "run", "atomci", "new")
GENERATED = {
    ".git",
    ".venv",
    "uv.lock",
    "artifacts",
    ".atomci",
    ".atomci_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
}


def readme_command(word: str) -> str:
    """The command of the README's two that has this word in it."""
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    (found,) = [
        line[2:].split("  #")[0].strip()
        for line in lines
        if line.startswith("$ ") and word in line and "pip install uv" in line
    ]
    return found


def tree(root: Path) -> dict[str, bytes]:
    """Every rendered file's bytes."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
        and not GENERATED & set(path.relative_to(root).parts)
        and "__pycache__" not in path.parts
    }


def test_without_a_clone_the_project_stands_on_its_own_feet(
    checkout: Path, home: Path, tmp_path: Path
) -> None:
    """As the README says it: atomci in an environment of its own, which may be gone the next day."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"^\$ uvx (.*atomci new myproj)$", readme, re.MULTILINE)
    words = shlex.split(line.replace("git+https://HOST/ORG/atomci", f"git+{checkout.as_uri()}"))
    assert checkout.as_uri() in words[1]
    shell = Shell(tmp_path, environment(home))

    said = shell.ok("uv", "tool", "run", *words, "--defaults")

    assert "local_ci: green" in said
    own = tmp_path / "myproj/.venv"
    for hook in ("pre-commit", "pre-push"):
        text = (tmp_path / "myproj/.git/hooks" / hook).read_text(encoding="utf-8")
        assert f"INSTALL_PYTHON={own}" in text


def test_the_render_is_that_of_plain_copier_byte_for_byte(atomci: Shell, made: Path, tmp_path: Path) -> None:
    plain = tmp_path / "my-project"
    answers = ("--defaults", "-d", "wrapper_scripts=true")  # as `made` has them
    atomci.ok("uv", "run", "copier", "copy", "--quiet", *answers, str(atomci.folder), str(plain))
    assert tree(plain) == tree(made)
    assert filecmp.cmp(plain / ".copier-answers.yml", made / ".copier-answers.yml", shallow=False)


def test_the_first_commit_holds_the_lock_that_status_would_write(
    made: Path, home: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "my-project"
    Shell(tmp_path, environment(home)).ok("git", "clone", "--quiet", str(made), str(folder))
    shell, lock = Shell(folder, environment(home)), folder / ".atomci/lock.json"
    assert shell.ok("git", "log", "--format=%s", "--", str(lock)).strip() == "chore: first commit"
    assert "0 drifted" in shell.ok("atomci", "status", "--offline")
    lock.unlink()

    assert "is now written: commit it" in shell.ok("atomci", "status")

    assert shell.ok("git", "status", "--porcelain") == ""


def test_the_projects_own_words_for_an_update_work(made: Path, home: Path, tmp_path: Path) -> None:
    text = (made / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (words,) = re.findall(r"^(uv run .* atomci update --plan)\b", text, re.MULTILINE)
    shell = Shell(made, environment(home, UV_PROJECT_ENVIRONMENT=str(tmp_path / "environment")))

    assert "up to date" in shell.ok(*words.split())

    assert shell.ok("git", "status", "--porcelain") == ""


# The running one has made the project that others clone; the newest beside it, and CI's real leg has all.
@pytest.mark.parametrize("python", interpreters() if NIGHTLY else interpreters()[-1:])
def test_a_project_is_green_on_each_python(atomci: Shell, python: str, tmp_path: Path) -> None:
    # Not through `uv run`, which would make the checkout's environment anew, under the feet of other tests.
    program = str(atomci.folder / ".venv" / ("Scripts" if os.name == "nt" else "bin") / "atomci")
    said = atomci.ok(program, "new", str(tmp_path / "my-project"), "--defaults", UV_PYTHON=python)
    assert "local_ci: green" in said
    asked = Shell(tmp_path / "my-project", atomci.env).ok("uv", "run", "python", "-V", UV_PYTHON=python)
    wanted = subprocess.run([python, "-V"], capture_output=True, text=True, check=True).stdout
    assert asked == wanted


def test_every_check_holds_in_a_new_project(made: Path, home: Path) -> None:
    """But for the lock's, which names the clone that it was made from: that clone has no origin."""
    shell = Shell(made, environment(home, UV_PYTHON=sys.executable))
    lock, unmet = "compile_lockfile_and_sync", "on another machine that can't be installed"

    def standings(*words: str) -> tuple[int, dict[str, str]]:
        done = shell.run("uv", "run", "--frozen", "atomci", "check", "--json", *words)
        rows = {row["atom"]: row for row in json.loads(done.stdout)["atoms"]}
        assert unmet in rows[lock]["evidence"][0]
        assert "atomci update --template URL" in rows[lock]["remedy"]
        return done.returncode, {name: row["status"] for name, row in rows.items() if name != lock}

    ran = [f"phase_{number:02d}" for number in (0, 1, 4, 5, 7)]
    code, found = standings(*ran)
    assert (code, set(found.values())) == (1, {"holds", "not applicable"}), found
    # The layers that the gate leaves out are told apart from what is broken, and hold once they have run.
    said = shell.run("uv", "run", "--frozen", "atomci", "check").stdout
    assert re.search(r"^\d+ holds, 1 broken, \d+ not run here yet, \d+ not appl", said, re.MULTILINE), said
    assert re.search(r"^not run here yet +058 run_pytest_integration$", said, re.MULTILINE), said
    layers = ("integration", "e2e", "pester", "shard_and_parallelize_tests_where_safe")
    shell.run("uv", "run", "--frozen", "atomci", "run", *layers)
    shell.run("uv", "run", "--frozen", "atomci", "guard", "--", "touch", "new.txt")
    shell.run("uv", "run", "--frozen", "atomci", "run", "annotate_commit_with_cli_metadata")
    shell.run("uv", "run", "--frozen", "atomci", "run", "autofix")
    # Last, since it is about the newest run.
    reports = ("diagnostics", "reports", "watch_ci_duration_and_flakiness", *LANES)
    shell.run("uv", "run", "--frozen", "atomci", "run", *reports)
    code, found = standings(*(f"phase_{number:02d}" for number in range(20)))
    assert (code, set(found.values())) == (1, {"holds", "not applicable", "planned"}), found
    # What was seen here is done; what GitHub would know needs a remote.
    answers = json.loads(shell.run("uv", "run", "--frozen", "atomci", "done", "--json").stdout)["answers"]
    assert [answer["answer"] for answer in answers] == ["yes"] * 5 + ["no"] * 2, answers
    assert shell.ok("git", "status", "--porcelain") == ""


def test_answers_come_from_the_command_line_and_a_file(atomci: Shell, tmp_path: Path) -> None:
    (tmp_path / "answers.yml").write_text("licence: Apache-2.0\nauthor_name: Ann\n", encoding="utf-8")
    dest = tmp_path / "thing"
    words = (
        "--defaults",
        "--no-bootstrap",
        "--data-file",
        str(tmp_path / "answers.yml"),
        "-d",
        "author_name=Bea",
    )
    atomci.ok(*NEW, str(dest), *words)
    answers = (dest / ".copier-answers.yml").read_text(encoding="utf-8")
    assert "licence: Apache-2.0" in answers
    assert "author_name: Bea" in answers
    assert not (dest / ".git").exists()


def test_a_git_url_is_a_template_and_the_pin(atomci: Shell, tmp_path: Path) -> None:
    url = f"git+file://{atomci.folder}"
    said = atomci.ok(*NEW, str(tmp_path / "p"), "--defaults", "--template", url, UV_PYTHON=sys.executable)
    assert "local_ci: green" in said
    commit = atomci.ok("git", "rev-parse", "HEAD").strip()
    pyproject = (tmp_path / "p/pyproject.toml").read_text(encoding="utf-8")
    assert f'atomci = {{ git = "file://{atomci.folder}", rev = "{commit}" }}' in pyproject


def test_an_empty_folder_that_is_there_is_taken(atomci: Shell, tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    atomci.ok(*NEW, str(tmp_path / "here"), "--defaults", "--no-bootstrap")
    assert (tmp_path / "here/pyproject.toml").is_file()


# What goes wrong: more words, more variables, the exit code, what is said.
WRONG: dict[str, tuple[tuple[str, ...], dict[str, str], int, str]] = {
    "bad answer": (("-d", "package_name=class"), {}, 2, "class is a Python keyword"),
    "bad choice": (("-d", "licence=WTFPL"), {}, 2, "licence"),
    "unknown question": (("-d", "colour=red"), {}, 2, "no question called colour"),
    "no index with it": (
        ("-d", "runtime_source=index"),
        {},
        3,
        "a package index that has atomci, and none here",
    ),
    "not key=value": (("-d", "licence"), {}, 2, "not KEY=VALUE"),
    "no such template": (("--template", "./nowhere"), {}, 2, "no folder ./nowhere"),
    "template can't be fetched": (
        ("--template", "git+file:///no/such/repository"),
        {},
        3,
        "can't be fetched",
    ),
    "unknown ref": (("--ref", "v99.0.0"), {}, 2, "v99.0.0"),
    "no network, nothing cached": (
        (),
        {"UV_OFFLINE": "1", "UV_CACHE_DIR": "{tmp}/empty"},
        3,
        "compile_lockfile_and_sync",
    ),
    "no interpreter": (
        ("-d", "python_min=3.13"),
        {
            "PATH": "{bare}",
            "HOME": "{tmp}/empty",
            "UV_OFFLINE": "1",
            "PYENV_ROOT": "{tmp}/empty/none",
            "UV_PYTHON_INSTALL_DIR": "{tmp}/empty/none",
        },
        3,
        "uv python install 3.1",
    ),
    "no git": ((), {"PATH": "{nogit}"}, 3, "git isn't on PATH"),
}


def programs_without(left_out: str, folder: Path) -> None:
    """This machine's programs, but for those whose names begin so."""
    folder.mkdir()
    for program in (*Path("/usr/bin").iterdir(), *Path("/bin").iterdir()):
        if not program.name.startswith(left_out) and not (folder / program.name).exists():
            (folder / program.name).symlink_to(program)


@pytest.mark.parametrize("case", WRONG)
def test_what_goes_wrong_is_said_and_leaves_nothing_behind(atomci: Shell, case: str, tmp_path: Path) -> None:
    words, variables, code, text = WRONG[case]
    if case == "no interpreter" and sys.version_info >= (3, 13):
        pytest.skip("atomci itself runs on an interpreter that satisfies")
    for name, left_out in (("bare", "python"), ("nogit", "git")):
        if f"{{{name}}}" in variables.values():
            programs_without(left_out, tmp_path / name)
    places = {"tmp": str(tmp_path), "bare": str(tmp_path / "bare"), "nogit": str(tmp_path / "nogit")}
    env = {name: value.format(**places) for name, value in variables.items()}
    program = str(atomci.folder / ".venv/bin/atomci")
    env.setdefault("UV", str(shutil.which("uv", path=atomci.env["PATH"])))
    (tmp_path / "empty").mkdir()
    before = sorted(tmp_path.iterdir())
    done = atomci.run(program, "new", str(tmp_path / "deep/er/dest"), "--defaults", *words, **env)
    assert (done.returncode, text in done.stdout) == (code, True), done.stdout
    assert "Traceback" not in done.stdout
    made = [path for path in sorted(tmp_path.iterdir()) if path not in before]
    assert made == [], made


def test_a_folder_with_something_in_it_is_left_alone(atomci: Shell, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    done = atomci.run(*NEW, str(tmp_path), "--defaults")
    assert done.returncode == 2
    assert "isn't an empty folder" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_without_a_terminal_it_asks_for_defaults(atomci: Shell, tmp_path: Path) -> None:
    done = atomci.run(*NEW, str(tmp_path / "dest"))
    assert done.returncode == 2
    assert "add --defaults" in done.stdout
    assert not (tmp_path / "dest").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_leaves_nothing_behind(atomci: Shell, tmp_path: Path) -> None:
    dest = tmp_path / "dest"
    words = [str(atomci.folder / ".venv/bin/atomci"), "new", str(dest), "--defaults"]
    process = subprocess.Popen(
        words,
        cwd=atomci.folder,
        env=dict(atomci.env),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not (dest / ".venv").exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(60) == 130
    assert not dest.exists()


def test_uncommitted_changes_of_a_template_install_and_say_so(
    atomci: Shell, home: Path, tmp_path: Path
) -> None:
    dirty = tmp_path / "atomci"
    Shell(tmp_path, atomci.env).ok("git", "clone", "--quiet", str(atomci.folder), str(dirty))
    next((dirty / "template").glob("*SECURITY*")).write_text("# changed here\n", encoding="utf-8")
    said = atomci.ok(
        *NEW, str(tmp_path / "p"), "--defaults", "--trust", "--template", str(dirty),
        UV_PYTHON=sys.executable, XDG_CONFIG_HOME=str(tmp_path / "config"),
    )  # fmt: skip
    assert "Dirty template changes included" in said
    assert (tmp_path / "p/SECURITY.md").read_text(encoding="utf-8") == "# changed here\n"
    assert f"the working tree at {dirty}" in (tmp_path / "p/pyproject.toml").read_text(encoding="utf-8")
