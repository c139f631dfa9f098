"""Which classes have objects when a test begins, as far as Python's collector knows."""

import gc
import sys
import types

import pytest

from atomci.testing.observation import carried as module
from atomci.testing.observation.carried import Carried

SOURCE = """
import functools


class Base:
    def __init__(self):
        self.one = [1]


class Below(Base):
    pass


class Odd:
    @functools.lru_cache
    def __init__(self):
        pass


class Opaque:
    __init__ = functools.partialmethod(print)


class Slots(str):
    __slots__ = ()

    def __init__(self, text):
        pass
"""


@pytest.fixture
def shop() -> types.SimpleNamespace:
    names: dict[str, object] = {"__name__": "shop"}
    exec(compile(SOURCE, "/p/shop.py", "exec"), names)  # noqa: S102 -- as a module of a project
    return types.SimpleNamespace(**names)


@pytest.fixture
def carried() -> Carried:
    gc.collect()
    return Carried(lambda name: name.removeprefix("/p/") if name.startswith("/p/") else "")


def own(found: frozenset[str] | None) -> set[str]:
    assert found is not None
    return {name for name in found if name.startswith("shop.py") or name == "*::Opaque"}


@pytest.mark.parametrize(
    ("made", "known"),
    [
        ("Base()", "shop.py::Base"),
        ("Below()", "shop.py::Base"),
        ("Odd()", "shop.py::Odd"),
        ("Opaque.__new__(Opaque)", "*::Opaque"),
        ("Slots('')", "shop.py::Slots"),
    ],
)
def test_a_class_is_known_by_the_code_of_what_makes_its_objects(shop, carried, made: str, known: str) -> None:
    assert own(carried.now()) == set()
    held = eval(made, vars(shop))  # noqa: S307
    assert own(carried.now()) == {known}
    del held


def test_objects_are_found_though_they_have_become_old_ones_and_forgotten_when_they_are_gone(
    shop, carried
) -> None:
    carried.now()
    held = [shop.Base()]
    gc.collect()
    assert own(carried.now()) == {"shop.py::Base"}
    held.clear()
    gc.collect()
    assert own(carried.now()) == set()


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="objects become old ones bit by bit")
def test_where_nothing_became_old_only_young_objects_are_looked_at(shop, carried, monkeypatch) -> None:
    carried.now()
    asked: list[object] = []
    real = gc.get_objects

    def told(generation: int | None = None) -> list[object]:
        asked.append(generation)
        return real(generation)

    gc.collect(0)
    monkeypatch.setattr(gc, "get_objects", told)
    gc.disable()
    try:
        held = shop.Base()
        assert own(carried.now()) == {"shop.py::Base"}
    finally:
        gc.enable()
    assert asked == [0, 1]
    del held


def test_nobody_knows_where_to_look_took_too_long(carried, monkeypatch) -> None:
    monkeypatch.setattr(module, "_SECONDS", 0.0)
    assert carried.now() is not None
    assert carried.now() is None
