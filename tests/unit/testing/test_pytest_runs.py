"""The words that pytest is called with, beside the project's own."""

import pytest

from atomci.testing.pytest_config import PytestConfig
from atomci.testing.pytest_runs import arguments, coverage_words, looks_parallel, marked

QUIET = ("--cov-report=", "--cov-fail-under=0")


@pytest.mark.parametrize(
    ("words", "named", "src", "measured"),
    [
        ((), False, True, ("--cov=src",)),
        # Whatever the settings name, an option would overrule it.
        ((), True, True, ("--cov",)),
        ((), False, False, ("--cov",)),
        (("--cov=demo",), False, True, ()),
        (("--cov",), False, True, ()),
        (("--cov-report=term",), False, True, ("--cov=src",)),
    ],
)
def test_what_is_measured_is_what_the_project_names(
    words: tuple[str, ...], named: bool, src: bool, measured: tuple[str, ...]
) -> None:
    assert coverage_words(PytestConfig(words=words), named=named, src=src) == (*measured, *QUIET)


def test_a_layers_marker_comes_on_top_of_the_projects_own() -> None:
    assert marked(PytestConfig(), "e2e") == "e2e"
    assert marked(PytestConfig(words=("-m", "not slow")), "e2e") == "(not slow) and e2e"
    assert marked(PytestConfig(words=("-m", "not slow")), "") == ""


def test_a_suite_that_is_to_go_on_overrules_the_projects_x() -> None:
    assert "--maxfail=0" in arguments(["tests"], keep_going=True)
    assert "--maxfail=1" in arguments(["tests"], keep_going=False)


@pytest.mark.parametrize(("words", "parallel"), [(("-n", "2"), True), (("-nauto",), True), (("-x",), False)])
def test_workers_of_the_project_are_seen(words: tuple[str, ...], parallel: bool) -> None:
    assert looks_parallel(PytestConfig(words=words)) is parallel
