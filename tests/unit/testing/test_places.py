"""Names of project files behind the paths that tests use."""

import os
from pathlib import Path

import pytest

from atomci.testing.selection.places import Places


@pytest.fixture
def root(tmp_path: Path) -> Path:
    top = tmp_path.resolve() / "top"
    (top / "data" / "deep").mkdir(parents=True)
    return top


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("data/a.txt", {"data/a.txt"}),
        ("tests/../data/a.txt", {"data/a.txt"}),
        ("./data/./deep/../a.txt", {"data/a.txt"}),
        ("../top/data/a.txt", {"data/a.txt"}),
        ("data/", {"data/"}),
        ("", {"./"}),
        ("tests/../", {"./"}),
        ("../other/a.txt", set()),
        ("../topmost/a.txt", set()),
    ],
)
def test_dots_lead_where_the_system_goes(root: Path, path: str, names: set[str]) -> None:
    assert Places(f"{root}{os.sep}").of(f"{root}{os.sep}{path}") == names


def test_the_root_itself_is_no_file(root: Path) -> None:
    assert Places(str(root)).of(str(root)) == set()


@pytest.mark.skipif(os.name == "nt", reason="links take rights there that few have")
def test_each_link_on_the_way_counts_and_where_it_leads(root: Path) -> None:
    (root / "one").symlink_to("two")
    (root / "two").symlink_to(root / "data" / "deep")
    (root / "out").symlink_to(root.parent)
    places = Places(str(root))
    assert places.of(f"{root}/one/a.txt") == {"one", "two", "data/deep/a.txt"}
    assert places.of(f"{root}/one/../b.txt") == {"one", "two", "data/b.txt"}
    assert places.of(f"{root}/one/") == {"one", "two", "data/deep/"}
    assert places.of(f"{root}/out/elsewhere.txt") == {"out"}
    assert places.of(f"{root}/out/top/c.txt") == {"out", "c.txt"}


@pytest.mark.skipif(os.name == "nt", reason="links take rights there that few have")
def test_a_circle_of_links_comes_to_an_end(root: Path) -> None:
    (root / "round").symlink_to("around")
    (root / "around").symlink_to("round")
    assert {"round", "around"} <= Places(str(root)).of(f"{root}/round/a.txt")
