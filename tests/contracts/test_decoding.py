"""Types are looked into by one thread at a time: msgspec ends the process where two do it at once."""

import re
from pathlib import Path

import msgspec
import pytest

from atomci import decoding

SOURCES = Path(decoding.__file__).parent
BY_ITSELF = re.compile(r"msgspec\.(?:json|yaml|toml|msgpack)\.(?:decode|Decoder)\b|msgspec\.convert\b")


class Inner(msgspec.Struct):
    number: int


class Outer(msgspec.Struct):
    inner: Inner


def test_only_one_module_has_msgspec_look_into_types() -> None:
    found = {path.relative_to(SOURCES).as_posix() for path in SOURCES.rglob("*.py")
             if BY_ITSELF.search(path.read_text(encoding="utf-8"))}  # fmt: skip

    assert found == {"decoding.py"}


def test_a_type_is_looked_into_once_and_under_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []
    real = msgspec.json.Decoder

    def decoder(kind: type[Outer]) -> msgspec.json.Decoder[Outer]:
        seen.append(decoding._LOOKING.locked())
        return real(kind)

    monkeypatch.setattr(msgspec.json, "Decoder", decoder)
    text = '{"inner": {"number": 1}}'

    for _ in range(2):
        assert decoding.decoded(text, Outer).inner.number == 1
        assert decoding.converted({"inner": {"number": 1}}, Outer).inner.number == 1

    assert seen == [True]
