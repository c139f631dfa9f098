"""Which unit tests a change reaches; what can't be reasoned about widens to all of them."""

import os
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from atomci.artifacts.handed.testing import Selection
from atomci.testing.pytest_config import TestFiles
from atomci.testing.selection.earlier_run import EarlierRun, PathSet
from atomci.testing.selection.impact import Collecting, collects_files, select

EXAMPLES = int(os.environ.get("ATOMCI_EXAMPLES", "20"))

FILES = {
    "src/demo/__init__.py": "",
    "src/demo/low.py": "VALUE = 1\n",
    "src/demo/middle.py": "from . import low\n",
    "src/demo/high.py": "import demo.middle as m\n",
    "src/demo/lonely.py": "",
    "src/demo/named.py": "",
    "src/demo/data.json": "{}",
    "tests/conftest.py": "",
    "tests/unit/test_low.py": "from demo.low import VALUE\n",
    "tests/unit/test_middle.py": "def test_it():\n    from demo import middle\n",
    "tests/unit/test_high.py": "import demo.high\n",
    "tests/unit/test_patched.py": "def test_it(monkeypatch):\n    monkeypatch.setattr('demo.low.VALUE', 2)\n",
    "tests/unit/deep/test_named.py": "def test_it(): ...\n",
    "tests/unit/test_other.py": "import json\n",
    "tests/integration/test_far.py": "import demo.low\n",
    "README.md": "",
    "docs/guide.md": "",
}


def _select(root: Path, changed: list[str] | None, files: dict[str, str] | None = None) -> Selection:
    files = FILES if files is None else files
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return select(root, sorted(files), changed)


def _picked(selection: Selection) -> dict[str, str]:
    assert selection.mode == "impacted", selection.reason
    return {Path(test.path).stem: "; ".join(test.reasons) for test in selection.tests}


def test_a_change_reaches_tests_through_the_import_graph_with_reasons(tmp_path: Path) -> None:
    selection = _select(tmp_path, ["src/demo/low.py"])
    assert _picked(selection) == {
        "test_low": "imports src/demo/low.py",
        "test_middle": "imports src/demo/low.py through 1 other modules",
        "test_high": "imports src/demo/low.py through 2 other modules",
        "test_patched": "imports src/demo/low.py",
    }
    assert (selection.total, selection.reason) == (6, "4 of 6 test files are affected by the change")


def test_a_change_does_not_reach_tests_below_it(tmp_path: Path) -> None:
    assert set(_picked(_select(tmp_path, ["src/demo/middle.py"]))) == {"test_middle", "test_high"}


def test_a_test_named_after_a_module_is_picked_though_it_imports_nothing(tmp_path: Path) -> None:
    assert _picked(_select(tmp_path, ["src/demo/named.py"])) == {
        "test_named": "is named after src/demo/named.py"
    }


def test_a_changed_test_is_picked(tmp_path: Path) -> None:
    assert _picked(_select(tmp_path, ["tests/unit/test_other.py"])) == {"test_other": "it changed"}


def test_a_test_that_others_import_reaches_them(tmp_path: Path) -> None:
    files = FILES | {"tests/unit/test_user.py": "from tests.unit.test_other import helper\n"}
    assert set(_picked(_select(tmp_path, ["tests/unit/test_other.py"], files))) == {"test_other", "test_user"}


