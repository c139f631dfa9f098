"""What copier does, atomci does too, but for what docs/copier.md names: each case through both programs."""

import contextlib
import io
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import copier
import pytest
import yaml
from copier_behaviours import BEGIN, END, PAGE, PROJECTS, QUESTIONS, RENDERS, UPDATES, table
from sync_world import ANSWERS, Content, Folder, Link, Outcome, Script, new_repository

from atomci.cli.main import main

Found = Mapping[str, tuple[bytes, int]]
CONFIG = f"""\
_subdirectory: template
_preserve_symlinks: true
_exclude: ["*.skip", "{{{{ name }}}}.out"]
_skip_if_exists: [seed]
{QUESTIONS}"""
ALWAYS: dict[str, Content] = {
    f"template/{ANSWERS}": "{{ _copier_answers | to_nice_yaml }}",
    "shared.txt": "shared of {{ name }}",
    "macros.jinja": "{% macro loud(word) %}{{ word | upper }}{% endmacro %}",
}


def repository(root: Path, *releases: Mapping[str, Content]) -> Folder:
    """A template of these releases: v1, v2 and so on."""
    template = new_repository(root)
    for number, files in enumerate(releases, 1):
        template.commit(files, f"v{number}")
    return template


def below(found: Found, folder: str) -> dict[str, tuple[bytes, int]]:
    """The files of a folder."""
    return {
        path.removeprefix(f"{folder}/"): at for path, at in found.items() if path.startswith(f"{folder}/")
    }


def as_found(content: Content) -> tuple[bytes, int] | None:
    """A file as `Folder.contents` has it."""
    if content is None:
        return None
    if isinstance(content, Link):
        return content.encode(), -1
    data = content.encode() if isinstance(content, str) else content
    return data, 0o111 if isinstance(content, Script) else 0


