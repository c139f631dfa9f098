"""What people do to a new project: green at each step that should be, else red with what to do."""

import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from nightly import NIGHTLY
from once import Once

from .conftest import Shell, environment

ROOT = Path(__file__).parents[2]
KINDS = ("library", "cli", "service") if NIGHTLY else ("library",)
LATER = ("integration", "e2e") if NIGHTLY else ("integration",)
Kind = Callable[[str], Shell]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sed and sh, as the docs have them")


@pytest.fixture
def of_kind(made: Path, atomci: Shell, once: Once, home: Path, tmp_path: Path) -> Kind:
    """A clone of a project of a kind, with its environment; the library is the one that other tests clone."""

    def make(kind: str) -> Shell:
        words = ("uv", "run", "atomci", "new", "{base}/my-project", "--defaults", "-d", f"kind={kind}")

        def new(base: Path) -> None:
            atomci.ok(*(word.format(base=base) for word in words), UV_PYTHON=sys.executable)

        source = made if kind == "library" else once(f"made-{kind}", new) / "my-project"
        shell = Shell(tmp_path / "my-project", environment(home, UV_PYTHON=sys.executable))
        Shell(tmp_path, shell.env).ok("git", "clone", "--quiet", str(source), "my-project")
        shell.ok("uv", "sync", "--quiet", "--locked")
        shutil.copytree(source / ".mypy_cache", shell.folder / ".mypy_cache")
        return shell

    return make


def typed(project: Shell, commands: str, **names: str) -> None:
    """Type what a page of the docs has in its console, with these names in place of its own."""
    for old, new in names.items():
        commands = commands.replace(old, new)
    project.ok("sh", "-euc", commands)


