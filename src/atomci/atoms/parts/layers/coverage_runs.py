"""coverage's reports of a layer's tests, and what is read for them beside the tests."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from typing import Any

from atomci.artifacts.handles import Artifact
from atomci.atoms.parts.layers.layer_runs import lent_variables, why_unmeasured
from atomci.engine.cache import notes_in
from atomci.engine.context import Context
from atomci.testing.layers import Layer
from atomci.testing.measurement import coverage
from atomci.testing.pytest_config import read_pytest_config
from atomci.tools.process import Command

__all__ = [
    "budget_command",
    "combined_commands",
    "combining_command",
    "coverage_command",
    "coverage_settings",
    "reading_sources",
    "reused_command",
]

_SOURCES = "src"
# Bytes of sources; fewer are read as fast as a program starts.
_LEAST_THAT_PAYS = 100_000


def coverage_command(ctx: Context, layer: Layer, kind: str, destination: Artifact[Any]) -> Command:
    """coverage's xml or html report of what a layer covered."""
    assert layer.data is not None, "its coverage is measured"
    rcfile = coverage_settings(ctx, layer)
    words = coverage.report_arguments(kind, destination.path.rstrip("/"), layer.data.path, rcfile)
    return Command((ctx.project.python, *words), _variables(ctx))


def coverage_settings(ctx: Context, layer: Layer) -> str:
    """The file of settings that pytest's own name for coverage; empty where coverage looks for one."""
    return read_pytest_config(ctx.root, layer.folder).value("--cov-config") or ""


def combined_commands(ctx: Context, layers: Sequence[Layer], folder: str) -> tuple[Command, ...]:
    """What several layers covered together, as XML and HTML in a folder; nothing of theirs is removed."""
    rcfile, data = coverage_settings(ctx, layers[0]), f"{folder}coverage.data"
    words = (
        coverage.report_arguments("xml", f"{folder}coverage.xml", data, rcfile),
        coverage.report_arguments("html", f"{folder}htmlcov", data, rcfile),
    )
    reports = (Command((ctx.project.python, *row), _variables(ctx)) for row in words)
    return (combining_command(ctx, layers, data), *reports)


def combining_command(ctx: Context, layers: Sequence[Layer], data: str) -> Command:
    """One file of data of several layers."""
    files = [layer.data.path for layer in layers if layer.data]
    words = coverage.combine_arguments(data, files, coverage_settings(ctx, layers[0]))
    return Command((ctx.project.python, "-m", "coverage", *words), _variables(ctx))


def budget_command(ctx: Context, layer: Layer, data: str, changed: str = "") -> Command:
    """What coverage itself says of what is in a file of data, and by which settings; `changed` is a file that
    says which lines are to be looked at.
    """
    config = read_pytest_config(ctx.root, layer.folder)
    words = coverage.settled_arguments(
        data,
        config.value("--cov-config") or "",
        config.value("--cov-fail-under"),
        config.value("--cov-precision"),
        changed,
    )
    return Command((ctx.project.python, *words), _variables(ctx))


def reused_command(ctx: Context, data: str, given: str) -> Command:
    """What adds lines of earlier runs to coverage's data (reused.py)."""
    words = ("-m", "atomci.testing.measurement.reused", data, given)
    return Command((ctx.project.python, *words), _variables(ctx))


@contextlib.contextmanager
def reading_sources(ctx: Context, layer: Layer) -> Iterator[None]:
    """While the tests run, coverage reads the sources for its reports, where that saves time.

    It takes what processor time the tests and other atoms leave, and ends with the tests: what isn't read by
    then the reports read themselves.
    """
    if not _pays(ctx, layer):
        yield
        return
    command = Command(
        (ctx.project.python, *coverage.reading_arguments((_SOURCES,), coverage_settings(ctx, layer))),
        _variables(ctx),
    )
    ctx.log(f"$ {command}\n")
    with ctx.children.beside(command, ctx.root, ctx.log):
        yield


def _pays(ctx: Context, layer: Layer) -> bool:
    if (os.cpu_count() or 1) < 2 or why_unmeasured(ctx, read_pytest_config(ctx.root, layer.folder)):
        return False
    files = ((ctx.root / file).stat().st_size for file in ctx.files(f"{_SOURCES}/**/*.py"))
    return sum(files) >= _LEAST_THAT_PAYS


def _variables(ctx: Context) -> dict[str, str]:
    """Where the sources are kept as coverage read them: they outlive a run, as what is compiled does."""
    kept = notes_in(ctx.root, ctx.atom).parent / "sources"
    return {coverage.SOURCES_VARIABLE: str(kept), **lent_variables(ctx)}
