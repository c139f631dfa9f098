"""`atomci new` at a terminal: what was typed isn't lost, and what is printed can be pasted."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from terminal import BACK, CLEAR, ENTER, Terminal

from atomci.bootstrap.nested import around, part_of
from atomci.bootstrap.repository import existing
from atomci.cli.main import main
from atomci.cli.projects.new import _onto_path as onto_path
from atomci.cli.projects.new import _say_goodbye as say_goodbye
from atomci.cli.projects.new import _say_who_can_use_it as say_who_can_use_it
from atomci.errors import InfrastructureError, RefusedError
from atomci.project import Project
from atomci.template.questionnaire import Asked, NoAnswer

ROOT = Path(__file__).parents[2]
ASKED = {
    name: question
    for name, question in yaml.safe_load((ROOT / "copier.yml").read_text(encoding="utf-8")).items()
    if not name.startswith("_") and question.get("when") is not False
}
DEFAULT = object()
"""In place of an answer: what is offered is taken."""


class Seen(NamedTuple):
    """In place of an answer: what must be seen then, and the answer."""

    name: str
    offered: object
    answer: object = DEFAULT
    problem: str = ""


QUESTIONS = """\
_subdirectory: template
name:
  type: str
  default: ""
token:
  type: str
  default: ""
  secret: true
colours:
  type: str
  multiselect: true
  choices: [red, blue]
  default: []
last:
  type: str
  default: "{{ 1 / 0 if name == 'bad' else 'x' }}"
