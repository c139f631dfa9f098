"""A session's checkpoint commit and its trailers, as atoms: made, read back, squashed, mended, refused."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from command_line import Done, call
from fake_agents import fake
from tree_world import git, lying, new_tree, users_git

ATOMS = ("create_fix_branch_and_checkpoint", "annotate_commit_with_cli_metadata")


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in which a session of Claude Code has changed a file; `.git` is as git leaves it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    (tmp_path / "gitconfig").write_text("[user]\nname = Ada\nemail = ada@example.org\n")
    files = {"pyproject.toml": "[tool.atomci]\n", ".gitignore": "/artifacts/\n", "a.py": "a = 1\n"}
    return new_tree(tmp_path / "project", files)


def session(top: Path, *options: str, does: str = "open('a.py', 'a').write('b = 1\\n')") -> str:
    """Run one, and return the name of its run."""
    claude = fake(top.parent / "bin", "claude", does, "say(stream)")
    words = ("guard", "--allow-degraded", *options, "--", str(claude), "-p", "x", "--seed", "7")
    done = call(words, top, dict(os.environ))
    assert done.code == 0, done
    return max((top / "artifacts/cli_runs/claude").glob("2*")).name


def run(top: Path, *words: str) -> Done:
    return call(("run", *(words or ATOMS), "--only", "--json"), top, dict(os.environ))


def standing(top: Path) -> list[str]:
    rows = json.loads(call(("check", *ATOMS, "--json"), top, dict(os.environ)).out)["atoms"]
    return [row["status"] for row in rows]


def read_back(top: Path, commit: str) -> dict[str, str]:
    """What git itself reads of a commit's message."""
    message = git(top, "log", "-1", "--format=%B", commit)
    done = subprocess.run(
        ["git", "interpret-trailers", "--parse"], input=message, capture_output=True, check=True
    )
    return dict(line.split(": ", 1) for line in done.stdout.decode().splitlines())


def test_the_newest_session_gets_one_commit_that_tells_of_it(top: Path) -> None:
    assert standing(top) == ["not run here yet"] * 2
    assert set(run(top).statuses.values()) == {"skipped"}
    name = session(top)
    assert standing(top) == ["not run here yet"] * 2
    before, own = lying(top), users_git(top)

    assert run(top).statuses == dict.fromkeys(ATOMS, "pass")

    commit = git(top, "rev-parse", f"fix/{name}").decode().strip()
    said = read_back(top, commit)
    record = top / f"artifacts/cli_runs/claude/{name}"
    digests = {
        path.name: subprocess.run(["sha256sum", path], capture_output=True, check=True).stdout.decode()[:64]
        for path in record.iterdir()
    }
    assert {key: said[key] for key in list(said) if key not in ("Atomci-Time", "Atomci-Confinement")} == {
        "Assisted-by": "claude:claude-x",
        "Atomci-Tool": "claude 9.8.7",
        "Atomci-Model": "claude-x",
        "Atomci-Seed": "7",
        "Atomci-Config": f"sha256:{digests['policy.json']}",
        "Atomci-Record": f"sha256:{digests['index.json']}",
        "Atomci-Run": name,
        "Atomci-Before": said["Atomci-Before"],
        "Atomci-After": said["Atomci-After"],
    }
    assert standing(top) == ["holds"] * 2
    kept = {path: digest for path, digest in lying(top).items() if not path.startswith(b"artifacts/")}
    assert kept == {path: digest for path, digest in before.items() if not path.startswith(b"artifacts/")}
    assert {path: users_git(top)[path] for path in own} == own
    # Again: nothing is made twice.
    again = run(top)
    assert again.statuses == dict.fromkeys(ATOMS, "pass")
    assert git(top, "rev-parse", f"fix/{name}").decode().strip() == commit
    assert git(top, "for-each-ref", "refs/heads/fix").count(b"\n") == 1


