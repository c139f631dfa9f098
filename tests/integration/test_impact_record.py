"""What real tests were seen to run and read, and which of them a change reaches by that."""

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from atomci.artifacts.handed.impact import ImpactRecord
from atomci.testing import results
from atomci.testing.selection.impact import Collecting
from atomci.testing.selection.reach import Everything, Reach, Tree, reached
from atomci.testing.selection.record import make_record, read_notes

SERVES = "forkserver" in multiprocessing.get_all_start_methods()
FILES = {
    "shop/__init__.py": "",
    "shop/base.py": "LIMIT = 3\nHIDDEN = 4\n\n\ndef register(function):\n    return function\n\n\n"
    "def limit():\n    return LIMIT\n",
    "shop/prices.py": "from shop.base import register\n\n\n@register\ndef gross(net):\n    return tax(net) + net\n\n\n"
    "def tax(net):\n    return net // 5\n\n\ndef unused():\n    return 0\n",
    "shop/plugins/__init__.py": "",
    "shop/plugins/first.py": "NAMES = []\nNAMES.append('first')\n\n\ndef run():\n    return 'first'\n",
    "shop/loading.py": "import importlib\n\n\ndef load(name):\n    return importlib.import_module('shop.plugins.' + name)\n",
    "shop/reading.py": "from pathlib import Path\n\n\ndef rates():\n"
    "    return Path(__file__).with_name('rates.txt').read_text()\n\n\ndef names():\n"
    "    return sorted(path.name for path in Path(__file__).parent.iterdir())\n",
    "shop/rates.txt": "1",
    "tests/conftest.py": "import pytest\n\nfrom shop.reading import rates\n\n\n"
    "@pytest.fixture(scope='session')\ndef known_rates():\n    return rates()\n",
    "tests/test_prices.py": "from shop.prices import gross, tax\n\n\ndef test_gross():\n    assert gross(10) == 12\n\n\n"
    "def test_tax():\n    assert tax(10) == 2\n",
    "tests/test_loading.py": "from shop.loading import load\n\n\ndef test_load():\n    assert load('first').run() == 'first'\n",
    "tests/test_shared.py": "def test_one(known_rates):\n    assert known_rates == '1'\n\n\n"
    "def test_two(known_rates):\n    assert known_rates\n\n\ndef test_alone():\n    assert 1 + 1 == 2\n",
    "tests/test_limit.py": "from shop import base\n\n\ndef test_limit():\n    assert base.limit() == 3\n\n\ndef test_base():\n"
    "    assert base\n",
    "shop/kept.py": "import functools\n\n\n@functools.cache\ndef once():\n    return helper()\n\n\n"
    "def helper():\n    return 1\n",
    "tests/test_kept.py": "from shop.kept import once\n\n\ndef test_kept():\n    assert once()\n\n\n"
    "def test_kept_too():\n    assert once() == 1\n",
    "shop/packed.txt": "packed",
    "tests/test_packed.py": "import pkgutil\n\n\ndef test_packed():\n"
    "    assert pkgutil.get_data('shop', 'packed.txt') == b'packed'\n",
    "tests/test_listing.py": "from shop.reading import names\n\n\ndef test_names():\n    assert names()\n",
    "shop/parts.py": "def part(kind):\n    if kind == 'a':\n        return 1\n    for one in kind:\n"
    "        kind = one\n    return 2\n",
    "tests/test_parts.py": "from shop.parts import part\n\n\ndef test_part_a():\n    assert part('a') == 1\n\n\n"
    "def test_part_b():\n    import shop.late\n    assert part('b') == shop.late.TWO\n\n\ndef test_part_empty():\n    assert part('') == 2\n",
    "shop/late.py": "TWO = 2\n",
    "shop/made.py": "class Made:\n    known = []\n\n    def __init__(self):\n        self.size = size()\n\n"
    "    @classmethod\n    def empty(cls):\n        made = cls.__new__(cls)\n        made.size = 0\n        return made\n\n"
    "    def ask(self):\n        return self.size\n\n\ndef size():\n    return 1\n",
    "tests/test_made.py": "from shop.made import Made\n\n\ndef test_own():\n    assert Made.empty().ask() == 0\n\n\n"
    "def test_makes():\n    Made.known.append(Made())\n\n\ndef test_uses():\n    assert Made.known.pop().ask()\n",
    "tests/test_starts.py": "import subprocess, sys\n\n\ndef test_start():\n    subprocess.run([sys.executable, '-I', '-c', ''])\n",
    "shop/__main__.py": "import subprocess\nimport sys\n\nfrom shop.shown import shown\n\n\ndef main():\n"
    "    if sys.argv[1:] == ['again']:\n        subprocess.run([sys.executable, '-m', 'shop'], check=True)\n"
    "    else:\n        print(shown())\n\n\nmain()\n",
    "shop/shown.py": "from pathlib import Path\n\n\ndef shown():\n"
    "    return Path(__file__).with_name('shown.txt').read_text()\n\n\ndef unshown():\n    return 1\n",
    "shop/shown.txt": "text",
    "tests/test_programs.py": "import os, subprocess, sys, threading\n\nimport pytest\n\n\n"
    "def run(*words, **how):\n    return subprocess.run([sys.executable, *words], capture_output=True, text=True, **how).stdout\n\n\n"
    "@pytest.fixture(scope='module')\ndef known():\n    return run('-m', 'shop')\n\n\n"
    "def test_program():\n    assert run('-m', 'shop') == 'text\\n'\n\n\n"
    "def test_program_of_a_program():\n    assert run('-m', 'shop', 'again') == 'text\\n'\n\n\n"
    "def test_fixture(known):\n    assert known\n\n\n"
    "def test_thread():\n    code = 'import threading, shop.shown; threading.Thread(target=shop.shown.shown).start()'\n"
    "    assert run('-c', code) == ''\n\n\n"
    "def test_nothing():\n    assert run('-c', 'print(1)')\n\n\n"
    "def test_empty():\n    run('-m', 'shop', env={'PATH': os.environ['PATH']}, check=True)\n\n\n"
    "def test_killed():\n    process = subprocess.Popen([sys.executable, '-c', 'import shop.shown; input()'], stdin=subprocess.PIPE)\n"
    "    process.kill()\n    process.wait()\n\n\n"
    "def test_modules():\n    code = 'import sys; print(*sys.modules)'\n"
    "    before = set(run('-I', '-c', code).split())\n"
    "    assert set(run('-c', code).split()) - before <= {'_lsprof', '__future__', 'sitecustomize', 'atexit'}\n",
    "shop/threaded.py": "def which(kind):\n    if kind == 'a':\n        found = 1\n    else:\n        found = 2\n    return found\n",
    "shop/imported.py": "",
    "tests/test_threads.py": "import threading\n\nimport pytest\n\nfrom shop.threaded import which\n\n\n"
    "def apart():\n    thread = threading.Thread(target=which, args='b')\n    thread.start()\n    thread.join()\n\n\n"
    "@pytest.fixture(scope='module')\ndef shared():\n    which('a')\n\n\n"
    "@pytest.fixture(scope='class')\ndef later():\n    pass\n\n\n"
    "def test_b():\n    which('b')\n\n\ndef test_a():\n    which('a')\n\n\n"
    "def test_a_shared_then_b(shared):\n    apart()\n\n\n"
    "def test_a_then_a_fixture_then_b(request):\n    which('a')\n    request.getfixturevalue('later')\n    apart()\n\n\n"
    "def test_a_then_an_import_then_b():\n    which('a')\n    import shop.imported\n    apart()\n",
    "data/text.txt": "text",
    "tests/test_places.py": "import os, subprocess, sys\nfrom pathlib import Path\n\nTOP = Path(__file__).parent.parent\n"
    "UP = Path(__file__).parent / '..' / 'data'\n\n\n"
    "def test_dots():\n    assert (UP / 'text.txt').read_text()\n\n\n"
    "def test_dots_from_elsewhere(tmp_path, monkeypatch):\n    monkeypatch.chdir(tmp_path)\n"
    "    assert Path(os.path.relpath(TOP / 'data' / 'text.txt')).read_text()\n\n\n"
    "def test_dots_of_a_program():\n    code = \"open('tests/../data/text.txt').read()\"\n"
    "    subprocess.run([sys.executable, '-c', code], check=True)\n\n\n"
    "def show(*words, **how):\n    subprocess.run(['git', 'hash-object', *words], check=True, **how)\n\n\n"
    "def test_program_that_reads():\n    show('data/text.txt')\n\n\n"
    "def test_program_that_reads_again():\n    show('data/text.txt')\n\n\n"
    "def test_program_that_reads_by_its_whole_name():\n    show(str(TOP / 'data/text.txt'))\n\n\n"
    "def test_program_that_reads_by_its_whole_name_again():\n    show(str(TOP / 'data/text.txt'))\n\n\n"
    "def test_program_that_reads_elsewhere():\n    show('text.txt', cwd=TOP / 'data')\n\n\n"
    "def test_listed():\n    assert os.listdir(UP)\n\n\n"
    "def test_absent():\n    assert not (UP / 'new.txt').exists()\n\n\n"
    "def test_top():\n    assert os.listdir(TOP)\n\n\n"
    "def test_top_by_pattern():\n    assert list(TOP.glob('d*'))\n\n\n"
    "def test_top_of_a_program():\n    subprocess.run([sys.executable, '-c', f'import os; os.listdir({str(TOP)!r})'], check=True)\n",
    "shop/working.py": "def work():\n    return 1\n",
    "tests/test_processes.py": "import multiprocessing\nfrom concurrent.futures import ProcessPoolExecutor\n\nimport pytest\n\nfrom shop.working import work\n\n\n"
    "def run(kind):\n    process = multiprocessing.get_context(kind).Process(target=work)\n    process.start()\n    process.join()\n\n\n"
    "@pytest.fixture(scope='module')\ndef pool():\n    with ProcessPoolExecutor(1, multiprocessing.get_context('spawn')) as pool:\n        yield pool\n\n\n"
    "def test_serves():\n    run(SERVED)\n\n\ndef test_served():\n    run(SERVED)\n\n\n"
    "def test_spawns():\n    run('spawn')\n\n\n"
    "def test_first_of_a_pool(pool):\n    assert pool.submit(work).result(60) == 1\n\n\n"
    "def test_second_of_a_pool(pool):\n    assert pool.submit(work).result(60) == 1\n\n\n"
    "SERVED = 'forkserver' if 'forkserver' in multiprocessing.get_all_start_methods() else 'spawn'\n",
}  # fmt: skip


