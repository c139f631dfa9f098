"""What copier does, one small case each, by its documentation and by reports of its users; and what atomci does.

A case has a folder of its own in one template, so that one render and one update show them all.
`uv run tests/integration/update/copier_behaviours.py` writes the table of docs/copier.md anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sync_world import Content, Link, Script, lines

__all__ = ["PAGE", "PROJECTS", "QUESTIONS", "RENDERS", "UPDATES", "Project", "Render", "Update", "table"]

PAGE = Path(__file__).parents[3] / "docs" / "copier.md"
Files = Mapping[str, Content]
QUESTIONS = """\
name: demo
count: {type: int, default: 3}
ratio: {type: float, default: 0.5}
flag: {type: bool, default: true}
table: {type: yaml, default: "{a: [1, 2]}"}
document: {type: json, default: '{"b": null}'}
several: {type: str, multiselect: true, choices: [red, green, blue], default: [red, blue]}
labelled: {type: str, choices: {First one: one, Second one: two}, default: two}
upper: {type: str, default: "{{ name | upper }}"}
computed: {type: str, default: "{{ name }}-{{ count + 1 }}", when: false}
hidden: {type: str, default: never asked, when: "{{ not flag }}"}
password: {type: str, secret: true, default: s3cret}
folder: {type: str, default: a/b}
"""


@dataclass(frozen=True)
class Render:
    """Files of a template's folder, and what must come of them; None: nothing of that name."""

    does: str
    files: Files
    wanted: Files


