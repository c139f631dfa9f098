"""Where a template is, as typed and as this installation knows of itself."""

import importlib.metadata
import json
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from atomci.errors import UsageError
from atomci.template import sources
from atomci.template.sources import Source, named_source, own_source, with_template_extra


class _Installed:
    """A distribution that was installed in some way."""

    def __init__(self, direct_url: object) -> None:
        self._text = json.dumps(direct_url) if direct_url is not None else None

    def read_text(self, _: str) -> str | None:
        return self._text


def installed(monkeypatch: pytest.MonkeyPatch, direct_url: object) -> None:
    monkeypatch.setattr(importlib.metadata, "distribution", lambda _: _Installed(direct_url))


def test_a_folder_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "template").mkdir()
    monkeypatch.chdir(tmp_path)

    for typed in ("template", "./template", str(tmp_path / "template")):
        assert named_source(typed, "v1") == Source(str((tmp_path / "template").resolve()), "v1")


@pytest.mark.parametrize("typed", ["gh:org/name", "https://example.com/a.git", "git@github.com:a/b", "a/b"])
def test_another_address_stays_as_it_was_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    monkeypatch.chdir(tmp_path)

    assert named_source(typed, None) == Source(typed)


@pytest.mark.parametrize("typed", ["none", "./none", "../none", "/none/at/all", "~/none/at/all"])
def test_a_folder_that_is_not_there_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(UsageError, match=f"there is no folder {typed}"):
        named_source(typed, None)


@pytest.mark.parametrize(
    ("vcs", "ref", "taken"),
    [
        ({"commit_id": "abc", "requested_revision": "v1"}, None, "v1"),
        ({"commit_id": "abc"}, None, "abc"),
        ({"commit_id": "abc", "requested_revision": "v1"}, "v2", "v2"),
    ],
)
def test_an_installation_from_git_renders_what_it_was_installed_from(
    monkeypatch: pytest.MonkeyPatch, vcs: dict[str, str], ref: str | None, taken: str
) -> None:
    installed(monkeypatch, {"url": "https://example.com/a.git", "vcs_info": vcs})

    assert own_source(ref) == Source("git+https://example.com/a.git", taken)


@pytest.mark.parametrize(("has_git", "ref", "taken"), [(True, None, "HEAD"), (False, None, None),
                                                       (True, "v2", "v2")])  # fmt: skip
def test_an_installation_from_a_folder_takes_it_as_it_is_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_git: bool, ref: str | None, taken: str | None
) -> None:
    folder = tmp_path / "a folder"
    folder.mkdir()
    (folder / "copier.yml").write_text("")
    if has_git:
        (folder / ".git").mkdir()
    installed(monkeypatch, {"url": folder.as_uri(), "dir_info": {}})

    assert own_source(ref) == Source(str(folder), taken)


def test_an_installation_that_does_not_tell_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(monkeypatch, {"url": tmp_path.as_uri(), "dir_info": {}})

    with pytest.raises(UsageError, match="doesn't know which template") as caught:
        own_source()

    assert "--template" in caught.value.hint


def test_sources_that_are_not_installed_are_a_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise PackageNotFoundError(name)

    checkout = Path(sources.__file__).parents[3]
    for found in (missing, lambda _: _Installed(None)):
        monkeypatch.setattr(importlib.metadata, "distribution", found)

        assert own_source("v9") == Source(str(checkout), "v9")


@pytest.mark.parametrize(
    ("direct_url", "requirement"),
    [
        (None, "atomci[template]"),
        (
            {"url": "https://me:word@example.com/a.git", "vcs_info": {"commit_id": "abc"}},
            "atomci[template] @ git+https://example.com/a.git@abc",
        ),
        (
            {"url": "ssh://git@example.com/a", "vcs_info": {"commit_id": "a", "requested_revision": "v1"}},
            "atomci[template] @ git+ssh://git@example.com/a@v1",
        ),
    ],
)
def test_what_renders_is_installed_from_where_this_came_from(
    direct_url: object, requirement: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    installed(monkeypatch, direct_url)
    monkeypatch.setattr(sources, "_checkout", lambda: tmp_path)

    assert with_template_extra() == requirement


def test_a_checkout_is_installed_from_its_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "copier.yml").touch()
    installed(monkeypatch, {"url": tmp_path.as_uri(), "dir_info": {}})

    assert with_template_extra() == f"{tmp_path}[template]"
