"""What a result depends on: what counts, what is said to have changed, and what changed while an atom ran."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from made_up import MadeUp

from atomci.artifacts.handed.runs import Observed
from atomci.atoms.loading.builtin import catalog_of
from atomci.atoms.parts.verdicts.evidence import last_result
from atomci.catalog import Atom
from atomci.engine.config import Config
from atomci.engine.context import Context, Implementation, Outcome, Workspace
from atomci.engine.inputs.dependencies import EVERY_VARIABLE, Dependencies, Surroundings, key_of
from atomci.engine.inputs.environment import _hash_of, fingerprint, linked, of_the_process
from atomci.engine.inputs.files import Inputs
from atomci.project import Project

COUNT = Atom(1, "count", 4, "", reads=("*.txt",))


def here(project: MadeUp, **facts: str) -> Surroundings:
    return Surroundings(Inputs(project.root), facts)


def test_what_is_as_it_was_is_no_difference(project: MadeUp) -> None:
    names = Dependencies(("*.txt",), ("**/*",), ("none.toml",), ("docs",), (".",), ("HOME", EVERY_VARIABLE))
    observed = here(project, tools="1").observe(names)
    assert here(project, tools="1").difference(observed) == ""
    assert key_of(observed) == key_of(here(project, tools="1").observe(names))


SOURCES = Dependencies(
    globs=("*.txt",),
    on_disk=("lib/**",),
    files=("none.toml", "data.txt"),
    states=("stamp",),
    folders=("docs",),
    searched=("pkg",),
)
Change = Callable[[MadeUp], object]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda p: p.write("data.txt", "two"), "data.txt changed"),
        (lambda p: (p.root / "data.txt").unlink(), "data.txt is gone"),
        (lambda p: p.write("more.txt", ""), "more.txt is new"),
        (lambda p: p.write("none.toml", ""), "none.toml is new"),
        (lambda p: p.write("lib/deep/x", ""), "lib/deep/x is new"),
        (lambda p: p.write("docs/b.md", ""), "the folder docs has other files now"),
        (lambda p: p.write("pkg/new.py", ""), "the folder pkg has other modules now"),
        (lambda p: p.write("pkg/sub/__init__.py", ""), "the folder pkg has other modules now"),
        (lambda p: p.write("pkg/typed.pyi", ""), "the folder pkg has other modules now"),
        (lambda p: os.utime(p.root / "stamp", (5, 5)), "stamp has other times, another owner or other links"),
        (lambda p: p.write("pkg/notes.md", ""), ""),
        (lambda p: p.write("pkg/data/table.csv", ""), ""),
        (lambda p: p.write("docs/__pycache__/x.pyc", ""), ""),
        (lambda p: p.write("lib/.venv/pyvenv.cfg", ""), ""),
        (lambda p: [p.write("lib/env/pyvenv.cfg", ""), p.write("lib/env/x", "")], ""),
        (lambda p: (p.root / "data.txt").chmod(0o755), "data.txt changed"),
        (lambda p: os.utime(p.root / "data.txt", (1, 1)), ""),
    ],
)
def test_the_change_is_named(project: MadeUp, change: Change, said: str) -> None:
    project.write("docs/a.md", "")
    project.write("pkg/old.py", "")
    project.write("stamp", "")
    observed = here(project).observe(SOURCES)
    change(project)
    assert here(project).difference(observed) == said


@pytest.mark.parametrize(
    ("name", "variable", "said"),
    [
        ("MODE", "MODE", "the variable MODE changed"),
        (EVERY_VARIABLE, "MODE", "an environment variable changed"),
        (EVERY_VARIABLE, "SHLVL", ""),
        (EVERY_VARIABLE, "TERM_PROGRAM", ""),
        ("OTHER", "MODE", ""),
    ],
)
def test_variables_count_by_their_value(
    project: MadeUp, monkeypatch: pytest.MonkeyPatch, name: str, variable: str, said: str
) -> None:
    observed = here(project).observe(Dependencies(variables=(name,)))
    monkeypatch.setenv(variable, "another")
    assert here(project).difference(observed) == said
    assert "another" not in str(here(project).observe(Dependencies(variables=(name,))))


def test_facts_that_change_come_or_go_are_named(project: MadeUp) -> None:
    observed = here(project, tools="1").observe(Dependencies())
    assert here(project, tools="2").difference(observed) == "tools changed"
    assert here(project).difference(observed) == "tools changed"
    assert here(project, tools="1", more="1").difference(observed) == "more changed"


def test_a_link_counts_by_what_it_leads_to(project: MadeUp) -> None:
    outside = project.root.with_name("outside")
    outside.mkdir()
    (outside / "a").write_text("1")
    (project.root / "link").symlink_to(outside)
    (outside / "back").symlink_to(project.root)
    observed = here(project).observe(Dependencies(on_disk=("**/*",)))
    assert "link/a" in observed.files
    assert not any("back" in path for path in observed.files)
    (outside / "a").write_text("2")
    assert here(project).difference(observed) == "link/a changed"


@pytest.mark.parametrize("to", ["other.txt", "nowhere"])
def test_where_a_link_leads_counts_also_when_the_content_is_equal(project: MadeUp, to: str) -> None:
    project.write("other.txt", project.read("data.txt"))
    (project.root / "link").symlink_to("data.txt")
    observed = here(project).observe(Dependencies(files=("link",)))
    (project.root / "link").unlink()
    assert here(project).difference(observed) == "link is gone"
    (project.root / "link").symlink_to(to)
    assert here(project).difference(observed) == "link changed"


def test_a_folder_counts_by_the_kinds_of_what_it_holds(project: MadeUp) -> None:
    project.write("docs/a", "")
    observed = here(project).observe(Dependencies(folders=("docs",)))
    (project.root / "docs/a").unlink()
    (project.root / "docs/a").mkdir()
    assert here(project).difference(observed) == "the folder docs has other files now"


def test_the_rights_of_new_files_are_a_fact() -> None:
    before, umask = of_the_process(), os.umask(0o022)
    os.umask(0o027 if umask != 0o027 else 0o022)
    try:
        assert (of_the_process() != before) is Path("/proc/self/status").exists()
    finally:
        os.umask(umask)


def put_back(ctx: Context) -> Outcome:
    """Another text while it runs, and the first one again."""
    file = ctx.root / "data.txt"
    text = file.read_text()
    file.write_text("mended for a moment")
    file.write_text(text)
    return Outcome("pass", "", 1)


@pytest.mark.parametrize("known_before", [True, False])
def test_a_pass_is_not_kept_when_its_inputs_changed_while_it_ran(project: MadeUp, known_before: bool) -> None:
    names = [Dependencies(files=("data.txt",) if known_before else ()), Dependencies(files=("data.txt",))]

    def implementation(atom: Atom) -> Implementation:
        asked = iter(names)
        return Implementation(put_back, depends=lambda ctx: next(asked))

    for _ in range(2):
        done = project.run((COUNT, Outcome("pass")), load=implementation)
        told = "data.txt changed while it ran: run it again to judge the files as they are now"
        assert (done.outcomes["count"].status, done.outcomes["count"].reason) == ("pass", told)
    assert not any(event.cached for event in project.events if hasattr(event, "cached"))
    assert project.result("count").observed == Observed(
        **{
            **{name: getattr(project.result("count").observed, name) for name in ("facts", "files")},
            "unsettled": "data.txt changed while it ran",
        }
    )


def test_a_check_does_not_believe_a_pass_whose_inputs_changed_while_it_ran(project: MadeUp) -> None:
    project.run((COUNT, put_back))
    workspace = Workspace(Project(project.root), catalog_of({}), Config())
    verdict = last_result(Context(workspace, COUNT))
    assert (verdict.holds, verdict.out_of_date) == (None, True)
    assert verdict.evidence[0].startswith("data.txt changed while it ran since run ")


def test_what_runs_again_says_why(project: MadeUp) -> None:
    project.run((COUNT, Outcome("pass", "", 1)))
    project.write("data.txt", "two")
    project.run((COUNT, Outcome("pass", "", 1)))
    assert project.result("count").because == "data.txt changed"
    assert "runs again: data.txt changed\n" in project.log("count")


def environment(root: Path) -> Path:
    """One with a package, made by hand."""
    home = root / ".venv"
    site = home / ("Lib/site-packages" if os.name == "nt" else "lib/python3.12/site-packages")
    (site / "six-1.0.dist-info").mkdir(parents=True)
    (site / "six-1.0.dist-info/RECORD").write_text("six.py,sha256=a,1\n")
    (site / "six").mkdir()
    (site / "six.py").write_text("")
    (site / "six/words.json").write_text("{}")
    (home / "pyvenv.cfg").write_text("version = 3.12.1\n")
    return site


@pytest.mark.parametrize(
    "change",
    [
        lambda site: (site / "six-1.0.dist-info").rename(site / "six-1.1.dist-info"),
        lambda site: (site / "new-2.0.dist-info").mkdir(),
        lambda site: (site / "six-1.0.dist-info/RECORD").write_text("six.py,sha256=b,1\n"),
        lambda site: (site / "six-1.0.dist-info/direct_url.json").write_text("{}"),
        lambda site: (site / "beside.pth").write_text("/somewhere\n"),
        lambda site: (site / "six.py").write_text("# mended by hand\n"),
        lambda site: (site / "six/words.json").unlink(),
        lambda site: (site / "sitecustomize.py").write_text(""),
        lambda site: (site.parents[2] / "pyvenv.cfg").write_text("version = 3.13.0\n"),
        lambda site: site.parent.rename(site.parents[1] / "python3.13"),
    ],
)
def test_what_is_installed_and_its_python_count(tmp_path: Path, change: Callable[[Path], object]) -> None:
    site = environment(tmp_path)
    before = fingerprint(Project(tmp_path))
    assert fingerprint(Project(tmp_path)) == before
    change(site)
    in_another_process()
    assert fingerprint(Project(tmp_path)) != before


def in_another_process() -> None:
    """Nothing is remembered there."""
    _hash_of.cache_clear()


@pytest.mark.parametrize("name", ["new-2.0.dist-info", "more.pth"])
def test_what_an_atom_installs_counts_in_the_same_run(tmp_path: Path, name: str) -> None:
    site = environment(tmp_path)
    os.utime(site, (1, 1))
    before = fingerprint(Project(tmp_path))
    (site / name).mkdir()
    assert fingerprint(Project(tmp_path)) != before


def test_folders_that_the_environment_imports_from_are_found_outside_only(tmp_path: Path) -> None:
    root, sibling = tmp_path / "project", tmp_path / "sibling"
    (root / "src").mkdir(parents=True)
    sibling.mkdir()
    site = environment(root)
    text = f"{sibling}\n{root / 'src'}\nimport sys\n\n/no/such/folder\n"
    (site / "editable.pth").write_text(text)
    assert linked(Project(root)) == (sibling,)
