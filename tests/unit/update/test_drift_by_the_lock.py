"""What became of a project's files since they were rendered, told from its lock, and which files are meant."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from atomci.artifacts.printed.sync import Drift, Lock, LockedFile
from atomci.errors import InfrastructureError, RefusedError, UsageError
from atomci.template.answers import Recorded
from atomci.template.lock import lock_bytes, read_lock
from atomci.template.repository import Release
from atomci.tools.git.objects import Entry
from atomci.update.drift import last_render, status
from atomci.update.drift.differing import drift_of, drifted
from atomci.update.drift.status import looked_at, status_offline
from atomci.update.worktree.journal import digest

TEXT = b"one\ntwo\n"
ANSWERS = ".copier-answers.yml"


def blob(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def locked(tier: str = "managed", mode: str = "100644", content: bytes = TEXT) -> LockedFile:
    return LockedFile(tier=tier, blob=blob(content), mode=mode)  # type: ignore[arg-type]


def write(path: Path, content: bytes = TEXT) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("lies_there", "state"),
    [
        pytest.param(write, None, id="same"),
        pytest.param(lambda path: write(path, TEXT.replace(b"\n", b"\r\n")), None, id="CRLF"),
        pytest.param(lambda path: write(path, b"other"), "modified", id="other"),
        pytest.param(lambda path: None, "missing", id="nothing"),
        pytest.param(lambda path: write(path.parent), "missing", id="its folder is a file"),
        pytest.param(lambda path: write(path / "x"), "modified", id="a folder"),
    ],
)
def test_a_file_is_as_it_was_modified_or_missing(
    lies_there: Callable[[Path], None], state: str | None, tmp_path: Path
) -> None:
    lies_there(tmp_path / "d" / "f")

    assert drifted(tmp_path / "d" / "f", locked()) == state


@pytest.mark.skipif(os.name == "nt", reason="no executable bit on disk, and no links without a right to them")
@pytest.mark.parametrize(
    ("mode", "lies_there", "state"),
    [
        ("100644", "executable", "modified"),
        ("100755", "executable", None),
        ("100755", "plain", "modified"),
        ("100644", "link", "modified"),
        ("120000", "link", None),
        ("120000", "link elsewhere", "modified"),
        ("120000", "plain", "modified"),
    ],
)
def test_modes_and_links_are_compared_too(
    mode: str, lies_there: str, state: str | None, tmp_path: Path
) -> None:
    write(tmp_path / "target")
    path = tmp_path / "f"
    if lies_there.startswith("link"):
        path.symlink_to("target" if lies_there == "link" else "nowhere")
    else:
        write(path)
        path.chmod(0o755 if lies_there == "executable" else 0o644)

    content = b"target" if mode == "120000" else TEXT
    assert drifted(path, locked(mode=mode, content=content)) == state


FILES = {"ci.yml": "managed", "README.md": "merged", "start.py": "seed", "made.txt": "generated"}
LOCK = Lock(version="v1.2.0", answers=blob(TEXT), files={path: locked(tier) for path, tier in FILES.items()})


@pytest.fixture
def project(tmp_path: Path) -> Recorded:
    """As it was rendered, with its lock."""
    for path in (ANSWERS, *FILES):
        write(tmp_path / path)
    found = Recorded(tmp_path, ANSWERS, {"_src_path": "gh:a/b", "_commit": "v1.2.0"})
    write(tmp_path / found.lock, lock_bytes(LOCK))
    return found


def test_only_managed_and_merged_files_drift_and_merged_ones_may(project: Recorded) -> None:
    for path in FILES:
        (project.root / path).unlink()

    assert drift_of(project.root, LOCK) == (
        Drift(path="ci.yml", tier="managed", state="missing", allowed=False),
        Drift(path="README.md", tier="merged", state="missing", allowed=True),
    )


@pytest.mark.parametrize(
    ("path", "clean", "verdict"),
    [("start.py", True, "clean"), ("README.md", True, "clean"), ("ci.yml", False, "drifted")],
)
def test_by_a_current_lock_a_project_is_clean_until_a_managed_file_drifts(
    path: str, clean: bool, verdict: str, project: Recorded
) -> None:
    write(project.root / path, b"mine")

    found = status_offline(project)

    assert (found.clean, found.verdict, found.lock, found.examined) == (clean, verdict, "current", 2)
    assert (found.version, found.latest, found.behind) == ("v1.2.0", None, None)
    assert looked_at(project) == [".atomci/lock.json", "ci.yml", "README.md"]


def test_a_lock_of_another_render_tells_nothing(project: Recorded) -> None:
    write(project.root / ANSWERS, b"another answer")

    found = status_offline(project)

    assert (found.clean, found.verdict, found.lock, found.examined) == (False, "unknown", "stale", 0)


@pytest.mark.parametrize(
    ("content", "commit", "said"),
    [(None, "", ""), (None, "abc1234", "was deleted"), (b"<<<<<<< yours", "", "can't be read")],
)
def test_a_lock_that_was_lost_is_an_error_and_one_that_never_was_is_none(
    content: bytes | None, commit: str, said: str, project: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("atomci.update.drift.status.Git.ask", lambda git, *words: commit)
    (project.root / project.lock).unlink()
    if content is not None:
        write(project.root / project.lock, content)

    assert looked_at(project) == [".atomci/lock.json"]
    if said:
        with pytest.raises(InfrastructureError, match=f"lock.json {said}"):
            status_offline(project)
    else:
        found = status_offline(project)
        assert (found.clean, found.verdict, found.lock, found.examined) == (False, "unknown", "missing", 0)


@pytest.mark.parametrize(
    ("recorded", "latest", "behind"),
    [
        ("v1.2.0", "v1.10.0", True),
        ("v1.2.0", "1.2.0", False),
        ("v1.2.0", "v1.1.0", False),
        ("abc1234", "v1.1.0", True),
        ("v1.1.0", "v1.2.0", True),
        ("v1.2.0", "v1.3.0", False),  # the same commit, by another name
        ("v1.2.0-1-gbb", "v1.4.0", True),
        ("v1.2.0-1-gbbcd", "v1.4.0", False),
        ("bbcd", "v1.4.0", False),
        ("main", "main", False),
    ],
)
def test_a_project_is_behind_where_its_version_is_the_lower_one(
    recorded: str, latest: str, behind: bool, project: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    tags = {"v1.1.0": "a1", "v1.2.0": "c3", "v1.3.0": "c3", "v1.4.0": "bbcdef"}
    shop: Any = SimpleNamespace(
        unused=lambda _: (),
        newest=lambda *where, **how: asked.append((*where, how)) or latest,
        tags=lambda _: tags,
    )
    monkeypatch.setattr(status, "_fresh_lock", lambda *_: LOCK)
    here = Recorded(project.root, ANSWERS, {**project.values, "_commit": recorded})

    assert status.status(shop, here, prereleases=True).behind is behind
    assert asked == [("gh:a/b", {"prereleases": True})]


@pytest.mark.parametrize(
    ("commit", "older", "behind"),
    [("aa", False, False), ("bb", False, True), ("bb", True, False), (None, False, True)],
    ids=["newest", "before it", "ahead of it", "removed"],
)
def test_without_a_release_a_project_is_behind_where_an_update_would_move_it(
    commit: str | None, older: bool, behind: bool, project: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    def recorded(version: str) -> Release:
        if commit is None:
            raise UsageError("removed")
        return Release(commit, version)

    template = SimpleNamespace(
        release=lambda ref: Release("aa", f"the commit of {ref}"),
        recorded=recorded,
        is_older=lambda *_: older,
    )
    shop: Any = SimpleNamespace(
        unused=lambda _: (), newest=lambda *_, **__: None, template=lambda _: template
    )
    monkeypatch.setattr(status, "_fresh_lock", lambda *_: LOCK)

    found = status.status(shop, project)
    assert (found.latest, found.newest_commit, found.behind) == (None, "the commit of HEAD", behind)


@pytest.mark.parametrize("writable", [True, False])
@pytest.mark.parametrize("before", ["current", "stale", "missing"])
def test_a_lock_that_does_not_hold_is_made_anew_and_that_is_told(
    writable: bool, before: str, project: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop: Any = SimpleNamespace(
        newest=lambda _, prereleases: "v9rc1" if prereleases else "v1.2.0", unused=lambda _: ()
    )
    monkeypatch.setattr(status, "_fresh_lock", lambda *_: LOCK)
    if not writable:
        monkeypatch.setattr(status, "write_lock", lambda *_: False)
    if before == "stale":
        write(project.root / project.lock, lock_bytes(Lock(version="v1.0.0", answers="", files={})))
    elif before == "missing":
        (project.root / project.lock).unlink()

    found = status.status(shop, project)

    assert found.lock == ("written" if writable and before != "current" else before)
    assert (found.verdict, found.examined, found.latest) == ("clean", 2, "v1.2.0")
    assert (read_lock(project) == LOCK) is (writable or before == "current")


# --- Which files are meant ------------------------------------------------------------------------------


@pytest.fixture
def meant(project: Recorded, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """`last_render` of paths in a repository that holds what the lock names, or doesn't."""

    def call(*paths: str, holds: bool = True) -> Any:
        def missing(oids: Iterable[str]) -> set[str]:
            asked = set(oids)
            assert asked <= {blob(TEXT)}
            return set() if holds else asked

        rendered = {"again.txt": Entry("100644", "x")}
        snapshot = rendered, SimpleNamespace(tier=lambda path: "merged")
        monkeypatch.setattr(last_render, "open_repository", lambda root: root)
        monkeypatch.setattr(last_render, "Objects", lambda *_: SimpleNamespace(missing=missing))
        monkeypatch.setattr(last_render, "recorded_snapshot", lambda *_: snapshot)
        shop: Any = SimpleNamespace(folder=lambda: None)
        return last_render.last_render(shop, project, paths)

    return call


