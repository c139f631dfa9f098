"""Which versions an update goes from and to: by names alone where they tell, never back by itself."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from atomci.artifacts.printed.sync import Update
from atomci.errors import RefusedError
from atomci.template.answers import Recorded
from atomci.template.repository import Release, Template
from atomci.update import span
from atomci.update.request import Request
from atomci.update.span import Span, chosen_span

RELEASES = {"v1": Release("c1", "v1"), "v2": Release("c2", "v2"), "HEAD": Release("c3", "v2-1-gabcd"),
            "same": Release("c1", "v1")}  # fmt: skip


class _Shop:
    """A shop whose templates have the releases above; `asked` are the versions that were looked up."""

    def __init__(self, newest: str | None) -> None:
        self.asked: list[str] = []
        self.tell = lambda _: None
        self._newest = newest

    def newest(self, _: str, *, prereleases: bool) -> str | None:
        return "v3rc1" if prereleases else self._newest

    def template(self, location: str) -> Any:
        def release(ref: str) -> Release:
            self.asked.append(ref)
            return RELEASES[ref]

        def is_older(one: Release, than: Release) -> bool:
            return Template.is_older(SimpleNamespace(), one, than)  # type: ignore[arg-type]

        return SimpleNamespace(location=location, release=release, recorded=release, is_older=is_older)


@pytest.fixture(autouse=True)
def _no_copier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(span, "import_meanwhile", lambda: None)


def recorded(version: str) -> Recorded:
    values = {"_src_path": "gh:a/b", "_commit": version}
    return Recorded(Path("/nowhere"), ".copier-answers.yml", values)


def chosen(shop: Any, version: str, **request: Any) -> Span | Update:
    return chosen_span(shop, recorded(version), Request(**request))


@pytest.mark.parametrize(
    ("newest", "request_", "wanted"),
    [
        ("v2", {}, "v2"),
        (None, {}, "HEAD"),
        ("v2", {"to": "HEAD"}, "HEAD"),
        ("v2", {"answers": {"a": "b"}}, "v1"),
        ("v2", {"template": "gh:c/d"}, "v1"),
        ("v2", {"answers": {"a": "b"}, "to": "v2"}, "v2"),
    ],
)
def test_the_version_is_the_named_one_the_newest_or_with_other_answers_the_recorded_one(
    newest: str | None, request_: dict[str, Any], wanted: str
) -> None:
    found = chosen(_Shop(newest), "v1", **request_)

    assert isinstance(found, Span)
    assert (found.old, found.new) == (RELEASES["v1"], RELEASES[wanted])
    assert found.template.location == request_.get("template", "gh:a/b")


def test_a_project_of_the_newest_release_is_up_to_date_without_a_look_at_its_template() -> None:
    shop = _Shop("v2")

    found = chosen(shop, "v2")

    assert isinstance(found, Update)
    assert (found.state, found.before, found.after) == ("up-to-date", "v2", "v2")
    assert shop.asked == []


def test_another_name_of_the_same_commit_is_nothing_to_do() -> None:
    found = chosen(_Shop("v2"), "v1", to="same")

    assert isinstance(found, Update)
    assert (found.state, found.notes) == ("up-to-date", ())


def test_who_is_ahead_of_the_newest_release_stays_there() -> None:
    found = chosen(_Shop("v2"), "HEAD")

    assert isinstance(found, Update)
    assert found.notes == ("ahead of the newest release, v2",)


def test_an_older_version_is_refused_where_it_is_named() -> None:
    with pytest.raises(RefusedError, match="v1 is older than v2") as caught:
        chosen(_Shop("v2"), "v2", to="v1")

    assert ".copier-answers.yml" in caught.value.hint


def test_pre_releases_count_where_they_are_asked_for() -> None:
    found = chosen(_Shop("v2"), "v3rc1", prereleases=True)

    assert isinstance(found, Update)
    assert found.after == "v3rc1"