def test_the_trailers_survive_squashes(top: Path) -> None:
    name = session(top)
    assert call(("guard", "branch", name, "--topic", "one"), top, dict(os.environ)).code == 0
    git(top, "checkout", "-q", "-b", "more", "fix/one")
    git(top, "commit", "-q", "--allow-empty", "-m", "More\n\nwith a body")
    bodies = git(top, "log", "--reverse", "--format=* %B", "main..more").decode()
    git(top, "checkout", "-q", "main")
    git(top, "merge", "-q", "--squash", "more")
    git(top, "commit", "-q", "--no-edit")  # as `git merge --squash` words it
    git(top, "branch", "-q", "-D", "more", "fix/one")
    assert standing(top) == ["holds"] * 2
    # As GitHub words a squash of several commits.
    git(
        top,
        "commit",
        "-q",
        "--amend",
        "-m",
        f"Mend a (#12)\n\n{bodies}\n---------\n\nCo-authored-by: B <b@c>",
    )
    assert standing(top) == ["holds"] * 2
    # A trailer that says something else is seen.
    git(top, "commit", "-q", "--amend", "-m", f"Mend\n\n{bodies.replace('claude-x', 'other')}")
    assert standing(top) == ["holds", "broken"]


def test_trailers_that_were_lost_come_back_where_nobody_stands_on_the_commit(top: Path) -> None:
    name = session(top)
    run(top, ATOMS[0])
    made, wanted = git(top, "rev-parse", f"fix/{name}"), read_back(top, f"fix/{name}")
    tree = git(top, "rev-parse", f"fix/{name}^{{tree}}").decode().strip()
    bare = git(top, "commit-tree", tree, "-p", "main", "-m", "Mine\n\nReviewed-by: B <b@c>").decode().strip()
    git(top, "update-ref", f"refs/heads/fix/{name}", bare)
    git(top, "branch", "keeps", bare)
    assert standing(top) == ["holds", "broken"]
    refused = run(top, ATOMS[1])
    assert refused.statuses == {ATOMS[1]: "fail"}
    assert "isn't replaced: refs/heads/keeps holds it too" in refused.out
    git(top, "branch", "-q", "-D", "keeps")
    git(top, "checkout", "-q", f"fix/{name}")
    assert f"fix/{name} is checked out" in run(top, ATOMS[1]).out
    git(top, "checkout", "-q", "main")

    assert run(top, ATOMS[1]).statuses == {ATOMS[1]: "pass"}

    assert read_back(top, f"fix/{name}") == {"Reviewed-by": "B <b@c>", **wanted}
    assert git(top, "log", "-1", "--format=%s", f"fix/{name}") == b"Mine\n"
    assert git(top, "rev-parse", f"fix/{name}^{{tree}}").decode().strip() == tree
    assert git(top, "rev-parse", f"fix/{name}") != made
    assert standing(top) == ["holds"] * 2
    git(top, "fsck", "--strict")


SETTINGS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "signing": (("commit.gpgsign", "true"), ("gpg.program", "/bin/false"), ("user.signingkey", "none")),
    "hooks": (("core.hooksPath", "HOOKS"),),
    "template": (("commit.template", "TEMPLATE"), ("commit.cleanup", "scissors"), ("commit.verbose", "true")),
    "encoding": (("i18n.commitEncoding", "latin1"),),
    "trailers": (("trailer.separators", "="), ("trailer.x.command", "touch RAN"), ("trailer.x.key", "X")),
    "signatures shown": (("log.showSignature", "true"), ("gpg.program", "/bin/false")),
}


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_settings_of_other_commits_do_not_count(
    top: Path, settings: tuple[tuple[str, str], ...], tmp_path: Path
) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for hook in ("reference-transaction", "pre-commit", "commit-msg", "prepare-commit-msg", "post-commit"):
        (hooks / hook).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n")
        (hooks / hook).chmod(0o755)
    (tmp_path / "template").write_text("Signed-off-by: somebody\n")
    name = session(top)
    places = {word: str(tmp_path / word.lower()) for word in ("HOOKS", "TEMPLATE", "RAN")}
    for key, value in settings:
        *words, last = value.split(" ")
        git(top, "config", key, " ".join([*words, places.get(last, last)]))
    head, index = git(top, "rev-parse", "HEAD"), (top / ".git/index").read_bytes()

    done = call(("guard", "branch", name, "-m", "Mend ä"), top, dict(os.environ))

    assert done.code == 0, done
    raw = git(top, "cat-file", "commit", f"fix/{name}")
    assert b"gpgsig" not in raw
    assert b"encoding" not in raw
    assert "Mend ä\n".encode() in raw
    assert b"Signed-off-by" not in raw
    assert not (tmp_path / "ran").exists()
    assert (git(top, "rev-parse", "HEAD"), (top / ".git/index").read_bytes()) == (head, index)
    assert standing(top) == ["holds"] * 2
    assert not (tmp_path / "ran").exists()


