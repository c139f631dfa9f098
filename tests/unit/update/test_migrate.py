"""What migrations make of recorded answers and of files, and what they say of it."""

from types import SimpleNamespace
from typing import Any

import pytest

from atomci.errors import UsageError
from atomci.tools.git.objects import Entry, Files
from atomci.update.migrate import migrated_answers, migrated_files
from atomci.update.migrations import NO_EFFECT, Migration, migration_steps, migrations_between

TABLE = b"""
[[migration]]
id = "late"
version = "2.0.0"
reason = "r"
delete_unmodified = "a"

[[migration]]
id = "early"
version = "1.5.0"
reason = "r"
rename = { from = "a", to = "b" }
"""


class _Stored:
    """Objects whose ids are their contents, in a project that lies in a folder."""

    repository = SimpleNamespace(prefix="sub/")

    def read(self, oids: list[str]) -> dict[str, bytes]:
        return {oid: oid.encode() for oid in oids}

    def write(self, _: str, content: bytes) -> str:
        return content.decode()


def files(**texts: str) -> Files:
    return {f"sub/{name}": Entry("100644", text) for name, text in texts.items()}


def one(kind: str, what: Any, *, skipped: bool = False) -> list[Migration]:
    return [Migration("it", "2.0.0", "r", kind, what, skipped)]


@pytest.mark.parametrize(
    ("kind", "what", "answers", "effect"),
    [
        ("rename_answer", {"from": "a", "to": "b"}, {"b": 1}, "the answer a is called b"),
        ("rename_answer", {"from": "none", "to": "b"}, {"a": 1}, NO_EFFECT),
        ("set_answer", {"name": "c", "value": 2}, {"a": 1, "c": 2}, "c is answered 2"),
        ("set_answer", {"name": "a", "value": 1}, {"a": 1}, NO_EFFECT),
    ],
)
def test_answers_are_renamed_and_set_once(kind: str, what: Any, answers: dict[str, Any], effect: str) -> None:
    recorded = {"a": 1}

    assert migrated_answers(one(kind, what), recorded) == (answers, {"it": effect})
    assert recorded == {"a": 1}


def test_what_is_skipped_has_no_effect() -> None:
    skipped = one("set_answer", {"name": "a", "value": 2}, skipped=True)

    assert migrated_answers(skipped, {"a": 1}) == ({"a": 1}, {})
    assert [(step.skipped, step.effect) for step in migration_steps(skipped, {})] == [(True, NO_EFFECT)]


def migrated(kind: str, what: Any, ours: Files, base: Files, theirs: Files) -> tuple[Files, Files, str]:
    objects: Any = _Stored()
    before = (dict(ours), dict(base))
    found = migrated_files(one(kind, what), objects, ours, base, theirs)
    assert (ours, base) == before
    return found.ours, found.base, found.effects["it"]


def test_a_rename_goes_along_in_both_and_is_told_by_the_new_path() -> None:
    objects: Any = _Stored()
    old = {**files(**{"d/x": "1", "d/y": "2"})}

    found = migrated_files(one("rename", {"from": "d/", "to": "e/"}), objects, old, old, {})

    assert found.ours == found.base == files(**{"e/x": "1", "e/y": "2"})
    assert found.renamed == {"sub/e/x": "sub/d/x", "sub/e/y": "sub/d/y"}
    assert found.effects == {"it": "sub/d/ becomes sub/e/"}


def test_nothing_is_renamed_over_a_file() -> None:
    both = files(a="1", b="2")

    assert migrated("rename", {"from": "a", "to": "b"}, both, {}, {}) == (both, {}, NO_EFFECT)


def test_what_was_not_edited_is_deleted_and_what_was_stays() -> None:
    base = files(a="1")

    assert migrated("delete_unmodified", "a", base, base, {}) == ({}, {}, "sub/a is removed")
    edited = files(a="2")
    kept = migrated("delete_unmodified", "a", edited, base, {})
    assert kept == (edited, base, "sub/a was changed, so it stays")
    assert migrated("delete_unmodified", "a", base, base, base) == (base, base, NO_EFFECT)


def test_a_key_moves_in_both_and_what_cannot_be_changed_is_left_to_the_user() -> None:
    what = {"file": "p", "from": "a.x", "to": "b.x"}
    text, moved = "[a]\nx = 1\n[b]\n", "[a]\n[b]\nx = 1\n"

    assert migrated("move_key", what, files(p=text), files(p=text), {}) == (
        files(p=moved), files(p=moved), "sub/p: a.x becomes b.x"
    )  # fmt: skip
    ours = files(p="a = {x = 1}\n")
    left, _, said = migrated("move_key", what, ours, files(p=text), {})
    assert left == ours
    assert said.startswith("sub/p: move a.x to b.x by hand, ")


def test_migrations_between_two_versions_come_in_the_order_of_theirs() -> None:
    def ids(before: str, after: str) -> list[str]:
        return [migration.id for migration in migrations_between(TABLE, before, after)]

    assert ids("v1.0.0", "v2.0.0") == ["early", "late"]
    assert ids("v1.5.0", "v2.0.0") == ["late"]
    assert ids("v1.5.0-3-gabcdef", "v1.9.0") == []
    assert ids("v2.0.0", "v2.0.0") == []
    assert ids("abcdef1", "v1.6.0") == ["early"]


def test_only_migrations_of_the_update_can_be_skipped() -> None:
    assert [m.skipped for m in migrations_between(TABLE, "1.0.0", "2.0.0", {"late"})] == [False, True]
    with pytest.raises(UsageError, match="--skip late") as caught:
        migrations_between(TABLE, "1.0.0", "1.9.0", {"late"})
    assert caught.value.hint == "it has: early"
