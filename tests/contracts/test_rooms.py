"""Which room may import which, and what the start of the command line costs."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "atomci"
HEAVY = ("msgspec", "yaml", "rich", "copier", "questionary", "validate_pyproject", "pytest")


def test_imports_go_downwards_and_never_in_a_circle() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 kept, 0 broken" in done.stdout


def test_a_package_imports_nothing_of_ours_by_itself() -> None:
    found = []
    for file in PACKAGE.rglob("__init__.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        if any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(tree)):
            found.append(file.relative_to(PACKAGE).as_posix())
    assert found == []


def _imported_by(code: str) -> set[str]:
    ask = (
        f"import sys\nfrom atomci.cli.main import main\n{code}\nprint(*sorted(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize("call", ['["list"]', '["list", "--json"]', '["--help"]', '["--version"]'])
def test_what_only_reads_the_catalog_imports_nothing_heavy(call: str) -> None:
    modules = _imported_by(f"main({call})")
    assert "atomci.catalog" in modules or call in ('["--help"]', '["--version"]')
    assert modules & set(HEAVY) == set()


def test_the_catalog_imports_no_code_of_an_atom() -> None:
    modules = _imported_by("import atomci.catalog")
    assert [name for name in modules if name.startswith(("atomci.atoms", "atomci.engine"))] == []


def test_a_guarded_session_loads_neither_a_parser_of_options_nor_what_runs_atoms() -> None:
    needs = "atomci.cli.sessions.guarded, atomci.guard.session, atomci.cli.view.guarding, atomci.engine.guest"
    modules = _imported_by(f"import {needs}")
    unwanted = {"click", "rich", "logging", "tomllib", "concurrent.futures", "atomci.engine.plan"}
    assert modules & ({*HEAVY, *unwanted} - {"msgspec"}) == set()


def test_an_unchanged_gate_imports_neither_template_tools_nor_pytest_nor_what_installs(green) -> None:
    ask = (
        "import sys\nfrom atomci.cli.main import main\ncode = main(['run', 'local_ci'])\n"
        "print(*sorted(sys.modules), file=sys.stderr)\nraise SystemExit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", ask],
        cwd=green.root,
        env=green.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    modules = set(done.stderr.splitlines()[-1].split())
    assert modules & {"copier", "questionary", "pytest", "rich", "atomci.bootstrap"} == set()


@pytest.mark.parametrize(("page", "count"), [("life-of-a-run", 12), ("life-of-an-update", 9)])
def test_a_page_on_a_life_names_what_is_there(page: str, count: int) -> None:
    text = (ROOT / f"docs/inside/{page}.md").read_text(encoding="utf-8")
    steps = re.findall(r"^\|.*\| `([\w/]+\.py)` \| `(\w+)` \|$", text, re.MULTILINE)
    assert len(steps) == count
    for file, name in steps:
        code = (PACKAGE / file).read_text(encoding="utf-8")
        assert re.search(rf"^ *(def|class) {name}\b", code, re.MULTILINE), f"{file} has no {name}"
    named = set(re.findall(r"`([\w/]+\.py)`", text))
    assert [file for file in sorted(named) if not [*PACKAGE.rglob(file)]] == []
