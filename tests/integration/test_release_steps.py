"""The steps of a rendered release that decide: which commits are built, and which files are given away."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="its runners are Linux")

GOLDEN = Path(__file__).parents[1] / "golden"


def steps(tree: str, job: str) -> list[dict[str, Any]]:
    text = (GOLDEN / tree / ".github/workflows/release.yml").read_text(encoding="utf-8")
    found: list[dict[str, Any]] = yaml.safe_load(text)["jobs"][job]["steps"]
    return found


def script(tree: str, job: str, name: str) -> str:
    return str(next(step["run"] for step in steps(tree, job) if step["name"] == name))


def run(text: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """As GitHub runs a step that names no shell."""
    words = ["bash", "-e", "-c", text]
    given = {"PATH": os.environ["PATH"], "HOME": str(folder), **env}
    return subprocess.run(words, cwd=folder, env=given, capture_output=True, text=True, check=False)


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=U", "-c", "user.email=u@example.com")
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


@pytest.mark.parametrize(("tree", "branch"), [("library", "main"), ("service-full", "trunk")])
def test_a_tag_off_the_default_branch_is_refused_before_anything_is_built(
    tmp_path: Path, tree: str, branch: str
) -> None:
    text = script(tree, "build", "The tag is on the default branch")
    names = [step["name"] for step in steps(tree, "build")]
    assert names[:2] == ["Check out", "The tag is on the default branch"]

    git(tmp_path, "init", "--quiet", "--initial-branch", branch)
    for words in ("first", "second"):
        git(tmp_path, "commit", "--quiet", "--allow-empty", "-m", words)
    without = run(text, tmp_path, GITHUB_REF_NAME="v1.0.0")
    assert without.returncode != 0, "no branch is known: a checkout without history"
    git(tmp_path, "update-ref", f"refs/remotes/origin/{branch}", "HEAD")
    for commit in ("HEAD", "HEAD~1"):
        git(tmp_path, "checkout", "--quiet", "--detach", commit)
        done = run(text, tmp_path, GITHUB_REF_NAME="v1.0.0")
        assert (done.returncode, done.stdout) == (0, ""), done
    git(tmp_path, "commit", "--quiet", "--allow-empty", "-m", "beside it")
    git(tmp_path, "tag", f"origin/{branch}")  # git takes it for the branch, where that is named so
    off = run(text, tmp_path, GITHUB_REF_NAME="v1.0.0")
    assert off.returncode == 1
    assert off.stdout == (
        f"::error::v1.0.0 isn't on {branch}, so nothing is built: merge its commit, "
        f"delete the tag (git push --delete origin v1.0.0), and tag {branch}\n"
    )


@pytest.mark.parametrize("job", ["attest", "publish", "github"])
def test_each_job_gives_away_what_was_built_and_nothing_else(tmp_path: Path, job: str) -> None:
    says = script("library", "build", "Say what was built")
    compares = script("library", job, "It is what was built, and all of it")
    names = [step["name"] for step in steps("library", job)]
    assert names[:2] == ["Take it over", "It is what was built, and all of it"]
    dist = tmp_path / "dist"
    dist.mkdir()
    output = tmp_path / "output"
    assert run(says, tmp_path, GITHUB_OUTPUT=str(output)).returncode != 0, "nothing was built"
    output.unlink(missing_ok=True)
    for name in ("a-1.tar.gz", "a-1-py3-none-any.whl"):
        (dist / name).write_text(name, encoding="utf-8")
    run(says, tmp_path, GITHUB_OUTPUT=str(output)).check_returncode()
    first, *lines, last = output.read_text(encoding="utf-8").splitlines()
    assert (first, last, len(lines)) == ("sha256<<END", "END", 2)
    built = "\n".join(lines)

    assert run(compares, tmp_path, BUILT=built).returncode == 0
    assert run(compares, tmp_path, BUILT="").returncode != 0
    (dist / "another.whl").write_text("came with it", encoding="utf-8")
    assert run(compares, tmp_path, BUILT=built).returncode != 0
    (dist / "another.whl").unlink()
    (dist / "a-1.tar.gz").write_text("changed", encoding="utf-8")
    assert run(compares, tmp_path, BUILT=built).returncode != 0
    for path in dist.iterdir():
        path.unlink()
    assert run(compares, tmp_path, BUILT=built).returncode != 0
    assert run(compares, tmp_path, BUILT="").returncode != 0
