"""Ways to break a generated project, and what each is: `python tests/broken_projects.py PROJECT` makes the logs.

PROJECT is a new library (`atomci new PROJECT --defaults`) with its environment and without changes. It is broken
in each way, one after the other, its targets run, and what the run said goes to tests/fixtures/failures/, without
paths, times and what passed. `git restore` and `git clean` put the project back.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["CASES", "FOLDER", "Broken"]

FOLDER = Path(__file__).parent / "fixtures/failures"
_MODULE, _UNIT = "src/*/slug.py", "tests/unit/test_slug.py"
_INTEGRATION, _E2E, _CONFTEST = (
    "tests/integration/test_slug_in_git.py",
    "tests/e2e/test_installed.py",
    "tests/conftest.py",
)
_TAIL = 4000


@dataclass(frozen=True)
class Broken:
    """One way: texts that are added to files, put in the place of others, or that make a file; and what it is."""

    classes: tuple[str, ...]
    """`layer kind` of each failure, in any order."""
    append: dict[str, str] = field(default_factory=dict)
    replace: dict[str, tuple[str, str]] = field(default_factory=dict)
    write: dict[str, str] = field(default_factory=dict)
    remove: tuple[str, ...] = ()
    hide: tuple[str, ...] = ()
    """Programs or packages of the environment that are out of the way meanwhile."""
    env: dict[str, str] = field(default_factory=dict)
    targets: tuple[str, ...] = ("local_ci",)


def _test(body: str, head: str = "") -> str:
    return f"{head}\n\n\ndef test_more() -> None:\n    {body}\n"


def _unit(body: str, head: str = "", path: str = "tests/unit/test_more.py") -> dict[str, str]:
    return {path: _test(body, head).lstrip()}


def _setting(text: str) -> dict[str, str]:
    return {"pyproject.toml": f"\n{text}\n"}


def _timeout(atom: str, seconds: str) -> dict[str, str]:
    return _setting(f"[tool.atomci.atoms.{atom}]\ntimeout = {seconds}")


_INTEGRATED = ("integration",)
_INSTALLED = ("e2e",)
CASES: dict[str, Broken] = {
    # static
    "unused-import": Broken(("static lint-fixable",), replace={_MODULE: ("import re\n", "import os\nimport re\n")}),
    "unsorted-imports": Broken(("static lint-fixable",), replace={_MODULE: ("import re\nimport unicodedata", "import unicodedata\nimport re")}),
    "too-complex": Broken(("unit coverage", "static lint",), append={_MODULE: "\n\ndef b(x: int = 0, id: int = 1) -> int:\n    return x + id\n"}),
    "undefined-name": Broken(("static format", "static lint", "static type", "unit collection"), append={_MODULE: "\nNOTHING = undefined\n"}),
    "forgotten-print": Broken(("static lint",), write=_unit('print("here")')),
    "unformatted": Broken(("static format",), append={_MODULE: "\nSIZES = {  'a':1 }\n"}),
    "unformatted-test": Broken(("static format",), write=_unit("assert  1 ==  1")),
    "wrong-type": Broken(("static format", "static type",), append={_MODULE: '\nSIZE: int = "1"\n'}),
    "untyped-function": Broken(("unit coverage", "static type",), append={_MODULE: "\n\ndef double(x):\n    return x * 2\n"}),
    "wrong-return": Broken(("unit test-assert", "static type",), replace={_MODULE: ('or "untitled"', "or None")}),
    "syntax-error": Broken(("static lint", "static format", "static type", "unit collection"), append={_MODULE: "\ndef broken(:\n"}),
    "lint-format-and-type": Broken(("static lint", "static lint-fixable", "static format", "static type"), append={_MODULE: "\nimport os\nSIZE: int = ( 'a')\n"}),
    # unit
    "assertion": Broken(("unit test-assert",), replace={_UNIT: ('"snake-case"', '"snake_case"')}),
    "assertion-with-message": Broken(("unit test-assert",), write=_unit('assert sum([1, 1]) == 3, "they add up"')),
    "does-not-raise": Broken(("static format", "unit test-assert"), write=_unit("with pytest.raises(ValueError, match='x'):\n        int('1')", "import pytest")),
    "strict-xfail-passes": Broken(("unit test-assert",), write={"tests/unit/test_more.py": 'import pytest\n\n\n@pytest.mark.xfail(reason="known")\ndef test_more() -> None:\n    assert sum([1]) == 1\n'}),
    "pytest-fail": Broken(("unit test-assert",), write=_unit('pytest.fail("not yet")', "import pytest")),
    "code-raises": Broken(("static type", "unit test-raised",), replace={_MODULE: ('"-".join(', '1 // len(title and "") or "-".join(')}),
    "key-error": Broken(("unit test-raised",), write=_unit('sizes: dict[str, int] = {}\n    assert sizes["a"] == 1')),
    "warning-as-error": Broken(("unit test-raised",), write=_unit('warnings.warn("old", DeprecationWarning, stacklevel=1)', "import warnings")),
    "recursion": Broken(("unit test-raised",), write=_unit("def again() -> None:\n        again()\n\n    again()")),
    "fixture-fails": Broken(("unit test-error",), write={"tests/unit/test_more.py": 'import pytest\n\n\n@pytest.fixture\ndef broken() -> int:\n    raise RuntimeError("no server")\n\n\ndef test_more(broken: int) -> None:\n    assert broken\n'}),
    "tear-down-fails": Broken(("unit test-error",), write={"tests/unit/test_more.py": 'from collections.abc import Iterator\n\nimport pytest\n\n\n@pytest.fixture\ndef held() -> Iterator[int]:\n    yield 1\n    raise RuntimeError("left behind")\n\n\ndef test_more(held: int) -> None:\n    assert held\n'}),
    "unknown-fixture": Broken(("unit test-error",), write={"tests/unit/test_more.py": "def test_more(nowhere: int) -> None:\n    assert nowhere\n"}),
    "missing-module": Broken(("static type", "unit collection"), write=_unit("assert nowhere", "import nowhere")),
    "import-error": Broken(("static type", "unit collection"), write=_unit("assert slugs", "from re import slugs")),
    "conftest-broken": Broken(("static format", "unit collection",), append={_CONFTEST: '\nif sorted("ba"):\n    raise RuntimeError("not here")\n'}),
    "unknown-marker": Broken(("unit collection",), write={"tests/unit/test_more.py": "import pytest\n\n\n@pytest.mark.quick\ndef test_more() -> None:\n    assert sum([1]) == 1\n"}),
    "test-times-out": Broken(("unit time-out",), write={"tests/unit/test_more.py": "import time\n\nimport pytest\n\n\n@pytest.mark.timeout(0.2)\ndef test_more() -> None:\n    time.sleep(5)\n"}),
    "interpreter-dies": Broken(("unit crash",), write=_unit("ctypes.string_at(0)", "import ctypes")),
    "os-exit": Broken(("unit crash",), write=_unit("os._exit(0)", "import os")),
    "pytest-exit": Broken(("unit crash",), write=_unit('pytest.exit("enough")', "import pytest")),
    "disk-full-in-test": Broken(("infra disk",), write=_unit('raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))', "import errno\nimport os")),
    "no-name-service": Broken(("infra network",), write=_unit('raise socket.gaierror(-3, "Temporary failure in name resolution")', "import socket")),
    "not-covered": Broken(("unit coverage",), append={_MODULE: "\n\ndef other(x: int) -> int:\n    if x > 1:\n        return 2\n    if x > 0:\n        return 1\n    x += 1\n    return x\n"}),
    "no-tests": Broken(("unit nothing-examined",), remove=(_UNIT,)),
    "all-skipped": Broken(("unit nothing-examined",), replace={_UNIT: ("@pytest.mark.parametrize", '@pytest.mark.skip(reason="later")\n@pytest.mark.parametrize')}),
    "bad-addopts": Broken(("unit config",), replace={"pyproject.toml": ('"--strict-config"', '"--strict-configs"')}),
    "unknown-pytest-option": Broken(("unit config",), replace={"pyproject.toml": ("xfail_strict = true", "xfails_strict = true")}),
    # infra
    "bad-ruff-settings": Broken(("static config",), replace={"pyproject.toml": ("[tool.ruff]\nline-length = 100", '[tool.ruff]\nline-length = "wide"')}),
    "ruff-missing": Broken(("infra tool-missing",), hide=("bin/ruff",)),
    "black-missing": Broken(("infra tool-missing",), hide=("bin/black",)),
    "mypy-missing": Broken(("infra tool-missing",), hide=("bin/mypy",)),
    "mypy-takes-too-long": Broken(("infra time-out",), append=_timeout("run_mypy_typecheck", "0.05")),
    "pytest-takes-too-long": Broken(("infra time-out",), append=_timeout("run_pytest_unit_with_coverage", "0.2")),
    "swapped-tool-breaks": Broken(("infra tool-broke",), append=_setting('[tool.atomci.atoms.run_mypy_typecheck]\nrun = "python -c \'import os; os.abort()\'"\nreads = "pyright"')),
    # other layers
    "integration-assertion": Broken(("integration test-assert",), replace={_INTEGRATION: ('f"?? {slug}', 'f"A {slug}')}, targets=_INTEGRATED),
    "integration-program-fails": Broken(("integration test-raised",), replace={_INTEGRATION: ('"--short"]', '"--shorter"]')}, targets=_INTEGRATED),
    "integration-set-up": Broken(("integration test-error",), replace={_CONFTEST: ('["git", "init", "--quiet"', '["git", "initial", "--quiet"')}, targets=_INTEGRATED),
    "e2e-assertion": Broken(("e2e test-assert",), replace={_E2E: ('"creme-brulee-for-two\\n"', '"creme"')}, targets=_INSTALLED),
    "e2e-import": Broken(("e2e collection",), replace={_E2E: ("import sys", "import sys\nimport nowhere")}, targets=_INSTALLED),
}  # fmt: skip


def _apply(project: Path, broken: Broken) -> list[tuple[Path, Path]]:
    def found(path: str) -> Path:
        return next(project.glob(path), project / path)

    for path, text in broken.append.items():
        file = found(path)
        file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")
    for path, (old, new) in broken.replace.items():
        text = found(path).read_text(encoding="utf-8")
        assert old in text, (path, old)
        found(path).write_text(text.replace(old, new, 1), encoding="utf-8")
    for path, text in broken.write.items():
        (project / path).write_text(text, encoding="utf-8")
    for path in broken.remove:
        found(path).unlink()
    moved = [(project / ".venv" / name, project / ".venv" / f"{name}.hidden") for name in broken.hide]
    for here, there in moved:
        here.rename(there)
    return moved


def _run(project: Path, broken: Broken) -> str:
    """The id of the run."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "ATOMCI_"))}
    words = [
        str(project / ".venv/bin/atomci"),
        "run",
        *broken.targets,
        "--keep-going",
        "--json",
        "--no-cache",
    ]
    done = subprocess.run(
        words, cwd=project, env={**env, **broken.env}, capture_output=True, text=True, check=False
    )
    return str(json.loads(done.stdout.splitlines()[0])["run"])


