"""`atomci export cookiecutter`: what the real cookiecutter renders from it is what copier renders."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cookiecutter.cli import main as cookiecutter_command
from jinja2_ansible_filters.core_filters import FilterModule

from atomci.cli.main import main
from atomci.export.cookiecutter import looks_binary
from atomci.export.exported.local_extensions import FILTERS

# Everything that a template of copier may have and cookiecutter hasn't.
AWKWARD = """\
_subdirectory: template
_exclude: ["*.tmp"]
_message_after_copy: "{{ title }} is rendered, it's \\"there\\"."
title: {type: str, default: "{{ _folder_name | upper }}"}
number: {type: int, default: 3}
share: {type: float, default: 0.5}
loud: {type: bool, default: true}
colours:
  type: str
  multiselect: true
  choices: {Red one: red, Green one: green, Blue one: blue}
  default: [green, red]
size: {type: int, choices: [1, 2, 3], default: 2}
table: {type: yaml, default: "a: [1, 2]"}
plain: text
token: {type: str, default: hush, secret: true}
only_loud: {type: str, default: very, when: "{{ loud }}"}
doubled: {type: int, default: "{{ number * 2 }}", when: false}
"""
AWKWARD_FILES: dict[str, str | bytes] = {
    "copier.yml": AWKWARD,
    "parts/greeting.jinja": "{% macro hello(x) %}Hello {{ x }}{% endmacro %}",
    "parts/red.txt": "includes {{ title }}\n",
    "parts/green.txt": "green\n",
    "template/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}",
    "template/all.txt.jinja": """\
{% import 'parts/greeting.jinja' as greeting %}
{{ greeting.hello(title) }} {{ number + 1 }} {{ share * 2 }} {{ 'loud' if loud else 'quiet' }}
{% for colour in colours %}
{% include 'parts/' ~ colour ~ '.txt' ignore missing %}
{% endfor %}
{{ table.a[1] + size }} {{ plain }} {{ token }} {{ only_loud }} {{ doubled }} [{{ nowhere }}]
{{ table | to_json }} {{ 'x.y' | regex_replace('[.]', '-') }} {{ _folder_name }}
""",
    "template/crlf.txt.jinja": "{{ title }}\r\nsecond\r\n",
    "template/no-newline.txt.jinja": "{{ title }}",
    "template/empty.txt.jinja": "",
    "template/raw.txt": "{{ not jinja }} {% here %}\r\nit stays\n",
    "template/both.txt": "not this one\n",
    "template/both.txt.jinja": "this one\n",
    "template/left.tmp": "excluded\n",
    "template/{% if loud %}left.tmp{% endif %}": "excluded\n",
    "template/{{ title }}.tmp.jinja": "excluded\n",
    "template/chinese.txt.jinja": "你好，{{ title }}\n",
    "template/data.bin.jinja": "{{ title }}",
    "template/nul.txt.jinja": "\0{{ title }}\n",
    "template/greek {{ title }}.txt.jinja": "καλημέρα\r\n" * 50 + "{{ number }}",
    "template/logo [1]*?.png": bytes(range(256)),
    "template/{% if loud %}loud.bin{% endif %}": b"\0\1{{",
    "template/{% if loud %}deep{% endif %}/{{ title }}/{% if number > 2 %}big{% endif %}/f.txt.jinja": "{{ title }}",
    "template/{% if not loud %}quiet{% endif %}/raw.txt": "{{ raw }}",
    "template/{{ 'maybe' if number > 2 }}/f.txt": "x\n",
    "template/run.sh.jinja": "#!/bin/sh\necho {{ title | quote }}\n",
}


@pytest.fixture(scope="session")
def exported(template_repo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our own template, exported."""
    dest = tmp_path_factory.mktemp("exported") / "cookie"
    assert main(["export", "cookiecutter", str(dest), "--template", str(template_repo)]) == 0
    return dest


@pytest.fixture
def awkward(tmp_path: Path, git: Callable[..., str]) -> Path:
    """A template of another style, as a repository."""
    return template_of(tmp_path / "awkward", git, AWKWARD_FILES)


