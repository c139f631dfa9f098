"""Writes docs/beside-copier.md, what both programs make of every case: `uv run tests/integration/update/beside_copier.py`."""

import inspect
import itertools
import os
import re
import tempfile
from importlib.metadata import version
from pathlib import Path

from update_cases import SHOWN, Ended, Worlds, answers_beside, by_atomci, by_copier
from user_changes import CHANGES

__all__ = ["PAGE", "page", "row", "rows_of"]

PAGE = Path(__file__).parents[3] / "docs" / "beside-copier.md"
Rows = dict[tuple[str, str], str]
WORDS = {
    "both": "your text is there, and so are all changes of the template to that file",
    "kept": "your text is there; the template didn't change the file",
    "yours only": "your text is there, but not the template's change to that file; for a seed that is intended",
    "stays deleted": "you deleted it, and it isn't there",
    "replaced": "a managed file is the template's again; the report says so, and your text is in git's history",
    "conflict": "both texts are there, and you decide: between marks in the file, or as versions in git's index",
    "back": "you deleted or moved it, and it is there again; for a managed file that is intended",
    "lost": "a part of your text is neither in the files nor in the index; only git's history has it",
}
HEAD = """\
# Beside `copier update`

<!-- Written by tests/integration/update/beside_copier.py; a test compares. -->

This page compares `atomci update` with `copier update` {copier} on the same projects. Each project was rendered from an old
release of a template, then changed by its user, and then updated to the last release. A test runs every case with both programs, with
one of two sets of answers. Afterwards it looks at the files, and judges both programs by the same rule. Of {changed} cases with a
change of the user, `copier update` lost text in {theirs}, `atomci update` in {ours}. From the first release of this
template on, the test also updates projects of every release to the current state, by the same rules.

{words}

An exit code of 0 with a conflict means that `copier update` reports success, and the answers file already names the new version.
`atomci update` then exits 1, and `--abort` undoes everything. Only the commit that resolves the conflicts records the new version. Only
`atomci update` reports what stays deleted, which seeds the template corrected, and each pin that both raised. *The same* means
the same files, byte for byte, except `.atomci/lock.json`.

These are the changes of the user. Each was made to every suitable file that the template changes, renames or drops:

{changes}

"""
TAIL = """\
## What these cases don't show

| case | `atomci update` | `copier update` |
|---|---|---|
| a checkout with CRLF, one line changed by both | that line is in conflict | the whole file is in conflict |
| drift in a managed file that the template never changes again | repaired, and `atomci status` shows it before | never noticed |
| a template with tasks or migrations of its own | refused, exit 4 | needs `--trust` |
"""


def row(change: str, ours: Ended, copiers: Ended) -> str:
    """A line of the page: what became of a change of the user."""
    return (
        f"| {change} | {_cell(ours)} | {'the same' if _files(ours) == _files(copiers) else _cell(copiers)} |"
    )


def _files(ended: Ended) -> dict[str, tuple[bytes, int]]:
    return {path: found for path, found in ended.after.contents.items() if path != ".atomci/lock.json"}


def _cell(run: Ended) -> str:
    paths = {word: sorted(run.verdicts.get(word, ())) for word in WORDS}
    found = [f"{_word(word)}: {_listed(word, paths[word])}" for word in WORDS if paths[word]]
    return "; ".join([f"exit {run.outcome.code}", *found])


def _word(word: str) -> str:
    return "**lost**" if word == "lost" else word


def _listed(word: str, paths: list[str]) -> str:
    most = len(paths) if word == "lost" else 3
    shown = ", ".join(f"`{path}`" for path in paths[:most])
    return f"{shown} and {len(paths) - most} more" if len(paths) > most else shown


def page(rows: Rows) -> str:
    """The whole page around its lines."""
    changed = {key: line.split(" | ") for key, line in rows.items() if key[1] != "none"}
    head = HEAD.format(
        copier=version("copier"),
        words=_table("word", "what became of a file", {_word(word): why for word, why in WORDS.items()}),
        changes=_table(
            "change", "what it is", {name: inspect.getdoc(change) or "" for name, change in CHANGES.items()}
        ),
        changed=len(changed),
        ours=sum("**lost**" in cells[1] for cells in changed.values()),
        theirs=sum("**lost**" in cells[2] for cells in changed.values()),
    )
    sections = [
        f"## {name}\n\n{_sentence(subject.does)}\n\n"
        + "| change | `atomci update` | `copier update` |\n|---|---|---|\n"
        + "".join(f"{rows[name, change]}\n" for change in CHANGES)
        for name, subject in SHOWN.items()
    ]
    return "\n".join([head.rstrip("\n") + "\n", *sections, TAIL])


def _table(first: str, second: str, rows: dict[str, str]) -> str:
    return f"| {first} | {second} |\n|---|---|\n" + "\n".join(
        f"| {name} | {what} |" for name, what in rows.items()
    )


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def rows_of(text: str) -> Rows:
    """The lines of a page."""
    found: Rows = {}
    for name in SHOWN:
        section = text.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        found |= {(name, change): line for line, change in re.findall(r"^(\| ([^|]+) \|.*\|)$", section, re.MULTILINE)
                  if change in CHANGES}  # fmt: skip
    return found


def main() -> None:
    """Run every case and write the page."""
    os.environ.update(GIT_CONFIG_GLOBAL=os.devnull, GIT_CONFIG_NOSYSTEM="1")
    for who in ("AUTHOR", "COMMITTER"):
        os.environ |= {f"GIT_{who}_NAME": "Test", f"GIT_{who}_EMAIL": "test@example.com"}
    rows: Rows = {}
    with tempfile.TemporaryDirectory() as folder:
        worlds = Worlds(Path(folder))
        for name, change in itertools.product(SHOWN, CHANGES):
            case = worlds.case(name, answers_beside(name, change), change)
            ours, copiers = by_atomci(case, worlds.folder()), by_copier(case, worlds.folder())
            rows[name, change] = row(change, ours, copiers)
    PAGE.write_text(page(rows), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
