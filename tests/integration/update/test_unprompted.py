"""Updates import copier without its questionnaire; what it decides about choices stays the same."""

import subprocess
import sys
from pathlib import Path

import copier
import pytest
from sync_world import ANSWERS, Content, Folder, lines, new_repository

CHOICES: dict[str, Content] = {
    "copier.yml": """\
_subdirectory: template
licence: {type: str, choices: [MIT, Apache-2.0], default: MIT}
size: {type: int, choices: {small: 1, large: {value: 2, validator: "{% if licence == 'MIT' %}no{% endif %}"}}, default: 1}
parts: {type: str, multiselect: true, choices: [[One, one], [Two, two]], default: [two]}
""",
    f"template/{ANSWERS}": "{{ _copier_answers | to_nice_yaml }}",
    "template/all.txt.jinja": "{{ licence }} {{ size }} {{ parts }}\n" + lines("all"),
}


@pytest.fixture
def chosen(tmp_path: Path) -> tuple[Folder, Folder]:
    """A template with choices of every form, at its second version, and a project of the first."""
    template = new_repository(tmp_path / "template")
    template.commit(CHOICES, "v1.0.0")
    project = new_repository(tmp_path / "project" / "demo")
    copier.run_copy(str(template.root), project.root, defaults=True, quiet=True)
    project.commit()
    template.commit({"template/new.txt.jinja": "{{ parts[0] }}\n"}, "v2.0.0")
    return template, project


def updated(project: Folder, *words: str) -> subprocess.CompletedProcess[str]:
    """`atomci update` as a process that tells what it imports."""
    whole = (sys.executable, "-X", "importtime", "-m", "atomci", "update", *words)
    return subprocess.run(whole, cwd=project.root, capture_output=True, text=True, check=False)


def test_an_update_is_that_of_copier_and_imports_no_terminal(
    chosen: tuple[Folder, Folder], tmp_path: Path
) -> None:
    _, project = chosen
    beside = project.copy(tmp_path / "beside" / "demo")

    done = updated(project)

    assert done.returncode == 0, done.stderr[-2000:]
    assert "copier._main" in done.stderr
    assert not {"prompt_toolkit", "questionary", "pygments"} & {
        row.split("|")[-1].strip() for row in done.stderr.splitlines()
    }
    copier.run_update(beside.root, defaults=True, overwrite=True, quiet=True)
    ours = {path: found for path, found in project.contents.items() if not path.startswith(".atomci/")}
    assert ours == beside.contents
    assert project.read("new.txt") == "two\n"


def test_what_is_no_choice_is_refused(chosen: tuple[Folder, Folder]) -> None:
    _, project = chosen
    code = """
import sys
from atomci.cli.main import main
for answer in ("licence=GPL", "size=2", "parts=[three]"):
    assert main(["update", "-d", answer]) == 2, answer
assert not {"prompt_toolkit", "questionary"} & sys.modules.keys()
"""

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=project.root, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    errors = [row for row in done.stderr.splitlines() if row.startswith("error:")]
    assert ["licence" in errors[0], "size" in errors[1], "parts" in errors[2]] == [True] * 3, errors
    assert project.status == []


def test_who_is_asked_afterwards_gets_real_questions() -> None:
    code = """
import sys
from atomci.template.replay import Replay
from atomci.template.unprompted import unprompted
with unprompted():
    import copier._user_data as data, copier._main as main
assert not {name for name in sys.modules if name.split(".")[0] in ("questionary", "prompt_toolkit", "pygments")}
assert type(data.Choice("a")).__module__ == "atomci.template.unprompted"
import questionary
choice = data.Choice("a", "b", disabled="no", checked=True)
assert type(choice) is questionary.Choice, type(choice)
assert (choice.title, choice.value, choice.disabled, choice.checked) == ("a", "b", "no", True)
assert type(data.YamlLexer()).__module__ == "pygments.lexers.data"
assert main.unsafe_prompt([]) == questionary.unsafe_prompt([]) == {}
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_another_copier_that_takes_another_name_gets_the_real_one() -> None:
    code = """
import sys
from atomci.template import unprompted
with unprompted.unprompted():
    from questionary.prompts.common import Separator
    import questionary.prompts.common as real
    assert real.Separator is Separator
assert Separator.__module__ == "questionary.prompts.common"
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