def detached(top: Path) -> None:
    git(top, "checkout", "-q", "--detach")


def orphaned(top: Path) -> None:
    git(top, "symbolic-ref", "HEAD", "refs/heads/new")


@pytest.mark.parametrize("change", [detached, orphaned])
def test_head_may_be_anywhere(top: Path, change: Callable[[Path], None]) -> None:
    name = session(top)
    change(top)
    head = (top / ".git/HEAD").read_text()
    assert run(top).statuses == dict.fromkeys(ATOMS, "pass")
    assert (top / ".git/HEAD").read_text() == head
    assert git(top, "rev-parse", f"fix/{name}^") == git(top, "rev-parse", "main")


def test_before_the_first_commit_there_is_nothing_to_stand_on(top: Path, tmp_path: Path) -> None:
    unborn = new_tree(tmp_path / "unborn", {"pyproject.toml": "[tool.atomci]\n", "a.py": "a\n"}, commit=False)
    session(unborn, "--in-place")
    done = run(unborn)
    assert done.statuses[ATOMS[0]] == "fail"
    assert "before the first commit (its changes are in this checkout: git commit)" in done.out
    assert git(unborn, "for-each-ref", "refs/heads") == b""


TAKEN = [
    ("fix/one", "one", "there is a branch fix/one"),
    ("fix", "one", "git can't keep a branch fix/one beside the branch fix"),
    ("fix/one/two", "one", "git can't keep a branch fix/one beside the branch fix/one/two"),
    ("fix/one", "one/two", "git can't keep a branch fix/one/two beside the branch fix/one"),
    ("x", "-x y", "fix/-x y can't be the name of a branch"),
]


def test_a_name_that_is_taken_is_refused(top: Path) -> None:
    name = session(top)
    for branch, topic, said in TAKEN:
        git(top, "branch", branch)
        before = users_git(top)
        done = call(("guard", "branch", name, f"--topic={topic}"), top, dict(os.environ))
        assert (done.code, said in done.err, "--topic NAME" in done.err) == (4, True, True), done
        assert users_git(top) == before
        git(top, "branch", "-q", "-D", branch)
    assert call(("guard", "branch", name, "-m", " "), top, dict(os.environ)).code == 2


def test_without_an_identity_nothing_is_made(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = session(top)
    (top.parent / "gitconfig").write_text("[user]\nuseConfigOnly = true\n")
    for variable in ("EMAIL", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"):
        monkeypatch.delenv(variable, raising=False)
    before = users_git(top)
    done = call(("guard", "branch", name), top, {**os.environ, "GIT_CONFIG_NOSYSTEM": "1"})
    assert (done.code, "git config user.email ADDRESS" in done.err) == (3, True), done
    assert users_git(top) == before


def test_what_git_ignores_makes_no_commit(top: Path) -> None:
    session(top, does="os.makedirs('artifacts', exist_ok=True); open('artifacts/x.txt', 'w').write('x')")
    done = run(top)
    assert set(done.statuses.values()) == {"skipped"}, done.out
    assert git(top, "for-each-ref", "refs/heads/fix") == b""