def test_several_changes_add_up(tmp_path: Path) -> None:
    picked = _picked(_select(tmp_path, ["src/demo/high.py", "src/demo/middle.py"]))
    assert picked["test_high"] == (
        "imports src/demo/high.py; imports src/demo/middle.py through 1 other modules"
    )


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ("tests/conftest.py", "reaches tests without being imported"),
        ("tests/unit/conftest.py", "reaches tests without being imported"),
        ("src/demo/__init__.py", "reaches tests without being imported"),
        ("pyproject.toml", "configures every test"),
        ("uv.lock", "configures every test"),
        ("pytest.ini", "configures every test"),
        ("requirements/dev.txt", "configures every test"),
        ("src/demo/data.json", "is data"),
        ("tests/fixtures/case.txt", "is data"),
        ("src/demo/gone.py", "is gone"),
        ("tests/unit/test_gone.py", "is gone"),
        ("src/demo/lonely.py", "no test is known to depend on"),
        ("tests/unit/helpers.py", "is shared by tests"),
        ("scripts/make.py", "lies outside src/ and tests/"),
        ("data/prices.csv", "lies outside src/ and tests/"),
        ("VERSION", "lies outside src/ and tests/"),
    ],
)
def test_what_no_import_shows_widens_to_the_whole_suite(tmp_path: Path, changed: str, why: str) -> None:
    files = FILES if "gone" in changed else FILES | {changed: FILES.get(changed, "")}
    selection = _select(tmp_path, [changed, "src/demo/low.py"], files)
    assert selection.mode == "full"
    assert changed in selection.reason
    assert why in selection.reason


@pytest.mark.parametrize(
    "hides",
    [
        "import importlib\nimportlib.import_module('de' + 'mo')\n",
        "__import__('x')\n",
        "from importlib import import_module\nimport_module('x')\n",
        "import runpy\nrunpy.run_path('x')\n",
        "exec('import demo')\n",
        "def broken(:\n",
    ],
)
def test_source_that_hides_its_imports_widens_to_the_whole_suite(tmp_path: Path, hides: str) -> None:
    for path in ("src/demo/hidden.py", "tests/unit/helpers.py", "tests/conftest.py"):
        selection = _select(tmp_path / path[:3], ["src/demo/low.py"], FILES | {path: hides})
        assert selection.mode == "full"
        assert f"{path} imports modules by computed name" in selection.reason


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("import importlib\nimportlib.import_module('de' + 'mo.low')\n", "imports modules by computed name"),
        ("import subprocess\n", "starts programs"),
        ("from multiprocessing import Process\n", "starts programs"),
    ],
)
def test_a_test_that_hides_what_it_runs_is_always_picked(tmp_path: Path, text: str, why: str) -> None:
    files = FILES | {"tests/unit/test_hides.py": text}
    assert why in _picked(_select(tmp_path, ["src/demo/low.py"], files))["test_hides"]


@pytest.mark.parametrize("changed", [["README.md"], ["docs/guide.md"], ["tests/integration/test_far.py"], []])
def test_what_no_unit_test_can_see_picks_none_and_says_so(tmp_path: Path, changed: list[str]) -> None:
    selection = _select(tmp_path, changed)
    assert (selection.mode, selection.reason) == ("none", "no unit test is affected by the change")


def test_prose_that_a_test_names_widens(tmp_path: Path) -> None:
    files = FILES | {"tests/unit/test_readme.py": "TEXT = open('README.md').read()\n"}
    selection = _select(tmp_path, ["README.md"], files)
    assert (selection.mode, selection.reason) == ("full", "README.md is named in tests/unit/test_readme.py")


def test_unknown_changes_widen(tmp_path: Path) -> None:
    assert _select(tmp_path, None).mode == "full"


def test_test_files_go_by_pytests_own_setting(tmp_path: Path) -> None:
    _select(tmp_path, [])
    (tmp_path / "tests/unit/check_low.py").write_text("import demo.low\n")
    files = [*sorted(FILES), "tests/unit/check_low.py"]
    selection = select(tmp_path, files, ["src/demo/low.py"], Collecting(TestFiles(("check_*.py",))))
    assert _picked(selection) == {"check_low": "imports src/demo/low.py"}


USES = "def test_it(made):\n    assert made\n"
HELPED = "from helpers import make\n\n\ndef test_it():\n    assert make()\n"


