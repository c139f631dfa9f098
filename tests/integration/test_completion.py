"""The tab key: what the script of a shell is told, and what the real shells make of it."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import Done

from atomci.cli.verbs import _PLANNED

PROGRAMS = Path(sys.executable).parent
Tab = Callable[..., Done]


@pytest.fixture
def tab(sample) -> Tab:
    """What zsh's script is told for a line that ends where the cursor is."""

    def press(line: str, shell: str = "zsh", **env: str) -> Done:
        number = len(line.split()) - (not line.endswith(" "))
        given = {"_ATOMCI_COMPLETE": f"{shell}_complete", "COMP_WORDS": line, "COMP_CWORD": str(number)}
        return sample.atomci(**given, **env)

    return press


def values(done: Done) -> list[str]:
    """zsh's script gets three lines of each: kind, value, help."""
    assert (done.code, done.err) == (0, "")
    return done.out.split("\n")[1:-1:3]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("atomci re", ["restore", "report"]),
        ("atomci stre", []),  # it is only planned
        ("atomci run local", ["local_ci", "local_ci_green"]),
        ("atomci run local_ci run_ru", ["run_ruff_lint"]),
        ("atomci check phase_04", ["phase_04"]),
        ("atomci explain atom_031", ["atom_031"]),
        ("atomci explain phase_1", [f"phase_{number}" for number in range(10, 20)]),
        ("atomci run --keep", ["--keep-going"]),
        ("atomci graph local_ci --format ", ["mermaid", "dot", "json"]),
        ("atomci graph local_ci --format=d", ["--format=dot"]),
        ("atomci graph --format=dot tria", ["triage"]),
        ("atomci export cook", ["cookiecutter"]),
        ("atomci completion ", ["bash", "zsh", "fish", "powershell"]),
        ("atomci nonsense x", []),
    ],
)
def test_a_tab_offers_what_can_stand_there(tab: Tab, line: str, expected: list[str]) -> None:
    assert values(tab(line)) == expected


def test_what_is_planned_is_explained_and_not_run(tab: Tab) -> None:
    assert "phase_16" in values(tab("atomci explain "))
    runs = values(tab("atomci run "))
    assert "phase_04" in runs
    assert "phase_16" not in runs
    assert not set(_PLANNED) & set(values(tab("atomci ")))


def test_ids_are_offered_once_one_is_begun(tab: Tab) -> None:
    assert not [name for name in values(tab("atomci explain ")) if name.startswith("atom_")]


def test_bash_is_told_of_a_value_that_it_split_off(tab: Tab) -> None:
    line = "atomci graph local_ci --format = d"
    assert tab(line, "bash").out == "plain,dot\n"


@pytest.mark.parametrize(
    ("line", "kind"), [("atomci restore sr", "file"), ("atomci run --project sr", "dir")]
)
def test_paths_are_left_to_the_shell(tab: Tab, line: str, kind: str) -> None:
    assert tab(line).out.splitlines()[:2] == [kind, "sr"]


def test_atoms_of_packages_are_offered_and_a_broken_package_prints_nothing(sample, tab: Tab) -> None:
    row = "Atom(1001, 'check_words', 4, 'Words are checked')"
    sample.write(
        "../site/words.py",
        "from atomci.atoms.loading.plugins import PluginAtom\nfrom atomci.catalog import Atom\n"
        f"ATOM = PluginAtom({row}, run=lambda ctx: None)\n",
    )
    sample.write("../site/words-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: words\nVersion: 1\n")
    sample.write("../site/words-1.dist-info/entry_points.txt", "[atomci.atoms]\nwords = words:ATOM\n")
    site = str(sample.root.parent / "site")
    assert values(tab("atomci run check_w", PYTHONPATH=site)) == ["check_words"]
    sample.write("../site/words.py", "raise RuntimeError('broken')\n")
    assert values(tab("atomci run run_ru", PYTHONPATH=site)) == ["run_ruff_lint"]


def test_who_asks_as_for_other_programs_gets_the_same_script(sample) -> None:
    script = sample.atomci("completion", "zsh").out
    assert script.startswith("#compdef atomci\n")
    assert sample.atomci(_ATOMCI_COMPLETE="zsh_source").out == script


def test_an_unknown_shell_is_told_which_there_are(sample) -> None:
    done = sample.atomci("completion", "tcsh")
    assert done.code == 2
    assert "'tcsh' is not one of 'bash', 'zsh', 'fish', 'powershell'" in done.err


def test_without_click_for_powershell_it_says_what_to_install(sample, monkeypatch) -> None:
    from click import shell_completion

    monkeypatch.delitem(shell_completion._available_shells, "powershell", raising=False)
    done = sample.atomci("completion", "PowerShell")
    assert done.code == 2
    assert (
        done.err == "error: completion in PowerShell needs click 8.5 or newer\n  pip install 'click>=8.5'\n"
    )


