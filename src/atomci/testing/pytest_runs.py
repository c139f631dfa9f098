"""How pytest is called, and what its exit codes mean."""

from __future__ import annotations

from collections.abc import Sequence

from atomci.testing.pytest_config import PytestConfig

__all__ = [
    "LEFT_OUT_VARIABLE",
    "OTHER_RUNS",
    "arguments",
    "coverage_words",
    "environment",
    "looks_parallel",
    "marked",
    "workers_for",
]

LEFT_OUT_VARIABLE = "ATOMCI_LEFT_OUT"
"""Names the file of the selection, to the plugin that leaves tests out."""
OTHER_RUNS = ("PYTEST_XDIST_", "PYTEST_CURRENT_TEST", "ATOMCI_COVERAGE_FILE")
"""How variables begin that aren't for the pytest that runs here: a test may have started atomci, as one of a
worker of xdist, and where its own lines go is no place for those of another project.
"""
NOTHING_COLLECTED = 5
COMPLETE = (0, 1)

# Workers import everything anew and count coverage each for itself, which costs about 40 % more processor
# time, and in the gate one core is busy with the static checks. So it takes the more tests the fewer cores.
_CORE_SECONDS_THAT_PAY = 40.0
_CORE_TESTS_THAT_PAY = 4000


def arguments(
    tests: Sequence[str],
    *,
    keep_going: bool,
    workers: int = 0,
    marker: str = "",
    cover: Sequence[str] = (),
    portion: bool = False,
    observed: bool = False,
    followed: bool = False,
    narrowed: bool = False,
    retried: bool = False,
) -> tuple[str, ...]:
    """The words after `python -m pytest`; `cover` are those that measure coverage."""
    words = [*tests, "-q", "-p", "atomci.testing.recorder"]
    words += ["-p", "atomci.testing.observation.observer"] if observed else []
    words += ["-p", "atomci.testing.observation.functions"] if followed else []
    words += ["-p", "atomci.testing.selection.plugin"] if narrowed else []
    words += ["-p", "atomci.testing.sharding.plugin"] if portion else []
    words += ["-p", "atomci.testing.flaky.plugin"] if retried else []
    words += ["-m", marker] if marker else []
    words += cover
    words += [f"--maxfail={0 if keep_going else 1}"]
    words += ["-n", str(workers)] if workers else []
    return tuple(words)


def coverage_words(config: PytestConfig, *, named: bool, src: bool) -> tuple[str, ...]:
    """What to measure: what the project's settings name, else src/, else what coverage takes by itself.

    The budget is atom 039's, so pytest-cov's own is off.
    """
    words = () if config.has("--cov") else ("--cov=src",) if src and not named else ("--cov",)
    return (*words, "--cov-report=", "--cov-fail-under=0")


def marked(config: PytestConfig, marker: str) -> str:
    """A layer's marker, with what the project's own `-m` asks for."""
    own = config.value("-m")
    return f"({own.strip()}) and {marker}" if own and marker else marker


def environment(root: str, log: str, data: str) -> dict[str, str]:
    """Where the recorder and, by its help (measuring.py), coverage put their files."""
    cover = {"ATOMCI_COVERAGE_FILE": f"{root}/{data}"} if data else {}
    return {"ATOMCI_TEST_LOG": f"{root}/{log}", **cover}


def workers_for(seconds: float | None, tests: int, cores: int) -> tuple[int, str]:
    """How many xdist workers pay, 0 for none, and why. `seconds` is the suite's known time in one process."""
    if cores < 2:
        return 0, "one core"
    if seconds is not None:
        pays = seconds * cores >= _CORE_SECONDS_THAT_PAY
        return (cores if pays else 0), f"{seconds:.1f} s of tests the last time, {cores} cores"
    pays = tests * cores >= _CORE_TESTS_THAT_PAY
    return (cores if pays else 0), f"about {tests} test functions, no time known yet, {cores} cores"


def looks_parallel(config: PytestConfig) -> bool:
    """Whether the project's own settings already choose workers."""
    return any(word.startswith(("-n", "--numprocesses", "--dist")) for word in config.words)