def _hashes(root: Path) -> dict[str, str]:
    return {path: (root / path).read_text() for path in FILES if (root / path).is_file()}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ImpactRecord]:
    """A project whose tests ran once, and the record of that."""
    root = tmp_path_factory.mktemp("shop")
    for path, text in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    plugins = ("atomci.testing.recorder", "atomci.testing.observation.observer")
    words = [word for name in (*plugins, "atomci.testing.observation.functions") for word in ("-p", name)]
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV"))}
    env |= {
        "ATOMCI_OBSERVED": str(root / "notes"),
        "ATOMCI_TEST_LOG": str(root / "log"),
        "ATOMCI_SUITES": "1",
        "PYTHONPATH": str(root),
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words],
        cwd=root, env=env, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    notes = read_notes(root / "notes/functions")
    assert notes is not None
    outcomes = {result.nodeid: result.outcome for result in results.read_results(root / "log")}
    return root, make_record(root, notes, outcomes, _hashes(root), python="3")


Edit = Callable[..., set[str]]


@pytest.fixture
def edit(shop: tuple[Path, ImpactRecord]) -> Edit:
    """Says which tests an edit reaches, and takes it back."""
    root, record = shop

    def reaches(path: str, old: str | None, new: str = "") -> set[str]:
        file = root / path
        try:
            if old is None:
                file.unlink(missing_ok=True)
                if new:
                    file.write_text(new)
            else:
                assert old in FILES[path]
                file.write_text(FILES[path].replace(old, new))
            hashes = _hashes(root) | ({path: new} if new and path not in FILES else {})
            found = reached(record, Tree(root, hashes, (), Collecting()))
            return {nodeid.rpartition("::")[2] for nodeid in found.tests} | set(found.files)
        finally:
            if path in FILES:
                file.write_text(FILES[path])
            else:
                file.unlink(missing_ok=True)

    return reaches


