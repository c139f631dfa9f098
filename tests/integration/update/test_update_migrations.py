"""Migrations as data: applied around the merge, told beforehand, skippable, and nothing the second time."""

import copier
import pytest
from sync_world import CONFIG, Content, Folder, Run, lines


def migration(what: str, version: str = "2.0.0", name: str = "one") -> dict[str, Content]:
    text = (
        f'version = 1\n[[migration]]\nid = "{name}"\nversion = "{version}"\nreason = "it is better"\n{what}\n'
    )
    return {"hooks/migrations.toml": text}


def effects(done: object) -> dict[str, str]:
    rows = done.json["migrations"]  # type: ignore[attr-defined]
    return {row["id"]: "skipped" if row["skipped"] else row["effect"] for row in rows}


RENAME = 'rename = { from = "settings.toml", to = "conf/tool.toml" }'
RENAMED: dict[str, Content] = {
    "template/settings.toml": None,
    "template/conf/tool.toml": "[tool]\nwidth = 120\n",
}


def test_a_tiny_file_is_renamed_with_the_users_edit(template: Folder, project: Folder, atomci: Run) -> None:
    template.commit({**RENAMED, **migration(RENAME)}, "v2.0.0")
    project.commit({"settings.toml": "# mine\n\n\n[tool]\nwidth = 100\n"})
    before = project.whole

    plan = atomci("update", "--plan")
    assert project.whole == before
    done = atomci("update", "--commit")

    assert (done.code, done.files) == (0, {"conf/tool.toml": "renamed"})
    assert plan.json["migrations"] == done.json["migrations"] == [
        {"id": "one", "version": "2.0.0", "reason": "it is better", "skipped": False,
         "effect": "settings.toml becomes conf/tool.toml"}
    ]  # fmt: skip
    assert not project.has("settings.toml")
    assert project.read("conf/tool.toml") == "# mine\n\n\n[tool]\nwidth = 120\n"
    assert "it is better" in _shown(template, project, atomci)


def _shown(template: Folder, project: Folder, atomci: Run) -> str:
    project.git("reset", "--quiet", "--hard", "HEAD^")
    return atomci("update", "--plan", as_json=False).out


def test_a_folder_is_renamed_with_the_users_files(template: Folder, project: Folder, atomci: Run) -> None:
    template.commit({"template/etc/a.txt": "a\n"}, "v1.1.0")
    assert atomci("update", "--commit").code == 0
    template.write({"template/etc/a.txt": None})
    what = 'rename = { from = "etc/", to = "conf/" }'
    template.commit({"template/conf/a.txt": "a\n", **migration(what)}, "v2.0.0")
    project.commit({"etc/mine.txt": "mine\n"})

    assert atomci("update", "--commit").code == 0

    assert project.read("conf/mine.txt") == "mine\n"
    assert project.read("conf/a.txt") == "a\n"
    assert not project.has("etc")


def test_a_skipped_migration_is_left_out_and_told(template: Folder, project: Folder, atomci: Run) -> None:
    template.commit({**RENAMED, **migration(RENAME)}, "v2.0.0")
    project.commit({"settings.toml": "# mine\n\n\n[tool]\nwidth = 100\n"})

    done = atomci("update", "--skip", "one")

    assert effects(done) == {"one": "skipped"}
    assert done.code == 1  # an edited file that the template deletes
    assert project.read("settings.toml").startswith("# mine")


def test_an_unknown_migration_cannot_be_skipped(template: Folder, project: Folder, atomci: Run) -> None:
    template.commit({**RENAMED, **migration(RENAME)}, "v2.0.0")

    done = atomci("update", "--skip", "two")

    assert done.code == 2
    assert "it has: one" in done.err


@pytest.mark.parametrize(
    ("version", "applies"), [("1.0.0", False), ("1.0.1", True), ("2.0.0", True), ("2.0.1", False)]
)
def test_only_those_between_the_versions_apply(
    version: str, applies: bool, template: Folder, project: Folder, atomci: Run
) -> None:
    template.commit({**RENAMED, **migration(RENAME, version)}, "v2.0.0")

    assert bool(effects(atomci("update", "--plan"))) is applies


