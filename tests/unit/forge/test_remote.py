"""Which repository a remote's url names."""

from __future__ import annotations

import pytest

from atomci.forge.remote import HostedRepository, repository_of


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("https://github.com/acme/widget.git", "github.com/acme/widget"),
        ("https://github.com/acme/widget", "github.com/acme/widget"),
        ("https://github.com/acme/widget/", "github.com/acme/widget"),
        ("https://www.github.com/acme/widget", "github.com/acme/widget"),
        ("https://GitHub.com/Acme/Widget.js.git", "github.com/Acme/Widget.js"),
        ("https://me:token@github.com/acme/widget.git", "github.com/acme/widget"),  # pragma: allowlist secret
        ("http://github.localhost/o/r.git", "github.localhost/o/r"),
        ("git@github.com:acme/widget.git", "github.com/acme/widget"),
        ("github.com:acme/widget", "github.com/acme/widget"),
        ("git@github.com:/acme/widget.git", "github.com/acme/widget"),
        ("ssh://git@github.com/acme/widget.git", "github.com/acme/widget"),
        ("git+ssh://git@github.com/acme/widget.git", "github.com/acme/widget"),
        ("ssh://git@ssh.github.com:443/acme/widget.git", "github.com/acme/widget"),
        ("git://github.com/acme/widget.git", "github.com/acme/widget"),
        ("https://ghe.example.com/acme/widget.git", "ghe.example.com/acme/widget"),
        ("https://ghe.example.com:8443/acme/widget.git", "ghe.example.com:8443/acme/widget"),
        ("ssh://git@ghe.example.com:7999/acme/widget.git", "ghe.example.com/acme/widget"),
        ("org-123@acme.ghe.com:acme/widget.git", "acme.ghe.com/acme/widget"),
    ],
)
def test_every_form_of_url_names_its_repository(url: str, named: str) -> None:
    found = repository_of(url)
    assert str(found) == named


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/srv/git/acme/widget.git",
        "../acme/widget.git",
        "file:///srv/acme/widget.git",
        "C:/acme/widget",
        "C:\\acme\\widget",
        "https://github.com/acme",
        "https://github.com/acme/widget/tree/main",
        "git@gitlab.example.com:group/sub/widget.git",
        "https://github.com/acme/wid get",
    ],
)
def test_what_is_no_repository_on_a_host_names_none(url: str) -> None:
    assert repository_of(url) is None


def test_the_api_has_it_below_repos() -> None:
    assert HostedRepository("github.com", "acme", "widget").path == "repos/acme/widget"