def test_nothing_changed_reaches_nothing(shop: tuple[Path, ImpactRecord]) -> None:
    root, record = shop
    assert reached(record, Tree(root, _hashes(root), (), Collecting())) == Reach()


# Tests that start a program which can't be followed run whenever anything changed.
STARTING = {"test_start", "test_empty", "test_killed", "test_modules"}
STARTING |= {"test_second_of_a_pool"}
STARTING |= {"test_serves", "test_served"} if SERVES else set()


@pytest.mark.parametrize(
    ("path", "old", "new", "tests"),
    [
        ("shop/prices.py", "net // 5", "net // 6", {"test_gross", "test_tax"}),
        ("shop/prices.py", "tax(net) + net", "net", {"test_gross"}),
        ("shop/base.py", "return function", "return None", {"test_gross", "test_tax"}),
        ("shop/plugins/first.py", "return 'first'", "return ''", {"test_load"}),
        ("shop/plugins/first.py", "NAMES.append('first')", "1 / 0", {"test_load"}),
        ("shop/base.py", "LIMIT = 3", "LIMIT = 5", {"test_limit"}),
        ("shop/base.py", "HIDDEN = 4", "HIDDEN = 5", {"test_gross", "test_tax", "test_limit", "test_base"}),
        ("shop/prices.py", "return 0", "return 1", {"test_gross", "test_tax"}),
        ("shop/kept.py", "return 1", "return 2", {"test_kept", "test_kept_too"}),
        ("shop/made.py", "size()\n\n    @", "2\n\n    @", {"test_makes", "test_uses"}),
        ("shop/made.py", "return 1", "return 2", {"test_makes", "test_uses"}),
        ("shop/made.py", "size = 0", "size = 3", {"test_own"}),
        ("shop/reading.py", "read_text()", "read_text() + ''", {"test_one", "test_two"}),
        ("tests/conftest.py", "return rates()", "return '2'", {"test_one", "test_two"}),
        ("shop/rates.txt", "1", "2", {"test_one", "test_two"}),
    ],
)
def test_an_edit_reaches_the_tests_that_ran_or_read_it(
    edit: Edit, path: str, old: str, new: str, tests: set[str]
) -> None:
    found = edit(path, old, new) - {"tests/conftest.py"}
    assert found - STARTING == tests
    assert found >= STARTING


