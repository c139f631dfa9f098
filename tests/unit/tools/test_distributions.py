"""What is installed, read off the folders on sys.path."""

import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from atomci.tools.distributions import info_folders, own_version


def test_the_own_version_is_that_of_the_installed_package() -> None:
    assert own_version() == version("atomci")


@pytest.mark.parametrize(
    ("folder", "told"), [("atomci-9.1.dist-info", "9.1"), ("atomci_more-9.1.dist-info", ""), ("atomci-9", "")]
)
def test_only_an_own_folder_tells_the_version(
    folder: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / folder).mkdir()
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    own_version.cache_clear()
    try:
        assert own_version() == (told or version("atomci"))
    finally:
        own_version.cache_clear()


def test_folders_are_found_in_the_order_of_the_search_and_what_is_none_is_passed_over(tmp_path: Path) -> None:
    for name in ("b/z-1.dist-info", "b/a.egg-info", "a/m-2.dist-info", "a/m"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "lib.zip").write_bytes(b"")
    search = [str(tmp_path / name) for name in ("lib.zip", "b", "missing", "a")]
    names = [folder.name for folder in info_folders(search)]
    assert names == ["a.egg-info", "z-1.dist-info", "m-2.dist-info"]
