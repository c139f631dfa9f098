"""A disk that is full for real, at whatever byte: a clear error, nothing changed, and with room it works."""

import base64
import importlib
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sync_world import Folder, Run, lines

if sys.platform == "win32":
    pytest.skip("limits of POSIX systems", allow_module_level=True)

import full_disk
from full_disk import Attempt

# Files of such sizes that for each stage there is a limit that stops it, and not the one before: a template's
# index is shorter than GROWING rendered, that is shorter than git's object of NOTES, NOTES longer, and the
# journal is the longest.
MANY = 160
GROWING = "{% for n in range(1800) %}line {{ n }}\n{% endfor %}"
NOISE = (random.Random(n).randbytes(80) for n in range(215))  # noqa: S311
NOTES = b"\n".join(map(base64.b85encode, NOISE)).decode()
LIMITS = (0, 8_000, 16_200, 17_300, 20_000, 23_000, 36_000, 60_000, 120_000)
Pending = Callable[[int], tuple[Folder, int]]
Disk = Callable[..., list[Attempt]]


@pytest.fixture(params=["clean", "conflicts"])
def pending(request: pytest.FixtureRequest, template: Folder, project: Folder) -> Pending:
    """Makes an update with so many new files wait in the project; the project, and how the update ends."""

    def make(many: int) -> tuple[Folder, int]:
        files = {
            **{f"template/more/{n}.txt": f"more {n}\n" for n in range(many)},
            "template/growing.txt.jinja": GROWING,
            "template/keep.txt": lines("keep", n5="theirs"),
            "template/guide.txt": None,
        }
        template.commit(files, "v2.0.0")
        mine = lines("keep", **({"n5": "mine"} if request.param == "conflicts" else {}))
        project.commit({"keep.txt": mine + NOTES})
        return project, int(request.param == "conflicts")

    return make


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    """Runs on a disk of its own that is full, in a mount namespace of its own. Skips where there are none."""
    unshare = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    allowed = ["mount", "-t", "tmpfs", "none", str(tmp_path)]
    if (
        not shutil.which("unshare")
        or subprocess.run([*unshare, *allowed], capture_output=True, check=False).returncode
    ):
        pytest.skip("no disk can be mounted here; the limits of single files are tested all the same")
    (tmp_path / "disk").mkdir()

    def attempts(project: Folder, *words: str) -> list[Attempt]:
        places = [str(project.root), str(tmp_path / "disk")]
        done = subprocess.run(
            [*unshare, sys.executable, full_disk.__file__, *places, *words],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return [Attempt(**json.loads(line)) for line in done.stdout.splitlines()]

    return attempts


def judge(attempts: list[Attempt], code: int, said: tuple[str, ...]) -> set[str]:
    """Each run changed nothing or did it all; the stages that were refused."""
    done = [row for row in attempts if row.code == code]
    assert len({row.outcome for row in done}) == 1, [row.said for row in attempts]
    refused = [row for row in attempts if row.code != code]
    for row in refused:
        assert (row.code, row.left) == (3, []), row
        assert row.said.startswith("error: "), row.said
        assert "Traceback" not in row.said
        assert any(word in row.said for word in said), row.said
        assert (row.again, row.outcome) == (code, done[0].outcome), row
    return {row.stage for row in refused}


FULL = ("No space left on device", "unable to write", "write error", "short write")
TOO_LONG = ("File too large", "killed by SIGXFSZ", "unable to write", "write error")


@pytest.mark.parametrize("pending", ["clean"], indirect=True)
def test_a_full_disk_changes_nothing(pending: Pending, disk: Disk) -> None:
    project, code = pending(30)

    assert judge(disk(project), code, FULL) == set(full_disk.STAGES)


@pytest.mark.parametrize("pending", ["conflicts"], indirect=True)
def test_a_full_disk_changes_nothing_while_an_update_is_taken_back(
    pending: Pending, disk: Disk, atomci: Run
) -> None:
    project, code = pending(30)
    assert atomci("update").code == code

    assert judge(disk(project, "--abort"), 0, FULL) == {"staging", "switching"}


def test_a_limit_of_each_file_changes_nothing(pending: Pending, tmp_path: Path) -> None:
    importlib.import_module("atomci.template.worker")  # once, and not in each child
    project, code = pending(MANY)

    attempts = list(full_disk.with_short_files(project.root, (), tmp_path / "limited", LIMITS))

    assert judge(attempts, code, TOO_LONG) == set(full_disk.STAGES)


def test_a_limit_of_each_file_changes_nothing_while_an_update_is_taken_back(
    pending: Pending, tmp_path: Path, atomci: Run
) -> None:
    project, code = pending(2 * MANY)
    assert atomci("update").code == code

    attempts = list(full_disk.with_short_files(project.root, ["--abort"], tmp_path / "limited", LIMITS))

    assert judge(attempts, 0, TOO_LONG) == {"staging", "switching"}