@pytest.mark.parametrize(
    ("old", "new", "tests"),
    [
        ("return 1", "return 3", {"test_part_a"}),
        ("kind = one", "kind = 1", {"test_part_b"}),
        ("in kind:", "in [kind]:", {"test_part_a", "test_part_b", "test_part_empty"}),
        ("return 2", "return 3", {"test_part_a", "test_part_b", "test_part_empty"}),
    ],
)
def test_an_edit_of_a_part_of_a_function_reaches_the_tests_that_ran_that_part(
    edit: Edit, old: str, new: str, tests: set[str]
) -> None:
    assert edit("shop/parts.py", old, new) - STARTING == tests


PROGRAMS = {"test_program", "test_program_of_a_program", "test_fixture"}
SHOWN = {*PROGRAMS, "test_thread"}


@pytest.mark.parametrize(
    ("path", "old", "new", "tests"),
    [
        ("shop/shown.py", "read_text()", "read_text() + ''", SHOWN),
        ("shop/shown.py", "return 1", "return 2", SHOWN),  # nobody ran it: those of the file
        ("shop/shown.txt", "text", "other", SHOWN),
        ("shop/packed.txt", "packed", "other", {"test_packed"}),
        ("shop/__main__.py", "print(shown())", "print()", PROGRAMS),
        ("shop/__main__.py", "main()\n", "main\n", PROGRAMS),
        ("shop/prices.py", "net // 5", "net // 6", {"test_gross", "test_tax"}),
    ],
)
def test_programs_that_tests_start_are_followed(
    edit: Edit, path: str, old: str, new: str, tests: set[str]
) -> None:
    assert edit(path, old, new) == tests | STARTING


