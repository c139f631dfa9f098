"""Version lag and drift, with and without the template; diff and restore."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import copier
import pytest
from sync_world import Folder, Pristine, Run, lines

from atomci.cli.main import main


@pytest.fixture
def locked(template: Folder, project: Folder, atomci: Run, pristine: Pristine) -> Folder:
    """A project with a current lock, committed; the template is gone."""

    def make() -> None:
        template.commit({"template/keep.txt": lines("keep", n5="theirs")}, "v1.1.0")
        assert atomci("update", "--commit").code == 0
        template.root.rename(template.root.with_name("elsewhere"))

    pristine.put("locked", pristine.place, make)
    return project


def test_a_lock_is_all_that_drift_needs(locked: Folder, atomci: Run) -> None:
    done = atomci("status", "--offline")

    assert done.code == 0, done.err
    assert {key: done.json[key] for key in ("version", "latest", "clean", "lock", "drift", "examined")} == {
        "version": "v1.1.0", "latest": None, "clean": True, "lock": "current", "drift": [], "examined": 7,
    }  # fmt: skip


def test_a_question_asked_again_is_answered_without_the_command_line(locked: Folder) -> None:
    def asked(*options: str) -> subprocess.CompletedProcess[str]:
        words = (sys.executable, *options, "-m", "atomci", "status", "--offline")
        return subprocess.run(words, cwd=locked.root, capture_output=True, text=True, check=False)

    (locked.root / "keep.txt").write_text("mine\n", encoding="utf-8")
    time.sleep(0.02)  # what is as young as the note isn't noted
    first, again = asked(), asked("-X", "importtime")
    assert (first.returncode, again.returncode) == (0, 0)
    assert first.stdout == again.stdout
    assert "keep.txt  yours too" in first.stdout
    assert "atomci.cli.projects.glance" in again.stderr
    assert "click" not in again.stderr

    (locked.root / "ci.yml").write_text("drift\n", encoding="utf-8")
    time.sleep(0.02)
    red = [asked(), asked(), asked("-X", "importtime")]

    assert [done.returncode for done in red] == [1, 1, 1]
    assert len({done.stdout for done in red}) == 1
    assert "click" not in red[2].stderr
    assert locked.status == [" M ci.yml", " M keep.txt"]


def test_the_lock_lists_each_rendered_file_with_its_owner(locked: Folder) -> None:
    lock = json.loads(locked.read(".atomci/lock.json"))

    assert lock["version"] == "v1.1.0"
    assert {path: file["tier"] for path, file in lock["files"].items()} == {
        "LICENSE": "merged", "README.md": "merged", "ci.yml": "managed", "guide.txt": "merged",
        "keep.txt": "merged", "logo.png": "merged", "settings.toml": "merged", "src/start.py": "seed",
    }  # fmt: skip
    for path, file in lock["files"].items():
        assert file["blob"] == locked.git("rev-parse", f"HEAD:{path}")


@pytest.mark.parametrize(
    ("path", "content", "code", "row"),
    [
        ("ci.yml", "mine\n", 1, {"tier": "managed", "state": "modified", "allowed": False}),
        ("ci.yml", None, 1, {"tier": "managed", "state": "missing", "allowed": False}),
        ("keep.txt", "mine\n", 0, {"tier": "merged", "state": "modified", "allowed": True}),
        ("keep.txt", None, 0, {"tier": "merged", "state": "missing", "allowed": True}),
        ("src/start.py", "mine\n", 0, None),
    ],
)
def test_drift_is_told_by_tier(
    path: str, content: str | None, code: int, row: dict[str, object] | None, locked: Folder, atomci: Run
) -> None:
    locked.write({path: content})

    done = atomci("status", "--offline")

    assert done.code == code
    assert done.json["clean"] == (code == 0)
    assert done.json["drift"] == ([{"path": path, **row}] if row else [])


def test_the_commands_that_drift_is_told_with_work_where_one_stands(
    locked: Folder, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    locked.commit({"ci.yml": "mine\n"})
    monkeypatch.chdir(locked.root / "src")
    assert main(["status", "--offline"]) == 1
    see, undo = re.findall(r"to (?:see|undo) it: atomci ([^;\n]+)", capfd.readouterr().out)

    assert main(see.split()) == 1
    assert "+mine" in capfd.readouterr().out
    assert main(undo.split()) == 0
    assert locked.read("ci.yml") != "mine\n"


@pytest.mark.skipif(sys.platform == "win32", reason="no executable bit on disk")
def test_an_executable_bit_is_drift(locked: Folder, atomci: Run) -> None:
    (locked.root / "ci.yml").chmod(0o755)

    assert atomci("status", "--offline").code == 1


def test_line_endings_of_a_windows_checkout_are_no_drift(locked: Folder, atomci: Run) -> None:
    locked.write({"ci.yml": lines("ci", 20).replace("\n", "\r\n")})

    assert atomci("status", "--offline").code == 0


def test_what_a_filter_made_of_a_file_is_no_drift(locked: Folder, atomci: Run) -> None:
    locked.git("config", "filter.loud.smudge", "tr a-z A-Z")
    locked.git("config", "filter.loud.clean", "tr A-Z a-z")
    locked.commit({".gitattributes": "ci.yml filter=loud\n"})
    locked.write({"ci.yml": None})
    locked.git("checkout", "--", "ci.yml")
    assert (locked.root / "ci.yml").read_bytes() != lines("ci", 20).encode()

    assert atomci("status", "--offline").json["drift"] == []

    (locked.root / "ci.yml").chmod(0o755)
    assert [row["path"] for row in atomci("status", "--offline").json["drift"]] == ["ci.yml"]


def test_status_without_offline_asks_for_the_newest_version(
    template: Folder, project: Folder, atomci: Run
) -> None:
    done = atomci("status")
    assert (done.code, done.json["latest"], done.json["behind"]) == (0, "v1.0.0", False)

    template.commit(tag="v2.0.0")
    template.commit(tag="v3.0.0rc1")

    done = atomci("status")
    assert (done.code, done.json["latest"], done.json["behind"]) == (1, "v2.0.0", True)
    assert atomci("status", "--prerelease").json["latest"] == "v3.0.0rc1"


def test_without_a_release_the_newest_commit_is_what_an_update_goes_to(
    template: Folder, copied: Callable[..., Folder], atomci: Run
) -> None:
    template.git("tag", "--delete", "v1.0.0")
    root = copied(template, "untagged").root
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)
    Folder(root).commit()
    here = template.git("rev-parse", "--short", "HEAD")
    none = "the template has no release; its newest commit is"

    done = atomci("status", root=root)
    assert (done.code, done.json["latest"], done.json["newest_commit"], done.json["behind"]) == (
        0, None, here, False,
    )  # fmt: skip
    assert f"{none} {here}, not newer\n" in atomci("status", root=root, as_json=False).out

    template.commit({"template/keep.txt": lines("keep", n5="theirs")})
    there = template.git("rev-parse", "--short", "HEAD")

    done = atomci("status", root=root)
    assert (done.code, done.json["newest_commit"], done.json["behind"]) == (1, there, True)
    assert atomci("update", "--plan", root=root).json["after"] == there
    assert f"{none} {there}: atomci update --plan\n" in atomci("status", root=root, as_json=False).out

    done = atomci("status", "--offline", root=root, as_json=False)
    assert "  version   not looked for (--offline)\n" in done.out
    assert none not in done.out


def test_a_missing_lock_is_written_and_then_enough(project: Folder, atomci: Run) -> None:
    assert not project.has(".atomci/lock.json")

    assert atomci("status").json["lock"] == "written"

    assert project.status == ["?? .atomci/lock.json"]
    assert atomci("status").json["lock"] == "current"
    assert atomci("status", "--offline").code == 0


def test_after_plain_copier_the_lock_is_stale_and_computed_anew(
    template: Folder, project: Folder, atomci: Run
) -> None:
    assert atomci("status").code == 0
    project.commit()
    template.commit({"template/ci.yml": lines("ci", 25)}, "v2.0.0")
    copier.run_update(project.root, defaults=True, overwrite=True, quiet=True)

    done = atomci("status", "--offline")
    assert (done.code, done.json["lock"], done.json["verdict"]) == (0, "stale", "unknown")
    assert (done.json["clean"], done.json["examined"]) == (False, 0)

    assert {key: atomci("status").json[key] for key in ("lock", "clean", "behind")} == {
        "lock": "written", "clean": True, "behind": False
    }  # fmt: skip
    assert json.loads(project.read(".atomci/lock.json"))["version"] == "v2.0.0"


@pytest.mark.parametrize("content", ["", "{}", "<<<<<<< yours\n", '{"schema":"atomci/lock/9"}'])
def test_a_broken_lock_is_a_missing_one(content: str, project: Folder, atomci: Run) -> None:
    project.write({".atomci/lock.json": content})

    assert atomci("status", "--offline").code == 3
    assert atomci("status").json["lock"] == "written"
    assert atomci("status", "--offline").code == 0


def test_offline_and_without_a_lock_drift_is_unknown_and_said_to_be(
    project: Folder, atomci: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = atomci("status", "--offline")
    assert (done.code, done.json["lock"], done.json["verdict"]) == (0, "missing", "unknown")
    assert (done.json["clean"], done.json["examined"]) == (False, 0)

    project.write({"uv.lock": "", "pyproject.toml": '[dependency-groups]\ntemplate = ["atomci[template]"]\n'})
    said = atomci("status", "--offline", as_json=False).out
    assert "drift is unknown" in said
    assert "type uv run --group template atomci status and commit" in said, "the one that can render"
    assert "drifted" not in said
    assert "::" not in said
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert "::warning::drift is unknown" in atomci("status", "--offline", as_json=False).out


def test_a_lock_that_was_deleted_is_no_way_around(locked: Folder, atomci: Run) -> None:
    locked.commit({".atomci/lock.json": None, "ci.yml": "mine\n"})

    done = atomci("status", "--offline")

    assert done.code == 3
    assert ".atomci/lock.json was deleted" in done.err


# --- Exceptions ---------------------------------------------------------------------------------


def exception(path: str = "ci.yml", days: int = 30, reason: str = "until acme#12 is done") -> str:
    until = datetime.now(UTC).date() + timedelta(days=days)
    return f'[[tool.atomci.drift]]\npath = "{path}"\nreason = "{reason}"\nuntil = {until}\n'


def test_an_exception_makes_drift_green_and_never_clean(
    template: Folder, locked: Folder, atomci: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    template.root.with_name("elsewhere").rename(template.root)
    locked.write({"ci.yml": "mine\n", "pyproject.toml": exception(days=0)})

    for words in (("--offline",), ()):
        done = atomci("status", *words)
        assert (done.code, done.json["clean"], done.json["verdict"]) == (0, False, "excepted")
        assert [row["path"] for row in done.json["drift"]] == ["ci.yml"]
        (row,) = done.json["exceptions"]
        assert (row["path"], row["state"], row["reason"]) == ("ci.yml", "holds", "until acme#12 is done")

    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    said = atomci("status", "--offline", as_json=False).out
    assert "excepted until" in said
    assert "until acme#12 is done" in said
    assert "1 drifted, 1 excepted" in said
    assert "::warning file=ci.yml::" in said


@pytest.mark.parametrize("days", [0, -1])
def test_an_update_merges_into_an_excepted_file_and_replaces_it_when_that_is_over(
    days: int, template: Folder, project: Folder, atomci: Run
) -> None:
    project.commit({"ci.yml": lines("ci", 20, n3="mine"), "pyproject.toml": exception(days=days)})
    template.commit({"template/ci.yml": lines("ci", 20, n18="the template's")}, "v2.0.0")

    done = atomci("update", "--commit")

    assert done.code == 0, done.err
    assert done.files["ci.yml"] == ("merged" if days == 0 else "replaced")
    assert ("mine" in project.read("ci.yml")) == (days == 0)
    assert "the template's" in project.read("ci.yml")
    status = atomci("status", "--offline")
    assert (status.code, status.json["verdict"]) == ((0, "excepted") if days == 0 else (1, "clean"))


def test_an_exception_is_for_its_own_file(
    locked: Folder, atomci: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked.write({"ci.yml": "mine\n", "pyproject.toml": exception("keep.txt")})

    done = atomci("status", "--offline")
    assert (done.code, done.json["verdict"]) == (1, "drifted")
    assert done.json["exceptions"][0]["state"] == "unneeded"
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    said = atomci("status", "--offline", as_json=False).out
    assert "::error file=ci.yml::drift" in said
    assert "exception for keep.txt" in said


@pytest.mark.parametrize("content", ["mine\n", lines("ci", 20)], ids=["drifted", "as rendered"])
def test_an_exception_that_is_over_is_red(content: str, locked: Folder, atomci: Run) -> None:
    locked.write({"ci.yml": content, "pyproject.toml": exception(days=-1)})

    done = atomci("status", "--offline")

    assert (done.code, done.json["exceptions"][0]["state"]) == (1, "expired")
    said = atomci("status", "--offline", as_json=False).out
    assert ("its exception was over" in said) == (content == "mine\n")
    assert "delete it" in said or content == "mine\n"


@pytest.mark.parametrize(
    ("table", "key"),
    [
        (exception(days=91), "drift.until"),
        (exception(reason=" "), "drift.reason"),
        (exception(path="../ci.yml"), "drift.path"),
        (exception() + exception(), "drift.path"),
        ('[[tool.atomci.drift]]\npath = "ci.yml"\nreason = "x"\n', "drift"),
        (exception() + 'owner = "me"\n', "drift.owner"),
        ("[tool.atomci.drift]\n", "drift"),
    ],
)
def test_an_exception_that_is_not_whole_is_wrong_usage_and_excepts_nothing(
    table: str, key: str, locked: Folder, atomci: Run
) -> None:
    locked.write({"ci.yml": "mine\n", "pyproject.toml": table})

    done = atomci("status", "--offline")

    assert done.code == 2
    assert re.search(rf"pyproject.toml:\d+: tool.atomci.{key}: ", done.err), done.err


def test_a_stale_lock_does_not_stop_an_update(template: Folder, project: Folder, atomci: Run) -> None:
    project.commit({".atomci/lock.json": "<<<<<<< yours\n"})
    template.commit({"template/ci.yml": lines("ci", 25)}, "v2.0.0")

    assert atomci("update", "--commit").code == 0
    assert atomci("status", "--offline").code == 0


def test_a_folder_that_was_not_rendered_is_wrong_usage(atomci: Run, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    for verb in (("status",), ("status", "--offline"), ("update",)):
        done = atomci(*verb, root=tmp_path / "other")
        assert done.code == 2
        assert done.err


def test_diff_shows_what_turns_the_render_into_the_tree(project: Folder, atomci: Run) -> None:
    assert atomci("diff", as_json=False).out == ""
    project.write({"keep.txt": lines("keep", n5="mine"), "src/start.py": "mine\n", "guide.txt": None})

    done = atomci("diff", as_json=False)

    assert done.code == 1
    assert "-keep line number 5\n+mine\n" in done.out
    assert "deleted file mode 100644" in done.out
    assert "src/start.py" not in done.out  # the user's own, unless named
    assert "src/start.py" in atomci("diff", "src", as_json=False).out
    assert "guide" not in atomci("diff", "keep.txt", as_json=False).out
    assert atomci("diff", "settings.toml", as_json=False).code == 0


def test_diff_and_restore_need_no_template_where_git_has_what_was_rendered(
    locked: Folder, atomci: Run
) -> None:
    locked.commit({"ci.yml": "mine\n", "guide.txt": None, "new.txt": "mine\n"})
    (locked.root / "settings.toml").chmod(0o755)

    shown = atomci("diff", as_json=False)

    assert shown.code == 1, shown.err
    assert "-mine" not in shown.out
    assert "+mine\n" in shown.out
    assert "deleted file mode 100644" in shown.out
    assert "old mode 100644\nnew mode 100755" in shown.out
    assert "new.txt" not in shown.out
    (locked.root / "settings.toml").chmod(0o644)
    assert atomci("restore", "ci.yml", "guide.txt").json == {
        "schema": "atomci/restored/1",
        "restored": ["ci.yml", "guide.txt"],
    }
    assert locked.read("ci.yml") == lines("ci", 20)
    assert atomci("diff", as_json=False).code == 0
    assert atomci("diff", "nowhere.txt", as_json=False).code == 2


def test_what_git_no_longer_has_is_rendered_again(template: Folder, project: Folder, atomci: Run) -> None:
    project.commit({"keep.txt": lines("keep", n30="mine")})
    template.commit({"template/keep.txt": lines("keep", n5="theirs")}, "v1.1.0")
    assert atomci("update", "--commit").code == 0
    project.git("gc", "--quiet", "--prune=now")

    done = atomci("diff", as_json=False)

    assert "-keep line number 30\n+mine\n" in done.out, done.err
    template.root.rename(template.root.with_name("elsewhere"))
    assert atomci("diff", as_json=False).code == 3
    assert atomci("diff", "ci.yml", as_json=False).code == 0


@pytest.mark.parametrize("verb", ["diff", "restore"])
def test_a_path_that_the_template_does_not_render_is_wrong_usage(
    verb: str, project: Folder, atomci: Run
) -> None:
    project.write({"own.txt": "mine"})
    for path in ("own.txt", "nowhere.txt", "../outside.txt"):
        done = atomci(verb, path, as_json=False)
        assert done.code == 2, path
        assert project.read("own.txt") == "mine"


def test_restore_puts_committed_drift_back(project: Folder, atomci: Run) -> None:
    project.commit({"ci.yml": "mine\n", "keep.txt": "mine\n", "guide.txt": None})

    done = atomci("restore", "ci.yml", "guide.txt")

    assert (done.code, done.json) == (0, {"schema": "atomci/restored/1", "restored": ["ci.yml", "guide.txt"]})
    assert project.read("ci.yml") == lines("ci", 20)
    assert project.read("guide.txt") == lines("guide")
    assert project.read("keep.txt") == "mine\n"
    assert project.status == ["M  ci.yml", "A  guide.txt"]


def test_restore_brings_back_a_file_just_deleted(project: Folder, atomci: Run) -> None:
    project.write({"ci.yml": None})

    assert atomci("restore", "ci.yml").code == 0
    assert project.status == []


@pytest.mark.parametrize("staged", [False, True])
def test_restore_refuses_what_no_commit_holds(staged: bool, project: Folder, atomci: Run) -> None:
    project.write({"ci.yml": "mine\n", "keep.txt": "mine\n"})
    project.git("add", "keep.txt")
    if staged:
        project.git("add", "ci.yml")
    before = project.whole

    done = atomci("restore", "ci.yml")

    assert done.code == 4
    assert "ci.yml" in done.err
    assert project.whole == before


def test_restore_takes_a_folder(project: Folder, atomci: Run) -> None:
    project.commit({"src/start.py": "mine\n"})

    assert atomci("restore", "src").json == {"schema": "atomci/restored/1", "restored": ["src/start.py"]}
    assert atomci("restore", "src").json == {"schema": "atomci/restored/1", "restored": []}


def test_answers_files_of_two_templates_have_two_locks(
    project: Folder, atomci: Run, copied: Callable[..., Folder], tmp_path: Path, template: Folder
) -> None:
    other = template.copy(tmp_path / "other")
    other.commit(
        {"copier.yml": "_subdirectory: template\n_answers_file: .copier-answers.docs.yml\n",
         "template/docs.md": lines("docs"),
         **{f"template/{name}": None for name in ("README.md.jinja", "LICENSE.jinja", "guide.txt", "keep.txt",
                                                  "settings.toml", "ci.yml", "logo.png", "src/start.py")}},
        "v5.0.0",
    )  # fmt: skip
    copier.run_copy(str(other.root), project.root, defaults=True, quiet=True)
    project.commit()
    other.commit({"template/docs.md": lines("docs", n5="new")}, "v5.1.0")

    done = atomci("status")
    assert done.code == 2
    assert "--answers-file .copier-answers.docs.yml" in done.err

    done = atomci("update", "--answers-file", ".copier-answers.docs.yml", "--commit")
    assert done.code == 0, done.err
    assert {row["path"]: row["change"] for row in done.json["files"]} == {
        ".atomci/lock.docs.json": "added", ".copier-answers.docs.yml": "updated", "docs.md": "updated"
    }  # fmt: skip
    assert atomci("status", "--answers-file", ".copier-answers.docs.yml", "--offline").code == 0


@pytest.mark.parametrize("staged", [False, True])
@pytest.mark.parametrize("conflict", [False, True])
def test_a_lock_that_status_wrote_is_not_in_an_updates_way(
    staged: bool, conflict: bool, template: Folder, project: Folder, atomci: Run
) -> None:
    template.commit({"template/keep.txt": lines("keep", n5="theirs")}, "v2.0.0")
    project.commit({"keep.txt": lines("keep", n5="mine")} if conflict else {})
    assert atomci("status").json["lock"] == "written"
    if staged:
        project.git("add", ".atomci/lock.json")

    done = atomci("update")

    assert done.code == (1 if conflict else 0), done.err
    assert atomci("update", "--abort").code == 0
    assert project.status == []


def test_restore_waits_for_what_git_has_under_way(project: Folder, atomci: Run) -> None:
    project.commit({"ci.yml": "mine\n"})
    (project.root / ".git" / "MERGE_HEAD").write_text(
        project.git("rev-parse", "HEAD") + "\n", encoding="utf-8"
    )
    before = project.whole

    done = atomci("restore", "ci.yml")

    assert done.code == 4, done.err
    assert "merge" in done.err
    assert project.whole == before
