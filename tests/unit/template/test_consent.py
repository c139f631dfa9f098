"""What the user said of a template is kept in a file of the user's own."""

from pathlib import Path

import pytest

from atomci.template.consent import consents, is_trusted, trust


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the user keeps settings."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("APPDATA", str(tmp_path / "config"))
    return tmp_path / "config"


def test_it_is_said_once_for_each_way_to_write_the_address(config: Path) -> None:
    assert not is_trusted("gh:org/name")

    assert trust("gh:org/name").is_relative_to(config)
    trust("https://github.com/org/name.git")

    assert is_trusted("git+https://github.com/org/name.git")
    assert consents().read_text(encoding="utf-8") == "https://github.com/org/name\n"


@pytest.mark.parametrize("other", ["gh:org/name2", "gh:org/nam", "gl:org/name", "https://evil.com/org/name"])
def test_it_says_nothing_of_others(other: str) -> None:
    trust("gh:org/name")

    assert not is_trusted(other)


def test_a_folder_is_known_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    trust(str(tmp_path / "t"))

    assert is_trusted(f"file://{tmp_path}/t")
    assert not is_trusted(str(tmp_path))


def test_a_relative_place_is_no_users_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", ".")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("APPDATA")

    assert consents() == tmp_path / ".config/atomci/trusted.txt"
