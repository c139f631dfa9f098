"""A bad `[tool.atomci]` table is answered with its key and its line."""

from pathlib import Path

import pytest

from atomci.atoms.loading.load import Loader
from atomci.errors import UsageError
from atomci.project import Project

HEAD = "[project]\nname = 'demo'\n\n# atomci's own\n"

# The table (its first line is the file's fifth), the line that is wrong, its key, what is said.
BAD = {
    "value of the wrong type": (
        "[tool.atomci.atoms.run_ruff_lint]\nrun = 'ruff'\nenabled = 'no'",
        7,
        "atoms.run_ruff_lint.enabled",
        "Expected `bool`",
    ),
    "unknown key": (
        "[tool.atomci.atoms.run_ruff_lint]\n# a comment\ncommand = 'ruff'",
        7,
        "atoms.run_ruff_lint.command",
        "unknown key; known: run, use, reads",
    ),
    "unknown atom with another fault": (
        "[tool.atomci.atoms.run_ruff]\nnosuch = 1",
        5,
        "atoms.run_ruff",
        "no atom has this name",
    ),
    "a parser that nothing reads": (
        "[tool.atomci.atoms.run_ruff_lint]\nreads = 'nosuch'",
        6,
        "atoms.run_ruff_lint.reads",
        "names a parser, but there is no run",
    ),
    "unknown atom": ("[tool.atomci.atoms.run_ruff]\nenabled = false", 5, "atoms.run_ruff", "no atom"),
    "second entry of a list": (
        "[[tool.atomci.drift]]\npath = 'a'\nreason = 'b'\nuntil = 2000-01-01\n"
        "[[tool.atomci.drift]]\npath = 'c'\nreason = ' '\nuntil = 2000-01-01",
        11,
        "drift.reason",
        "is empty",
    ),
    "a date that is a text": (
        "[[tool.atomci.drift]]\npath = 'a'\nreason = 'b'\nuntil = 'soon'",
        8,
        "drift.until",
        "Invalid",
    ),
    "unknown key at the top": ("[tool.atomci]\n\njobs = 2", 7, "jobs", "unknown key; known: atoms"),
    "more retries than are allowed": (
        "[tool.atomci.retries]\ntimes = 3",
        6,
        "retries.times",
        "give a number from 0 to 2",
    ),
    "a cause that is none": (
        "[tool.atomci.retries]\ntimes = 1\ncauses = ['assertion']",
        7,
        "retries.causes",
        "Invalid enum value 'assertion'",
    ),
    "both run and use": (
        "[tool.atomci.atoms.run_ruff_lint]\nrun = 'a'\nuse = 'a:b'",
        7,
        "atoms.run_ruff_lint.use",
        "either run or use",
    ),
    "use without a function": (
        "[tool.atomci.atoms.run_ruff_lint]\nuse = 'package.module'",
        6,
        "atoms.run_ruff_lint.use",
        "isn't package.module:function",
    ),
    "use that isn't there": (
        "[tool.atomci.atoms.run_ruff_lint]\nuse = 'no_such_module:run'",
        6,
        "atoms.run_ruff_lint.use",
        "No module named 'no_such_module'",
    ),
    "use of what isn't a function": (
        "[tool.atomci.atoms.run_ruff_lint]\nuse = 'math:pi'",
        6,
        "atoms.run_ruff_lint.use",
        "can't be called",
    ),
    "unknown parser": (
        "[tool.atomci.atoms.run_ruff_lint]\nrun = 'ruff'\nreads = 'rufff'",
        7,
        "atoms.run_ruff_lint.reads",
        "no parser is called 'rufff'",
    ),
    "parser without a command": (
        "[tool.atomci.atoms.run_ruff_lint]\nreads = 'ruff'",
        6,
        "atoms.run_ruff_lint.reads",
        "there is no run",
    ),
    "empty command": (
        "[tool.atomci.atoms.run_ruff_lint]\nrun = '  '",
        6,
        "atoms.run_ruff_lint.run",
        "the command is empty",
    ),
    "command with an open quote": (
        '[tool.atomci.atoms.run_ruff_lint]\nrun = "ruff \'x"',
        6,
        "atoms.run_ruff_lint.run",
        "not a command line",
    ),
    "no globs": ("[tool.atomci.atoms.run_ruff_lint]\ninputs = []", 6, "atoms.run_ruff_lint.inputs", "glob"),
    "globs that are numbers": (
        "[tool.atomci.atoms.run_ruff_lint]\ninputs = [\n  'a',\n  3,\n]",
        6,
        "atoms.run_ruff_lint.inputs",
        "Expected `str`",
    ),
    "no time at all": (
        "[tool.atomci.atoms.run_ruff_lint]\ntimeout = 0",
        6,
        "atoms.run_ruff_lint.timeout",
        "above 0",
    ),
    "inline table": (
        "[tool.atomci.atoms]\nrun_black_check = { enabled = true }\nrun_ruff_lint = { enabled = 1.5 }",
        7,
        "atoms.run_ruff_lint.enabled",
        "Expected `bool`",
    ),
    "inline tables in one another": (
        "[tool.atomci]\natoms = { run_ruff_lint = { timeout = 'long' } }",
        6,
        "atoms.run_ruff_lint.timeout",
        "Expected `float",
    ),
    "dotted key": (
        "[tool.atomci.atoms]\nrun_black_check.enabled = true\nrun_ruff_lint.enabled = 'yes'",
        7,
        "atoms.run_ruff_lint.enabled",
        "Expected `bool`",
    ),
    "dotted key from the top": (
        "[tool]\natomci.atoms.run_mypy_typecheck.reads = 'mypy'",
        6,
        "atoms.run_mypy_typecheck.reads",
        "there is no run",
    ),
    "quoted key and blanks": (
        "[ tool . 'atomci' . atoms . \"run_ruff_lint\" ]\n\n'enabled' = 'no'",
        7,
        "atoms.run_ruff_lint.enabled",
        "Expected `bool`",
    ),
    "a lookalike in a text before it": (
        "[tool.other]\ntext = '''\n[tool.atomci.atoms.run_ruff_lint]\nenabled = 'no'\n'''\n"
        "[tool.atomci.atoms.run_ruff_lint]\nenabled = 'no'",
        11,
        "atoms.run_ruff_lint.enabled",
        "Expected `bool`",
    ),
    "no table": (
        "[tool.atomci.atoms]\nrun_ruff_lint = 'ruff'",
        6,
        "atoms.run_ruff_lint",
        "Expected `object`",
    ),
    "no shards": ("[tool.atomci.shards]\ncount = 0", 6, "shards.count", "1 or more"),
    "shards that are no number": ("[tool.atomci.shards]\ncount = 'two'", 6, "shards.count", "Expected `int`"),
    "unknown key of shards": (
        "[tool.atomci.shards]\nnumber = 2",
        6,
        "shards.number",
        "known: count, durations",
    ),
    "durations outside": (
        "[tool.atomci.shards]\ncount = 2\ndurations = '../x.json'",
        7,
        "shards.durations",
        "relative to the project's root",
    ),
    "shards is no table": ("[tool.atomci]\nshards = 4", 6, "shards", "expected a table"),
    "slow tests off on what isn't an event": (
        "[tool.atomci.slow]\nskip_on = ['pull_requests']",
        6,
        "slow.skip_on",
        "'pull_requests' is none of pull_request, merge_group",
    ),
    "atoms is no table": ("[tool.atomci]\natoms = 3", 6, "atoms", "expected a table"),
    "atomci is no table": ("[tool]\natomci = 3", 6, "", "expected a table"),
}