def test_a_line_that_only_a_thread_ran_reaches_the_tests_that_ran_another_line_before(edit: Edit) -> None:
    apart = {"test_a_shared_then_b", "test_a_then_a_fixture_then_b", "test_a_then_an_import_then_b"}
    assert edit("shop/threaded.py", "found = 2", "found = 3") - STARTING == {"test_b", *apart}
    assert edit("shop/threaded.py", "found = 1", "found = 3") - STARTING == {"test_a", *apart}


DOTS = {"test_dots", "test_dots_from_elsewhere", "test_dots_of_a_program"}
TOP = {"test_top", "test_top_by_pattern", "test_top_of_a_program"}


def test_a_file_that_is_named_by_way_of_another_folder_reaches_the_tests_that_read_it(edit: Edit) -> None:
    found = edit("data/text.txt", "text", "other") - STARTING
    assert {test for test in found if "that_reads" not in test} == DOTS


def test_a_file_that_a_program_is_given_reaches_each_test_that_starts_it(edit: Edit) -> None:
    found = edit("data/text.txt", "text", "other")
    assert {test for test in found if "that_reads" in test} == {
        "test_program_that_reads",
        "test_program_that_reads_again",
        "test_program_that_reads_by_its_whole_name",
        "test_program_that_reads_by_its_whole_name_again",
        "test_program_that_reads_elsewhere",
    }


def test_a_new_file_reaches_the_tests_that_list_the_top_or_looked_for_it(edit: Edit) -> None:
    assert edit("new.txt", None, "x") - STARTING == TOP
    assert edit("data/new.txt", None, "x") - STARTING == {*TOP, "test_listed", "test_absent"}


def test_processes_that_outlive_a_test_may_run_the_code_of_any(edit: Edit) -> None:
    found = edit("shop/working.py", "return 1", "return 2")
    assert found == STARTING | {"test_serves", "test_served", "test_spawns", "test_first_of_a_pool"}


def test_a_new_file_reaches_the_tests_that_list_its_folder(edit: Edit) -> None:
    assert {"test_names"} <= edit("shop/new.txt", None, "x")


def test_a_file_that_is_gone_reaches_the_tests_that_ran_it(edit: Edit) -> None:
    assert {"test_load"} <= edit("shop/plugins/first.py", None)


def test_a_new_test_file_runs(edit: Edit) -> None:
    assert "tests/test_new.py" in edit("tests/test_new.py", None, "def test_new():\n    assert 1\n")


@pytest.mark.parametrize(
    ("path", "text", "why"),
    [
        ("pyproject.toml", "[project]", "pyproject.toml configures every test"),
        ("shop/fast.so", "x", "shop/fast.so is compiled"),
        ("shop/other.py", "x = 1\n", "shop/other.py is new, and no test is known to depend on it"),
        ("shop/base.py", "def f(:\n", "shop/base.py can't be parsed"),
    ],
)
def test_what_the_record_cant_tell_of_runs_everything(edit: Edit, path: str, text: str, why: str) -> None:
    with pytest.raises(Everything, match=why):
        edit(path, None, text)