@pytest.mark.parametrize(
    ("files", "how", "picked"),
    [
        # Only a conftest calls it, so each test below that conftest may be given what it makes.
        (
            {"tests/unit/conftest.py": "from demo.named import x\n", "tests/unit/test_uses.py": USES},
            Collecting(),
            "is given what tests/unit/conftest.py makes of src/demo/named.py",
        ),
        (
            {
                "tests/unit/conftest.py": 'pytest_plugins = ["made"]\n',
                "tests/made.py": "import demo.named\n",
                "tests/unit/test_uses.py": USES,
            },
            Collecting(),
            "is given what tests/unit/conftest.py makes of src/demo/named.py",
        ),
        # Modules go by their bare names from where pytest, the settings or the tests put them on the path.
        (
            {"tests/unit/helpers.py": "import demo.named\n", "tests/unit/test_uses.py": HELPED},
            Collecting(),
            "imports src/demo/named.py through 1 other modules",
        ),
        (
            {"lib/helpers.py": "import demo.named\n", "tests/unit/test_uses.py": HELPED},
            Collecting(searched=("lib",)),
            "imports src/demo/named.py through 1 other modules",
        ),
        (
            {
                "lib/helpers.py": "import demo.named\n",
                "tests/unit/test_uses.py": f"import sys\n\nsys.path.insert(0, 'lib')\n{HELPED}",
            },
            Collecting(),
            "imports src/demo/named.py through 1 other modules",
        ),
        (
            {"scripts/make.py": "import demo.named\n", "tests/unit/test_uses.py": "import scripts.make\n"},
            Collecting(),
            "imports src/demo/named.py through 1 other modules",
        ),
        (
            {"tests/unit/test_uses.py": "NAME = 'demo.named:x'\n"},
            Collecting(),
            "imports src/demo/named.py",
        ),
    ],
)
def test_what_reaches_a_test_by_way_of_a_conftest_or_a_helper_is_seen(
    tmp_path: Path, files: dict[str, str], how: Collecting, picked: str
) -> None:
    files = FILES | files
    _select(tmp_path, [], files)
    found = _picked(select(tmp_path, sorted(files), ["src/demo/named.py"], how))
    assert found["test_uses"] == picked


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("TEXTS = [p.read_text() for p in HERE.glob('*')]\n", "lists folders"),
        ("import os\n\nfor _ in os.walk('.'): ...\n", "lists folders"),
        ("import subprocess\n", "may be read by a program that tests/unit/test_reads.py starts"),
        ("TEXT = open(f'{name}.md').read()\n", "names .md"),
        ("TEXT = open(ROOT / 'docs' / name).read()\n", "names docs"),
    ],
)
def test_a_text_that_a_test_may_read_widens(tmp_path: Path, text: str, why: str) -> None:
    selection = _select(tmp_path, ["docs/guide.md"], FILES | {"tests/unit/test_reads.py": text})
    assert (selection.mode, why in selection.reason) == ("full", True), selection.reason


def test_data_of_another_layer_that_a_unit_test_names_widens(tmp_path: Path) -> None:
    data = {"tests/e2e/case.json": "{}"}
    assert _select(tmp_path, ["tests/e2e/case.json"], FILES | data).mode == "none"
    reads = {"tests/unit/test_reads.py": "CASE = HERE / '../e2e/case.json'\n"}
    assert _select(tmp_path, ["tests/e2e/case.json"], FILES | data | reads).mode == "full"


def seen(root: Path, read: Iterable[str], texts: Iterable[str] = ()) -> EarlierRun:
    return EarlierRun(PathSet.of(root, [*read, *texts]), PathSet.of(root, texts))


@pytest.mark.parametrize(
    "changed",
    [
        "README.md",
        "data/prices.csv",
        "scripts/make.py",
        "src/demo/data.json",
        "tests/e2e/case.json",
        "VERSION",
    ],
)
def test_what_no_run_read_runs_nothing_and_what_one_read_runs_all(tmp_path: Path, changed: str) -> None:
    files = FILES | {changed: "", "tests/unit/test_lists.py": "import os\nos.walk('.')\n"}
    _select(tmp_path, [], files)
    unread = select(tmp_path, sorted(files), [changed], seen=seen(tmp_path, ["src/demo/low.py"]))
    assert (unread.mode, unread.reason) == (
        "none", "no unit test is affected by the change, or was seen to read it"
    )  # fmt: skip
    read = select(tmp_path, sorted(files), [changed], seen=seen(tmp_path, [changed]))
    assert (read.mode, read.reason) == ("full", f"{changed} was read in a run of all tests")


