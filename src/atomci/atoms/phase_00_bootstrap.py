"""Phase 0: machine and workspace bootstrap."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from atomci.artifacts import handles
from atomci.artifacts.handed.schemas import Finding, ToolReport
from atomci.artifacts.handed.verdicts import Fact
from atomci.atoms.parts.host.host_programs import commands_of, program_is_there, provide_program
from atomci.atoms.parts.host.machine import (
    chosen_manager,
    environment_version,
    find_python,
    powershell_is_tested,
    toolchain_rows,
    wanted_python,
)
from atomci.atoms.parts.removed_folders import removed_folders
from atomci.atoms.parts.verdicts.evidence import never_ran
from atomci.bootstrap import (
    environment,
    host,
    interpreters,
    layout,
    programs,
    repository,
    toolchain,
)
from atomci.bootstrap.managers.choice import SPEAKERS, contradictions
from atomci.bootstrap.managers.elsewhere import only_here
from atomci.bootstrap.managers.protocol import Manager
from atomci.bootstrap.managers.table import MANAGERS
from atomci.engine.context import Context, Outcome, Verdict, runs
from atomci.errors import InfrastructureError
from atomci.tools import uv
from atomci.tools.atomic import replace_file
from atomci.tools.git.client import complaint
from atomci.tools.process import Command


def detect_host_os_and_shell(ctx: Context) -> Outcome:
    facts = host.facts(host.this_system())
    ctx.write(handles.HOST, facts)
    return Outcome("pass", host.in_words(facts), 1, "hosts")


def detect_host_os_and_shell_holds(ctx: Context) -> Verdict:
    """The recorded facts are those of this host; the shell may be another one than then."""
    now = host.facts(host.this_system())
    recorded = ctx.read_if_there(handles.HOST)
    if recorded is None:
        again = f"atomci run {ctx.atom.name}"
        return never_ran(ctx) or Verdict(False, (f"{handles.HOST} is missing",), again)
    changed = [
        f"{handles.HOST} says {name} {getattr(recorded, name)}, this host says {getattr(now, name)}"
        for name in ("os", "version", "arch", "wsl", "container")
        if getattr(recorded, name) != getattr(now, name)
    ]
    if changed:
        return Verdict(None, changed, f"atomci run {ctx.atom.name}", out_of_date=True)
    return Verdict(True, (host.in_words(recorded),))


def install_python_runtime(ctx: Context) -> Outcome:
    wanted = wanted_python(ctx)
    found = find_python(ctx, wanted)
    ctx.write(handles.PYTHON, interpreters.report(wanted, found))
    if found.path is None:
        _install_python(ctx, wanted)
        found = find_python(ctx, wanted)
        ctx.write(handles.PYTHON, interpreters.report(wanted, found))
    if found.path is None:
        raise InfrastructureError(
            f"no interpreter satisfies {wanted}, even after uv installed one",
            interpreters.install_line(wanted),
        )
    return Outcome("pass", f"{found.version} at {found.path}", 1 + len(found.passed_over), "interpreters")


def install_python_runtime_holds(ctx: Context) -> Verdict:
    wanted = wanted_python(ctx)
    found = find_python(ctx, wanted)
    if found.path is None:
        lines = (f"no interpreter satisfies {wanted}", *found.passed_over)
        return Verdict(False, lines, interpreters.install_line(wanted))
    return Verdict(True, (f"{found.version} at {found.path} satisfies {wanted}", *found.passed_over))


def _install_python(ctx: Context, wanted: interpreters.Wanted) -> None:
    version = interpreters.installable(wanted)
    program = uv.find()
    if program is None:
        raise InfrastructureError(
            f"no interpreter satisfies {wanted}, and uv isn't here to get one",
            interpreters.install_line(wanted),
        )
    done = ctx.run(Command((program, "python", "install", version), timeout=600))
    if done.code != 0:
        said = uv.error_line(done.stderr)
        raise InfrastructureError(
            f"no interpreter satisfies {wanted}; uv couldn't get one: {said}",
            interpreters.install_line(wanted),
        )


@runs(commands_of(programs.GIT))
def install_git_cli(ctx: Context) -> Outcome:
    return provide_program(ctx, programs.GIT, required=True)


def install_git_cli_holds(ctx: Context) -> Verdict:
    return program_is_there(ctx, programs.GIT, required=True)


@runs(commands_of(programs.POWERSHELL))
def install_powershell_if_applicable(ctx: Context) -> Outcome:
    """Its absence stops only CI, where the tests of scripts have to run."""
    required = ctx.options.in_ci and powershell_is_tested(ctx)
    return provide_program(ctx, programs.POWERSHELL, required=required)


def install_powershell_if_applicable_holds(ctx: Context) -> Verdict:
    required = ctx.options.in_ci and powershell_is_tested(ctx)
    return program_is_there(ctx, programs.POWERSHELL, required=required)


@runs(commands_of(programs.NODE))
def install_node_optional_for_vscode(ctx: Context) -> Outcome:
    return provide_program(ctx, programs.NODE, required=False)


def install_node_optional_for_vscode_holds(ctx: Context) -> Verdict:
    return program_is_there(ctx, programs.NODE, required=False)


@runs(commands_of(programs.DOCKER))
def install_docker_optional(ctx: Context) -> Outcome:
    return provide_program(ctx, programs.DOCKER, required=False)


def install_docker_optional_holds(ctx: Context) -> Verdict:
    return program_is_there(ctx, programs.DOCKER, required=False)


def create_project_directory_structure(ctx: Context) -> Outcome:
    removed = removed_folders(ctx)
    folders = [folder for folder in layout.folders_of(ctx.project.answers) if folder not in removed]
    if files := layout.in_the_way(ctx.root, folders):
        reason = f"a file is where a folder belongs, move it away: {', '.join(files)}"
        return Outcome("fail", reason, len(folders), "folders")
    missing = layout.missing_folders(ctx.root, folders)
    layout.make_folders(ctx.root, missing)
    said = [f"made {', '.join(missing)}"] if missing else []
    return Outcome("pass", "; ".join([*said, *_without(removed)]), len(folders), "folders")


def create_project_directory_structure_holds(ctx: Context) -> Verdict:
    removed = removed_folders(ctx)
    folders = [folder for folder in layout.folders_of(ctx.project.answers) if folder not in removed]
    missing = [f"{path} is a file, a folder belongs there" for path in layout.in_the_way(ctx.root, folders)]
    missing += [f"{folder}/ is missing" for folder in layout.missing_folders(ctx.root, folders)]
    shown = [f"{len(folders)} folders", *_without(removed)]
    return Verdict.of(missing, shown, f"atomci run {ctx.atom.name}")


def _without(removed: Mapping[str, str]) -> list[str]:
    return [f"without {folder}/, which {commit} took away" for folder, commit in removed.items()]


def _git_commands(ctx: Context) -> Sequence[Command]:
    if repository.existing(ctx.root) is not None:
        return ()
    program = shutil.which("git") or "git"
    words = repository.begin_words(ctx.root, ctx.project.answers, ctx.project.table("project"))
    # A repository that the environment names for a larger folder gets none of this.
    elsewhere = () if repository.is_top(ctx.root) else ("GIT_DIR", "GIT_WORK_TREE")
    return tuple(Command((program, *step), without=elsewhere) for step in words)


@runs(_git_commands)
def initialize_git_repository(ctx: Context) -> Outcome:
    if (where := repository.existing(ctx.root)) is not None:
        return Outcome("pass", f"nothing changed: {where}", 1, "repos")
    known, unsigned = repository.knows_an_author(ctx.root), ""
    for command in _git_commands(ctx):
        done = ctx.run(command)
        if done.code != 0 and (words := repository.unsigned(ctx.root, command.argv)):
            unsigned = f"not signed, since {complaint(done.stderr)}: git commit --amend --no-edit --gpg-sign"
            done = ctx.run(replace(command, argv=words))
        if done.code != 0:
            raise InfrastructureError(f"git failed: {complaint(done.stderr)}", str(command))
    head = ctx.project.git.ask("log", "-1", "--format=%h on %D") or ""
    notes = ("" if known else _unknown_author(ctx), unsigned)
    return Outcome("pass", "; ".join((head, *filter(None, notes))), 1, "repos")


def _unknown_author(ctx: Context) -> str:
    author = ctx.project.git.ask("log", "-1", "--format=%an <%ae>")
    return (
        f'by {author}, since git knows no author: git config --global user.name "YOUR NAME", and user.email'
    )


def initialize_git_repository_holds(ctx: Context) -> Verdict:
    where = repository.existing(ctx.root)
    if where is None:
        return Verdict(False, ("there is no git repository with a commit",), f"atomci run {ctx.atom.name}")
    branch = ctx.project.git.branch() or "a detached HEAD"
    return Verdict(True, (where, f"on {branch}"))


def configure_gitignore_and_attributes(ctx: Context) -> Outcome:
    added = 0
    for required in layout.REQUIRED:
        path = ctx.root / required.path
        before = path.read_bytes().decode("utf-8", "surrogateescape") if path.is_file() else ""
        after = layout.with_missing_lines(before, required)
        if after != before:
            added += len(layout.missing_lines(before, required))
            replace_file(path, after.encode("utf-8", "surrogateescape"))
    return Outcome("pass", f"{added} entries added" if added else "", len(layout.REQUIRED), "files")


def configure_gitignore_and_attributes_holds(ctx: Context) -> Verdict:
    """Also: nothing that a gate run leaves shows in git status, whatever the files say."""
    problems, evidence = [], []
    for required in layout.REQUIRED:
        path = ctx.root / required.path
        text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
        problems += [f"{required.path} lacks {line}" for line in layout.missing_lines(text, required)]
        evidence += [f"{required.path}:{layout.line_of(text, line)}: {line}" for line in required.lines]
    with suppress(InfrastructureError):  # without git, or a repository, nothing shows
        left = ctx.project.git.states("--", *layout.LEFT_BY_A_RUN)
        problems += [f"git status shows {path}" for path in left]
    return Verdict.of(problems, evidence, f"atomci run {ctx.atom.name}")


def choose_dependency_manager(ctx: Context) -> Outcome:
    chosen = chosen_manager(ctx)
    speakers = ctx.files(*SPEAKERS)
    against = contradictions(ctx.root, speakers, chosen.manager)
    ctx.write(handles.MANAGER, chosen)
    text = f"{chosen.manager}, recorded in {chosen.recorded_in}"
    if not against:
        return Outcome("pass", text, 1 + len(speakers))
    findings = tuple(
        Finding(
            path=line.path,
            line=line.line,
            tool="atomci",
            rule=ctx.atom.name,
            message=f"{line.text!r}, but the choice is {text}",
        )
        for line in against
    )
    reason = f"{text}, but {'; '.join(map(str, against[:3]))}"
    return Outcome("fail", reason, 1 + len(speakers), findings=findings)


def choose_dependency_manager_holds(ctx: Context) -> Verdict:
    chosen = chosen_manager(ctx)
    speakers = ctx.files(*SPEAKERS)
    against = contradictions(ctx.root, speakers, chosen.manager)
    evidence = f"{chosen.manager}, recorded in {chosen.recorded_in}"
    problems = [
        Fact(False, f"{line.text} (the choice is {evidence})", line.path, line.line) for line in against
    ]
    agree = f"none of {len(speakers)} files says otherwise"
    return Verdict.of(problems, [evidence, agree], "choose one, and change the files that name the other")


def _environment_commands(ctx: Context) -> Sequence[Command]:
    if _fitting_version(ctx) is not None:
        return ()
    report = None if ctx.options.preview else ctx.read_if_there(handles.PYTHON)
    python = (report.tools[0].path if report else find_python(ctx, wanted_python(ctx)).path) or "python3"
    folder = environment.folder(ctx.root, os.environ)
    return (Command(_recorded_manager(ctx).make_environment(python, folder)),)


@runs(_environment_commands)
def create_virtual_environment(ctx: Context) -> Outcome:
    folder = environment.folder(ctx.root, os.environ)
    if (version := _fitting_version(ctx)) is not None:
        return Outcome("pass", f"Python {version}, already there", 1, "environments")
    if (why := environment.why_not_replaced(folder)) is not None:
        return Outcome("fail", f"{folder} is in the way: {why}; move it away", 1, "environments")
    (command,) = _environment_commands(ctx)
    is_new = not folder.exists()
    done = ctx.run(command)
    if done.code != 0:
        if is_new:  # half an environment would be taken for a whole one
            shutil.rmtree(folder, ignore_errors=True)
        said = " ".join((done.stderr or done.stdout).split())[:400]
        raise InfrastructureError(f"{folder} can't be made: {said}", str(command))
    return Outcome("pass", f"Python {environment_version(ctx)}", 1, "environments")


def create_virtual_environment_holds(ctx: Context) -> Verdict:
    wanted = wanted_python(ctx)
    folder = environment.folder(ctx.root, os.environ)
    version = environment_version(ctx)
    again = f"atomci run {ctx.atom.name}"
    if version is None:
        return Verdict(False, (f"{folder} is missing or its interpreter doesn't start",), again)
    fits = version in wanted
    return Verdict(fits, (f"{folder} holds Python {version}, {wanted} is wanted",), "" if fits else again)


def _fitting_version(ctx: Context) -> str | None:
    """The version of an environment that is kept."""
    version = environment_version(ctx)
    return version if version is not None and version in wanted_python(ctx) else None


def _recorded_manager(ctx: Context) -> Manager:
    """What atom_010 wrote; what it would write where nothing is to run."""
    recorded = None if ctx.options.preview else ctx.read_if_there(handles.MANAGER)
    return MANAGERS[(recorded or chosen_manager(ctx)).manager]


def _sync_commands(ctx: Context) -> Sequence[Command]:
    return _recorded_manager(ctx).commands(ctx.project, in_ci=ctx.options.in_ci)


@runs(_sync_commands)
def compile_lockfile_and_sync(ctx: Context) -> Outcome:
    manager = MANAGERS[ctx.read(handles.MANAGER).manager]
    lock, in_ci = manager.LOCK, ctx.options.in_ci
    if in_ci and not (ctx.root / lock).is_file():
        why = f"{lock} is missing: type {manager.relock(ctx.root)}, and commit it"
        return Outcome("fail", why, 1, "locks")
    if (why_stale := manager.sync(ctx.project, ctx.run, in_ci=in_ci)) is not None:
        return Outcome("fail", why_stale, 1, "locks")
    installed = len(ctx.project.installed)
    return Outcome("pass", f"{lock}, {installed} packages", 1, "locks")


def compile_lockfile_and_sync_holds(ctx: Context) -> Verdict:
    """The lock is up to date, others can install from it too, and the environment holds what it says."""
    manager = MANAGERS[chosen_manager(ctx).manager]
    if not (ctx.root / manager.LOCK).is_file():
        return Verdict(False, (f"{manager.LOCK} is missing",), manager.relock(ctx.root))
    if environment_version(ctx) is None:
        return Verdict(False, ("there is no environment to install it in",), f"atomci run {ctx.atom.name}")
    found = (manager.unmet(ctx.project, ctx.run), only_here(ctx.project, manager))
    if unmet := [row for row in found if row is not None]:
        return Verdict(False, tuple(row.why for row in unmet), unmet[0].remedy)
    return Verdict(True, (f"{manager.LOCK} is up to date and installed",))


def verify_toolchain_versions(ctx: Context) -> Outcome:
    rows = toolchain_rows(ctx)
    ctx.write(ctx.atom.writes[0], ToolReport(tools=tuple(rows)))
    ctx.log(toolchain.table(rows))
    bad = [
        f"{row.tool} {row.wanted} is wanted, {toolchain.what_is_here(row)}" for row in rows if not row.usable
    ]
    if bad:
        return Outcome("fail", "; ".join(bad), len(rows), "tools")
    return Outcome("pass", "", len(rows), "tools")


def verify_toolchain_versions_holds(ctx: Context) -> Verdict:
    rows = toolchain_rows(ctx)
    lines = [f"{row.tool} {row.wanted}: {row.found or 'none'}" for row in rows]
    problems = [line for row, line in zip(rows, lines, strict=True) if not row.usable]
    return Verdict.of(problems, lines, "atomci run compile_lockfile_and_sync")
