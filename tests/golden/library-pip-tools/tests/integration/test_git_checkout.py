from collections.abc import Callable
from pathlib import Path

from my_library import read_outline


def test_line_endings_of_a_checkout_do_not_matter(git_repo: Path, git: Callable[..., str]) -> None:
    document = git_repo / "guide.md"
    before = read_outline(document)

    document.unlink()
    git("-c", "core.autocrlf=true", "checkout", "--", "guide.md")

    assert b"\r\n" in document.read_bytes()
    assert read_outline(document) == before
