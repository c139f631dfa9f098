"""A clone of the template stands for its origin where that holds the commit, so that others can install."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from command_line import call

from atomci.template import sources
from atomci.template.origin import shared
from atomci.template.sources import Source

URL = "https://code.example.com/org/atomci"
FILES = {
    "copier.yml": "_subdirectory: template\n",
    "template/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers | to_nice_yaml }}",
}


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
    done = subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(folder: Path, text: str) -> None:
    (folder / "README.md").write_text(text, encoding="utf-8")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", text)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A template in `first`, the host that it was pushed to in `host`."""
    base = tmp_path_factory.mktemp("made")
    for name, text in FILES.items():
        (base / "first" / name).parent.mkdir(parents=True, exist_ok=True)
        (base / "first" / name).write_text(text, encoding="utf-8")
    git(base, "init", "--quiet", "--initial-branch=main", "--template=", "first")
    commit(base / "first", "one")
    git(base, "clone", "--quiet", "--bare", "--template=", "first", "host/org/atomci")
    return base


@pytest.fixture
def clone(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone of a template at a host, which git finds in a folder here."""
    shutil.copytree(made / "host", tmp_path / "host")
    settings = tmp_path / "gitconfig"
    settings.write_text(
        f'[url "{(tmp_path / "host").as_uri()}/"]\n\tinsteadOf = https://code.example.com/\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    git(tmp_path, "clone", "--quiet", "--template=", URL, "clone")
    return tmp_path / "clone"


def asked(clone: Path, tmp_path: Path, ref: str = "HEAD") -> tuple[Source, str]:
    (tmp_path / "empty").mkdir()
    return shared(Source(str(clone), ref), tmp_path / "empty")


def test_a_pushed_commit_is_named_by_its_address_and_read_from_the_clone(clone: Path, tmp_path: Path) -> None:
    head = git(clone, "rev-parse", "HEAD")
    assert asked(clone, tmp_path) == (Source(f"git+{URL}", head, clone=str(clone)), "")


def test_a_pushed_tag_is_named_by_its_name(clone: Path, tmp_path: Path) -> None:
    git(clone, "tag", "v1")
    git(clone, "push", "--quiet", "origin", "v1")
    assert asked(clone, tmp_path)[0].ref == "v1"


def no_origin(clone: Path) -> None:
    git(clone, "remote", "remove", "origin")


def origin_is_gone(clone: Path) -> None:
    git(clone, "remote", "set-url", "origin", "https://code.example.com/org/other")


def changed(clone: Path) -> None:
    (clone / "README.md").write_text("two", encoding="utf-8")


WHY_NOT: dict[str, tuple[Callable[[Path], object], str]] = {
    "not pushed": (lambda clone: commit(clone, "two"), "lacks commit"),
    "tag not pushed": (lambda clone: git(clone, "tag", "v1"), "push origin v1"),
    "tag is another's": (
        lambda clone: (
            git(clone, "tag", "v1"),
            git(clone, "push", "--quiet", "origin", "v1"),
            commit(clone, "two"),
            git(clone, "tag", "--force", "v1"),
        ),
        "push origin v1",
    ),
    "not committed": (changed, "aren't committed"),
    "no origin": (no_origin, "has no origin"),
    "no such origin": (origin_is_gone, "can't be reached"),
}


@pytest.mark.parametrize("case", WHY_NOT)
def test_what_others_cannot_get_stays_a_folder_of_this_machine(
    clone: Path, tmp_path: Path, case: str
) -> None:
    break_it, why = WHY_NOT[case]
    break_it(clone)

    source, said = asked(clone, tmp_path)

    assert (source, why in said) == (Source(str(clone), "HEAD"), True), said


@pytest.mark.parametrize(
    ("origin", "taken"),
    [
        (f"{URL}.git", f"{URL}.git"),
        ("https://ann:hunter2@code.example.com/org/atomci.git", f"{URL}.git"),
        ("git@code.example.com:org/atomci", "git@code.example.com:org/atomci"),
        ("dev@code.example.com:org/atomci", "git+ssh://dev@code.example.com/org/atomci"),
        ("ssh://git@code.example.com/org/atomci", "git+ssh://git@code.example.com/org/atomci"),
    ],
)
def test_the_address_is_one_that_copier_takes_and_holds_no_password(
    clone: Path, tmp_path: Path, origin: str, taken: str
) -> None:
    host = (tmp_path / "host").as_uri()
    (tmp_path / "host/org/atomci.git").symlink_to("atomci")
    for prefix in ("git@code.example.com:", "dev@code.example.com:", "ssh://git@code.example.com/"):
        git(clone, "config", "--global", "--add", f"url.{host}/.insteadOf", prefix)
    git(clone, "config", "remote.origin.url", origin)
    assert asked(clone, tmp_path)[0].location == taken


def test_an_origin_on_this_machine_is_taken_and_said(clone: Path, tmp_path: Path) -> None:
    git(clone, "remote", "set-url", "origin", "../host/org/atomci")
    source, why = asked(clone, tmp_path)
    assert source.location == f"git+{(tmp_path / 'host/org/atomci').as_uri()}"
    assert "is a folder of this machine" in why


def test_a_new_project_records_the_address_and_not_the_clone(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "own_source", lambda ref: Source(str(clone), ref or "HEAD"))
    env = {**os.environ, "GIT_CONFIG_GLOBAL": str(tmp_path / "gitconfig")}

    done = call(("new", "p", "--defaults", "--no-bootstrap"), tmp_path, env)

    assert done.code == 0, done.err
    recorded = yaml.safe_load((tmp_path / "p/.copier-answers.yml").read_text(encoding="utf-8"))
    assert recorded["_src_path"] == f"git+{URL}"
    assert git(clone, "rev-parse", "HEAD").startswith(recorded["_commit"])
