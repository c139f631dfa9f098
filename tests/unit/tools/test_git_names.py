"""Paths that no tree may hold, on any system."""

import pytest

from atomci.errors import RefusedError
from atomci.tools.git.names import fault_of, refuse_paths

DOT_GIT = "git keeps its own things under that name"


@pytest.mark.parametrize(
    "name",
    [
        ".git", ".GIT", ".Git", ".git.", ".git ", ".git . .", "git~1", "GIT~1", "git~2", ".git:x",
        ".git::$INDEX_ALLOCATION", "git~1.:a", ".g\u200cit", "\ufeff.git", ".git\u200d", ".gi\u202et",
        "a\\.git", "a\\.git\\config", ".git\\config",
    ],
)  # fmt: skip
@pytest.mark.parametrize("place", ["{}", "{}/config", "a/{}", "a/b/{}/hooks/x"])
def test_no_spelling_of_dot_git_is_a_path(name: str, place: str) -> None:
    assert fault_of(place.format(name)) == DOT_GIT


@pytest.mark.parametrize("path", ["..", "../x", "a/../b", "a/..", ".", "./a", "", "a//b", "a/"])
def test_a_path_leads_nowhere_else(path: str) -> None:
    assert fault_of(path) == "it leads elsewhere"


@pytest.mark.parametrize("path", ["/", "/etc/passwd", "C:/x", "c:x"])
def test_a_path_is_relative(path: str) -> None:
    assert fault_of(path) == "it isn't relative"


@pytest.mark.parametrize(
    "path",
    [".gitignore", ".github/x", ".gitattributes", "git", "agit~1", ".git-blame", "a/...", "x.git", "..a"],
)
def test_other_names_are_fine(path: str) -> None:
    assert fault_of(path) is None


def test_the_first_bad_path_is_named() -> None:
    with pytest.raises(RefusedError, match=r"^t holds a/\.\./b: it leads elsewhere$"):
        refuse_paths(["fine", "a/../b", ".git"], "t")
