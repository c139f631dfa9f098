"""The fixtures of a project's tests, as pytest knows them without a run, and moved where they belong."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from atomci.artifacts import handles
from atomci.artifacts.handed.fixtures import FixtureFinding, SharedFixtures
from atomci.artifacts.handed.schemas import Finding
from atomci.atoms.parts.layers.layer_runs import lent_variables
from atomci.atoms.parts.options import FixtureOptions
from atomci.engine.cache import make_room, notes_in
from atomci.engine.context import Context, Outcome
from atomci.engine.events import new_run_id
from atomci.engine.inputs.files import Inputs
from atomci.guard.snapshot.take import Limits, take
from atomci.testing.fixtures.asking import FILE_VARIABLE, PLUGIN
from atomci.testing.fixtures.findings import CollectedSuite, FixtureMove, collected, findings, moves
from atomci.testing.fixtures.moving import after_moves
from atomci.testing.fixtures.sources import SourceFile, source_of
from atomci.testing.judging import complaint
from atomci.testing.pytest_config import is_test_file, read_pytest_config
from atomci.tools.atomic import replace_file
from atomci.tools.process import Command

__all__ = ["collecting", "look_at_fixtures"]


def collecting(ctx: Context) -> Command:
    """pytest, which collects all tests and runs none."""
    config = read_pytest_config(ctx.root, "")
    words = ["--collect-only", "-q", "-p", PLUGIN, "-p", "no:cacheprovider"]
    words += ["--no-cov"] if config.has("--cov") else []
    variables = {FILE_VARIABLE: _file(ctx).as_posix(), **lent_variables(ctx)}
    argv = (ctx.project.python, "-m", "pytest", *words)
    return Command(argv, variables, without=("PYTEST_XDIST_", "PYTEST_CURRENT_TEST"))


def look_at_fixtures(ctx: Context) -> Outcome:
    """Find what is wrong with them, and with `--write` move what can be moved."""
    writes = ctx.option(FixtureOptions).write
    if writes and ctx.options.in_ci:
        return Outcome(
            "fail", f"--write changes files, so it works on a developer's machine only: {_again(ctx)}"
        )
    suite = _collected(ctx)
    if isinstance(suite, str):
        return Outcome("error", suite, 0, "tests")
    if not suite.tests and not suite.errors:
        return Outcome("vacuous", "pytest collects no test", 0, "tests")
    files = _sources(ctx)
    found = findings(suite, files)
    told = SharedFixtures(found=found)
    if writes and (planned := tuple(moves(found, files))):
        told = _written(ctx, suite, files, planned)
    ctx.write(handles.SHARED_FIXTURES, told)
    return _outcome(ctx, suite, told)


def _again(ctx: Context) -> str:
    return f"atomci run {ctx.atom.id} --write"


def _outcome(ctx: Context, suite: CollectedSuite, told: SharedFixtures) -> Outcome:
    said = []
    for kind in ("unknown", "duplicate", "unused"):
        names = dict.fromkeys(each.name for each in told.found if each.kind == kind)
        said += [f"{kind}: {', '.join(names)}"] if names else []
    said += [f"moved {each}" for each in told.moved]
    said += [f"atomci undo {told.undo} takes it back"] if told.undo else []
    said += [f"put back, since {told.put_back}"] if told.put_back else []
    movable = any(each.belongs and not each.why for each in told.found)
    said += [f"{_again(ctx)} moves what can be moved"] if movable and not told.put_back else []
    if suite.errors:
        said.insert(0, f"{suite.errors[0]} can't be collected, so nobody knows what is unused")
        return Outcome("error", "; ".join(said), len(suite.tests), "tests", _findings(told.found))
    red = told.put_back or any(each.kind != "unused" for each in told.found)
    bad = _findings(told.found)
    return Outcome("fail" if red else "pass", "; ".join(said), len(suite.tests), "tests", bad)


def _findings(found: Sequence[FixtureFinding]) -> tuple[Finding, ...]:
    return tuple(_finding(each) for each in found)


def _finding(each: FixtureFinding) -> Finding:
    place = each.places[0] if each.places else f"{each.asked_by[0].partition('::')[0]}:1"
    path, _, line = place.rpartition(":")
    message = f"{each.kind} fixture {each.name}"
    message += f", belongs into {each.belongs}" if each.belongs else ""
    message += f", did you mean {each.like}?" if each.like else ""
    message += f" ({each.why})" if each.why else ""
    rule = f"fixture-{each.kind}"
    return Finding(path=path, line=int(line), tool="atomci", rule=rule, message=message)


def _file(ctx: Context) -> Path:
    return notes_in(ctx.root, ctx.atom).with_name(f"{ctx.atom.name}.json")


def _collected(ctx: Context) -> CollectedSuite | str:
    """What pytest collects; or why nobody knows."""
    file = _file(ctx)
    make_room(ctx.root)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    done = ctx.run(collecting(ctx))
    try:
        return collected(file.read_bytes())
    except (FileNotFoundError, msgspec.DecodeError):
        said = complaint(f"{done.stdout}\n{done.stderr}") or done.last_line
        return f"pytest told no fixtures (exit {done.code}): {said}"


def _sources(ctx: Context) -> dict[str, SourceFile]:
    """Test files and conftests, as they are now."""
    patterns = read_pytest_config(ctx.root, "").test_files
    paths = [
        path
        for path in Inputs(ctx.root).matching(("**/*.py",))
        if path.rpartition("/")[2] == "conftest.py" or is_test_file(path, patterns)
    ]
    found = ((path, source_of(path, (ctx.root / path).read_bytes())) for path in paths)
    return {path: source for path, source in found if source is not None}


def _written(
    ctx: Context, suite: CollectedSuite, files: dict[str, SourceFile], planned: tuple[FixtureMove, ...]
) -> SharedFixtures:
    """Move all at once, else one by one; what changes more than it should is put back."""
    undo, own = new_run_id(), Limits(ignored_folder_files=0)
    take(ctx.root, undo, limits=own)
    done, why = list(planned), _tried(ctx, suite, files, planned)
    if why and len(planned) > 1:
        done = []
        for move in planned:
            now = _sources(ctx)
            if not (again := _tried(ctx, _as_collected(ctx, suite), now, (_again_found(move, now),))):
                done.append(move)
            why = again or why
    elif why:
        done = []
    take(ctx.root, undo, "after", own)
    after = _as_collected(ctx, suite)
    return SharedFixtures(
        found=findings(after, _sources(ctx)),
        moved=tuple(f"{move.sources[0].name} to {move.target}" for move in done),
        undo=undo if done else "",
        put_back=why if not done else "",
    )


def _as_collected(ctx: Context, otherwise: CollectedSuite) -> CollectedSuite:
    suite = _collected(ctx)
    return otherwise if isinstance(suite, str) else suite


def _again_found(move: FixtureMove, files: Mapping[str, SourceFile]) -> FixtureMove:
    """The same move, by the lines as they are now."""
    digest = move.sources[0].digest
    sources = [each for old in move.sources for each in files[old.path].fixtures if each.digest == digest]
    return FixtureMove(move.target, tuple(sources))


def _tried(
    ctx: Context, before: CollectedSuite, files: Mapping[str, SourceFile], planned: Sequence[FixtureMove]
) -> str:
    """Move, and put back unless the same tests get the same fixtures then; returns why it was put back."""
    new, root = after_moves(planned, files), ctx.root.resolve()
    if out := sorted(path for path in new if not (root / path).resolve().is_relative_to(root)):
        return f"{out[0]} leads out of this project, where atomci undo brings nothing back"
    old = {path: (ctx.root / path).read_bytes() if path in files else None for path in new}
    try:
        for path in sorted(new, key=lambda path: path not in {move.target for move in planned}):
            _put(ctx.root / path, new[path])
        suite = _collected(ctx)
        why = suite if isinstance(suite, str) else _difference(before, files, suite, _sources(ctx))
    except BaseException:
        _put_back(ctx.root, old)
        raise
    if why:
        _put_back(ctx.root, old)
    return why


def _put(path: Path, content: bytes) -> None:
    """With the permissions that a file has, through a link where it is one."""
    real = path.resolve() if path.is_symlink() else path
    mode = real.stat().st_mode if real.exists() else None
    replace_file(real, content)
    if mode is not None:
        os.chmod(real, mode & 0o7777)  # noqa: PTH101


def _put_back(root: Path, old: Mapping[str, bytes | None]) -> None:
    for path, content in old.items():
        if content is None:
            (root / path).unlink(missing_ok=True)
        else:
            _put(root / path, content)


def _difference(
    before: CollectedSuite,
    old: Mapping[str, SourceFile],
    after: CollectedSuite,
    new: Mapping[str, SourceFile],
) -> str:
    """What is otherwise than it was, but for unknown fixtures that are known now; empty without any."""
    first, second = _by_digest(before, old), _by_digest(after, new)
    if lost := sorted(set(after.errors) - set(before.errors)):
        return f"{lost[0]} couldn't be collected"
    if differing := sorted(first.keys() ^ second.keys()):
        return f"{differing[0]} was {'lost' if differing[0] in first else 'new'}"
    for nodeid, uses in first.items():
        for name in {*uses, *second[nodeid]}:
            was, now = uses.get(name), second[nodeid].get(name)
            if was != now and was and (was[0] or now is None):
                return f"{nodeid} would get another fixture {name}"
    return ""


def _by_digest(
    suite: CollectedSuite, files: Mapping[str, SourceFile]
) -> dict[str, dict[str, tuple[str, ...]]]:
    known = {fixture.place: fixture.digest for file in files.values() for fixture in file.fixtures}
    return {
        nodeid: {name: tuple(known.get(place, place) for place in places) for name, places in uses.items()}
        for nodeid, uses in suite.tests
    }