RENDERS = {
    "suffix": Render(
        "only files that end in `.jinja` are rendered, and lose that ending",
        {"a.txt.jinja": "{{ name }}", "b.txt": "{{ name }}"},
        {"a.txt": "demo", "b.txt": "{{ name }}", "a.txt.jinja": None},
    ),
    "both": Render(
        "of a file with and one without the ending, the rendered one wins",
        {"a.txt": "plain", "a.txt.jinja": "of {{ name }}"},
        {"a.txt": "of demo"},
    ),
    "names": Render(
        "names of files and folders are rendered", {"{{ name }}/{{ upper }}.txt": "x"}, {"demo/DEMO.txt": "x"}
    ),
    "no name": Render(
        "a name that renders to nothing leaves the file out, and a folder with all in it",
        {"{% if not flag %}a.txt{% endif %}": "x", "{% if not flag %}b{% endif %}/c.txt": "x", "d.txt": "y"},
        {"a.txt": None, "b/c.txt": None, "d.txt": "y"},
    ),
    "slashes": Render(
        "an answer with slashes makes folders", {"{{ folder }}/c.txt": "x"}, {"a/b/c.txt": "x"}
    ),
    "types": Render(
        "answers have their types",
        {"a.txt.jinja": "{{ count + 1 }} {{ ratio * 2 }} {{ not flag }} {{ table.a[1] }} {{ document.b }}"},
        {"a.txt": "4 1.0 False 2 None"},
    ),
    "choices": Render(
        "a choice is its value, several are a list",
        {"a.txt.jinja": "{{ labelled }} {{ several | join('+') }}"},
        {"a.txt": "two red+blue"},
    ),
    "when": Render(
        "a question that isn't asked has its default",
        {"a.txt.jinja": "{{ computed }} {{ hidden }}"},
        {"a.txt": "demo-4 never asked"},
    ),
    "undefined": Render(
        "what nobody defined is empty", {"a.txt.jinja": "[{{ nobody }}]"}, {"a.txt": "[]"}
    ),
    "newline": Render(
        "the newline at the end stays", {"a.txt.jinja": "{{ name }}\n", "b.txt": "x\n\n"},
        {"a.txt": "demo\n", "b.txt": "x\n\n"},
    ),
    "windows": Render(
        "line endings of a file that isn't rendered stay", {"a.txt": "a\r\nb\r\n"}, {"a.txt": "a\r\nb\r\n"}
    ),
    "bytes": Render(
        "what is no text is copied byte for byte", {"a.bin": b"\xff\x00\x01"}, {"a.bin": b"\xff\x00\x01"}
    ),
    "latin": Render(
        "a text of another encoding too", {"a.txt": "é".encode("latin-1")}, {"a.txt": "é".encode("latin-1")}
    ),
    "script": Render("a file that can be run stays so", {"run.sh": Script("#!/bin/sh\n")}, {"run.sh": Script("#!/bin/sh\n")}),
    "script, rendered": Render(
        "also where it is rendered", {"run.sh.jinja": Script("echo {{ name }}")}, {"run.sh": Script("echo demo")}
    ),
    "link": Render("a link stays a link where the template says so", {"a.txt": "x", "l": Link("a.txt")}, {"l": Link("a.txt")}),
    "dangling": Render("also one that leads nowhere", {"l": Link("nowhere")}, {"l": Link("nowhere")}),
    "exclude": Render(
        "what `_exclude` names is left out, and its patterns are rendered",
        {"a.skip": "x", "demo.out": "x", "b.txt": "x"},
        {"a.skip": None, "demo.out": None, "b.txt": "x"},
    ),
    "include": Render(
        "a template includes files of the template", {"a.txt.jinja": "{% include 'shared.txt' %}!"},
        {"a.txt": "shared of demo!"},
    ),
    "macro": Render(
        "and imports macros",
        {"a.txt.jinja": "{% from 'macros.jinja' import loud %}{{ loud(name) }}"},
        {"a.txt": "DEMO"},
    ),
    "loop": Render(
        "one file makes several", {"{% yield one from several %}{{ one }}{% endyield %}.txt.jinja": "{{ one }} of {{ name }}"},
        {"red.txt": "red of demo", "blue.txt": "blue of demo", "green.txt": None},
    ),
    "configuration": Render(
        "a template knows how it is rendered",
        {"a.txt.jinja": "{{ _copier_conf.answers_file }} {{ _copier_conf.sep | length }} {{ _folder_name | length > 0 }}"},
        {"a.txt": ".copier-answers.yml 1 True"},
    ),
    "yaml": Render(
        "it has the filters of Ansible that read nothing of the machine",
        {"a.txt.jinja": "{{ table | to_nice_yaml }}{{ name | hash('sha1') }}"},
        {"a.txt": "a:\n- 1\n- 2\n89e495e7941cf9e40e6980d14a16bf023ccd4c91"},
    ),
    "odd names": Render(
        "names may hold spaces, quotes and letters of any language",
        {"a b.txt": "1", "c'd\"e.txt": "2", "é-ü-日本.txt": "3", "-x.txt": "4"},
        {"a b.txt": "1", "c'd\"e.txt": "2", "é-ü-日本.txt": "3", "-x.txt": "4"},
    ),
    "hidden": Render("names may begin with a dot", {".hidden/.a": "x"}, {".hidden/.a": "x"}),
}  # fmt: skip


@dataclass(frozen=True)
class Update:
    """A folder's files in a release and in the next, what the user did between them, and what becomes of it.

    `theirs` is what copier makes of it, where atomci's `ours` is another on purpose; `differs` says why.
    """

    does: str
    old: Files
    new: Files
    user: Files
    ours: Files
    theirs: Files | None = None
    differs: str = ""


