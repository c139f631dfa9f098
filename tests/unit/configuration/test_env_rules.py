"""`.env.example` against the code's reads, and workflows' secrets against the declared ones."""

from pathlib import Path

import pytest

from atomci.configuration import env_example
from atomci.configuration.ci import declared_secrets
from atomci.configuration.documents import yaml_document
from atomci.configuration.variables import Read

URL = Read("src/a.py", 3, "URL")
UNKNOWN = Read("src/b.py", 7, None, "the name is name")
# Put together here, so that no scanner takes this file for a leak.
GITHUB = "ghp_" + "a1B2" * 9


def problems(text: str | None, *reads: Read, elsewhere: dict[str, str] | None = None) -> list[str]:
    return [str(fact) for fact in env_example.facts(text, reads, elsewhere or {}) if not fact.ok]


@pytest.mark.parametrize("text", ["URL=x", "# URL=x", "#URL=", "export URL='x'", "  URL = x # why"])
def test_an_entry_covers_a_read(text: str) -> None:
    assert problems(text, URL) == []


def test_a_read_without_an_entry_is_told_with_its_line() -> None:
    assert problems("", URL) == ["src/a.py:3: reads URL, and it isn't in .env.example"]
    assert problems("# url=x is prose", URL) != []
    assert problems("# pythonLocation=", Read("src/a.py", 3, "pythonLocation")) == []
    assert problems(None, URL) == ["src/a.py:3: reads URL, and there is no .env.example"]


def test_without_reads_no_example_is_owed() -> None:
    assert problems(None) == []


def test_an_entry_that_nothing_reads_is_told_with_its_line() -> None:
    assert problems("# top\nURL=x\nOLD=1", URL) == [".env.example:3: nothing reads OLD"]
    assert problems("# top\n# OLD=1") == [".env.example:2: nothing reads OLD"]
    assert problems("OLD=1", elsewhere={"OLD": "Dockerfile"}) == []


def test_a_name_that_cannot_be_known_may_be_any_entry_and_is_shown() -> None:
    facts = list(env_example.facts("OLD=1", [UNKNOWN], {}))
    assert all(fact.ok for fact in facts)
    assert [str(fact) for fact in facts] == [
        "src/b.py:7: reads a variable whose name isn't known: the name is name",
        ".env.example:1: OLD may be read by src/b.py:7 only",
    ]


def test_an_entry_twice_is_told() -> None:
    assert problems("URL=x\nURL=y", URL) == [".env.example:2: URL is given twice, first in line 1"]


@pytest.mark.parametrize(
    "entry",
    [f"TOKEN={GITHUB}", f"# TOKEN={GITHUB}", "API_KEY=9f8a7b6c5d4e3f2a1b0c", "DB_PASSWORD='q8Zt1vR5!mK2x'",
     "DB_URL=postgres://app:q8Zt1vR5mK2x@db.acme.org/app"],  # pragma: allowlist secret
)  # fmt: skip
def test_a_real_looking_secret_is_told_without_being_repeated(entry: str) -> None:
    name, _, value = entry.removeprefix("# ").partition("=")
    (told,) = problems(entry, Read("src/a.py", 1, name))
    assert told.startswith(f".env.example:1: {name} has what looks like a real secret")
    assert value.strip("'") not in told


@pytest.mark.parametrize(
    "entry",
    ["TOKEN=", "TOKEN=change-me-1234567", "API_KEY=<your key>", "API_KEY=your-api-key-123",
     "DB_PASSWORD=postgres", "DB_URL=postgres://postgres:postgres@localhost:5432/app", "PORT=8000",  # pragma: allowlist secret
     "BASE_URL=https://api.acme.org/v1"],
)  # fmt: skip
def test_a_harmless_value_is_let_be(entry: str) -> None:
    assert problems(entry, Read("src/a.py", 1, entry.partition("=")[0])) == []


def secrets(tmp_path: Path, text: str, *declared: str) -> list[str]:
    (tmp_path / "w.yml").write_text(text, encoding="utf-8")
    document = yaml_document(tmp_path, "w.yml")
    return [str(f) for f in declared_secrets.facts([document], declared, "pyproject.toml:9") if not f.ok]


@pytest.mark.parametrize(
    "use",
    ["secrets.HOOK", "secrets['HOOK']", "secrets . hook", "format('{0}', secrets.HOOK)", "SECRETS.Hook"],
)
def test_a_secret_that_is_not_declared_is_told_with_its_line(tmp_path: Path, use: str) -> None:
    text = f"on: push\nenv:\n  A: b\n  HOOK: ${{{{ {use} }}}}\n"
    told = "w.yml:4: uses the secret HOOK; declare it: [tool.atomci] secrets in pyproject.toml"
    assert secrets(tmp_path, text) == [told]
    assert secrets(tmp_path, text, "HOOK") == []
    assert secrets(tmp_path, text, "hook") == []


def test_a_use_amid_a_script_has_its_own_line(tmp_path: Path) -> None:
    text = "jobs:\n  a:\n    steps:\n      - run: |\n          true\n          echo ${{ secrets.HOOK }}\n"
    (told,) = secrets(tmp_path, text)
    assert told.startswith("w.yml:6: ")


def test_a_condition_needs_no_braces(tmp_path: Path) -> None:
    assert len(secrets(tmp_path, "jobs:\n  a:\n    if: secrets.HOOK != ''\n")) == 1


@pytest.mark.parametrize(
    "text",
    ["env:\n  A: ${{ secrets.GITHUB_TOKEN }}\n", "# ${{ secrets.HOOK }}\non: push\n", "run: echo secrets.HOOK\n",
     "env:\n  A: ${{ 'secrets.HOOK' }}\n", "env:\n  A: ${{ vars.secrets.HOOK }}\n",
     "on:\n  workflow_call:\n    secrets:\n      hook: {}\nenv:\n  A: ${{ secrets.hook }}\n"],
)  # fmt: skip
def test_what_needs_no_declaration(tmp_path: Path, text: str) -> None:
    assert secrets(tmp_path, text) == []


@pytest.mark.parametrize(
    "text",
    ["env:\n  A: ${{ toJSON(secrets) }}\n", "env:\n  A: ${{ secrets[matrix.name] }}\n",
     "jobs:\n  secrets: inherit\n"],
)  # fmt: skip
def test_secrets_that_are_not_named_are_told(tmp_path: Path, text: str) -> None:
    (told,) = secrets(tmp_path, text, *[])
    assert "all secrets" in told or "without naming them" in told


def test_a_declaration_that_nothing_uses_is_told(tmp_path: Path) -> None:
    told = "pyproject.toml:9: declares the secret HOOK, which no workflow uses"
    assert secrets(tmp_path, "on: push\n", "HOOK") == [told]
