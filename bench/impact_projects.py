"""The released projects that impact.py changes, and how each becomes a repository with an environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TESTMON, IMPACTED = "testmon", "impacted"
_IGNORED = (".venv/", "__pycache__/", ".pytest_cache/", ".testmondata*", "*.egg-info/", ".coverage")
_ODD = ("PYTHON", "PYTEST", "COVERAGE", "ATOMCI", "VIRTUAL_ENV", "UV_PROJECT", "GIT_", "CI", "GITHUB_ACTIONS")


class BenchError(Exception):
    """The measurement went wrong, so there is no figure to show."""


@dataclass(frozen=True)
class Released:
    """A project on PyPI with its tests in the sdist: where its code and tests are, what the tests need.

    `settings` is the file that tells pytest where the tests are, where the project's own doesn't.
    """

    version: str
    sha256: str
    package: str
    tests: str
    needs: tuple[str, ...] = ()
    settings: Mapping[str, str] | None = None
    plugins: bool = False


PROJECTS = {
    "diff-cover": Released(
        version="11.0.1",
        sha256="18fff3b9df6f28c62953859fb16302d1dec0189d79f3ea437c0bcad5cc60dcf3",
        package="diff_cover",
        tests="tests",
        needs=(
            *("pytest-datadir", "pytest-mock", "pycodestyle", "flake8", "pyflakes", "pylint", "pydocstyle"),
        ),
    ),
    "bandit": Released(
        version="1.9.4",
        sha256="b589e5de2afe70bd4d53fa0c1da6199f4085af666fde00e8a034f152a52cd628",
        package="bandit",
        tests="tests",
        needs=(
            *("fixtures", "testscenarios", "testtools", "beautifulsoup4", "pyyaml", "gitpython"),
            *("sarif-om", "jschema-to-python", "stestr"),
        ),
        settings={"pytest.ini": "[pytest]\ntestpaths = tests\n"},
        plugins=True,
    ),
    "click": Released(
        version="8.5.1",
        sha256="9bbfada76703fd1d784b83eea012e3e8c6a001a876543ef104fa56aaaeb072b4",
        package="src/click",
        tests="tests",
    ),
    "itsdangerous": Released(
        version="2.2.0",
        sha256="e0050c0b7da1eea53ffaf149c0cfbb5c6e2e2b69c4bef22c81fa6eb73e5f6173",
        package="src/itsdangerous",
        tests="tests",
        needs=("freezegun",),
    ),
    "jinja2": Released(
        version="3.1.6",
        sha256="0137fb05990d35f1275a587e9aee6d56da821fc83491a0fb838183be43f66d6d",
        package="src/jinja2",
        tests="tests",
        needs=("trio",),
    ),
    "pluggy": Released(
        version="1.7.0",
        sha256="d1eaa46ebb595891b860ab086b4d09c8588af65ebd4361b8e8f4bb8920b90ba8",
        package="src/pluggy",
        tests="testing",
        needs=("pytest-benchmark",),
    ),
    "stevedore": Released(
        version="5.10.0",
        sha256="6005f32c09dc3159802a61c04862770e439e32db22f6da78ba56e8a735466882",
        package="stevedore",
        tests="stevedore/tests",
        needs=("sphinx", "testtools"),
        settings={"pytest.ini": "[pytest]\ntestpaths = stevedore/tests\n"},
        plugins=True,
    ),
    "werkzeug": Released(
        version="3.1.9",
        sha256="55ca7c70a75689be937aa27f8ff4b018f06ff4838fc73045560bf0f5a1291060",
        package="src/werkzeug",
        tests="tests",
        needs=("cffi", "cryptography", "ephemeral-port-reserve", "pytest-timeout", "watchdog"),
    ),
}


@dataclass(frozen=True)
class Project:
    """One of PROJECTS, ready to be changed: `folder` holds all that was made for it."""

    name: str
    about: Released
    folder: Path

    @property
    def root(self) -> Path:
        """The repository."""
        return self.folder / "project"

    @property
    def files(self) -> list[str]:
        """The package's modules, without tests that are part of it."""
        found = (self.root / self.about.package).rglob("*.py")
        names = (path.relative_to(self.root).as_posix() for path in found)
        return sorted(name for name in names if not name.startswith(f"{self.about.tests}/"))

    def python(self, environment: str = "project/.venv") -> Path:
        """Of the project's environment, or of one with another selector."""
        scripts = self.folder / environment / ("Scripts" if os.name == "nt" else "bin")
        return scripts / ("python.exe" if os.name == "nt" else "python")

    def env(self, environment: str = "project/.venv") -> dict[str, str]:
        """With that environment's programs first; tests get a home and a temporary folder of their own."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_ODD)}
        kept["PATH"] = os.pathsep.join((str(self.python(environment).parent), kept["PATH"]))
        for name in ("HOME", "TMPDIR"):
            (self.folder / name.lower()).mkdir(exist_ok=True)
            kept[name] = str(self.folder / name.lower())
        who = {
            f"GIT_{role}_{part}": "bench@localhost"
            for role in ("AUTHOR", "COMMITTER")
            for part in ("NAME", "EMAIL")
        }
        return kept | who

    def clean(self) -> None:
        """As it was committed: what tests left in it is gone; what git ignores stays."""
        shutil.rmtree(self.folder / "tmpdir", ignore_errors=True)
        call(["git", "checkout", "--quiet", "--force", "."], self.root, self.env())
        call(["git", "clean", "--quiet", "-d", "--force"], self.root, self.env())


def prepare(name: str, keep: Path) -> Project:
    """The project in a folder of its own below `keep`, made unless it is there already."""
    project = Project(name, PROJECTS[name], keep / name)
    made, recipe = project.folder / "prepared.txt", repr(project.about)
    if made.is_file() and made.read_text(encoding="utf-8") == recipe:
        return project
    shutil.rmtree(project.folder, ignore_errors=True)
    project.folder.mkdir(parents=True)
    _unpack(project)
    own = ("pytest", *project.about.needs, "--editable", str(project.root))
    for environment, wanted in (
        ("project/.venv", own),
        (TESTMON, (*own, "pytest-testmon")),
        (IMPACTED, ("pytest-impacted",)),  # which reads the project without importing it
    ):
        call(["uv", "venv", "--quiet", "--python", sys.executable, environment], project.folder)
        python = str(project.python(environment))
        call(["uv", "pip", "install", "--quiet", "--python", python, *wanted], project.folder)
    with (project.root / ".gitignore").open("a", encoding="utf-8") as file:
        file.write("\n" + "\n".join(_IGNORED) + "\n")
    for path, text in (project.about.settings or {}).items():
        (project.root / path).write_text(text, encoding="utf-8")
    for words in (("init", "-q", "-b", "main"), ("add", "--all"), ("commit", "-q", "-m", "As released")):
        call(["git", *words], project.root, project.env())
    made.write_text(recipe, encoding="utf-8")
    return project


def _unpack(project: Project) -> None:
    folder = project.folder / "sdist"
    folder.mkdir()
    (folder / "requirements.txt").write_text(
        f"{project.name}=={project.about.version} --hash=sha256:{project.about.sha256}\n", encoding="utf-8"
    )
    pip = ["uv", "tool", "run", "pip", "download", "--quiet", "--no-deps", "--no-binary", project.name]
    call([*pip, "--require-hashes", "--requirement", "requirements.txt", "--dest", "."], folder)
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    next(path for path in folder.iterdir() if path.is_dir()).rename(project.root)


def call(
    argv: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None, ok: Sequence[int] = (0,)
) -> str:
    """A command that has to end with one of these exit codes; what it printed."""
    done = subprocess.run(argv, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode not in ok:
        raise BenchError(
            f"{' '.join(argv)}\nexit {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    return done.stdout