def _said(project: Path, run: str) -> dict[str, Any]:
    """What is kept of a run: events that tell of something that isn't green, and the ends of their logs."""
    folder = project / "artifacts/runs" / run
    clean = _cleaner(project)
    events, tails = [], {}
    for line in clean((folder / "events.jsonl").read_text(encoding="utf-8")).splitlines():
        event = json.loads(line)
        kind = event["event"]
        event.update(
            {key: "" for key in ("time", "log") if key in event} | {"seconds": 0.0}
            if "seconds" in event
            else {}
        )
        if kind == "atom_finished" and event["status"] in ("fail", "vacuous", "error"):
            events.append({**event, "commands": [], "outputs": [], "time": ""})
            log = folder / f"{event['atom']}.log"
            tails[event["atom"]] = clean(log.read_text(encoding="utf-8"))[-_TAIL:] if log.is_file() else ""
        elif kind == "test" and event["outcome"] not in ("passed", "skipped", "xfailed"):
            events.append({**event, "details": event.get("details", "")[-_TAIL:], "fixtures": []})
    return {"events": events, "tails": tails}


def _cleaner(project: Path) -> Any:
    root = re.escape(json.dumps(str(project))[1:-1])
    rules = (
        (re.compile(root), "PROJECT"),
        (re.compile(r"/(?:[\w.+-]+/)+(?=lib/python3|bin/python|site-packages)"), "PYTHON/"),
        (re.compile(re.escape(tempfile.gettempdir()) + r"/[\w./-]+"), "TEMP"),
        (re.compile(r"0x[0-9a-f]{6,}"), "0x0"),
        (re.compile(re.escape(str(Path.home())) + r"[\w./-]*"), "HOME"),
    )

    def clean(text: str) -> str:
        for pattern, instead in rules:
            text = pattern.sub(instead, text)
        return text

    return clean


def main(project: Path, wanted: list[str]) -> None:
    """Break it in each way, and keep what is said."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, broken in CASES.items():
        if wanted and name not in wanted:
            continue
        moved = _apply(project, broken)
        try:
            said = _said(project, _run(project, broken))
        finally:
            for here, there in moved:
                there.rename(here)
            for words in (("restore", "."), ("clean", "--quiet", "--force", "-d", "src", "tests")):
                subprocess.run(["git", *words], cwd=project, check=True)
        text = json.dumps(said, indent=1, ensure_ascii=False) + "\n"
        (FOLDER / f"{name}.json").write_text(text, encoding="utf-8")
        sys.stdout.write(f"{name}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), sys.argv[2:])