@pytest.mark.parametrize(
    ("paths", "wanted"),
    [
        ((), [ANSWERS, "README.md", "ci.yml"]),
        (("start.py",), ["start.py"]),
        (("start.py", "ci.yml", "start.py"), ["ci.yml", "start.py"]),
        ((".",), [ANSWERS, "README.md", "ci.yml", "made.txt", "start.py"]),
        (("./",), [ANSWERS, "README.md", "ci.yml", "made.txt", "start.py"]),
    ],
)
def test_paths_name_files_of_every_tier_and_no_path_the_shared_ones(
    paths: tuple[str, ...], wanted: list[str], meant: Callable[..., Any]
) -> None:
    found = meant(*paths)

    assert found.wanted == wanted
    assert found.files == {path: Entry("100644", blob(TEXT)) for path in (ANSWERS, *FILES)}


@pytest.mark.parametrize("path", ["other.txt", "ci", "ci.yml/x", "../ci.yml"])
def test_a_path_that_is_not_rendered_is_refused(path: str, meant: Callable[..., Any]) -> None:
    with pytest.raises(UsageError, match=f"renders no {path}"):
        meant("ci.yml", path)


def test_a_folder_means_its_files(project: Recorded, meant: Callable[..., Any]) -> None:
    files = {path: locked("seed") for path in ("src/a.py", "src/d/b.py", "src.py")}
    lock = Lock(version="v1.2.0", answers=blob(TEXT), files=files)
    write(project.root / project.lock, lock_bytes(lock))

    assert meant("src").wanted == meant("src/").wanted == ["src/a.py", "src/d/b.py"]


@pytest.mark.parametrize("without", ["objects", "a current lock", "a lock"])
def test_the_template_is_rendered_again_only_where_lock_and_git_do_not_tell(
    without: str, project: Recorded, meant: Callable[..., Any]
) -> None:
    if without == "a current lock":
        write(project.root / ANSWERS, b"another answer")
    elif without == "a lock":
        (project.root / project.lock).unlink()

    if without == "objects":
        with pytest.raises(RefusedError, match=r"renders again\.txt differently now"):
            meant(holds=False)
    else:
        assert meant().wanted == ["again.txt"]


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_a_link_is_compared_to_the_letter(tmp_path: Path) -> None:
    link = tmp_path / "link"
    os.symlink("./a/", link)  # noqa: PTH211

    assert digest(link) == "link ./a/"
    assert drifted(link, locked(mode="120000", content=b"./a/")) is None
    assert drifted(link, locked(mode="120000", content=b"a")) == "modified"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="it has no pipes with a name")
def test_nothing_is_read_from_a_pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "a.txt")
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail(f"{path} was read"))

    assert drifted(tmp_path / "a.txt", locked()) == "modified"
    assert digest(tmp_path / "a.txt") == "pipe or device"