@pytest.mark.parametrize(
    "changed", ["tests/conftest.py", "src/demo/__init__.py", "pyproject.toml", "src/demo/gone.py"]
)
def test_what_a_run_read_says_nothing_of_what_reaches_tests_otherwise(tmp_path: Path, changed: str) -> None:
    _select(tmp_path, [])
    assert select(tmp_path, sorted(FILES), [changed], seen=seen(tmp_path, [])).mode == "full"


def test_a_module_that_is_read_as_a_text_runs_all(tmp_path: Path) -> None:
    _select(tmp_path, [])
    changed = ["src/demo/low.py"]
    imported = select(tmp_path, sorted(FILES), changed, seen=seen(tmp_path, changed))
    assert imported.mode == "impacted"
    assert select(tmp_path, sorted(FILES), changed, seen=seen(tmp_path, [], changed)).mode == "full"


def test_without_a_run_a_test_that_lists_folders_is_picked_when_sources_change(tmp_path: Path) -> None:
    files = FILES | {"tests/unit/test_style.py": "TEXTS = [p.read_text() for p in SRC.rglob('*.py')]\n"}
    assert "lists folders" in _picked(_select(tmp_path, ["src/demo/low.py"], files))["test_style"]


def test_a_file_is_known_by_all_its_names(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text("")
    (tmp_path / "alias.txt").symlink_to("real.txt")
    read = PathSet.of(tmp_path, ["alias.txt", "Missing.txt"])
    assert [read.holds(path) for path in ("real.txt", "missing.txt", "other.txt")] == [True, True, False]


DATA = (
    "README.md",
    "docs/a.md",
    "data/b.csv",
    "tests/unit/c.json",
    "src/demo/d.json",
    "scripts/e.py",
    "VERSION",
)

READERS = ("low", "middle", "alone")


@given(
    reads=st.dictionaries(st.sampled_from(READERS), st.sets(st.sampled_from([*DATA, "src/demo/low.py"]))),
    changed=st.sets(st.sampled_from([*DATA, "src/demo/low.py", "src/demo/high.py"])),
)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whoever_reads_what_changed_is_picked(
    tmp_path: Path, reads: dict[str, set[str]], changed: set[str]
) -> None:
    files = FILES | dict.fromkeys((*DATA, *(f"tests/unit/test_{name}.py" for name in READERS)), "")
    if not (tmp_path / "VERSION").exists():
        _select(tmp_path, [], files)
    modules = [path for path in FILES if path.endswith(".py")]
    texts = {path for paths in reads.values() for path in paths}
    selection = select(tmp_path, sorted(files), sorted(changed), seen=seen(tmp_path, modules, texts))
    picked = {test.path for test in selection.tests}
    for name, paths in reads.items():
        assert not paths & changed or selection.mode == "full" or f"tests/unit/test_{name}.py" in picked
    if not changed & {*texts, "src/demo/low.py", "src/demo/high.py"}:
        assert selection.mode == "none"


def test_a_plugin_that_pytest_loads_for_all_tests_widens(tmp_path: Path) -> None:
    files = FILES | {"src/demo/plugin.py": "import demo.low\n"}
    _select(tmp_path, [], files)
    selection = select(tmp_path, sorted(files), ["src/demo/low.py"], Collecting(plugins=("demo.plugin",)))
    assert (selection.mode, "loads as a plugin" in selection.reason) == ("full", True)


def test_where_other_files_may_hold_tests_all_run(tmp_path: Path) -> None:
    _select(tmp_path, [])
    selection = select(tmp_path, sorted(FILES), ["README.md"], Collecting(unknown="--doctest-modules"))
    assert (selection.mode, selection.reason) == ("full", "--doctest-modules")
    (tmp_path / "conftest.py").write_text("def pytest_collect_file(): ...\n")
    assert collects_files(tmp_path / "conftest.py")
    assert not collects_files(tmp_path / "tests/conftest.py")