"""


def offered(asked: Asked) -> object:
    """What Enter would answer."""
    if asked.structure["type"] == "checkbox":
        return [choice.value for choice in asked.structure["choices"] if choice.checked]
    default = asked.structure.get("default")
    return getattr(default, "value", default)


@pytest.fixture
def at_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    """Calls `atomci new` of a small template; the questions are answered in turn, or broken off."""
    template = tmp_path / "template"
    (template / "template").mkdir(parents=True)
    (template / "copier.yml").write_text(QUESTIONS, encoding="utf-8")
    (template / "template/README.md").write_text("# it\n", encoding="utf-8")
    (template / "template/answers.yml.jinja").write_text(
        "{{ _copier_answers | to_nice_yaml }}", encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)

    def call(dest: str, *answers: object, confirm: Sequence[str] = (), words: Sequence[str] = ()) -> int:
        left, confirmed = iter(answers), iter(confirm)

        def ask(asked: Asked) -> object:
            answer, default = next(left, KeyboardInterrupt), offered(asked)
            if isinstance(answer, Seen):
                assert (asked.structure["name"], default) == answer[:2]
                assert answer.problem in asked.problem
                assert (answer.answer is not NoAnswer.BACK) or asked.can_go_back
                answer = answer.answer
            if answer is KeyboardInterrupt:
                raise KeyboardInterrupt
            return default if answer is DEFAULT else answer

        monkeypatch.setattr("atomci.cli.view.questions.ask", ask)
        monkeypatch.setattr("click.prompt", lambda *_, **__: next(confirmed, ""))
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
        return main(["new", dest, "--template", str(template), "--no-bootstrap", *words])

    return call


@pytest.mark.parametrize(
    ("answers", "code"), [(("Zoë", "secret"), 130), (("bad", "secret", ["red"]), 2)], ids=["ctrl-c", "error"]
)
def test_answers_that_were_typed_are_kept_whatever_goes_wrong(
    at_a_terminal: Any, tmp_path: Path, capsys: Any, answers: tuple[object, ...], code: int
) -> None:
    assert at_a_terminal("de st", *answers) == code
    assert not (tmp_path / "de st").exists()
    kept = kept_answers(capsys)
    assert kept == {"name": answers[0], **({"colours": ["red"]} if code == 2 else {})}


def kept_answers(capsys: Any, *options: str) -> object:
    """What is kept; the command that takes it is the one that was typed."""
    (again,) = re.findall(r"^your answers are kept: atomci (.*)$", capsys.readouterr().err, re.MULTILINE)
    *words, file = shlex.split(again)
    assert words[:3] == ["new", "de st", "--template"]
    assert words[4:] == [*options, "--no-bootstrap", "--data-file"]
    kept: object = yaml.safe_load(Path(file).read_text(encoding="utf-8"))
    return kept


def test_answers_of_the_command_line_are_kept_with_those_that_were_asked_for_but_no_secret_and_wrong_ones(
    at_a_terminal: Any, tmp_path: Path, capsys: Any
) -> None:
    (tmp_path / "template/copier.yml").write_text(
        QUESTIONS + "  validator: \"{% if last == 'z' %}no z{% endif %}\"\n", encoding="utf-8"
    )
    pairs = ("-d", "name=Ann", "-d", "token=hush", "-d", "last=z")
    assert at_a_terminal("de st", ["red"], words=pairs) == 130
    assert kept_answers(capsys) == {"name": "Ann", "colours": ["red"]}


@pytest.mark.parametrize("words", [["--defaults"], []], ids=["defaults", "left at the first question"])
def test_nothing_is_kept_where_nobody_answered_a_question(
    at_a_terminal: Any, tmp_path: Path, capsys: Any, words: list[str]
) -> None:
    (tmp_path / "template/copier.yml").write_text(CHAIN, encoding="utf-8")
    assert at_a_terminal("dest", words=[*words, "-d", "second=Ann", "-d", "first=z"]) == (2 if words else 130)
    assert "kept" not in capsys.readouterr().err
    assert list(tmp_path.glob("*answers*")) == []


def test_one_can_go_back_and_finds_what_was_typed(at_a_terminal: Any, tmp_path: Path) -> None:
    (tmp_path / "template/copier.yml").write_text(CHAIN, encoding="utf-8")
    walk = (
        Seen("first", "a", "b"),
        Seen("second", "b-2"),
        Seen("colours", [], ["red"]),
        Seen("third", "b-2-3", NoAnswer.BACK),
        Seen("colours", ["red"], NoAnswer.BACK),
        Seen("second", "b-2", NoAnswer.BACK),
        Seen("first", "b", "c"),
        Seen("second", "c-2", "mine"),
        Seen("colours", ["red"]),
        Seen("third", "mine-3"),
    )
    assert at_a_terminal("dest", *walk) == 0
    assert recorded(tmp_path) == {"first": "c", "second": "mine", "colours": ["red"], "third": "mine-3"}


CHAIN = """\
_subdirectory: template
first: {type: str, default: a, validator: "{% if first == 'z' %}no z{% endif %}"}
second: {type: str, default: "{{ first }}-2"}
colours: {type: str, multiselect: true, choices: [red, blue], default: []}
shade: {type: str, choices: [light, dark], default: dark, when: "{{ 'blue' in colours }}"}
third: {type: str, default: "{{ second }}-3"}
"""


def recorded(tmp_path: Path) -> dict[str, object]:
    """The answers in the new project."""
    text = (tmp_path / "dest/answers.yml").read_text(encoding="utf-8")
    return {name: value for name, value in yaml.safe_load(text).items() if not name.startswith("_")}


def test_one_answer_can_be_changed_in_the_end(at_a_terminal: Any, tmp_path: Path) -> None:
    """What was left at its default follows, what that opens is asked, and Back leaves all as it was."""
    (tmp_path / "template/copier.yml").write_text(CHAIN, encoding="utf-8")
    walk = (
        *(DEFAULT, DEFAULT, DEFAULT, "typed"),
        Seen("first", "a", "b"),
        Seen("second", "b-2", NoAnswer.BACK),
        Seen("colours", [], ["blue"]),
        Seen("shade", "dark", NoAnswer.BACK),
        Seen("colours", ["blue"], ["blue"]),
        Seen("shade", "dark", "light"),
    )
    assert at_a_terminal("dest", *walk, confirm=["1", "nine", "2", "3"]) == 0
    answers = {"first": "b", "second": "b-2", "colours": ["blue"], "shade": "light", "third": "typed"}
    assert recorded(tmp_path) == answers


def test_a_wrong_answer_of_the_command_line_is_asked_for(at_a_terminal: Any, tmp_path: Path) -> None:
    (tmp_path / "template/copier.yml").write_text(CHAIN, encoding="utf-8")
    pairs = ("-d", "first=z", "-d", "second=given", "-d", "colours=[blue]", "-d", "third=given")
    walk = (Seen("first", "a", "b", problem="no z"), Seen("shade", "dark"), Seen("second", "b-2", "typed"))
    assert at_a_terminal("dest", *walk, words=pairs, confirm=["2"]) == 0
    answers = {"first": "b", "second": "typed", "colours": ["blue"], "shade": "dark", "third": "given"}
    assert recorded(tmp_path) == answers


def test_an_answer_to_no_question_is_refused_before_the_first_one(at_a_terminal: Any, capsys: Any) -> None:
    assert at_a_terminal("dest", words=("-d", "colour=red")) == 2
    assert "no question called colour" in capsys.readouterr().err


@pytest.fixture
def larger(tmp_path: Path) -> Path:
    """A repository with a commit."""
    folder = tmp_path / "larger"
    folder.mkdir()
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
    for words in (("init", "--quiet"), (*identity, "commit", "--quiet", "--allow-empty", "-m", "one")):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return folder


def test_a_project_below_another_repository_is_said_to_be_there(
    at_a_terminal: Any, larger: Path, capsys: Any
) -> None:
    assert at_a_terminal(str(larger / "packages/one"), "a", "b", [], "c") == 0
    assert f"lies in the repository {larger.resolve()}" in capsys.readouterr().out
    assert at_a_terminal("alone", "a", "b", [], "c") == 0
    assert "lies in the repository" not in capsys.readouterr().out


def test_it_can_be_a_part_of_that_one_which_forgets_it_when_something_fails(larger: Path) -> None:
    one = larger / "packages/one"
    one.mkdir(parents=True)
    (one / "pyproject.toml").write_text("", encoding="utf-8")
    assert (around(one / "deeper/still"), existing(one)) == (larger.resolve(), None)

    def broken_off() -> None:
        with part_of(larger, one):
            assert existing(one) == f"it is part of the repository in {larger.resolve()}"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken_off()
    assert (existing(one), (one / "pyproject.toml").is_file()) == (None, True)
    with part_of(larger, one):
        pass
    assert existing(one) is not None


def test_a_folder_that_the_larger_one_ignores_cannot_be_a_part_of_it(larger: Path) -> None:
    (larger / ".gitignore").write_text("one/\n", encoding="utf-8")
    (larger / "one").mkdir()
    (larger / "one/a.txt").touch()
    with pytest.raises(RefusedError, match="can't take"), part_of(larger, larger / "one"):
        pass


@pytest.mark.parametrize("words", [["--inside"], ["--inside", "--no-bootstrap"]])
def test_inside_asks_for_a_repository_to_be_in(at_a_terminal: Any, words: list[str], capsys: Any) -> None:
    assert main(["new", "dest", "--defaults", *words]) == 2
    assert "--inside" in capsys.readouterr().err


def test_answers_are_shown_and_can_be_given_again_before_anything_is_made(
    at_a_terminal: Any, tmp_path: Path, capsys: Any
) -> None:
    again = (DEFAULT, DEFAULT, DEFAULT, "y")
    assert at_a_terminal("dest", "Zoë", "secret", ["red"], "x", *again, confirm="b") == 0
    said = capsys.readouterr().out
    shown = said.split("Your answers:\n")[1:]
    assert [part.splitlines()[:3] for part in shown] == [
        ["   1  name     Zoë", "   2  colours  red", f"   3  last     {last}"] for last in "xy"
    ]
    assert at_a_terminal("other", "Zoë", "secret", ["red"], "x", confirm="q") == 130
    assert not (tmp_path / "other").exists()
    assert "your answers are kept" in capsys.readouterr().err


def test_gits_user_is_offered_as_the_author(
    at_a_terminal: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    (tmp_path / "gitconfig").write_text("[user]\nname = Ada\nemail = ada@example.com\n", encoding="utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    (tmp_path / "template/copier.yml").write_text(
        "_subdirectory: template\nauthor_name: The team\nauthor_email: ''\n", encoding="utf-8"
    )
    assert at_a_terminal("dest", DEFAULT, DEFAULT) == 0
    said = capsys.readouterr().out
    assert ("author_name   Ada" in said, "author_email  ada@example.com" in said) == (True, True)


def test_what_copiers_settings_say_goes_before_gits_user(
    at_a_terminal: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gitconfig").write_text("[user]\nname = Ada\n", encoding="utf-8")
    (tmp_path / "settings.yml").write_text("defaults: {author_name: ACME}\n", encoding="utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("COPIER_SETTINGS_PATH", str(tmp_path / "settings.yml"))
    (tmp_path / "template/copier.yml").write_text(
        "_subdirectory: template\nauthor_name: The team\n", encoding="utf-8"
    )
    assert at_a_terminal("dest", Seen("author_name", "ACME")) == 0


def test_gits_user_is_not_offered_where_the_template_would_refuse_it(
    at_a_terminal: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gitconfig").write_text("[user]\nname = Ada\nemail = ada@localhost\n", encoding="utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    own = (ROOT / "copier.yml").read_text(encoding="utf-8")
    (tmp_path / "template/copier.yml").write_text(own, encoding="utf-8")
    shutil.copytree(ROOT / "includes", tmp_path / "template/includes")
    kept = [DEFAULT] * 7
    assert at_a_terminal("dest", *kept, Seen("author_name", "Ada"), Seen("author_email", "")) == 130


@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal")
@pytest.mark.parametrize("width", [60, 100])
def test_questions_at_a_terminal_are_whole_and_the_keys_do_what_they_say(width: int, tmp_path: Path) -> None:
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "TMPDIR": str(tmp_path)}
    words = (
        sys.executable,
        "-m",
        "atomci",
        "new",
        "demo",
        "--no-bootstrap",
        "-d",
        "dependency_manager=poetry",
    )
    questions = list(ASKED)  # the profile offered asks them all
    with Terminal(words, tmp_path, env, width) as at:
        at.see("What is the project called?")
        at.type(CLEAR + "a!" + ENTER, "Letters, digits, space ._-; letter or digit at each end.")
        at.type(CLEAR + "My demo" + ENTER, "(type to replace; shift-tab: back) my_demo")
        at.type(BACK, "What is the project called?")
        at.type(ENTER, "Which name is imported?")
        for name in questions[2:]:
            at.type(ENTER, ASKED[name]["help"])
        at.type(ENTER, ">")
        assert any(line.split() == ["2", "package_name", "my_demo"] for line in at.seen), at.seen
        at.type("2" + ENTER, "(type to replace; shift-tab: back) my_demo")
        at.type("other" + ENTER, ">")
        at.type("1" + ENTER, "(type to replace; shift-tab: back) My demo")
        at.type(BACK, ">")
        at.type(ENTER, "task setup")
        assert at.end() == 0
        assert "Enter makes the project. A number changes that answer." in at.seen
        assert "b asks all questions again, q leaves without a project." in at.seen
        assert "'poetry' is not in ['uv', 'pip-tools']" in "\n".join(at.seen)
    answers = yaml.safe_load((tmp_path / "demo/.copier-answers.yml").read_text(encoding="utf-8"))
    assert (answers["project_name"], answers["package_name"]) == ("My demo", "other")


ANSWERS_TO_MAIN = {
    "Enter takes it": ("", "main"),
    "the first key replaces it": ("v 2", "v 2"),
    "so does what is pasted": ("\x1b[200~v3\x1b[201~", "v3"),
    "End begins to edit it": ("\x1b[F6", "main6"),
    "an arrow too": ("\x1b[Di", "maiin"),
    "and backspace": ("\x7f6", "mai6"),
    "Home as well": ("\x1b[H6", "6main"),
    "an arrow that moves nothing": ("\x1b[C6", "main6"),
    "only the first key replaces": ("6\x1b[H7", "76"),
}
TEXTS = "".join(f"{name}: {{type: str, default: main}}\n" for name in "abcdefghi")


@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal")
def test_what_is_typed_first_replaces_an_untouched_default(at_a_terminal: Any, tmp_path: Path) -> None:
    (tmp_path / "template/copier.yml").write_text("_subdirectory: template\n" + TEXTS, encoding="utf-8")
    words = (sys.executable, "-m", "atomci", "new", "dest", "--template", "template", "--no-bootstrap")
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    with Terminal(words, tmp_path, env, 60) as at:
        at.see("(type to replace) main")
        for typed, _ in ANSWERS_TO_MAIN.values():
            at.next(typed + ENTER)
        at.answer(ENTER)
        assert at.end() == 0, at.seen
    answers = zip(ANSWERS_TO_MAIN, recorded(tmp_path).values(), strict=True)
    assert dict(answers) == {why: answer for why, (_, answer) in ANSWERS_TO_MAIN.items()}


def test_what_has_a_flag_of_its_own_is_an_answer(at_a_terminal: Any, tmp_path: Path) -> None:
    (tmp_path / "template/copier.yml").write_text(
        "_subdirectory: template\nprofile: standard\nsample: true\n", encoding="utf-8"
    )
    assert at_a_terminal("dest", words=["--defaults", "--profile", "minimal", "--empty"]) == 0
    answers = yaml.safe_load((tmp_path / "dest/answers.yml").read_text(encoding="utf-8"))
    assert (answers["profile"], answers["sample"]) == ("minimal", False)


def test_questions_can_be_read_at_60_columns() -> None:
    """Three go to a sign before a question or to the frame; what is longer is cut off or broken."""
    for name, question in ASKED.items():
        said = re.split(r"\{%.*?%\}|\n", question.get("validator", ""), flags=re.DOTALL)
        texts = [question["help"], *question.get("choices", ()), *map(str.strip, said)]
        assert [text for text in texts if len(re.sub(r"\{\{.*?\}\}", "x" * 20, str(text))) > 57] == [], name


def test_what_is_to_be_typed_next_can_be_pasted(at_a_terminal: Any, capsys: Any) -> None:
    assert at_a_terminal("de st/it's", "a", "b", [], "c") == 0
    assert f"cd {shlex.quote('de st/it' + chr(39) + 's')}" in capsys.readouterr().out


@pytest.mark.parametrize("manager", ["uv", "pip-tools"])
def test_a_slow_first_lock_is_said_before_it_begins(
    manager: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def begin(*_: object) -> None:
        raise InfrastructureError("begun")

    monkeypatch.setattr("atomci.atoms.asked.first_run.bootstrap", begin)
    assert main(["new", str(tmp_path / "p"), "--defaults", "-d", f"dependency_manager={manager}"]) == 3
    assert ("the first lock may take minutes" in capsys.readouterr().out) == (manager == "pip-tools")


@pytest.mark.parametrize(
    ("source", "said"), [("template", "no origin"), ("index", "uv.lock takes atomci from /srv/w")]
)
def test_why_it_works_here_only_is_said_of_where_atomci_comes_from(
    source: str, said: str, tmp_path: Path, capsys: Any
) -> None:
    (tmp_path / ".copier-answers.yml").write_text(f"runtime_source: {source}\n", encoding="utf-8")
    lock = '[[package]]\nname = "atomci"\nsource = { registry = "/srv/w" }\n'
    (tmp_path / "uv.lock").write_text(lock, encoding="utf-8")
    say_who_can_use_it(Project(tmp_path), "the clone has no origin")
    assert said in capsys.readouterr().out.splitlines()[1]


@pytest.mark.parametrize("manager", ["uv", "pip-tools"])
def test_where_uv_is_not_on_path_the_line_that_puts_it_there_is_said(
    manager: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    (tmp_path / ".copier-answers.yml").write_text(f"dependency_manager: {manager}\n", encoding="utf-8")
    program = tmp_path / "it's a/bin" / ("uv.exe" if os.name == "nt" else "uv")
    program.parent.mkdir(parents=True)
    program.touch()
    monkeypatch.setenv("UV", str(program))
    monkeypatch.setenv("PATH", str(tmp_path))
    say_goodbye(tmp_path, Project(tmp_path), 0)
    said = capsys.readouterr().out
    line = onto_path(str(program.parent), windows=os.name == "nt")
    assert (f"  {line}\n" in said) == (manager == "uv")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no /bin/sh")
def test_the_line_that_puts_a_folder_on_path_can_be_pasted() -> None:
    assert onto_path(r"C:\it's a", windows=True) == r"$env:PATH = 'C:\it''s a;' + $env:PATH"
    line = onto_path("/it's a", windows=False)
    words = ["/bin/sh", "-c", f'{line}; echo "$PATH"']
    done = subprocess.run(words, env={"PATH": "/b c"}, check=True, capture_output=True, text=True)
    assert done.stdout == "/it's a:/b c\n"


def test_an_answer_that_has_to_be_a_list_is_named_with_the_way_to_write_it(
    at_a_terminal: Any, tmp_path: Path, capsys: Any
) -> None:
    words = ["new", "dest", "--template", str(tmp_path / "template"), "--no-bootstrap", "--defaults"]
    assert main([*words, "-d", "colours=red"]) == 2
    said = capsys.readouterr().err
    assert ("colours: Not a YAML list" in said, "-d 'colours=[one, two]'" in said) == (True, True)