def console(page: str, heading: str) -> str:
    """The commands of the first console below a heading."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8").split(f"# {heading}\n")[1]
    return "\n".join(re.findall(r"^\$ (.*)$", text.split("```console\n")[1].split("```")[0], re.MULTILINE))


def run(project: Shell, *words: str) -> tuple[int, str]:
    done = project.run("uv", "run", "--frozen", "atomci", *words)
    return done.returncode, done.stdout


def status(project: Shell, *atoms: str) -> dict[str, tuple[str, str]]:
    """What a check says of each atom, and why."""
    _, said = run(project, "check", *atoms, "--json")
    rows = json.loads(said[said.index("{") :])["atoms"]  # behind what uv says
    return {f"{row['number']:03d}": (row["status"], "\n".join(row["evidence"])) for row in rows}


def green(project: Shell, target: str) -> str:
    code, said = run(project, "run", target)
    assert (code, f"{target}: green" in said) == (0, True), said
    return said


@pytest.mark.parametrize("kind", KINDS)
def test_the_sample_is_removed_by_hand(of_kind: Kind, kind: str) -> None:
    project = of_kind(kind)
    typed(project, console("questions.md", "`sample`"), PACKAGE="my_project")
    package = project.folder / "src/my_project"

    code, said = run(project, "run", "local_ci")
    assert code == 1
    assert re.search(r"^ +src/my_project/\w+\.py:\d+:\d+: error: .*slug", said, re.MULTILINE), said
    if kind != "service":  # there the conftest can't be imported before the application is mended
        assert "no unit test ran: write one in tests/unit" in said

    for module in package.glob("*.py"):
        if "slug" in module.read_text(encoding="utf-8"):
            module.write_text('"""Words."""\n', encoding="utf-8")
    (package / "__main__.py").unlink(missing_ok=True)
    (package / "words.py").write_text(
        '"""Words."""\n\n\ndef shout(text: str) -> str:\n    """A text in capitals."""\n    return text.upper()\n',
        encoding="utf-8",
    )
    (project.folder / "tests/unit").mkdir(exist_ok=True)
    (project.folder / "tests/unit/test_words.py").write_text(
        "from my_project.words import shout\n\n\ndef test_shout() -> None:\n    assert shout('a') == 'A'\n".replace(
            "'", '"'
        ),
        encoding="utf-8",
    )
    if kind == "service":  # what the fixture of a client needs
        (package / "app.py").write_text(
            '"""The HTTP interface."""\n\nfrom fastapi import FastAPI\n\napp = FastAPI()\n', encoding="utf-8"
        )
    run(project, "run", "create_project_directory_structure")
    project.ok("git", "add", "--all")
    project.ok("git", "commit", "--quiet", "-m", "my own")
    green(project, "local_ci")
    for target in ("integration", "e2e"):
        assert f"left out:  tests/{target} has no test" in green(project, target)
    found = status(project, "atom_006", "atom_017", "atom_018", "atom_058", "atom_059", "atom_063")
    assert {number: verdict for number, (verdict, _) in found.items()} == {
        **dict.fromkeys(("006", "017"), "holds"),
        **dict.fromkeys(("018", "058", "059", "063"), "not applicable"),
    }, found


@pytest.mark.parametrize("kind", KINDS)
def test_the_package_is_renamed(of_kind: Kind, kind: str) -> None:
    project = of_kind(kind)
    project.ok("git", "mv", "src/my_project", "src/words")
    code, said = run(project, "run", "local_ci")
    assert code == 1
    assert "my_project" in said
    project.ok("git", "reset", "--quiet", "--hard")

    moved, renamed = console("questions.md", "`package_name`").split("\nuv run", 1)
    typed(project, moved, OLD="my_project", NEW="words")
    typed(project, f"uv run{renamed}", NEW="words")
    project.ok("git", "commit", "--quiet", "--no-verify", "-m", "the answer")
    assert "my_project" not in project.ok("git", "ls-files")
    left = project.run("git", "grep", "-lw", "my_project", "--", ".", ":!.atomci", ":!.copier-answers.yml")
    assert left.stdout == ""
    for target in ("local_ci", *LATER):
        green(project, target)
    assert "0 drifted" in run(project, "status", "--offline")[1]


@pytest.mark.parametrize("kind", KINDS)
def test_a_dependency_is_added(of_kind: Kind, kind: str) -> None:
    project = of_kind(kind)
    settings = project.folder / "pyproject.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(
        re.sub(r"^dependencies = \[", 'dependencies = ["packaging>=24", ', text, flags=re.MULTILINE)
    )
    verdict, why = status(project, "atom_011")["011"]
    assert verdict == "broken"
    assert "uv.lock" in why.splitlines()[0]
    assert "fix it: uv lock" in run(project, "check", "atom_011")[1]
    done = project.run("uv", "run", "--frozen", "atomci", "run", "compile_lockfile_and_sync", CI="true")
    assert done.returncode == 1
    assert "uv.lock is stale: type uv lock, and commit it" in done.stdout

    project.ok("uv", "lock")
    slug = project.folder / "src/my_project/slug.py"
    slug.write_text(
        slug.read_text(encoding="utf-8")
        .replace("import unicodedata\n", "import unicodedata\n\nfrom packaging.version import Version\n")
        .replace("    plain =", '    assert Version("1.0") < Version("2.0")\n    plain =', 1),
        encoding="utf-8",
    )
    project.ok("uv", "sync", "--locked")
    for target in ("local_ci", "compile_lockfile_and_sync"):
        green(project, target)
    assert "stale" not in status(project, "atom_011")["011"][1]


@pytest.mark.parametrize("kind", KINDS)
def test_the_project_moves_into_a_larger_repository(of_kind: Kind, kind: str, tmp_path: Path) -> None:
    alone = of_kind(kind)
    larger = Shell(tmp_path / "larger", alone.env)
    larger.folder.mkdir()
    larger.ok("git", "init", "--quiet", "--initial-branch=main")
    (larger.folder / "packages").mkdir()
    shutil.rmtree(alone.folder / ".git")
    shutil.rmtree(alone.folder / ".venv")
    project = Shell(alone.folder.rename(larger.folder / "packages/one"), alone.env)
    larger.ok("git", "add", "--all")
    larger.ok("git", "commit", "--quiet", "-m", "all in one")
    project.ok("uv", "sync", "--quiet", "--locked")

    for target in ("bootstrap", "local_ci", *LATER):
        green(project, target)
    found = status(project, "atom_007", "atom_017", "atom_018", "atom_019", "atom_021", "atom_073")
    assert {number: verdict for number, (verdict, _) in found.items()} == {
        **dict.fromkeys(("007", "017", "018"), "holds"),
        **dict.fromkeys(("019", "021", "073"), "not applicable"),
    }, found
    for number, hint in {"019": "let its pre-push hook run", "021": "let a job there run"}.items():
        assert f"{hint} (cd packages/one && uv run atomci run local_ci)" in found[number][1]
    assert not (larger.folder / ".git/hooks/pre-push").exists()
    assert larger.ok("git", "status", "--porcelain") == ""
