"""Phase 0, checked on the machine and the tree as they are now; nothing is installed or written."""

from __future__ import annotations

import os

from atomci.artifacts.schemas import HostFacts, ToolFound
from atomci.atoms.facts_00_bootstrap import (
    chosen_manager,
    environment_version,
    find_python,
    look_for,
    powershell_is_tested,
    stale_pip_tools_lock,
    toolchain_rows,
    wanted_python,
)
from atomci.bootstrap import environment, host, interpreters, layout, managers, programs, repository
from atomci.engine.context import Context, Verdict
from atomci.tools import uv
from atomci.tools.git import git
from atomci.tools.process import Command

_HOST = "artifacts/bootstrap/host.json"


def detect_host_os_and_shell(ctx: Context) -> Verdict:
    """The recorded facts are those of this host; the shell may be another one than then."""
    now = host.facts(host.this_system())
    recorded = ctx.read_if_there(_HOST, HostFacts)
    if recorded is None:
        return Verdict(False, (f"{_HOST} is missing",), "atomci run detect_host_os_and_shell")
    problems = [
        f"{_HOST} says {name} {getattr(recorded, name)}, this host says {getattr(now, name)}"
        for name in ("os", "version", "arch", "wsl", "container")
        if getattr(recorded, name) != getattr(now, name)
    ]
    return Verdict.of(problems, [host.in_words(recorded)], "atomci run detect_host_os_and_shell")


def install_python_runtime(ctx: Context) -> Verdict:
    wanted = wanted_python(ctx)
    found = find_python(ctx, wanted)
    if found.path is None:
        lines = (f"no interpreter satisfies {wanted}", *found.passed_over)
        return Verdict(False, lines, f"uv python install {interpreters.installable(wanted)}")
    return Verdict(True, (f"{found.version} at {found.path} satisfies {wanted}", *found.passed_over))


def install_git_cli(ctx: Context) -> Verdict:
    return _program(ctx, programs.GIT, required=True)


def install_powershell_if_applicable(ctx: Context) -> Verdict:
    return _program(ctx, programs.POWERSHELL, required=powershell_is_tested(ctx))


def install_node_optional_for_vscode(ctx: Context) -> Verdict:
    return _program(ctx, programs.NODE, required=False)


def install_docker_optional(ctx: Context) -> Verdict:
    return _program(ctx, programs.DOCKER, required=False)


def _program(ctx: Context, program: programs.Program, *, required: bool) -> Verdict:
    row: ToolFound = look_for(ctx, program, required=required)
    if row.usable:
        return Verdict(True, (f"{row.found} at {row.path}, wanted {row.wanted}; {row.note}".rstrip("; "),))
    seen = row.note or f"{program.name} {row.wanted} is wanted, {row.found or 'none'} is here"
    return Verdict(False if required else None, (seen,), f"atomci run {ctx.atom.name} --install")


def create_project_directory_structure(ctx: Context) -> Verdict:
    folders = layout.folders_of(ctx.project.answers)
    missing = [f"{path} is a file, a folder belongs there" for path in layout.in_the_way(ctx.root, folders)]
    missing += [f"{folder}/ is missing" for folder in layout.missing_folders(ctx.root, folders)]
    return Verdict.of(missing, [f"{len(folders)} folders"], f"atomci run {ctx.atom.name}")


def initialize_git_repository(ctx: Context) -> Verdict:
    where = repository.existing(ctx.root)
    if where is None:
        return Verdict(False, ("there is no git repository with a commit",), f"atomci run {ctx.atom.name}")
    branch = (git(ctx.root, "branch", "--show-current") or "").strip() or "a detached HEAD"
    return Verdict(True, (where, f"on {branch}"))


def configure_gitignore_and_attributes(ctx: Context) -> Verdict:
    """Also: nothing that a gate run leaves shows in git status, whatever the files say."""
    problems, evidence = [], []
    for required in layout.REQUIRED:
        path = ctx.root / required.path
        text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
        problems += [f"{required.path} lacks {line}" for line in layout.missing_lines(text, required)]
        evidence += [f"{required.path}:{layout.line_of(text, line)}: {line}" for line in required.lines]
    left = git(ctx.root, "status", "--porcelain", "--", *layout.LEFT_BY_A_RUN) or ""
    problems += [f"git status shows {line[3:]}" for line in left.splitlines()]
    return Verdict.of(problems, evidence, f"atomci run {ctx.atom.name}")


def create_virtual_environment(ctx: Context) -> Verdict:
    wanted = wanted_python(ctx)
    folder = environment.folder(ctx.root, os.environ)
    version = environment_version(ctx)
    again = f"atomci run {ctx.atom.name}"
    if version is None:
        return Verdict(False, (f"{folder} is missing or its interpreter doesn't start",), again)
    fits = version in wanted
    return Verdict(fits, (f"{folder} holds Python {version}, {wanted} is wanted",), "" if fits else again)


def choose_dependency_manager(ctx: Context) -> Verdict:
    chosen = chosen_manager(ctx)
    speakers = ctx.files(*managers.SPEAKERS, *managers.LOCKS.values())
    against = managers.contradictions(ctx.root, speakers, chosen.manager)
    evidence = f"{chosen.manager}, recorded in {chosen.recorded_in}"
    problems = [f"{line} (the choice is {evidence})" for line in against]
    agree = f"none of {len(speakers)} files says otherwise"
    return Verdict.of(problems, [evidence, agree], "answer once, and let all of them follow")


def compile_lockfile_and_sync(ctx: Context) -> Verdict:
    """The lock is there and up to date, and the environment holds what it says."""
    manager = chosen_manager(ctx).manager
    lock = managers.LOCKS[manager]
    if not (ctx.root / lock).is_file():
        return Verdict(False, (f"{lock} is missing",), managers.relock(ctx.root, manager))
    if environment_version(ctx) is None:
        return Verdict(False, ("there is no environment to hold it",), f"atomci run {ctx.atom.name}")
    return _uv_lock(ctx) if manager == "uv" else _pip_tools_lock(ctx)


def _uv_lock(ctx: Context) -> Verdict:
    for words, remedy in ((("lock", "--check"), "uv lock"), (("sync", "--locked", "--check"), "uv sync")):
        done = ctx.run(Command((uv.program(), *words, "--quiet")))
        if done.code != 0:
            return Verdict(False, (f"uv.lock: {uv.error_line(done.stderr)}",), remedy)
    return Verdict(True, ("uv.lock is up to date and installed",))


def _pip_tools_lock(ctx: Context) -> Verdict:
    lock = managers.LOCKS["pip-tools"]
    if problem := stale_pip_tools_lock(ctx):
        return Verdict(False, (problem,), managers.relock(ctx.root, "pip-tools"))
    stamp = environment.folder(ctx.root, os.environ) / "dev.txt"
    same = stamp.is_file() and stamp.read_bytes() == (ctx.root / lock).read_bytes()
    problems = [] if same else [f"the environment doesn't hold what {lock} says"]
    return Verdict.of(problems, [f"{lock} is up to date and installed"], f"atomci run {ctx.atom.name}")


def verify_toolchain_versions(ctx: Context) -> Verdict:
    rows = toolchain_rows(ctx)
    lines = [f"{row.tool} {row.wanted}: {row.found or 'none'}" for row in rows]
    problems = [line for row, line in zip(rows, lines, strict=True) if not row.usable]
    return Verdict.of(problems, lines, "atomci run compile_lockfile_and_sync")