def template_of(root: Path, git: Callable[..., str], files: Mapping[str, str | bytes]) -> Path:
    """A template's repository, tagged v1.0.0."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        if name.endswith(".sh.jinja"):
            path.chmod(0o755)
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "add", "--all", "--force")
    git(root, "commit", "--quiet", "--message=release")
    git(root, "tag", "v1.0.0")
    return root


@dataclass(frozen=True)
class Cooked:
    """How cookiecutter ended, and all that it and its hooks said."""

    code: int
    said: str


Cook = Callable[..., Cooked]


@pytest.fixture
def cookiecutter(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cook:
    """Runs its command line in this process: `cookiecutter(template, into, answers)`."""

    def run(template: Path, into: Path, answers: Mapping[str, Any]) -> Cooked:
        into.mkdir(exist_ok=True)
        monkeypatch.chdir(into)
        monkeypatch.setenv("HOME", str(into))
        sys.modules.pop("local_extensions", None)  # of another template
        capfd.readouterr()
        done = CliRunner().invoke(cookiecutter_command, ["--no-input", *words(template, answers)])
        return Cooked(done.exit_code, done.output + "".join(capfd.readouterr()))

    return run


def words(template: Path, answers: Mapping[str, Any]) -> list[str]:
    """For a folder `my-project`. What is given on its command line is Jinja to it."""
    return [
        "--output-dir",
        "made",
        str(template),
        *(f"{name}={_as_text(value)}" for name, value in answers.items()),
    ]


def _as_text(value: Any) -> str:
    if isinstance(value, list):
        value = ",".join(value)
    text = str(value)
    return f"{{% raw %}}{text}{{% endraw %}}" if "{{" in text else text


def contents(root: Path) -> dict[str, tuple[bytes, int]]:
    """Every file with its executable bits."""
    return {
        path.relative_to(root).as_posix(): (path.read_bytes(), path.stat().st_mode & 0o777)
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def assert_same(made: Path, wanted: Path) -> None:
    """The same files, bytes and modes, and no folder more."""
    assert contents(made) == contents(wanted)
    assert _folders(made) == _folders(wanted)


def _folders(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_dir()}


def test_the_render_of_our_template_equals_copiers_byte_for_byte(
    exported, answers_name, answer_sets, rendered, cookiecutter, tmp_path
) -> None:
    done = cookiecutter(exported, tmp_path / "cc", answer_sets[answers_name])
    assert done.code == 0, done.said
    made, wanted = tmp_path / "cc/made/my-project", rendered(answers_name)
    assert_same(made, wanted)
    assert (made / ".copier-answers.yml").is_file()
    assert "is rendered. Next, in its folder" in done.said


def test_a_project_made_by_cookiecutter_is_updated_as_copiers_own(
    exported, git, cookiecutter, tmp_path, capfd
) -> None:
    assert cookiecutter(exported, tmp_path / "cc", {}).code == 0
    made = tmp_path / "cc/made/my-project"
    git(made, "init", "--quiet")
    git(made, "add", "--all")
    git(made, "commit", "--quiet", "--message=made")
    capfd.readouterr()
    assert main(["status", "--project", str(made), "--json"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert (found["version"], found["clean"], found["drift"]) == ("v1.2.0", True, [])


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"package_name": "Not Good"}, "package_name: Use lower case"),
        ({"author_email": "nobody"}, "is not an e-mail address"),
        ({"integrations": "vscode,teapot"}, "integrations: 'teapot' isn't one of vscode, powershell"),
    ],
)
def test_an_answer_that_copier_refuses_leaves_nothing(
    exported, answers, said, cookiecutter, tmp_path
) -> None:
    done = cookiecutter(exported, tmp_path / "cc", answers)
    assert done.code != 0
    assert said in done.said
    assert not (tmp_path / "cc/made/my-project").exists()


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {
            "loud": "no",
            "only_loud": "given",
            "number": "1",
            "colours": ["blue"],
            "size": "3",
            "plain": "{{ x }} {% y",
        },
        {"share": "0.25", "colours": "", "table": "a: [5, 6]", "token": "pssst", "title": 'O\'T "x"'},
    ],
)
def test_the_render_of_another_template_equals_copiers(
    awkward, answers, render, cookiecutter, tmp_path
) -> None:
    assert main(["export", "cookiecutter", str(tmp_path / "cookie"), "--template", str(awkward)]) == 0
    done = cookiecutter(tmp_path / "cookie", tmp_path / "cc", answers)
    assert done.code == 0, done.said
    data = {name: [] if name == "colours" and not value else value for name, value in answers.items()}
    wanted = render(tmp_path / "copier/my-project", data, source=awkward)
    assert_same(tmp_path / "cc/made/my-project", wanted)
    assert 'it\'s "there".' in done.said


def test_a_template_with_signs_of_its_own_equals_copiers(git, render, cookiecutter, tmp_path) -> None:
    config = """\