UPDATES = {
    "untouched": Update(
        "a file that nobody edited becomes the new one", {"a": lines("untouched")}, {"a": lines("untouched", n3="new")}, {},
        {"a": lines("untouched", n3="new")},
    ),
    "merged": Update(
        "edits of both are merged", {"a": lines("merged")}, {"a": lines("merged", n3="new")}, {"a": lines("merged", n30="mine")},
        {"a": lines("merged", n3="new", n30="mine")},
    ),
    "the same": Update(
        "an edit that both made is made once", {"a": lines("the2")}, {"a": lines("the2", n3="x")}, {"a": lines("the2", n3="x")},
        {"a": lines("the2", n3="x")},
    ),
    "kept": Update(
        "an edit of a file that the template leaves alone stays", {"a": lines("kept")}, {}, {"a": lines("kept", n3="mine")},
        {"a": lines("kept", n3="mine")},
    ),
    "rendered": Update(
        "rendered files are merged as they are rendered", {"a.jinja": "{{ name }}\n" + lines("rendered")},
        {"a.jinja": "{{ name }}!\n" + lines("rendered")}, {"a": "demo\n" + lines("rendered", n30="mine")},
        {"a": "demo!\n" + lines("rendered", n30="mine")},
    ),
    "new file": Update("a new file comes", {"b": "b"}, {"a": "new"}, {}, {"a": "new", "b": "b"}),
    "dropped": Update("a file that the template drops goes", {"a": lines("dropped"), "b": "b"}, {"a": None}, {}, {"a": None, "b": "b"}),
    "own file": Update(
        "a file of the user's own stays", {"b": "b"}, {"b": "c"}, {"mine": "mine"}, {"mine": "mine", "b": "c"}
    ),
    "deleted": Update(
        "a file that the user deleted stays deleted", {"a": lines("deleted"), "b": "b"}, {}, {"a": None}, {"a": None, "b": "b"}
    ),
    "deleted, changed": Update(
        "also when the template changes it", {"a": lines("deleted2"), "b": "b"}, {"a": lines("deleted2", n3="new")}, {"a": None},
        {"a": None, "b": "b"},
    ),
    "seed": Update(
        "`_skip_if_exists`: a file that is there is left alone", {"seed": "old"}, {"seed": "new"},
        {"seed": "mine"}, {"seed": "mine"},
    ),
    "seed, deleted": Update(
        "`_skip_if_exists`: a file that isn't there is written", {"seed": "old", "b": "b"}, {"seed": "new"},
        {"seed": None}, {"seed": None, "b": "b"}, {"seed": "new", "b": "b"},
        "A seed that you deleted stays deleted, since you did it on purpose.",
    ),
    "conflict": Update(
        "a line that both changed", {"a": "one\n"}, {"a": "theirs\n"}, {"a": "mine\n"},
        {"a": "<<<<<<< yours\nmine\n=======\ntheirs\n>>>>>>> template\n"},
        {"a": "<<<<<<< before updating\nmine\n=======\ntheirs\n>>>>>>> after updating\n"},
        "Marks of the same kind; git's index knows of the conflict and `git mergetool` works, the exit code is 1,"
        " and `--abort` undoes everything. No `.rej` file is ever written.",
    ),
    "renamed": Update(
        "a file that the template renames, edited by the user", {"old.txt": lines("renamed")}, {"old.txt": None, "new.txt": lines("renamed")},
        {"old.txt": lines("renamed", n30="mine")}, {"old.txt": None, "new.txt": lines("renamed", n30="mine")},
        {"old.txt": None, "new.txt": lines("renamed")},
        "Your edit moves to the new name. copier drops it with the old name.",
    ),
    "moved": Update(
        "a file that the user moved, changed by the template", {"a.txt": lines("moved")}, {"a.txt": lines("moved", n3="new")},
        {"a.txt": None, "b/a.txt": lines("moved")}, {"a.txt": None, "b/a.txt": lines("moved", n3="new")},
        {"a.txt": None, "b/a.txt": lines("moved")},
        "The change reaches the file where it is now. copier thinks that you deleted it.",
    ),
    "dropped, edited": Update(
        "a file that the template drops, edited by the user", {"a": lines("dropped2")}, {"a": None}, {"a": lines("dropped2", n3="mine")},
        {"a": lines("dropped2", n3="mine")}, {"a": None},
        "A conflict, and your file stays until you decide. copier deletes it with your edit.",
    ),
    "binary": Update(
        "a binary file that both changed", {"a.png": b"\0a" * 50}, {"a.png": b"\0b" * 50}, {"a.png": b"\0c" * 50},
        {"a.png": b"\0c" * 50}, {"a.png": b"\0b" * 50},
        "A conflict, and yours stays until you decide; git's index has the other. copier replaces it.",
    ),
    "runs now": Update(
        "a file that can be run from now on", {"a.sh": "x"}, {"a.sh": Script("x")}, {}, {"a.sh": Script("x")}
    ),
    "link": Update(
        "a link that leads elsewhere from now on", {"a": "1", "b": "2", "l": Link("a")}, {"l": Link("b")}, {},
        {"l": Link("b")},
    ),
    "crlf": Update(
        "a file with the line endings of Windows", {"a": lines("crlf")}, {"a": lines("crlf", n3="new")},
        {"a": lines("crlf", n30="mine").replace("\n", "\r\n")},
        {"a": lines("crlf", n3="new", n30="mine").replace("\n", "\r\n")},
        {"a": "<"},
        "Merged line by line, with your line endings. To copier every line is in conflict.",
    ),
    "added by both": Update(
        "a file that both added", {"b": "b"}, {"a": "theirs\n"}, {"a": "mine\n"},
        {"a": "<<<<<<< yours\nmine\n=======\ntheirs\n>>>>>>> template\n"},
        {"a": "<<<<<<< before updating\nmine\n=======\ntheirs\n>>>>>>> after updating\n"},
        "As any conflict.",
    ),
    "pin": Update(
        "a pin that both moved up", {"r.txt": "tool==1.0\n"}, {"r.txt": "tool==2.0\n"}, {"r.txt": "tool==3.0\n"},
        {"r.txt": "tool==3.0\n"},
        {"r.txt": "<<<<<<< before updating\ntool==3.0\n=======\ntool==2.0\n>>>>>>> after updating\n"},
        "The higher one, and the report says so.",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Project:
    """What concerns a whole project, and how the command lines answer: exit codes, and whether anything changed."""

    does: str
    differs: str = ""
    words: tuple[str, ...] = field(default=())


PROJECTS: dict[str, Project] = {
    "uncommitted work": Project("An update of a project with uncommitted work is refused."),
    "no repository": Project("An update of a folder that isn't in git is refused."),
    "older": Project("An update to an older release is refused."),
    "prereleases": Project("Pre-releases aren't releases, unless they are asked for."),
    "up to date": Project("Without a newer release an update changes nothing."),
    "new question": Project("A new question gets its default, which is recorded."),
    "dropped question": Project("The answer to a question that is gone is no longer recorded."),
    "other answer": Project(
        "Another answer is given to an update, while a newer release is out.",
        "The answer alone changes, at the version that the project has; with `--to` both change.",
    ),
    "edited answers": Project("An answer that was edited in the answers file holds."),
    "secret": Project("What was answered to a secret question is recorded nowhere."),
    "tasks": Project(
        "A template with tasks is refused without `--trust`.",
        "`atomci update` runs none and has no `--trust`: such a template is refused, with exit code 4.",
    ),
    "dirty template": Project(
        "A local template with uncommitted changes: copier takes them into an update to HEAD.",
        "An update takes only commits, so that what was rendered stays known. `status`, `update` and"
        " `update --plan` say so.",
    ),
}
BEGIN, END = "<!-- behaviours: begin -->\n", "<!-- behaviours: end -->\n"


def table() -> str:
    """The rows of the page on plain copier, of what atomci does otherwise."""
    rows = [
        f"| {case.does[0].upper()}{case.does[1:].rstrip('.')} | {case.differs} |"
        for case in (*UPDATES.values(), *PROJECTS.values())
        if case.differs
    ]
    return "\n".join(["| what | what `atomci update` does instead |", "|---|---|", *rows]) + "\n"


def main() -> None:
    """Write the table into the page."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    PAGE.write_text(before + BEGIN + table() + END + rest.partition(END)[2], encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
