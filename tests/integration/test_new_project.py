"""`atomci new` at a terminal: what was typed isn't lost, and what is printed can be pasted."""

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from atomci.bootstrap.nested import around, part_of
from atomci.bootstrap.repository import existing
from atomci.cli.main import main
from atomci.errors import RefusedError

DEFAULT = object()
"""In place of an answer: what is offered is taken."""
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


@pytest.fixture
def at_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    """Calls `atomci new` of a small template; the questions are answered in turn, or broken off."""
    template = tmp_path / "template"
    (template / "template").mkdir(parents=True)
    (template / "copier.yml").write_text(QUESTIONS, encoding="utf-8")
    (template / "template/README.md").write_text("# it\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)

    def call(dest: str, *answers: object, confirm: str = "") -> int:
        import copier._main

        left, confirmed = iter(answers), iter(confirm)

        def prompt(questions: list[dict[str, Any]], answers: dict[str, Any]) -> dict[str, object]:
            answer, default = next(left, KeyboardInterrupt), answers[questions[0]["name"]]
            if answer is KeyboardInterrupt:
                raise KeyboardInterrupt
            return {questions[0]["name"]: default if answer == DEFAULT else answer}

        monkeypatch.setattr(copier._main, "unsafe_prompt", prompt)
        monkeypatch.setattr("click.prompt", lambda *_, **__: next(confirmed, ""))
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
        return main(["new", dest, "--template", str(template), "--no-bootstrap"])

    return call


@pytest.mark.parametrize(
    ("answers", "code"), [(("Zoë", "secret"), 130), (("bad", "secret", ["red"]), 2)], ids=["ctrl-c", "error"]
)
def test_answers_that_were_typed_are_kept_whatever_goes_wrong(
    at_a_terminal: Any, tmp_path: Path, capsys: Any, answers: tuple[object, ...], code: int
) -> None:
    assert at_a_terminal("de st", *answers) == code
    said = capsys.readouterr().err
    assert not (tmp_path / "de st").exists()
    (again,) = re.findall(r"^your answers are kept: atomci (.*)$", said, re.MULTILINE)
    words = shlex.split(again)
    kept = Path(words[-1]).read_text(encoding="utf-8")
    assert (words[:3], f"name: {answers[0]}" in kept, "secret" in kept) == (
        ["new", "de st", "--data-file"],
        True,
        False,
    )


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
        ["  name     Zoë", "  colours  red", f"  last     {last}"] for last in "xy"
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


def test_questions_can_be_read_at_60_columns() -> None:
    """Three go to a sign before a question or to the frame; what is longer is cut off or broken."""
    asked = yaml.safe_load((Path(__file__).parents[2] / "copier.yml").read_text(encoding="utf-8"))
    for name, question in asked.items():
        if name.startswith("_") or question.get("when") is False:
            continue
        said = re.split(r"\{%.*?%\}|\n", question.get("validator", ""), flags=re.DOTALL)
        texts = [question["help"], *question.get("choices", ()), *map(str.strip, said)]
        assert [text for text in texts if len(re.sub(r"\{\{.*?\}\}", "x" * 20, str(text))) > 57] == [], name


def test_what_is_to_be_typed_next_can_be_pasted(at_a_terminal: Any, capsys: Any) -> None:
    assert at_a_terminal("de st/it's", "a", "b", [], "c") == 0
    assert f"cd {shlex.quote('de st/it' + chr(39) + 's')}" in capsys.readouterr().out


def test_an_answer_that_has_to_be_a_list_is_named_with_the_way_to_write_it(
    at_a_terminal: Any, tmp_path: Path, capsys: Any
) -> None:
    words = ["new", "dest", "--template", str(tmp_path / "template"), "--no-bootstrap", "--defaults"]
    assert main([*words, "-d", "colours=red"]) == 2
    said = capsys.readouterr().err
    assert ("colours: Not a YAML list" in said, "-d 'colours=[one, two]'" in said) == (True, True)