def test_the_help_says_where_to_put_it_for_each_shell(sample) -> None:
    text = sample.atomci("completion", "--help").out
    for shell in ("bash", "zsh", "fish", "powershell"):
        assert f"atomci completion {shell}" in text


# --- Real shells --------------------------------------------------------------------------------


def shell_of(name: str, sample) -> tuple[str, Path, dict[str, str]]:
    """The program, its script in a file, and an environment in which `atomci` is found."""
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"{name} isn't on PATH")
    script = sample.root.parent / f"script for {name}.ps1"
    shell = "powershell" if name == "pwsh" else name
    script.write_text(sample.atomci("completion", shell).out, encoding="utf-8")
    env = {**sample.env, "PATH": os.pathsep.join([str(PROGRAMS), sample.env["PATH"]]), "TERM": "dumb"}
    return program, script, env


# Typed as somebody would: each tab has one answer, and what is run is what the tabs made of it.
TYPED = "atomci gra\tunit --format=d\t\nexit\n"


@pytest.mark.skipif(os.name == "nt", reason="pty is POSIX's")
@pytest.mark.parametrize(
    ("name", "words", "first"),
    [
        ("bash", ("--norc", "--noprofile", "-i"), ""),
        ("zsh", ("-f", "-i"), "autoload -U compinit && compinit -D -u; "),
    ],
)
def test_a_line_typed_with_tabs_runs(sample, name: str, words: tuple[str, ...], first: str) -> None:
    program, script, env = shell_of(name, sample)
    if name == "bash":
        told = subprocess.run(
            [program, "-c", "(( BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 404 ))"], check=False
        )
        if told.returncode:
            pytest.skip("this bash is older than 4.4")
    seen = at_a_terminal([program, *words], f"{first}source '{script}'", TYPED, sample.root, env)
    assert "digraph atomci {" in seen, seen


@pytest.mark.skipif(os.name == "nt", reason="a shell of POSIX")
def test_a_bash_that_is_too_old_starts_without_a_complaint(sample) -> None:
    program, script, env = shell_of("bash", sample)
    text = script.read_text(encoding="utf-8")
    assert text.count("404") == 1
    script.write_text(text.replace("404", "99999"), encoding="utf-8")
    told = f"source '{script}' && complete -p"
    done = subprocess.run([program, "-c", told], env=env, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def at_a_terminal(words: list[str], before: str, typed: str, cwd: Path, env: dict[str, str]) -> str:
    """What is seen when one text is typed at a prompt, the other at the next one, and the shell ends."""
    import pty

    parent, child = pty.openpty()
    with subprocess.Popen(
        words, cwd=cwd, env=env, stdin=child, stdout=child, stderr=child, start_new_session=True
    ) as process:
        os.close(child)
        os.write(parent, f"{before}; echo sour''ced\n".encode())
        seen = until(parent, b"sourced")
        os.write(parent, typed.encode())
        seen += until(parent, b"")
        process.kill()
    os.close(parent)
    return seen.decode(errors="replace")


def until(parent: int, mark: bytes) -> bytes:
    """What is printed until that comes, or the shell ends; at most for a minute."""
    import select

    seen, end = b"", time.monotonic() + 60
    while not (mark and mark in seen) and (left := end - time.monotonic()) > 0:
        if select.select([parent], [], [], left)[0]:
            try:
                seen += os.read(parent, 65536)
            except OSError:  # the shell ended
                break
    return seen


def test_fish_offers_the_same(sample) -> None:
    program, script, env = shell_of("fish", sample)
    asked = ("res", "graph local_ci --format=d", "run local_ci run_ru")
    told = "; ".join(f"complete -C 'atomci {line}'" for line in asked)
    done = subprocess.run(
        [program, "--no-config", "-c", f"source '{script}'; {told}"],
        cwd=sample.root,
        env={**env, "HOME": str(sample.root.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    offered = [line.partition("\t")[0] for line in done.stdout.splitlines()]
    assert (offered, done.stderr) == (["restore", "--format=dot", "run_ruff_lint"], "")


POWERSHELL = """
. 'SCRIPT'
foreach ($line in 'atomci res', 'atomci graph local_ci --format=d', 'atomci run local_ci run_ru') {
    [System.Management.Automation.CommandCompletion]::CompleteInput($line, $line.Length, $null).CompletionMatches |
        ForEach-Object { $_.CompletionText }
}
"""


def test_powershell_offers_the_same(sample) -> None:
    program, script, env = shell_of("pwsh", sample)
    done = subprocess.run(
        [program, "-NoProfile", "-NonInteractive", "-Command", POWERSHELL.replace("SCRIPT", str(script))],
        cwd=sample.root,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout.split(), done.stderr) == (["restore", "--format=dot", "run_ruff_lint"], "")
