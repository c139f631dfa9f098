"""Templates of other people's styles: rendered byte for byte as copier does, and updated to the same tree."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import copier
import pytest
from copier.__main__ import CopierApp
from sync_world import Content, Folder, Pristine, lines, new_repository

from atomci.cli.main import main

ANSWERS_FILE = "{{_copier_conf.answers_file}}"
# The whole root is the template, with a list of what isn't.
ROOT: dict[str, Content] = {
    "copier.yml": "_exclude: [copier.yml, '*.md', .git, '{% if not docs %}docs{% endif %}']\n"
    "name: demo\ndocs: {type: bool, default: false}\n_message_after_update: Updated\n",
    f"{ANSWERS_FILE}.jinja": "# Changes here will be overwritten by Copier\n{{ _copier_answers|to_nice_yaml -}}\n",
    "pyproject.toml.jinja": '[project]\nname = "{{ name }}"\n' + lines("# setting"),
    "docs/index.rst": lines("docs"),
    "README.md": "not rendered\n",
    "Makefile": lines("# make"),
}
# Conditional names, loops in names, computed answers, includes, another suffix of the answers file.
LOOPS: dict[str, Content] = {
    "copier.yml": "_subdirectory: project\n_answers_file: .copier-answers.loops.yml\n"
    "name: demo\nslug: {type: str, when: false, default: '{{ name|upper }}'}\n"
    "parts: {type: yaml, default: '[one, two]'}\nuse: {type: bool, default: true}\n"
    "secret: {type: str, secret: true, default: hush}\n",
    "includes/head.txt": "# {{ slug }}\n",
    "project/{{_copier_conf.answers_file}}.jinja": "{{ _copier_answers|to_nice_yaml }}",
    "project/{% if use %}used.txt{% endif %}.jinja": "{% include 'includes/head.txt' %}\n" + lines("used"),
    "project/{% if not use %}unused.txt{% endif %}": "never\n",
    "project/{% yield part from parts %}{{ part }}{% endyield %}/{{ part }}.txt.jinja": "{{ part }}\n"
    + lines("part"),
    "project/{% yield part from parts %}{{ part }}{% endyield %}/plain.txt.jinja": "{{ part }}\n",
    "project/[bracket] name.txt": lines("odd"),
    "project/{{ _folder_name }}.cfg.jinja": "{{ _copier_conf.vcs_ref_hash|length }}\n",
}
# No suffix: every file is a template; other delimiters, as LaTeX people have them.
LATEX: dict[str, Content] = {
    "copier.yml": "_templates_suffix: ''\n_exclude: [copier.yml, .git]\n"
    "_envops: {block_start_string: '[%', block_end_string: '%]', variable_start_string: '[[',"
    " variable_end_string: ']]', keep_trailing_newline: false}\ntitle: Paper\n",
    "[[_copier_conf.answers_file]]": "[[ _copier_answers|to_nice_yaml ]]\n",
    "paper.tex": "\\title{[[ title ]]}\n" + lines("text") + "{{ untouched }}\n",
    "figure.png": bytes(range(256)),
}
# Old settings, a file that is only made by copies, CRLF in the render, and skip patterns with answers.
SKIPS: dict[str, Content] = {
    "copier.yml": "_subdirectory: t\n_skip_if_exists: ['{{ name }}.txt', /keep/**]\n"
    "_exclude: [\"{% if _copier_operation == 'update' %}once.txt{% endif %}\"]\nname: demo\n",
    f"t/{ANSWERS_FILE}.jinja": "{{ _copier_answers|to_nice_yaml }}",
    "t/demo.txt": lines("skipped"),
    "t/keep/a.txt": lines("kept"),
    "t/once.txt": lines("once"),
    "t/windows.bat.jinja": lines("@rem {{ name }}").replace("\n", "\r\n"),
    "t/.gitattributes": "*.bat text eol=crlf\n",
    "t/.gitignore": "local.cfg\n",
    "t/local.cfg": lines("local"),
}
STYLES = {"root": ROOT, "loops": LOOPS, "latex": LATEX, "skips": SKIPS}
NEXT: dict[str, dict[str, Content]] = {
    "root": {"pyproject.toml.jinja": '[project]\nname = "{{ name }}"\n' + lines("# setting", n30="theirs"),
             "new.txt": "new\n"},
    "loops": {"project/{% yield part from parts %}{{ part }}{% endyield %}/{{ part }}.txt.jinja":
              "{{ part }}!\n" + lines("part"), "includes/head.txt": "# The {{ slug }}\n"},
    "latex": {"paper.tex": "\\title{The [[ title ]]}\n" + lines("text") + "{{ untouched }}\n"},
    "skips": {"t/demo.txt": "theirs\n", "t/once.txt": "theirs\n", "t/keep/b.txt": "new\n",
              "t/windows.bat.jinja": lines("@rem {{ name }}", n3="theirs").replace("\n", "\r\n")},
}  # fmt: skip
EDITED = {"root": "Makefile", "loops": "one/one.txt", "latex": "paper.tex", "skips": "demo.txt"}


@pytest.fixture(params=STYLES)
def style(request: pytest.FixtureRequest) -> str:
    """Each style in turn."""
    return str(request.param)


@pytest.fixture
def styled(style: str, pristine: Pristine) -> tuple[Folder, Folder]:
    """A template of that style at v1.0.0, and a project of it with an edit."""
    template, project = Folder(pristine.place / "template"), Folder(pristine.place / "project" / "demo")

    def make() -> None:
        new_repository(template.root).commit(STYLES[style], "v1.0.0")
        new_repository(project.root)
        copier.run_copy(str(template.root), project.root, defaults=True, quiet=True)
        project.commit()
        project.commit({EDITED[style]: project.read(EDITED[style]).replace("number 20", "number mine")})

    pristine.put(f"style {style}", pristine.place, make)
    return template, project


def answers_file(style: str) -> str:
    return ".copier-answers.loops.yml" if style == "loops" else ".copier-answers.yml"


def kept(project: Folder, style: str) -> set[str]:
    """What git holds of a project: the bytes in the working tree follow from it and .gitattributes."""
    # copier renders a project again in a folder whose name it makes up.
    without = {".atomci", *(["demo.cfg"] if style == "loops" else [])}
    rows = project.git("ls-files", "--stage").splitlines()
    return {row for row in rows if row.split("\t")[1].split("/")[0] not in without}


def test_an_update_is_that_of_copier(style: str, styled: tuple[Folder, Folder]) -> None:
    template, project = styled
    template.commit(NEXT[style], "v2.0.0")
    other = project.copy(project.root.parents[1] / "copier" / "demo")
    copier.run_update(other.root, answers_file=answers_file(style), defaults=True, overwrite=True, quiet=True)

    assert main(["update", "--commit", "--project", str(project.root)]) == 0

    other.commit()
    assert kept(project, style) == kept(other, style)
    assert "mine" in project.read(EDITED[style])
    assert project.status == []


def test_a_render_is_that_of_a_copy(style: str, styled: tuple[Folder, Folder], tmp_path: Path) -> None:
    """`diff` compares with what is rendered, so a fresh copy shows no difference."""
    template, _ = styled
    fresh = new_repository(tmp_path / "fresh" / "demo")
    copier.run_copy(str(template.root), fresh.root, defaults=True, quiet=True)
    fresh.commit()

    assert main(["diff", "--project", str(fresh.root)]) == 0
    assert main(["status", "--project", str(fresh.root)]) == 0


def test_a_template_reads_files_of_the_project(tmp_path: Path) -> None:
    template = new_repository(tmp_path / "template")
    config = "_subdirectory: t\n_external_data: {other: other.yml}\n"
    template.commit(
        {"copier.yml": config + "name: {type: str, default: \"{{ _external_data.other.name }}\"}\n",
         f"t/{ANSWERS_FILE}.jinja": "{{ _copier_answers|to_nice_yaml }}",
         "t/a.txt.jinja": "{{ _external_data.other.name }}\n"}, "v1.0.0",
    )  # fmt: skip
    project = new_repository(tmp_path / "project" / "demo")
    project.commit({"other.yml": "name: first\n"})
    copier.run_copy(str(template.root), project.root, defaults=True, quiet=True)
    project.commit()
    template.commit({"t/a.txt.jinja": "{{ _external_data.other.name }}!\n"}, "v2.0.0")

    assert main(["update", "--commit", "--project", str(project.root)]) == 0
    assert project.read("a.txt") == "first!\n"


def test_bytes_that_are_no_text_are_merged_as_git_does(tmp_path: Path) -> None:
    template = new_repository(tmp_path / "template")
    text = lines("caf\xe9").encode("latin-1")
    template.commit(
        {"copier.yml": "_subdirectory: t\nname: demo\n", "t/a.txt": text,
         f"t/{ANSWERS_FILE}.jinja": "{{ _copier_answers|to_nice_yaml }}"}, "v1.0.0",
    )  # fmt: skip
    project = new_repository(tmp_path / "project" / "demo")
    copier.run_copy(str(template.root), project.root, defaults=True, quiet=True)
    project.commit()
    project.commit({"a.txt": text.replace(b"number 5\n", b"number \xe9\n")})
    template.commit({"t/a.txt": text.replace(b"number 30\n", b"number \xff\n")}, "v2.0.0")

    assert main(["update", "--commit", "--project", str(project.root)]) == 0
    merged = (project.root / "a.txt").read_bytes()
    assert b"number \xe9\n" in merged
    assert b"number \xff\n" in merged


def test_renovates_command_works_before_and_after_ours(
    styled: tuple[Folder, Folder], style: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    template, project = styled
    template.commit(NEXT[style], "v2.0.0")
    assert main(["update", "--commit", "--project", str(project.root)]) == 0
    template.commit({next(iter(NEXT[style])): "# theirs again\n"}, "v3.0.0")

    words = ("--skip-answered", "--defaults", "--answers-file", answers_file(style), "--vcs-ref", "v3.0.0")
    monkeypatch.chdir(project.root)
    _, code = CopierApp.run(["copier", "update", *words], exit=False)

    assert code == 0
    project.commit()
    assert "v3.0.0" in project.read(answers_file(style))
    assert main(["status", "--project", str(project.root)]) == 0


def test_updates_side_by_side_do_not_meet(tmp_path: Path) -> None:
    """copier's own cache of remote templates races; no worker here shares it."""
    template = new_repository(tmp_path / "template")
    template.commit(ROOT, "v1.0.0")
    project = new_repository(tmp_path / "project0" / "demo")
    copier.run_copy(f"git+file://{template.root}", project.root, defaults=True, quiet=True)
    project.commit()
    projects = [project, *(project.copy(tmp_path / f"project{number}" / "demo") for number in (1, 2))]
    template.commit(NEXT["root"], "v2.0.0")

    def update(project: Folder) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "atomci", "update", "--commit"],
            cwd=project.root, capture_output=True, text=True, check=False,
        )  # fmt: skip

    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(update, projects))

    assert [run.returncode for run in done] == [0] * 3, [run.stderr for run in done]
    assert len({project.git("rev-parse", "HEAD^{tree}") for project in projects}) == 1


