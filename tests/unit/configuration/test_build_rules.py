"""pyproject.toml: what a build must leave behind (atom 013)."""

import io
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from atomci.configuration import pyproject
from atomci.configuration.documents import Document
from atomci.tools.process import Command, Completed

TEXT = "[build-system]\n[project]\nname = 'sample'\n"
DOCUMENT = Document("pyproject.toml", TEXT, tomllib.loads(TEXT), {("project", "name"): 3})
WHEEL = ("sample/__init__.py", "sample-1.dist-info/METADATA")
SDIST = ("sample-1/pyproject.toml", "sample-1/src/sample/__init__.py")


def problems(out: Path, wheel: tuple[str, ...] | None, sdist: tuple[str, ...] | None) -> list[str]:
    if wheel is not None:
        with zipfile.ZipFile(out / "sample-1-py3-none-any.whl", "w") as archive:
            for name in wheel:
                archive.writestr(name, "")
    if sdist is not None:
        with tarfile.open(out / "sample-1.tar.gz", "w:gz") as packed:
            for name in sdist:
                packed.addfile(tarfile.TarInfo(name), io.BytesIO())
    done = Completed(Command(("build",)), 0, "", "", 0.1)
    facts = pyproject.built(DOCUMENT, done, out, ("sample",))
    return [str(fact) for fact in facts if not fact.ok]


@pytest.mark.parametrize("wheel", [WHEEL, ("sample.py", "sample-1.dist-info/METADATA")])
def test_a_wheel_with_code_and_an_sdist_to_build_from_hold(tmp_path: Path, wheel: tuple[str, ...]) -> None:
    assert problems(tmp_path, wheel, SDIST) == []


@pytest.mark.parametrize(
    ("wheel", "sdist", "says"),
    [
        (None, SDIST, "the build left no wheel"),
        (WHEEL, None, "the build left no sdist"),
        (WHEEL[1:], SDIST, "the wheel lacks sample of src/"),
        (WHEEL, SDIST[1:], "the sdist lacks pyproject.toml"),
        (WHEEL, ("sample-1/src/demo/pyproject.toml",), "the sdist lacks pyproject.toml"),
        (WHEEL, ("sample-1/README.md",), "the sdist lacks pyproject.toml"),
    ],
)
def test_a_distribution_that_nobody_can_use_is_a_problem(
    tmp_path: Path, wheel: tuple[str, ...] | None, sdist: tuple[str, ...] | None, says: str
) -> None:
    (line,) = problems(tmp_path, wheel, sdist)

    assert says in line
