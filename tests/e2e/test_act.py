"""The rendered ci.yml, run for real by act: no Docker, no network, stand-ins of ours for the actions."""

import json
import os
import re
import sys
from pathlib import Path

import pytest
import yaml

from .conftest import Shell
from .test_new import interpreters
from .test_ways_in import BROKEN

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="act's self-hosted mode")

STAND_INS = Path(__file__).parent / "actions"


def stand_ins(folder: Path) -> list[str]:
    """act's words that put a folder of ours in place of each action that is used below .github/."""
    texts = [path.read_text(encoding="utf-8") for path in (folder / ".github").rglob("*.yml")]
    used = re.findall(r"uses: ([\w./-]+)@([0-9a-f]{40})", "\n".join(texts))
    words = []
    for action, commit in sorted(set(used)):
        words += ["--local-repository", f"{action}@{commit}={STAND_INS / action.replace('/', '_')}"]
    return words


def act(project: Shell, tmp_path: Path, event: str) -> tuple[int, dict[str, str], str]:
    """Exit code, results by job and matrix leg, and all that was said."""
    bin_folder = tmp_path / "pythons"
    bin_folder.mkdir()
    for path in interpreters():
        # act's own tool cache has no Python: these are what setup-uv would find on a runner.
        version = project.ok(path, "-c", "import sys; print(*sys.version_info[:2], sep='.')").strip()
        (bin_folder / f"python{version}").symlink_to(path)
        # What setup-uv's cache holds on a second run, since the workflow runs without a network.
        project.ok(
            "uv", "sync", "--frozen", "-q", UV_PYTHON=path, UV_PROJECT_ENVIRONMENT=str(tmp_path / version)
        )
    done = project.run(
        "act",
        event,
        "--platform=ubuntu-24.04=-self-hosted",
        "--no-cache-server",
        "--env",
        f"KEPT={tmp_path / 'kept'}",
        "--env",
        "UV_OFFLINE=1",
        "--json",
        "--workflows",
        ".github/workflows/ci.yml",
        *stand_ins(project.folder),
        PATH=os.pathsep.join([str(bin_folder), project.env["PATH"]]),
        XDG_CACHE_HOME=str(tmp_path / "act-cache"),
        UV_CACHE_DIR=project.ok("uv", "cache", "dir").strip(),
    )
    results: dict[str, str] = {}
    for line in done.stdout.splitlines():
        row = json.loads(line) if line.startswith("{") else {}
        if "jobResult" in row:
            results[" ".join([row["jobID"], *row["matrix"].values()])] = row["jobResult"]
    return done.returncode, results, done.stdout


@pytest.fixture
def ready(project: Shell) -> Shell:
    """A project whose matrix holds the Pythons that are here."""
    workflow = project.folder / ".github/workflows/ci.yml"
    here = sorted({re.search(r"3\.\d+", project.ok(path, "-V"))[0] for path in interpreters()})  # type: ignore[index]
    text = workflow.read_text(encoding="utf-8")
    wanted = yaml.safe_load(text)["jobs"]["unit"]["strategy"]["matrix"]["python"]
    if here != wanted:
        text = text.replace(json.dumps(wanted), json.dumps(here))
        text = text.replace(f'python: "{wanted[0]}"', f'python: "{here[0]}"')
        workflow.write_text(text, encoding="utf-8")
        project.ok("git", "commit", "--quiet", "--no-verify", "--all", "-m", "matrix")
    return project


# Which jobs run for which event. None of the others is green for being skipped: `required` says so.
EVENTS = {
    "pull_request": {"lint_types", "unit", "integration", "required"},
    "merge_group": {"lint_types", "unit", "integration", "required"},
    "push": {"lint_types", "unit", "integration", "e2e", "required"},
    "schedule": {"lint_types", "unit", "integration", "e2e", "required"},
}


@pytest.mark.parametrize("event", EVENTS)
def test_ci_is_green_on_a_good_tree(ready: Shell, event: str, tmp_path: Path) -> None:
    code, results, said = act(ready, tmp_path, event)
    assert code == 0, said
    ran = {name.split()[0] for name, result in results.items() if result == "success"}
    assert ran == EVENTS[event], said
    assert sum(name.startswith("unit ") for name in results) == len(interpreters())
    kept = {path.relative_to(tmp_path / "kept").parts[0] for path in (tmp_path / "kept").rglob("*.json")}
    assert {name.split("-")[0] for name in kept} == EVENTS[event] - {"required"}


@pytest.mark.parametrize("kind", ["lint", "test"])
def test_ci_is_red_on_a_broken_tree(ready: Shell, kind: str, tmp_path: Path) -> None:
    edit, finding = BROKEN[kind]
    edit(ready.folder)
    ready.ok("git", "add", "--all")
    ready.ok("git", "commit", "--quiet", "--no-verify", "-m", "broken")
    code, results, said = act(ready, tmp_path, "push")
    assert code != 0
    assert results["lint_types"] == ("failure" if kind == "lint" else "success"), said
    assert results["required"] == "failure", said
    plain = "\n".join(json.loads(line).get("msg", "") for line in said.splitlines() if line.startswith("{"))
    assert re.search(finding, plain), plain
