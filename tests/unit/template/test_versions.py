"""Which version is newer, and what an address becomes for git."""

import pytest
from packaging.version import Version

from atomci.errors import UsageError
from atomci.template.sources import address, credentials_in
from atomci.template.versions import newest_tag, position


@pytest.mark.parametrize(
    ("tags", "prereleases", "newest"),
    [
        (["v1.9.0", "v1.10.0", "v1.2.0"], False, "v1.10.0"),
        (["v1.0.0", "v2.0.0rc1"], False, "v1.0.0"),
        (["v1.0.0", "v2.0.0rc1"], True, "v2.0.0rc1"),
        (["nightly", "release-9", "1.0"], False, "1.0"),
        (["v1.2.0", "v1.2.0.post1"], False, "v1.2.0.post1"),
        (["nightly"], False, None),
        (["v1.0a1"], False, None),
        ([], True, None),
    ],
)
def test_the_newest_tag_is_the_highest_release(
    tags: list[str], prereleases: bool, newest: str | None
) -> None:
    assert newest_tag(tags, prereleases=prereleases) == newest


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("v1.2.0", (Version("1.2.0"), 0)),
        ("v1.2.0-3-gabc1234", (Version("1.2.0"), 3)),
        ("v1.2.0-rc1", (Version("1.2.0rc1"), 0)),
        ("nightly-3-gabc1234", None),
        ("abc1234", None),
        ("deadbee", None),
    ],
)
def test_a_recorded_version_has_a_position(name: str, found: object) -> None:
    assert position(name) == found


@pytest.mark.parametrize(
    "location",
    [
        "gh:org/name", "gl:org/name", "gh:/org/name", "gh:org/name.git", "https://github.com/org/name",
        "https://github.com/org/name.git", "https://gitlab.com/org/name", "git@github.com:org/name.git",
        "git@example.com:org/name", "git://example.com/name", "git+https://example.com/name",
        "git+file:///srv/name", "git+ssh://git@example.com/name", "https://example.com/name.git",
        "ssh://git@example.com/name.git",
    ],
)  # fmt: skip
def test_an_address_is_what_copier_makes_of_it(location: str) -> None:
    from copier._vcs import get_repo

    assert address(location) == get_repo(location)


@pytest.mark.parametrize("location", [".", "../template", "template", "./template.git"])
def test_a_relative_path_is_refused_with_the_way_out(location: str) -> None:
    with pytest.raises(UsageError) as caught:
        address(location)

    assert "--template" in caught.value.hint


@pytest.mark.parametrize(
    ("location", "clean"),
    [
        ("https://user:secret@example.com/a.git", "https://example.com/a.git"),  # pragma: allowlist secret
        ("https://token@example.com/a.git", "https://example.com/a.git"),
        (
            "git+https://user:secret@example.com:8443/a",  # pragma: allowlist secret
            "https://example.com:8443/a",
        ),
        ("ssh://me:secret@example.com/a.git", "ssh://me@example.com/a.git"),  # pragma: allowlist secret
        ("git+ssh://me:secret@example.com/a", "ssh://me@example.com/a"),  # pragma: allowlist secret
        ("https://example.com/a.git?token=abc", "https://example.com/a.git"),
        ("https://example.com/a.git?x=1&private_token=abc", "https://example.com/a.git"),
        ("https://example.com/a.git", None),
        ("https://example.com/a.git?ref=token", None),
        ("ssh://git@example.com/a.git", None),
        ("git@example.com:a.git", None),
        ("gh:org/name", None),
        ("/srv/a@b/template", None),
    ],
)
def test_credentials_in_an_address_are_seen(location: str, clean: str | None) -> None:
    assert credentials_in(location) == clean
