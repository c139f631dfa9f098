"""pytest's settings: which file it reads for a folder, and what its options say."""

from pathlib import Path

import pytest

from atomci.testing.measurement.coverage_config import names_source
from atomci.testing.pytest_config import read_pytest_config

# In pytest's order: each wins over all that follow.
FILES = {
    "pytest.toml": '[pytest]\naddopts = ["-k", "pytest.toml"]\n',
    ".pytest.toml": '[pytest]\naddopts = ["-k", ".pytest.toml"]\n',
    "pytest.ini": "[pytest]\naddopts = -k pytest.ini\n",
    ".pytest.ini": "[pytest]\naddopts = -k .pytest.ini\n",
    "pyproject.toml": '[tool.pytest.ini_options]\naddopts = "-k pyproject.toml"\n',
    "tox.ini": "[tox]\n[pytest]\naddopts = -k tox.ini\n",
    "setup.cfg": "[tool:pytest]\naddopts = -k setup.cfg\n",
}


@pytest.fixture(autouse=True)
def _no_options_of_mine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTEST_ADDOPTS", "COVERAGE_RCFILE"):
        monkeypatch.delenv(name, raising=False)


def _write(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


@pytest.mark.parametrize("first", FILES)
def test_the_first_file_with_settings_is_the_only_one(tmp_path: Path, first: str) -> None:
    later = list(FILES)[list(FILES).index(first) :]
    config = read_pytest_config(_write(tmp_path, {name: FILES[name] for name in later}), "tests/unit")
    assert (config.path, config.value("-k")) == (first, first)


@pytest.mark.parametrize(
    ("files", "path"),
    [
        ({"tests/pytest.ini": "", "pytest.ini": FILES["pytest.ini"]}, "tests/pytest.ini"),
        ({"tests/tox.ini": "[tox]\n", "setup.cfg": FILES["setup.cfg"]}, "setup.cfg"),
        ({"tests/unit/pyproject.toml": "[project]\n", "tox.ini": FILES["tox.ini"]}, "tox.ini"),
        ({"pyproject.toml": "broken [", "setup.cfg": FILES["setup.cfg"]}, "setup.cfg"),
    ],
)
def test_it_is_looked_for_from_the_tests_upwards(tmp_path: Path, files: dict[str, str], path: str) -> None:
    assert read_pytest_config(_write(tmp_path, files), "tests/unit").path == path


def test_options_are_read_as_pytest_reads_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "[pytest]\npythonpath = . ../src\naddopts = -p no:cov -m 'a and b' --cov-config=x.cfg -pmine -x\n"
    monkeypatch.setenv("PYTEST_ADDOPTS", "-m c")
    config = read_pytest_config(_write(tmp_path, {"tests/pytest.ini": text}), "tests/unit")
    assert (config.value("-m"), config.value("--cov-config")) == ("c", "x.cfg")
    assert (config.without("cov"), config.without("xdist")) == ("-p no:cov", "")
    assert (config.plugins, config.searched) == (("mine",), ("tests", "src"))
    assert (config.has("--cov"), config.has("-x")) == (False, True)
    assert config.where == "addopts in tests/pytest.ini"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("-o addopts=", ("-o", "addopts=")),
        ("-oaddopts=--cov", ("--cov", "-oaddopts=--cov")),
        ("--override-ini=addopts='-m a=b'", ("-m", "a=b", "--override-ini=addopts=-m a=b")),
        ("--override-ini xfail_strict=true", ("--cov=demo", "--override-ini", "xfail_strict=true")),
        ("-c ci.ini", ("--cov=ci", "-c", "ci.ini")),
        ("--config-file=none.ini", ("--config-file=none.ini",)),
    ],
)
def test_the_variable_overrides_what_a_file_says_and_names_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", asked)
    files = {"tox.ini": "[pytest]\naddopts = --cov=demo\n", "ci.ini": "[pytest]\naddopts = --cov=ci\n"}
    assert read_pytest_config(_write(tmp_path, files), "tests/unit").words == words


@pytest.mark.parametrize(
    ("files", "named"),
    [
        ({"pyproject.toml": '[tool.coverage.run]\nsource = ["a"]\n'}, True),
        ({"pyproject.toml": '[tool.coverage.run]\nsource_pkgs = ["a"]\n', ".coveragerc": ""}, False),
        ({".coveragerc": "[run]\ninclude =\n    a/*\n"}, True),
        ({"setup.cfg": "[coverage:run]\nsource = a\n", "pyproject.toml": ""}, True),
        ({"setup.cfg": "[metadata]\n", "tox.ini": "[coverage:run]\nsource = a\n"}, True),
        ({"tox.ini": "[run]\nsource = a\n"}, False),
        ({}, False),
    ],
)
def test_whether_coverages_settings_name_a_source(tmp_path: Path, files: dict[str, str], named: bool) -> None:
    assert names_source(_write(tmp_path, files)) is named


def test_a_file_that_an_option_or_a_variable_names_is_the_only_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(tmp_path, {"ci.cfg": "[run]\nsource = a\n", ".coveragerc": "[run]\nbranch = true\n"})
    assert names_source(tmp_path, "ci.cfg") is True
    monkeypatch.setenv("COVERAGE_RCFILE", "ci.cfg")
    assert names_source(tmp_path) is True


def test_a_project_without_settings_asks_for_nothing(tmp_path: Path) -> None:
    config = read_pytest_config(tmp_path, "tests/unit")
    assert (config.words, config.value("-m"), config.without("cov"), config.plugins) == ((), None, "", ())


@pytest.mark.parametrize(
    ("settings", "folders", "taken"),
    [
        ("", [], {"tests/test_a.py", "tests/sub/test_b.py", "pkg/core/test_properties.py"}),
        ("testpaths = tests", [], {"tests/test_a.py", "tests/sub/test_b.py"}),
        ("testpaths = tests/s*", [], {"tests/sub/test_b.py"}),
        ("testpaths = ./tests/test_a.py tests/run.py", [], {"tests/test_a.py", "tests/run.py"}),
        ("testpaths = gone", [], {"tests/test_a.py", "tests/sub/test_b.py", "pkg/core/test_properties.py"}),
        ("testpaths = pkg", ["tests"], {"tests/test_a.py", "tests/sub/test_b.py"}),
        ("testpaths = tests\naddopts = -v pkg", [], {"pkg/core/test_properties.py"}),
        ("testpaths = tests\naddopts = -p pkg", [], {"tests/test_a.py", "tests/sub/test_b.py"}),
        ("norecursedirs = sub pkg/core", [], {"tests/test_a.py", "build/test_c.py", ".tox/test_d.py"}),
        ("addopts = --ignore=pkg --ignore tests/sub/test_b.py", [], {"tests/test_a.py"}),
        ("python_files = run.py", [], {"tests/run.py"}),
    ],
)
def test_the_files_that_hold_tests_are_those_where_pytest_looks(
    tmp_path: Path, settings: str, folders: list[str], taken: set[str]
) -> None:
    names = ["tests/test_a.py", "tests/sub/test_b.py", "tests/run.py", "pkg/core/test_properties.py"]
    names += ["build/test_c.py", ".tox/test_d.py", "tests/test_a.txt"]
    root = _write(tmp_path, {"pytest.ini": f"[pytest]\n{settings}\n", **dict.fromkeys(names, "")})
    found = read_pytest_config(root, "").files(root, *folders)
    assert {name for name in names if found.holds(name)} == taken