def call(*words: str) -> Outcome:
    """The command line in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(list(words))
    return Outcome(code, out.getvalue(), err.getvalue())


def committed(root: Path) -> Folder:
    """A render as a repository."""
    project = Folder(root)
    project.git("init", "--quiet", "--initial-branch=main", "--template=")
    project.commit()
    return project


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> tuple[Found, Found]:
    """All of RENDERS by `atomci new` and by `copier copy`."""
    base = tmp_path_factory.mktemp("renders")
    files = {
        f"template/{name}/{path}": text for name, case in RENDERS.items() for path, text in case.files.items()
    }
    template = repository(base / "template", {"copier.yml": CONFIG, **ALWAYS, **files})
    done = call(
        "new", str(base / "ours/demo"), "--template", str(template.root), "--defaults", "--no-bootstrap"
    )
    assert done.code == 0, done.err
    copier.run_copy(str(template.root), base / "theirs/demo", defaults=True, quiet=True)
    return Folder(base / "ours/demo").contents, Folder(base / "theirs/demo").contents


@pytest.mark.parametrize("name", RENDERS)
def test_a_template_is_rendered_as_copier_does(rendered: tuple[Found, Found], name: str) -> None:
    ours, theirs = (below(found, name) for found in rendered)
    assert ours == theirs
    for path, content in RENDERS[name].wanted.items():
        assert ours.get(path) == as_found(content), path


def test_answers_are_recorded_as_copier_does(rendered: tuple[Found, Found]) -> None:
    ours, theirs = (yaml.safe_load(found[".copier-answers.yml"][0]) for found in rendered)
    assert ours == theirs
    assert ours["several"] == ["red", "blue"]
    assert not {"computed", "hidden", "password"} & ours.keys()


@pytest.fixture(scope="module")
def updated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Folder, Folder]:
    """A project of all of UPDATES after `atomci update` and after `copier update`."""
    base = tmp_path_factory.mktemp("updates")

    def all_of(which: str) -> dict[str, Content]:
        below_it = "" if which == "user" else "template/"
        cases = UPDATES.items()
        return {
            f"{below_it}{name}/{path}": text
            for name, case in cases
            for path, text in getattr(case, which).items()
        }

    template = repository(base / "template", {"copier.yml": CONFIG, **ALWAYS, **all_of("old")}, all_of("new"))
    copier.run_copy(str(template.root), base / "demo", defaults=True, quiet=True, vcs_ref="v1")
    ours = committed(base / "demo")
    ours.commit(all_of("user"))
    theirs = ours.copy(base / "theirs" / "demo")
    done = call("update", "--project", str(ours.root))
    assert done.code == 1, done.out + done.err
    copier.run_update(theirs.root, defaults=True, overwrite=True, quiet=True)
    return ours, theirs


@pytest.mark.parametrize("name", UPDATES)
def test_an_update_does_what_copier_does_but_where_the_page_says_why_not(
    updated: tuple[Folder, Folder], name: str
) -> None:
    case = UPDATES[name]
    ours, theirs = (below(folder.contents, name) for folder in updated)
    for path, content in case.ours.items():
        assert ours.get(path) == as_found(content), (path, ours.get(path))
    for path, content in (case.theirs or {}).items():
        found = theirs.get(path)
        assert (found or (b"",))[0].startswith(b"<") if content == "<" else found == as_found(content), (
            path,
            found,
        )
    assert (ours == theirs) is not bool(case.differs)


def test_no_rejected_hunks_are_left(updated: tuple[Folder, Folder]) -> None:
    assert [path for path in updated[0].contents if path.endswith((".rej", ".orig"))] == []


SMALL: dict[str, Content] = {
    "copier.yml": "name: demo\n",
    ANSWERS: "{{ _copier_answers | to_nice_yaml }}",
    "a.txt.jinja": "{{ name }}\n",
}


@dataclass(frozen=True)
class World:
    """A small template, and a project of its first release for each program."""

    template: Folder
    ours: Folder
    theirs: Folder

    def atomci(self, *words: str) -> Outcome:
        """`atomci update` on ours."""
        return call("update", "--project", str(self.ours.root), *words)

    def copier(self, **more: Any) -> Outcome:
        """`copier update` on theirs."""
        try:
            copier.run_update(
                self.theirs.root, **{"defaults": True, "overwrite": True, "quiet": True, **more}
            )
        except Exception as error:
            return Outcome(1, "", str(error))
        return Outcome(0, "", "")

    def answers(self) -> list[Any]:
        """What both record."""
        return [yaml.safe_load(folder.read(".copier-answers.yml")) for folder in (self.ours, self.theirs)]

    def texts(self) -> list[str]:
        """What both hold in the one file."""
        return [folder.read("a.txt") for folder in (self.ours, self.theirs)]


@pytest.fixture
def world(tmp_path: Path) -> World:
    template = repository(tmp_path / "template", SMALL)
    copier.run_copy(str(template.root), tmp_path / "demo", defaults=True, quiet=True)
    ours = committed(tmp_path / "demo")
    return World(template, ours, ours.copy(tmp_path / "theirs/demo"))


NEXT: dict[str, Content] = {"a.txt.jinja": "{{ name }}\nnew\n"}
CHECKS: dict[str, Callable[[World], None]] = {}


def shows(name: str) -> Callable[[Callable[[World], None]], Callable[[World], None]]:
    """A function shows the row of that name."""

    def keep(check: Callable[[World], None]) -> Callable[[World], None]:
        CHECKS[name] = check
        return check

    return keep


@shows("uncommitted work")
def _(world: World) -> None:
    world.template.commit(NEXT, "v2")
    for folder in (world.ours, world.theirs):
        folder.write({"a.txt": "mine\n"})
    assert (world.atomci().code, world.copier().code) == (4, 1)
    assert world.texts() == ["mine\n", "mine\n"]


@shows("no repository")
def _(world: World) -> None:
    world.template.commit(NEXT, "v2")
    for folder in (world.ours, world.theirs):
        shutil.rmtree(folder.root / ".git")
    done = world.atomci()
    assert (done.code, world.copier().code) == (2, 1)
    assert "git init" in done.err
    assert world.texts() == ["demo\n", "demo\n"]


@shows("older")
def _(world: World) -> None:
    world.template.commit(NEXT, "v2")
    assert (world.atomci("--commit").code, world.copier().code) == (0, 0)
    world.theirs.commit()
    assert (world.atomci("--to", "v1").code, world.copier(vcs_ref="v1").code) == (4, 1)
    assert world.texts() == ["demo\nnew\n", "demo\nnew\n"]


@shows("prereleases")
def _(world: World) -> None:
    world.template.commit(NEXT, "v2.0.0rc1")
    assert (world.atomci().code, world.copier().code) == (0, 0)
    assert world.texts() == ["demo\n", "demo\n"]
    assert (world.atomci("--prerelease").code, world.copier(use_prereleases=True).code) == (0, 0)
    assert world.texts() == ["demo\nnew\n", "demo\nnew\n"]


@shows("up to date")
def _(world: World) -> None:
    before = world.ours.contents
    assert (world.atomci().code, world.copier().code) == (0, 0)
    assert without_lock(world.ours) == without_lock(world.theirs) == before


@shows("new question")
def _(world: World) -> None:
    world.template.commit({"copier.yml": "name: demo\nother: else\n"}, "v2")
    assert (world.atomci().code, world.copier().code) == (0, 0)
    ours, theirs = world.answers()
    assert ours == theirs
    assert ours["other"] == "else"


@shows("dropped question")
def _(world: World) -> None:
    world.template.commit({"copier.yml": "other: else\n", "a.txt.jinja": "x\n"}, "v2")
    assert (world.atomci().code, world.copier().code) == (0, 0)
    ours, theirs = world.answers()
    assert ours == theirs
    assert "name" not in ours


@shows("other answer")
def _(world: World) -> None:
    world.template.commit(NEXT, "v2")
    assert (world.atomci("-d", "name=else", "--commit").code, world.copier(data={"name": "else"}).code) == (
        0,
        0,
    )
    assert world.texts() == ["else\n", "else\nnew\n"]
    assert world.atomci("-d", "name=else", "--to", "v2").code == 0
    assert world.texts() == ["else\nnew\n", "else\nnew\n"]


@shows("edited answers")
def _(world: World) -> None:
    world.template.commit(NEXT, "v2")
    for folder in (world.ours, world.theirs):
        text = folder.read(".copier-answers.yml").replace("name: demo", "name: else")
        folder.commit({".copier-answers.yml": text, "a.txt": "else\n"})
    assert (world.atomci().code, world.copier().code) == (0, 0)
    assert world.texts() == ["else\nnew\n", "else\nnew\n"]


@shows("secret")
def _(world: World) -> None:
    text = "name: demo\ntoken: {type: str, secret: true, default: s3cret}\n"
    world.template.commit({"copier.yml": text, **NEXT}, "v2")
    assert (world.atomci().code, world.copier().code) == (0, 0)
    ours, theirs = world.answers()
    assert ours == theirs
    assert "token" not in ours


@shows("tasks")
def _(world: World) -> None:
    world.template.commit({"copier.yml": "name: demo\n_tasks: ['touch ran']\n", **NEXT}, "v2")
    assert (world.atomci().code, world.copier().code) == (4, 1)
    assert world.texts() == ["demo\n", "demo\n"]
    assert not world.ours.has("ran")
    assert world.copier(unsafe=True).code == 0
    assert world.theirs.has("ran")


@shows("dirty template")
def _(world: World) -> None:
    world.template.write(NEXT)
    assert world.atomci("--to", "HEAD").code == 0
    with pytest.warns(copier.errors.DirtyLocalWarning):
        assert world.copier(vcs_ref="HEAD").code == 0
    assert world.texts() == ["demo\n", "demo\nnew\n"]


def without_lock(folder: Folder) -> dict[str, tuple[bytes, int]]:
    """Its files but for the one that only atomci has."""
    return {path: found for path, found in folder.contents.items() if path != ".atomci/lock.json"}


@pytest.mark.parametrize("name", PROJECTS)
def test_a_project_is_updated_as_copier_does_but_where_the_page_says_why_not(world: World, name: str) -> None:
    CHECKS[name](world)


def test_the_page_tells_every_difference() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text.partition(BEGIN)[2].partition(END)[0] == table()


TYPED = {"copier.yml": "count: {type: int, default: 1}\ntoken: {type: str, secret: true, default: none}\n"}


@pytest.mark.parametrize(("answer", "says"), [("count=abc", "count: "), ("toekn=x", "it asks: count, token")])
def test_an_answer_that_cannot_be_taken_is_named_with_its_question(
    tmp_path: Path, answer: str, says: str
) -> None:
    template = repository(tmp_path / "template", {**SMALL, **TYPED})
    done = call("new", str(tmp_path / "p"), "--template", str(template.root), "--defaults", "-d", answer)
    assert done.code == 2
    assert says in done.err
    assert not (tmp_path / "p").exists()


def test_an_update_names_the_question_and_what_to_type(world: World) -> None:
    world.template.commit({"copier.yml": "name: demo\ncount: {type: int, default: 1}\n"}, "v2")
    assert world.atomci("--commit").code == 0
    done = world.atomci("-d", "count=abc")
    assert done.code == 2
    (typed,) = re.findall(r"-d (count)=VALUE", done.err)
    assert world.atomci("-d", f"{typed}=2").code == 0


def test_a_secret_question_can_be_answered(tmp_path: Path) -> None:
    template = repository(tmp_path / "template", {**SMALL, **TYPED, "a.txt.jinja": "{{ token }}"})
    words = ("--template", str(template.root), "--defaults", "--no-bootstrap", "-d", "token=x")
    assert call("new", str(tmp_path / "p"), *words).code == 0
    assert (tmp_path / "p/a.txt").read_text(encoding="utf-8") == "x"
