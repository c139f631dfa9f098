"""Which variables code reads: each way to read one, and each that can't be known."""

import pytest

from atomci.configuration.variables import from_the_system, reads_in


def names(text: str) -> list[str | None]:
    return [read.name for read in reads_in("src/demo/a.py", text)]


@pytest.mark.parametrize(
    "text",
    [
        'import os\nx = os.environ["URL"]',
        'import os\nx = os.environ.get("URL")',
        'import os\nx = os.environ.get("URL", "none")',
        'import os\nx = os.environ.pop("URL")',
        'import os\nx = os.environ.setdefault("URL", "x")',
        'import os\nx = os.getenv("URL")',
        'import os\nx = os.getenv(key="URL", default="x")',
        'import os\nx = "URL" in os.environ',
        'import os\nx = "URL" not in os.environ',
        'import os\nos.environ["URL"] += ":x"',
        'import os as o\nx = o.environ["URL"]',
        'import os.path\nx = os.environ["URL"]',
        'import os\nx = os.environb[b"URL"]',
        'from os import environ\nx = environ["URL"]',
        'from os import environ as env\nx = env.get("URL")',
        'from os import getenv as g\nx = g("URL")',
        'from os import *\nx = getenv("URL")',
        'import os\nNAME = "URL"\nx = os.environ[NAME]',
        'import os\nNAME: str = "URL"\ndef f():\n    return os.getenv(NAME)',
        'import os\nPREFIX = "U"\nx = os.environ[PREFIX + "RL"]',
        'import os\nPREFIX = "U"\nx = os.environ[f"{PREFIX}RL"]',
        'import os\nenv = os.environ\nx = env["URL"]',
        'import click\n@click.option("--url", envvar="URL")\ndef f(url): ...',
        'import click\n@click.option("--url", envvar=["URL"])\ndef f(url): ...',
    ],
)
def test_a_read_is_seen(text: str) -> None:
    assert names(text) == ["URL"]


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("import os\ndef f(name): return os.environ[name]", "the name is name"),
        ('import os\ndef f(name): return os.getenv("A" + name)', "the name is 'A' + name"),
        ('import os\ndef f(name): return os.getenv(f"A_{name}")', "the name is"),
        ('import os\nNAME = "A"\nNAME = "B"\nx = os.environ[NAME]', "the name is NAME"),
        ('import os\nNAME = "A"\ndef f(NAME): return os.environ[NAME]', "the name is NAME"),
        ("import os\nx = os.environ[names.URL]", "the name is names.URL"),
        ("import os\nfor name in os.environ: print(name)", "takes the whole environment"),
        ("import os\nx = {**os.environ}", "takes the whole environment"),
        ("import os\nx = os.environ.items()", "takes the whole environment: .items"),
        ("import os\nread(os.environ)", "takes the whole environment"),
        ("import os\nread(os.getenv)", "passes os.getenv on"),
        ("import os\nx = os.environ.get", "takes the whole environment: .get"),
        ("from pydantic_settings import BaseSettings\nclass S(BaseSettings): url: str", "its fields' names"),
    ],
)
def test_a_read_whose_name_cannot_be_known_is_told(text: str, how: str) -> None:
    (read,) = reads_in("src/demo/a.py", text)
    assert read.name is None
    assert how in read.how


@pytest.mark.parametrize(
    "text",
    [
        'import os\nos.environ["URL"] = "x"',
        'import os\ndel os.environ["URL"]',
        'import os\nos.environ.update({"URL": "x"})',
        'environ = {}\nx = environ["URL"]',
        'class os: ...\nx = other.environ["URL"]',
        'def getenv(name): ...\nx = getenv("URL")',
    ],
)
def test_what_is_no_read_of_the_environment_is_left_alone(text: str) -> None:
    assert names(text) == []


def test_reads_have_their_lines() -> None:
    text = 'import os\n\nx = os.environ["B"]\ny = os.getenv(\n    "A",\n)\n'
    assert [(r.name, r.line) for r in reads_in("a.py", text)] == [("B", 3), ("A", 4)]


@pytest.mark.parametrize(("name", "system"), [("PATH", True), ("CI", True), ("GITHUB_STEP_SUMMARY", True),
    ("XDG_CACHE_HOME", True), ("GITHUB_TOKEN", False), ("API_URL", False), ("PORT", False)])  # fmt: skip
def test_what_the_system_sets_is_no_setting_of_the_project(name: str, system: bool) -> None:
    assert from_the_system(name) is system
