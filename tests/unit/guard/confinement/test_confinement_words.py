"""What each back-end is told of the bounds, and which one is taken."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from atomci.guard.confinement import bubblewrap, choice, landlock, seatbelt
from atomci.guard.confinement.bounds import Bounds, Caps
from atomci.guard.confinement.choice import confined


@pytest.fixture
def bounds(tmp_path: Path) -> Bounds:
    for name in ("tree/.git", "scratch", "home/.ssh"):
        (tmp_path / name).mkdir(parents=True)
    return Bounds(
        writable=(tmp_path / "tree",),
        scratch=tmp_path / "scratch",
        protected=(tmp_path / "tree/.git",),
        hidden=(tmp_path / "home/.ssh", tmp_path / "home/.netrc"),
        environment={"PATH": "/usr/bin:/bin"},
    )


def _rules(words: Sequence[str], name: str) -> list[str]:
    """What the launcher is told under a name."""
    told = (word.partition("=") for word in words[3 : words.index("--")])
    return [value for said, _, value in told if said == name]


def _mounts(words: Sequence[str]) -> list[tuple[str, str]]:
    """Kind and place of each, in order."""
    kinds = {"--bind": 2, "--ro-bind": 2, "--tmpfs": 1, "--remount-ro": 1}
    return [(word, words[at + kinds[word]]) for at, word in enumerate(words) if word in kinds]


def test_bubblewrap_mounts_what_is_deeper_later_and_nothing_over_what_is_missing(bounds: Bounds) -> None:
    places = _mounts(bubblewrap.confined(bounds, ("true",), bounds.writable[0]))
    tree, hidden, missing = str(bounds.writable[0]), str(bounds.hidden[0]), str(bounds.hidden[1])
    assert places[0] == ("--ro-bind", "/")
    assert places.index(("--bind", tree)) < places.index(("--ro-bind", f"{tree}/.git"))
    assert ("--tmpfs", hidden) in places
    assert ("--remount-ro", hidden) in places
    assert missing not in [place for _, place in places]


def test_bubblewrap_shows_where_a_link_of_the_resolver_leads(
    bounds: Bounds, tmp_path: Path, monkeypatch
) -> None:
    real = tmp_path / "stub.conf"
    real.touch()
    (tmp_path / "resolv.conf").symlink_to(real)
    monkeypatch.setattr(bubblewrap, "_NAMES", tmp_path / "resolv.conf")
    assert ("--ro-bind", str(real)) in _mounts(bubblewrap.confined(bounds, ("true",), bounds.writable[0]))


def test_a_socket_that_cannot_be_seen_gets_no_mount(bounds: Bounds, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "seen").touch()
    hidden, seen = tmp_path / "file/agent.sock", tmp_path / "seen"
    listed = tmp_path / "unix"
    listed.write_text(f"Num RefCount Path\n1: 2 {hidden}\n1: 2 @abstract\n1: 2 {seen}\n")
    monkeypatch.setattr(bubblewrap, "_LISTENING", listed)
    monkeypatch.setattr(bubblewrap, "_TEMPORARY", tmp_path / "elsewhere")
    words = bubblewrap.confined(bounds, ("true",), bounds.writable[0])
    assert str(hidden) not in words
    assert words[words.index(str(seen)) - 2 : words.index(str(seen))] == ("--ro-bind", "/dev/null")
    words = bubblewrap.confined(replace(bounds, sockets=True), ("true",), bounds.writable[0])
    assert words[words.index(str(seen)) - 1 : words.index(str(seen)) + 2] == (
        "--ro-bind",
        str(seen),
        str(seen),
    )
    assert "/run" not in [place for _, place in _mounts(words)]


@pytest.mark.parametrize(("network", "apart"), [("on", False), ("off", True)])
def test_bubblewrap_takes_the_network_away_where_it_is_off(bounds: Bounds, network, apart) -> None:
    words = bubblewrap.confined(replace(bounds, network=network), ("true",), bounds.writable[0])
    assert ("--unshare-net" in words) == apart


def test_no_word_holds_a_value_of_the_environment(bounds: Bounds) -> None:
    bounds = replace(bounds, environment={"TOKEN": "s3cret"})
    for backend in choice.BACKENDS:
        words = backend.confined(bounds, ("true",), bounds.writable[0])
        assert [word for word in words if "s3cret" in word] == []


def test_landlock_keeps_a_folder_inside_a_writable_one_apart_and_tells_the_price(bounds: Bounds) -> None:
    words = landlock.confined(bounds, ("true",), bounds.writable[0])
    assert _rules(words, "writable")[:2] == [str(bounds.writable[0]), str(bounds.scratch)]
    assert _rules(words, "apart") == [str(bounds.protected[0])]
    assert [gap for gap in landlock.gaps(bounds) if f"directly in {bounds.writable[0]}," in gap]


@pytest.mark.parametrize(("version", "told"), [(3, True), (5, True), (6, False), (7, False)])
def test_an_older_landlock_says_that_signals_go_out(bounds: Bounds, monkeypatch, version, told) -> None:
    monkeypatch.setattr(landlock, "_version", lambda: version)
    assert bool([gap for gap in landlock.gaps(bounds) if "can be ended" in gap]) == told


def test_landlock_does_not_keep_a_file_inside_a_writable_folder_apart_and_says_so(bounds: Bounds) -> None:
    file = bounds.writable[0] / "file"
    file.touch()
    bounds = replace(bounds, protected=(file,))
    words = landlock.confined(bounds, ("true",), bounds.writable[0])
    assert _rules(words, "apart") == []
    assert [gap for gap in landlock.gaps(bounds) if gap.startswith(str(file))]


@pytest.mark.parametrize(
    ("network", "sockets", "families"),
    [
        ("on", False, ["2", "10", "16"]),
        ("on", True, ["1", "2", "10", "16"]),
        ("off", False, ["16"]),
        ("off", True, ["1", "16"]),
    ],
)
def test_landlock_permits_these_families_of_sockets(bounds: Bounds, network, sockets, families) -> None:
    bounds = replace(bounds, network=network, sockets=sockets)
    words = landlock.confined(bounds, ("true",), bounds.writable[0])
    assert _rules(words, "family") == families


def test_memory_is_a_limit_of_data_since_node_reserves_more_than_it_uses(bounds: Bounds) -> None:
    bounds = replace(bounds, caps=Caps(memory=1 << 30, file_size=1 << 20, cpu=60))
    for backend in choice.BACKENDS:
        words = backend.confined(bounds, ("true",), bounds.writable[0])
        assert _rules(words, "limit") == ["CORE:0", f"DATA:{1 << 30}", "CPU:60", f"FSIZE:{1 << 20}"]


def test_the_profile_of_macos_forbids_after_it_allows(bounds: Bounds) -> None:
    lines = seatbelt.profile(replace(bounds, network="off")).splitlines()
    tree = bounds.writable[0]
    assert lines[:3] == ["(version 1)", "(allow default)", "(deny file-write*)"]
    allowed = lines.index(f'(allow file-write* (subpath "{tree}") (subpath "{bounds.scratch}"))')
    assert allowed < lines.index(f'(deny file-write* (subpath "{tree}/.git"))')
    assert f'(deny file-read* (subpath "{bounds.hidden[0]}") (subpath "{bounds.hidden[1]}"))' in lines
    assert lines[-1] == "(deny network*)"


def test_on_macos_sockets_are_refused_as_connections_since_files_are_not_asked(bounds: Bounds) -> None:
    assert '(deny network-outbound (remote unix-socket (subpath "/")))' in seatbelt.profile(bounds)
    assert "unix-socket" not in seatbelt.profile(replace(bounds, sockets=True))


def test_a_path_with_a_quote_ends_no_rule_of_macos(bounds: Bounds, tmp_path: Path) -> None:
    odd = tmp_path / 'a")(allow default)("'
    assert '\\")(allow default)(\\"' in seatbelt.profile(replace(bounds, writable=(odd,)))


def test_degraded_says_that_nothing_is_stopped(bounds: Bounds) -> None:
    program = confined(
        replace(bounds, network="off"), ("true",), bounds.writable[0], degraded=True, backends=[]
    )
    assert (program.level, program.backend) == ("detect", "none")
    assert [gap for gap in program.gaps if "network" in gap]
    assert "nothing is stopped" in program.gaps[0]