_envops: {variable_start_string: "[[", variable_end_string: "]]", block_start_string: "[%", block_end_string: "%]"}
title: {type: str, default: "[[ _folder_name ]]"}
deep: {type: bool, default: false}
"""
    files: dict[str, str | bytes] = {
        "copier.yml": config,
        "[[ _copier_conf.answers_file ]].jinja": "[[ _copier_answers | to_nice_yaml ]]",
        "[% if deep %]sub[% endif %]/a.txt": "deep\n",
        "[[ title ]].txt.jinja": "[[ title ]] {{ not jinja }}\n",
    }
    template = template_of(tmp_path / "template", git, files)
    assert main(["export", "cookiecutter", str(tmp_path / "cookie"), "--template", str(template)]) == 0
    for number, answers in enumerate(({}, {"title": "x", "deep": "yes"})):
        done = cookiecutter(tmp_path / "cookie", tmp_path / f"cc{number}", answers)
        assert done.code == 0, done.said
        wanted = render(tmp_path / f"copier{number}" / "my-project", answers, source=template)
        assert_same(tmp_path / f"cc{number}/made/my-project", wanted)


def test_texts_that_cookiecutter_could_take_for_binary_are_kept_where_it_does_not_look() -> None:
    assert looks_binary("你好，{{ title }}\n".encode())
    assert looks_binary(b"text\0")
    assert not looks_binary("Crème brûlée costs 5 € here, for you and {{ title }}\n".encode())
    assert not looks_binary(b"")


def test_answers_that_are_typed_count_as_given(awkward, render, tmp_path) -> None:
    assert main(["export", "cookiecutter", str(tmp_path / "cookie"), "--template", str(awkward)]) == 0
    # folder, title, number, share, loud, colours, size (the third that is offered), table, plain, token, only_loud
    typed = ["", "{{ typed }}", "7", "", "n", "blue,red", "3", "", "", "", ""]
    done = subprocess.run(
        [sys.executable, "-m", "cookiecutter", *words(tmp_path / "cookie", {})],
        cwd=tmp_path, env={**os.environ, "HOME": str(tmp_path)}, input="\n".join(typed) + "\n",
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    data = {"title": "{{ typed }}", "number": 7, "loud": False, "colours": ["blue", "red"], "size": 3}
    assert_same(tmp_path / "made/my-project", render(tmp_path / "copier/my-project", data, source=awkward))


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"template/a.jinja": "{{ x | to_uuid }}"}, "the Jinja filter 'to_uuid'"),
        ({"template/a.jinja": "{{ _copier_conf.dst_path }}"}, "_copier_conf.dst_path"),
        ({"template/a.jinja": "{{ _copier_python }}"}, "_copier_python"),
        ({"parts/greeting.jinja": "{{ x | fileglob }}"}, "parts/greeting.jinja: the Jinja filter 'fileglob'"),
        ({"template/{% yield x from colours %}{{ x }}{% endyield %}.jinja": ""}, "unknown tag 'yield'"),
        ({"template/a.jinja": b"\xff\xfe"}, "isn't text in UTF-8"),
        (
            {"copier.yml": AWKWARD + "_exclude: ['{% if loud %}x{% endif %}']\n"},
            "_exclude depends on answers",
        ),
        ({"copier.yml": AWKWARD + "templates: {type: str, default: x}\n"}, "question templates has a name"),
        ({"copier.yml": AWKWARD + "_tasks: [touch x]\n"}, "wants to run code of its own"),
        (
            {"copier.yml": AWKWARD + "many: {type: str, choices: '{{ colours }}'}\n"},
            "question many has choices",
        ),
    ],
)
def test_what_cookiecutter_lacks_is_refused_and_nothing_written(files, said, git, tmp_path, capfd) -> None:
    template = template_of(tmp_path / "template", git, {**AWKWARD_FILES, **files})
    assert main(["export", "cookiecutter", str(tmp_path / "cookie"), "--template", str(template)]) == 4
    assert said in capfd.readouterr().err
    assert not (tmp_path / "cookie").exists()


def test_a_folder_with_something_in_it_is_refused(awkward, tmp_path, capfd) -> None:
    (tmp_path / "cookie").mkdir()
    (tmp_path / "cookie/mine.txt").write_text("mine")
    assert main(["export", "cookiecutter", str(tmp_path / "cookie"), "--template", str(awkward)]) == 2
    assert "isn't an empty folder" in capfd.readouterr().err
    assert [path.name for path in (tmp_path / "cookie").iterdir()] == ["mine.txt"]


def test_json_says_what_was_written_and_a_ref_is_taken(awkward, git, tmp_path, capfd) -> None:
    (awkward / "template/new.txt").write_text("new\n")
    git(awkward, "add", "--all")
    git(awkward, "commit", "--quiet", "--message=more")
    git(awkward, "tag", "v1.1.0")
    dest = tmp_path / "cookie"
    words = ["export", "cookiecutter", str(dest), "--template", str(awkward), "--json"]
    assert main([*words, "--ref", "v1.0.0"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert (found["schema"], found["version"]) == ("atomci/export/1", "v1.0.0")
    assert found["files"] == len(contents(dest))
    assert found["questions"][:2] == ["title", "number"]
    assert found["questions"][-1] == "only_loud"
    assert not (dest / "{{cookiecutter.folder_name}}/new.txt").exists()


@pytest.mark.parametrize(
    ("name", "calls"),
    [
        ("b64encode", [("ü",)]),
        ("b64decode", [("w7w=",)]),
        ("basename", [("a/b.txt",), ("",)]),
        ("bool", [("Yes",), ("no",), (1,), (None,), (True,)]),
        ("dirname", [("a/b.txt",)]),
        ("from_json", [('{"a": [1]}',)]),
        ("from_yaml", [("a: [1]",), ({"a": 1},)]),
        ("hash", [("ü",), ("x", "sha256")]),
        ("md5", [("x",)]),
        ("quote", [("it's",), ("plain",)]),
        ("regex_escape", [("a.b*",)]),
        ("regex_findall", [("aAb", "a"), ("a\nb", "^.", True), ("aA", "a", False, True)]),
        ("regex_replace", [("a.b", "[.]", "-"), ("AbA", "a", "x", True), (12, "1", "2")]),
        ("sha1", [("x",)]),
        ("ternary", [(True, "a", "b"), (0, "a", "b"), (None, "a", "b", "c")]),
        ("to_json", [({"b": "ü", "a": None},)]),
        ("to_nice_json", [({"b": "ü", "a": [1]},)]),
        ("to_nice_yaml", [({"b": "ü", "a": [1, {"c": "x: y"}]},)]),
        ("to_yaml", [({"b": "ü", "a": [1]},)]),
    ],
)
def test_each_filter_does_what_copiers_does(name, calls) -> None:
    theirs = FilterModule().filters()[name]
    for call in calls:
        assert FILTERS[name](*call) == theirs(*call)


def test_every_filter_is_compared() -> None:
    marks: Any = test_each_filter_does_what_copiers_does.pytestmark  # type: ignore[attr-defined]
    assert {name for name, _ in marks[0].args[1]} == set(FILTERS)
