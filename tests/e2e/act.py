"""act, which runs the workflows of a made project here: no Docker, no network, stand-ins for the actions."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .conftest import Shell

ACTIONS = Path(__file__).parent / "actions"
REPOSITORY = "acme/my-project"
SYSTEMS = ("ubuntu-24.04", "windows-2025", "macos-15")
# Nothing gets out: whoever tries meets a proxy that isn't there.
_NO_NETWORK = {
    **dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9"),
    **dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1,localhost"),
    "UV_OFFLINE": "1",
    "PIP_NO_INDEX": "1",
}
# What GitHub hands over with each event, as far as a workflow could look at it.
PAYLOADS: dict[str, dict[str, Any]] = {
    "pull_request": {
        "number": 1,
        "pull_request": {"base": {"ref": "main"}, "head": {"ref": "topic", "repo": {"fork": False}}},
    },
    "push": {"ref": "refs/heads/main"},
    "merge_group": {"merge_group": {"base_ref": "refs/heads/main", "head_ref": "refs/heads/queue/main/1"}},
    "schedule": {"schedule": "23 3 * * *"},
    "workflow_dispatch": {"ref": "refs/heads/main"},
}


@dataclass(frozen=True)
class Run:
    """What a run of a workflow left."""

    code: int
    # By job, with the matrix leg: `unit 3.11`. act tells of no job that was skipped.
    results: Mapping[str, str]
    # The same of each step that ran, by job and name.
    steps: Mapping[tuple[str, str], str]
    # All that was printed, as the page of a run would show it.
    said: str
    # What the stand-ins of the actions kept; see actions/.
    artifacts: Path
    records: Path

    def jobs(self, result: str) -> set[str]:
        """The jobs of which a leg ended so."""
        return {name.split()[0] for name, ended in self.results.items() if ended == result}

    def record(self, name: str) -> Any:
        """What the stand-in of an action was given; None when it never ran."""
        path = self.records / f"{name}.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def act(
    project: Shell,
    folder: Path,
    event: str,
    *words: str,
    workflow: str = "ci",
    payload: Mapping[str, Any] | None = None,
    programs: tuple[Path, ...] = (),
    **env: str,
) -> Run:
    """Run a workflow of a project for an event; `programs` are folders that come first on PATH."""
    folder.mkdir(parents=True)
    artifacts, records = folder / "artifacts", folder / "records"
    records.mkdir()
    artifacts.mkdir()
    (folder / "event.json").write_text(json.dumps(payload or PAYLOADS[event]), encoding="utf-8")
    given = {"KEPT": str(artifacts), "RECORDS": str(records), **_NO_NETWORK, **env}
    done = project.run(
        "act",
        event,
        *words,
        *(f"--platform={system}=-self-hosted" for system in SYSTEMS),
        "--no-cache-server",
        "--json",
        f"--eventpath={folder / 'event.json'}",
        f"--workflows=.github/workflows/{workflow}.yml",
        *(f"--env={name}={value}" for name, value in given.items()),
        *_stand_ins(project.folder),
        PATH=os.pathsep.join([*map(str, programs), project.env["PATH"]]),
        XDG_CACHE_HOME=str(folder / "cache"),
        **_NO_NETWORK,
    )
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert rows, done.stdout
    ended = [row for row in rows if "jobResult" in row]
    return Run(
        done.returncode,
        {" ".join([row["jobID"], *row["matrix"].values()]): row["jobResult"] for row in ended},
        {
            (row["jobID"], row["step"]): row["stepResult"]
            for row in rows
            if row.get("stage") == "Main" and "stepResult" in row
        },
        "\n".join(row.get("msg", "") for row in rows),
        artifacts,
        records,
    )


def _stand_ins(project: Path) -> list[str]:
    """act's words that put a folder of ours in place of each action that is used below .github/."""
    texts = [path.read_text(encoding="utf-8") for path in (project / ".github").rglob("*.yml")]
    used = re.findall(r"uses: ([\w./-]+)@([0-9a-f]{40})", "\n".join(texts))
    words = []
    for action, commit in sorted(set(used)):
        stand_in = ACTIONS / action.replace("/", "_")
        assert stand_in.is_dir(), action
        words.append(f"--local-repository={action}@{commit}={stand_in}")
    return words