@pytest.mark.parametrize("style", ["root"])
def test_what_needs_no_render_imports_no_copier(styled: tuple[Folder, Folder]) -> None:
    _, project = styled
    assert main(["status", "--project", str(project.root)]) == 0
    code = """
import sys
from atomci.cli.main import main
for words in (["status", "--offline"], ["update"], ["update", "--help"], ["status"]):
    assert main(words) == 0, words
    assert not {"copier", "jinja2", "pathspec", "questionary"} & sys.modules.keys(), words
"""

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=project.root, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_an_old_git_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], project: Folder,
    template: Folder,
) -> None:  # fmt: skip
    import shutil

    real = shutil.which("git")
    stub = tmp_path / "bin" / "git"
    stub.parent.mkdir()
    stub.write_text(
        f'#!/bin/sh\nfor word; do [ "$word" = merge-tree ] && {{ echo "usage: git merge-tree" >&2; exit 129; }}; done\n'
        f'exec {real} "$@"\n'
    )
    stub.chmod(0o755)
    template.commit({"template/keep.txt": "theirs\n"}, "v2.0.0")
    before = project.whole
    monkeypatch.setenv("PATH", str(stub.parent), prepend=":")

    code = main(["update", "--project", str(project.root)])

    assert code == 3
    assert "git 2.38 or newer" in capfd.readouterr().err
    assert project.whole == before
