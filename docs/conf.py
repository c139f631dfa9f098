"""The site: Markdown by MyST. What the code knows is put in at build time, so that it can't drift."""

from __future__ import annotations

import ast
import html
import io
import re
import tomllib
from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from docutils import nodes
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from atomci import catalog
from atomci.atoms.loading.builtin import built_in
from atomci.catalog import ATOMS, PHASES, PIPELINES, Atom, Phase

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "atomci"
author = "The atomci developers"
version = release = version_of("atomci")

extensions = ["myst_parser"]
exclude_patterns = ["schemas", "pictures"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = f"atomci {version}"
html_show_copyright = False
html_static_path = ["_static"]
html_css_files = ["site.css"]

_BUILT = built_in()
_ROOT = Path(__file__).parents[1]
_PYPROJECT = _ROOT / "pyproject.toml"
_COPIER_YML = Path(__file__).parents[1] / "copier.yml"
_PICTURES = Path(__file__).parent / "pictures"
_PICTURE = re.compile(r"<!-- picture: (\w+) -->\n```console\n\$ (.*?)\n.*?^```$", re.MULTILINE | re.DOTALL)
_COLOURS = "828a94 ff7b72 7ee787 f2cc60 79c0ff d2a8ff 76e3ea d7dce2"  # black, red, green, yellow, blue, ...
_THEME = TerminalTheme((22, 25, 29), (215, 220, 226), [(*bytes.fromhex(each),) for each in _COLOURS.split()])
_EFFECTS = {
    "pure": "depends only on what it reads, so that a pass may be reused",
    "host": "looks at this machine",
    "tree": "writes files of the project, so it runs alone",
    "network": "may talk to other machines",
}


def setup(app: Sphinx) -> None:
    """Fill the places that pages keep: `<!-- generated: NAME -->`, and below `<!-- picture: NAME -->`."""
    app.connect("source-read", _fill)
    app.connect("doctree-resolved", _name_cells)


def _fill(app: Sphinx, page: str, source: list[str]) -> None:
    for name, write, read in (
        ("atoms", _atoms, catalog.__file__),
        ("pipelines", _pipelines, catalog.__file__),
        ("questions", _questions, str(_COPIER_YML)),
        ("rooms", _rooms, str(_PYPROJECT)),
        ("state", _state_of_all, catalog.__file__),
    ):
        mark = f"<!-- generated: {name} -->"
        if mark in source[0]:
            app.env.note_dependency(read)
            source[0] = source[0].replace(mark, write())
    for name in {found[1] for found in _PICTURE.finditer(source[0])}:
        app.env.note_dependency(str(_PICTURES / f"{name}.ansi"))
    source[0] = _PICTURE.sub(lambda found: _terminal(found[1], found[2]), source[0])


def _terminal(name: str, command: str) -> str:
    """What was recorded, in its colours; the text below the mark is the same without them."""
    console = Console(file=io.StringIO(), record=True, width=200)
    recorded = (_PICTURES / f"{name}.ansi").read_text(encoding="utf-8").rstrip()
    console.print(Text.from_ansi(recorded), soft_wrap=True)
    shown = console.export_html(theme=_THEME, inline_styles=True, code_format="{code}").rstrip().splitlines()
    lines = [f"$ {html.escape(command)}", *shown]
    text = "".join(f'<span class="line">{line}</span>' for line in lines)
    return f'```{{raw}} html\n<div class="terminal"><pre>{text}</pre></div>\n```'


def _name_cells(_: Sphinx, page: nodes.document, __: str) -> None:
    """Each cell with its column's name, which a narrow screen shows where rows become blocks."""
    for table in page.findall(nodes.table):
        heads, *rows = [
            [*row.findall(nodes.entry)] for row in table.findall(nodes.row) if any(row.findall(nodes.entry))
        ]
        for row in rows if len(heads) > 2 else ():
            for head, cell in list(zip(heads, row, strict=True))[1:]:
                for first in [said for said in cell.findall(nodes.paragraph) if said.astext()][:1]:
                    first.insert(0, nodes.inline("", f"{head.astext()}: ", classes=["head"]))


def _state_of_all() -> str:
    """Which atoms run and which are planned, in one sentence."""
    rows = {phase: [row for row in ATOMS if row.phase == phase.number] for phase in PHASES}
    whole = [phase for phase, atoms in rows.items() if all(row.name in _BUILT for row in atoms)]
    single = [row for phase in rows.keys() - set(whole) for row in rows[phase] if row.name in _BUILT]
    return (
        f"Today {len(_BUILT)} of the {len(ATOMS)} atoms run: those of the phases "
        + ", ".join(f"[{phase.number}](#{phase.name})" for phase in whole)
        + ", and "
        + ", ".join(f"[{row.number:03d}](#{row.id})" for row in sorted(single))
        + ". The others are planned: `atomci list` marks them, and running one says so and exits 3."
    )


def _atoms() -> str:
    blocks = []
    for phase in PHASES:
        blocks += [f"({phase.name})=", f"## Phase {phase.number}: {phase.title}\n", _state(phase)]
        blocks += [_atom(row) for row in ATOMS if row.phase == phase.number]
    return "\n".join(blocks)


def _state(phase: Phase) -> str:
    if any(row.name not in _BUILT for row in ATOMS if row.phase == phase.number):
        return f"Some of these atoms are only planned. `atomci run {phase.name}` says which, and exits 3.\n"
    return f"`atomci run {phase.name}` runs these atoms, and those that they need.\n"


def _atom(row: Atom) -> str:
    marks = [
        word for word, there in (("optional", row.optional), ("planned", row.name not in _BUILT)) if there
    ]
    facts = [
        ("needs", ", ".join(map(_link, row.needs))),
        ("comes after", ", ".join(map(_link, row.after))),
        ("reads", _code(row.reads)),
        ("reads if there", _code(row.hints)),
        ("writes", _code(row.writes)),
        ("effect", f"{row.effect}: {_EFFECTS[row.effect]}"),
        ("runs", "even if an atom that it needs is red" if row.always else ""),
    ]
    lines = [f"({row.id})=", f"({row.name})=", f"### {row.number:03d} {row.name}\n"]
    lines += [row.summary + "." + f" *{', '.join(marks).capitalize()}.*" * bool(marks) + "\n"]
    lines += [f"- {name}: {value}" for name, value in facts if value]
    return "\n".join(lines) + "\n"


def _pipelines() -> str:
    rows = ["| pipeline | what it is | atoms |", "|---|---|---|"]
    for pipeline in PIPELINES:
        planned = any(name not in _BUILT for name in pipeline.atoms)
        mark = " *Planned.*" if planned else ""
        rows.append(
            f"| `{pipeline.name}` | {pipeline.summary}.{mark} | {', '.join(map(_link, pipeline.atoms))} |"
        )
    return "\n".join(rows)


def _rooms() -> str:
    """The floors of the contract, each room with its own first sentence and those that it holds."""
    contracts = tomllib.loads(_PYPROJECT.read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    (floors,) = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    rows = ["| floor | room | what is in it |", "|---|---|---|"]
    for height, floor in enumerate(floors):
        for room in (name.strip(" ()") for name in re.split(r"[|:]", floor)):
            rows += [f"| {len(floors) - height} | `{path}` | {text} |" for path, text in _described(room)]
    return "\n".join(rows)


def _described(room: str) -> list[tuple[str, str]]:
    """A module or a package with the packages in it, and the first sentence of each."""
    folder = _ROOT / "src" / "atomci" / room
    if not folder.is_dir():
        return [(f"{room}.py", _first_sentence(folder.with_suffix(".py")))]
    inside = sorted(file.parent for file in folder.rglob("__init__.py"))
    return [
        (f"{part.relative_to(folder.parent).as_posix()}/", _first_sentence(part / "__init__.py"))
        for part in inside
    ]


def _first_sentence(file: Path) -> str:
    said = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return " ".join(said.split("\n\n")[0].split())


def _questions() -> str:
    """Every asked question in its group; a group is a rule of dashes in copier.yml."""
    text = _COPIER_YML.read_text(encoding="utf-8")
    details = yaml.safe_load(text)
    asked = [
        name for name, row in details.items() if not name.startswith("_") and row.get("when") is not False
    ]
    rows = ["| question | asks | answers | default |", "|---|---|---|---|"]
    for group, name in re.findall(r"^# --- (.+?) -+$|^([a-z]\w*):", text, re.MULTILINE):
        if name in asked:
            row = details[name]
            rows.append(
                f"| {_link(name)} | {row['help']} | {_answers(row)} | {_default(row['default'], asked)} |"
            )
        elif group and not group.startswith("Computed"):
            rows.append(f"| **{group}** | | | |")
    return "\n".join(rows)


def _answers(row: dict[str, Any]) -> str:
    choices = row.get("choices")
    if isinstance(choices, dict):
        listed = ", ".join(f"`{value}` ({label})" for label, value in choices.items())
    elif choices:
        listed = _code(tuple(choices))
    else:
        listed = "yes or no" if row["type"] == "bool" else "text"
    return f"any of {listed}" if row.get("multiselect") else listed


def _default(default: Any, asked: list[str]) -> str:
    if isinstance(default, bool):
        return "yes" if default else "no"
    if isinstance(default, list):
        return _code(tuple(default)) or "none"
    if "{" not in default:
        return f"`{default}`" if default else "none"
    if "_folder_name" in default:
        return "made from the folder's name"
    return "made from " + ", ".join(f"`{name}`" for name in asked if re.search(rf"\b{name}\b", default))


def _link(name: str) -> str:
    return f"[{name}](#{name})"


def _code(globs: tuple[str, ...]) -> str:
    return ", ".join(f"`{glob}`" for glob in globs)