@pytest.mark.parametrize("name", BAD)
def test_the_error_names_key_and_line(name: str, tmp_path: Path) -> None:
    table, line, key, said = BAD[name]
    (tmp_path / "pyproject.toml").write_text(
        f"{HEAD}{table}\n[tool.last]\nenabled = 'no'\n", encoding="utf-8"
    )
    with pytest.raises(UsageError) as caught:
        _ = Loader(Project(tmp_path)).config
    dotted = ".".join(["tool.atomci", key]) if key else "tool.atomci"
    assert caught.value.message.startswith(f"pyproject.toml:{line}: {dotted}: ")
    assert said in caught.value.message
    assert caught.value.exit_code == 2


def test_an_unknown_atom_is_answered_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.atomci.atoms.run_ruff_lnt]\nenabled = false\n")
    with pytest.raises(UsageError) as caught:
        _ = Loader(Project(tmp_path)).config
    assert caught.value.hint == "did you mean run_ruff_lint?"


def test_a_good_table_is_taken(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        "[tool.atomci.atoms]\nrun_ruff_lint = { run = 'ruff check', reads = 'ruff', inputs = ['a'], timeout = 2 }\n"
        "run_black_check.enabled = false\nrun_mypy_typecheck = { use = 'math:sqrt' }\n"
    )
    config = Loader(Project(tmp_path)).config
    lint = config.of("run_ruff_lint")
    assert (lint.run, lint.reads, lint.inputs, lint.timeout) == ("ruff check", "ruff", ("a",), 2.0)
    assert not config.of("run_black_check").enabled
    assert config.of("run_mypy_typecheck").use == "math:sqrt"
    assert config.of("select_impacted_unit_tests").enabled


def test_pyproject_that_is_no_toml_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = \n")
    with pytest.raises(UsageError, match=r"pyproject\.toml: .*line 2"):
        _ = Loader(Project(tmp_path)).config