def test_answers_are_renamed_and_set(template: Folder, project: Folder, atomci: Run) -> None:
    text = CONFIG.replace("licence:", "license:").replace(
        "name:", "colour:\n  type: str\n  default: red\nname:"
    )
    template.commit(
        {"copier.yml": text, "template/LICENSE.jinja": "{{ license }} {{ colour }}\n" + lines("licence", 5),
         "hooks/migrations.toml": """\
[[migration]]
id = "b"
version = "2.0.0"
reason = "spelling"
rename_answer = { from = "licence", to = "license" }
[[migration]]
id = "a"
version = "1.5.0"
reason = "taste"
set_answer = { name = "colour", value = "blue" }
"""},
        "v2.0.0",
    )  # fmt: skip
    assert atomci("update", "-d", "licence=Apache-2.0", "--commit").code == 0

    done = atomci("update", "--commit")

    assert done.code == 0, done.err
    assert list(effects(done)) == ["a", "b"]
    assert project.read("LICENSE").startswith("Apache-2.0 blue\n")
    assert "license: Apache-2.0" in project.read(".copier-answers.yml")
    assert "licence" not in project.read(".copier-answers.yml")


def test_a_toml_key_moves_in_the_users_file(template: Folder, project: Folder, atomci: Run) -> None:
    what = 'move_key = { file = "settings.toml", from = "tool.width", to = "tool.line.width" }'
    template.commit(
        {"template/settings.toml": "[tool]\n\n[tool.line]\nwidth = 100\n", **migration(what)}, "v2.0.0"
    )
    project.commit({"settings.toml": "[tool]\nmine = 1\nwidth = 77\n"})

    done = atomci("update", "--commit")

    assert (done.code, effects(done)) == (0, {"one": "settings.toml: tool.width becomes tool.line.width"})
    import tomllib

    assert tomllib.loads(project.read("settings.toml")) == {"tool": {"mine": 1, "line": {"width": 77}}}


def test_a_file_is_deleted_only_unmodified(template: Folder, project: Folder, atomci: Run) -> None:
    template.commit(
        {"template/src/start.py": None, **migration('delete_unmodified = "src/start.py"')}, "v2.0.0"
    )
    edited = project.copy(project.root.parent / "edited")
    edited.commit({"src/start.py": "mine\n"})

    done = atomci("update", "--commit")
    assert (done.code, effects(done)) == (0, {"one": "src/start.py is removed"})
    assert not project.has("src/start.py")

    done = atomci("update", "--commit", root=edited.root)
    assert effects(done) == {"one": "src/start.py was changed, so it stays"}
    assert edited.read("src/start.py") == "mine\n"


def test_what_is_done_already_is_nothing(template: Folder, project: Folder, atomci: Run) -> None:
    template.commit({**RENAMED, **migration(RENAME)}, "v2.0.0")
    project.commit({"settings.toml": None, "conf/tool.toml": "[tool]\nwidth = 100\n"})

    done = atomci("update", "--commit")

    assert (done.code, effects(done)) == (0, {"one": "nothing to do here"})
    assert project.read("conf/tool.toml") == "[tool]\nwidth = 120\n"


def test_plain_copier_still_updates(template: Folder, project: Folder) -> None:
    template.commit({**RENAMED, **migration(RENAME)}, "v2.0.0")

    copier.run_update(project.root, defaults=True, overwrite=True, quiet=True)

    assert project.read("conf/tool.toml") == "[tool]\nwidth = 120\n"


@pytest.mark.parametrize(
    "text",
    ["nonsense", "[[migration]]\n", '[[migration]]\nid = "x"\nversion = "odd"\nreason = ""\nrename = {from="a", to="b"}\n',
     '[[migration]]\nid = "x"\nversion = "2"\nreason = ""\nrename = {from="a"}\n',
     '[[migration]]\nid = "x"\nversion = "2"\nreason = ""\nrename = {from="a", to="b"}\ndelete_unmodified = "c"\n'],
)  # fmt: skip
def test_a_malformed_file_is_told(text: str, template: Folder, project: Folder, atomci: Run) -> None:
    template.commit({"hooks/migrations.toml": text}, "v2.0.0")

    done = atomci("update")

    assert done.code == 2
    assert "migrations.toml is malformed" in done.err
