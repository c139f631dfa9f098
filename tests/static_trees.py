"""Small trees, each configured in another way, for ruff, black, mypy and ruff's formatter."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

UNEXAMINED = 0


@dataclass(frozen=True)
class Tree:
    """Files by path, and what is plain to whoever looks at them.

    `red`: the tool objects. `examined`: files that it looks at; None where its settings stop it.
    `places`: what it objects to and nothing but its own short lines tells: a cell, a setting.
    `named`: what one has to type behind mypy, since no settings name anything.
    """

    tool: str
    files: Mapping[str, str | bytes]
    examined: int | None
    red: bool = True
    places: frozenset[tuple[str, int, str]] = field(default=frozenset())
    named: tuple[str, ...] = ()


UNUSED = "import os\n"
WIDE = "X = [1,2]\n"
NARROW = "X = [1, 2]\n"
WRONG = 'X: int = ""\n'
RIGHT = "X: int = 1\n"
TORN = "def f(: ...\n"
PLAIN_RUFF = '[tool.ruff.lint]\nselect = ["F"]\n'


def notebook(*cells: str) -> str:
    return json.dumps(
        {
            "cells": [
                {
                    "cell_type": "code",
                    "execution_count": None,
                    "metadata": {},
                    "outputs": [],
                    "source": cell.splitlines(keepends=True),
                }
                for cell in cells
            ],
            "metadata": {"language_info": {"name": "python"}},
            "nbformat": 4,
            "nbformat_minor": 4,
        }
    )


RUFF = {
    "pyproject.toml": Tree(
        "ruff", {"pyproject.toml": PLAIN_RUFF, "src/a.py": UNUSED, "tests/t.py": RIGHT}, 2
    ),
    "pyproject.toml of a project that has nothing to say to it": Tree(
        "ruff", {"pyproject.toml": "[project]\nname = 'a'\n", "a.py": UNUSED}, 1
    ),
    "ruff.toml before pyproject.toml": Tree(
        "ruff",
        {"pyproject.toml": PLAIN_RUFF, "ruff.toml": 'lint.select = ["E7"]\n', "a.py": UNUSED + "l = 1\n"},
        1,
    ),
    ".ruff.toml before both": Tree(
        "ruff",
        {
            "pyproject.toml": PLAIN_RUFF,
            "ruff.toml": 'lint.select = ["F"]\n',
            ".ruff.toml": 'lint.select = ["E7"]\n',
            "a.py": UNUSED,
        },
        1,
        red=False,
    ),
    "a nested ruff.toml that extends the root's": Tree(
        "ruff",
        {
            "ruff.toml": 'lint.select = ["F"]\n',
            "tests/unit/ruff.toml": 'extend = "../../ruff.toml"\nlint.extend-select = ["E7"]\nlint.ignore = ["F401"]\n',
            "a.py": UNUSED + "l = 1\n",
            "tests/unit/t.py": UNUSED + "l = 1\n",
        },
        2,
    ),
    "nested pyproject.toml of several packages": Tree(
        "ruff",
        {
            "pyproject.toml": PLAIN_RUFF,
            "packages/a/pyproject.toml": '[tool.ruff.lint]\nselect = ["E7"]\n',
            "packages/a/a.py": UNUSED + "l = 1\n",
            "packages/b/pyproject.toml": "[project]\nname = 'b'\n",
            "packages/b/b.py": UNUSED + "l = 1\n",
        },
        2,
    ),
    "extend": Tree(
        "ruff",
        {
            "config/base.toml": 'lint.select = ["F"]\nlint.per-file-ignores = {"old/*" = ["F401"]}\n',
            "pyproject.toml": '[tool.ruff]\nextend = "config/base.toml"\n',
            "a.py": UNUSED,
            "old/a.py": UNUSED,
        },
        2,
    ),
    "per-file-ignores and noqa": Tree(
        "ruff",
        {
            "pyproject.toml": f'{PLAIN_RUFF}per-file-ignores = {{"__init__.py" = ["F401"]}}\n',
            "src/a/__init__.py": UNUSED,
            "src/a/b.py": "import os  # noqa: F401\n",
        },
        2,
        red=False,
    ),
    "extend-exclude": Tree(
        "ruff",
        {
            "pyproject.toml": f'[tool.ruff]\nextend-exclude = ["src"]\n{PLAIN_RUFF}',
            "src/a.py": UNUSED,
            "b.py": RIGHT,
        },
        1,
        red=False,
    ),
    "all excluded": Tree(
        "ruff", {"pyproject.toml": '[tool.ruff]\nexclude = ["*.py"]\n', "a.py": UNUSED}, UNEXAMINED, red=False
    ),
    "lint.exclude": Tree(
        "ruff",
        {
            "pyproject.toml": f'{PLAIN_RUFF}exclude = ["old.py"]\n',
            "ruff/pyproject.toml": "[project]\nname = 'b'\n",
            "a.py": RIGHT,
            "old.py": UNUSED,
        },
        1,
        red=False,
    ),
    "all excluded from linting": Tree(
        "ruff", {"ruff.toml": 'lint.exclude = ["*.py"]\n', "a.py": UNUSED}, UNEXAMINED, red=False
    ),
    "fix, fix-only and another output": Tree(
        "ruff",
        {
            "ruff.toml": "fix = true\nfix-only = true\nunsafe-fixes = true\nshow-fixes = true\n"
            'output-format = "github"\nlint.select = ["F"]\n',
            "a.py": UNUSED,
        },
        1,
    ),
    "notebooks, stubs, scripts and other endings": Tree(
        "ruff",
        {
            "ruff.toml": 'extend-include = ["*.pyw", "scripts/*"]\nlint.select = ["F"]\n',
            "a.ipynb": notebook("x = 1\n", UNUSED),
            "a.pyi": UNUSED,
            "a.pyw": UNUSED,
            "scripts/tool": "#!/usr/bin/env python\n" + UNUSED,
            "README.md": "# No Python\n",
        },
        4,
    ),
    "what can't be parsed or read": Tree(
        "ruff",
        {"ruff.toml": 'lint.select = ["E9", "F"]\n', "a.py": TORN, "b.py": b"caf\xe9 = 1\n", "c.py": UNUSED},
        3,
    ),
    "required-version": Tree("ruff", {"ruff.toml": 'required-version = "==0.1"\n', "a.py": RIGHT}, None),
    "a setting that there isn't": Tree("ruff", {"ruff.toml": "nope = 1\n", "a.py": RIGHT}, None),
}

BLACK = {
    "pyproject.toml": Tree(
        "black",
        {
            "pyproject.toml": "[tool.black]\nline-length = 15\n",
            "a.py": NARROW,
            "b.py": "Y = 1\nX = [111, 222, 333]\n",
        },
        2,
    ),
    "no settings": Tree("black", {"a.py": "Y = 1\n" + WIDE, "b.pyi": "def f(): ...\n"}, 2),
    "quiet": Tree(
        "black", {"pyproject.toml": "[tool.black]\nquiet = true\n", "a.py": WIDE, "b.py": NARROW}, 2
    ),
    "quiet and nothing to say": Tree(
        "black", {"pyproject.toml": "[tool.black]\nquiet = true\n", "a.py": NARROW}, 1, red=False
    ),
    "color, diff, check and verbose": Tree(
        "black",
        {
            "pyproject.toml": "[tool.black]\ncolor = true\ndiff = true\ncheck = true\nverbose = true\n",
            "a.py": "A = 1\nB = 2\nC = 3\n" + WIDE,
        },
        1,
        places=frozenset({("a.py", 4, "unformatted")}),
    ),
    "extend-exclude": Tree(
        "black",
        {
            "pyproject.toml": '[tool.black]\nextend-exclude = "src"\n',
            "src/a.py": WIDE,
            "src/b.py": WIDE,
            "t.py": NARROW,
        },
        1,
        red=False,
    ),
    "all excluded": Tree(
        "black",
        {"pyproject.toml": "[tool.black]\nforce-exclude = '.*'\n", "a.py": WIDE},
        UNEXAMINED,
        red=False,
    ),
    "include and a setting of many lines": Tree(
        "black",
        {
            "pyproject.toml": "[tool.black]\ninclude = '\\.pyi$'\nextend-exclude = '''\n(\nwould reformat nothing\n)\n'''\n",
            "a.py": WIDE,
            "a.pyi": "def f():\n  ...\n",
        },
        1,
    ),
    "a stubs-only tree": Tree("black", {"a-stubs/__init__.pyi": "def f() -> int: ...\n"}, 1, red=False),
    "notebooks without what reads them": Tree(
        "black", {"a.ipynb": notebook("x  = 1\n"), "a.py": NARROW}, 1, red=False
    ),
    "other separators and line ends": Tree(
        "black",
        {
            "a.py": "A = 1  # a\u2028b\x85c\nB = '\x0c'\n\x0c\n" + WIDE,
            "b.py": "A = 1\rB = 2\r" + WIDE.replace("\n", "\r"),
            "c.py": "A = 1\r\n" + WIDE.replace("\n", "\r\n"),
        },
        3,
    ),
    "what can't be parsed, one worker": Tree(
        "black", {"pyproject.toml": "[tool.black]\nworkers = 1\n", "a.py": "A = 1\n" + TORN, "b.py": WIDE}, 2
    ),
    "settings of a package below": Tree(
        "black",
        {
            "packages/a/pyproject.toml": "[tool.black]\nskip-string-normalization = true\n",
            "packages/a/a.py": "X = 'a'\n",
        },
        1,
    ),
    "required-version": Tree(
        "black", {"pyproject.toml": '[tool.black]\nrequired-version = "1"\n', "a.py": NARROW}, None
    ),
    "a value that it doesn't take": Tree(
        "black", {"pyproject.toml": "[tool.black]\nworkers = 0\n", "a.py": NARROW}, None
    ),
}

RUFF_FORMAT = {
    "pyproject.toml": Tree(
        "ruff-format",
        {
            "pyproject.toml": '[tool.ruff.format]\nquote-style = "single"\n',
            "a.py": 'A = 1\nX = "a"\n',
            "b.py": "X = 'a'\n",
        },
        2,
    ),
    "notebooks and Markdown": Tree(
        "ruff-format",
        {"a.ipynb": notebook("x = 1\n", "\ny  = 1\n", "z  = 1\n"), "a.md": "# A\n\n```python\nx  = 1\n```\n"},
        2,
        places=frozenset({("a.ipynb", 1, "unformatted")}),
    ),
    "other line ends": Tree(
        "ruff-format",
        {"a.py": "A = 1\rB  = 2\rC = 3\r", "b.py": "A = 1\nB  = 2\n", "c.py": "A = 1\r\nB  = 2\r\n"},
        3,
    ),
    "all excluded": Tree(
        "ruff-format",
        {"pyproject.toml": '[tool.ruff]\nexclude = ["*.py"]\n', "a.py": WIDE},
        UNEXAMINED,
        red=False,
    ),
    "all excluded from formatting": Tree(
        "ruff-format", {"ruff.toml": 'format.exclude = ["*.py"]\n', "a.py": WIDE}, UNEXAMINED, red=False
    ),
    "what can't be parsed": Tree("ruff-format", {"a.py": TORN, "b.py": "X = 1\n"}, 2),
}

P = "src/p/__init__.py"
MYPY = {
    "pyproject.toml: files": Tree(
        "mypy",
        {
            "pyproject.toml": '[tool.mypy]\nfiles = ["src", "tests"]\n',
            P: RIGHT,
            "tests/t.py": WRONG,
            "docs/conf.py": WRONG,
        },
        2,
    ),
    "mypy.ini before pyproject.toml": Tree(
        "mypy",
        {
            "pyproject.toml": '[tool.mypy]\nfiles = "src"\n',
            "mypy.ini": "[mypy]\nfiles = tests\n",
            P: WRONG,
            "tests/t.py": RIGHT,
        },
        1,
        red=False,
    ),
    ".mypy.ini": Tree(
        "mypy",
        {
            "pyproject.toml": '[tool.mypy]\nfiles = "tests"\n',
            ".mypy.ini": "[mypy]\nfiles = src\n",
            P: WRONG,
            "tests/t.py": RIGHT,
        },
        1,
    ),
    "setup.cfg": Tree("mypy", {"setup.cfg": "[mypy]\nfiles = src,tests\n", P: RIGHT, "tests/t.py": WRONG}, 2),
    "packages": Tree(
        "mypy",
        {
            "pyproject.toml": '[tool.mypy]\nmypy_path = "src"\npackages = ["p"]\n',
            P: RIGHT,
            "src/p/a.py": WRONG,
            "src/q.py": WRONG,
        },
        2,
    ),
    "modules": Tree(
        "mypy",
        {"pyproject.toml": '[tool.mypy]\nmypy_path = "src"\nmodules = ["q"]\n', P: WRONG, "src/q.py": WRONG},
        1,
    ),
    "exclude": Tree(
        "mypy",
        {
            "pyproject.toml": '[tool.mypy]\nfiles = ["src"]\nexclude = ["/gen/"]\n',
            P: RIGHT,
            "src/p/gen/a.py": WRONG,
        },
        1,
        red=False,
    ),
    "all excluded": Tree(
        "mypy",
        {"pyproject.toml": '[tool.mypy]\nfiles = ["src"]\nexclude = ["src"]\n', P: WRONG},
        UNEXAMINED,
        red=False,
    ),
    "overrides": Tree(
        "mypy",
        {
            "pyproject.toml": '[tool.mypy]\nfiles = ["src"]\n[[tool.mypy.overrides]]\nmodule = "p.old"\nignore_errors = true\n',
            P: RIGHT,
            "src/p/a.py": WRONG,
            "src/p/old.py": WRONG,
        },
        3,
    ),
    "settings that hide what it says": Tree(
        "mypy",
        {
            "mypy.ini": "[mypy]\nfiles = src\npretty = True\nerror_summary = False\nhide_error_codes = True\n"
            "show_error_end = True\nshow_error_context = True\nshow_absolute_path = True\nshow_error_code_links = True\n",
            P: f"def f() -> None:\n    {WRONG}",
        },
        1,
    ),
    "settings that it doesn't know": Tree(
        "mypy", {"mypy.ini": "[mypy]\nfiles = src\noutput = json\nnope = 1\nverbosity = 1\n", P: WRONG}, 1
    ),
    "notes alone": Tree(
        "mypy", {"mypy.ini": "[mypy]\nfiles = src\n", P: 'reveal_type("x: error: y")\n'}, 1, red=False
    ),
    "a namespace": Tree(
        "mypy",
        {
            "pyproject.toml": '[tool.mypy]\nfiles = ["src"]\nmypy_path = "src"\nexplicit_package_bases = true\n',
            "src/ns/a/__init__.py": RIGHT,
            "src/ns/b/c.py": "from ns.a import X\nY: str = X\n",
        },
        2,
    ),
    "modules of one name": Tree(
        "mypy", {"mypy.ini": "[mypy]\nfiles = one,two\n", "one/p.py": RIGHT, "two/p.py": RIGHT}, 1
    ),
    "stubs beside sources and on a path": Tree(
        "mypy",
        {
            "mypy.ini": "[mypy]\nfiles = src\nmypy_path = stubs\n",
            "stubs/other.pyi": "def f() -> str: ...\n",
            "src/a.py": WRONG,
            "src/a.pyi": "X: str\n",
            "src/b.py": "import a\nimport other\nY: int = other.f()\nZ: int = a.X\n",
        },
        2,
    ),
    "what can't be parsed": Tree(
        "mypy", {"mypy.ini": "[mypy]\nfiles = src\n", "src/a.py": TORN, "src/b.py": WRONG}, 1
    ),
    "a plugin that isn't there": Tree(
        "mypy",
        {"mypy.ini": "[mypy]\nfiles = src\nplugins = nope\n", P: RIGHT},
        1,
        places=frozenset({("mypy.ini", 3, "misc")}),
    ),
    "a file that isn't there": Tree("mypy", {"mypy.ini": "[mypy]\npackages = nope\n", P: RIGHT}, None),
    "src and no settings": Tree("mypy", {P: WRONG, "tests/t.py": WRONG}, 1, named=("src",)),
    "flat, and settings without files": Tree(
        "mypy",
        {
            "setup.cfg": "[mypy]\ncheck_untyped_defs = True\n",
            "p/__init__.py": f"def f():\n    {WRONG}",
            "q/__init__.py": RIGHT,
            "tests/__init__.py": WRONG,
            "setup.py": WRONG,
        },
        2,
        named=("p", "q"),
    ),
    "a stubs-only package": Tree("mypy", {"p-stubs/__init__.pyi": WRONG}, 1, named=("p-stubs",)),
}

ODD = {
    "ruff": Tree("ruff", {"ruff.toml": 'lint.select = ["F"]\n', "src/caf\u00e9 \u65e5\u672c.py": UNUSED}, 1),
    "black": Tree("black", {"src/caf\u00e9 \u65e5\u672c.py": "Y = 1\n" + WIDE}, 1),
    "ruff-format": Tree("ruff-format", {"src/caf\u00e9 \u65e5\u672c.py": "Y = 1\n" + WIDE}, 1),
    "mypy": Tree("mypy", {"mypy.ini": "[mypy]\nfiles = src\n", "src/caf\u00e9.py": WRONG}, 1),
}
"""A file whose name has other letters, one tree for each tool."""

TREES = {
    f"{tree.tool}: {name}": tree for group in (RUFF, BLACK, RUFF_FORMAT, MYPY) for name, tree in group.items()
}
