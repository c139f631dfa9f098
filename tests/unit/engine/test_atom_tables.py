"""What an atom goes by that has no table."""

import msgspec

from atomci.engine.config import Config


def test_an_atom_without_a_table_is_as_it_is_declared() -> None:
    assert msgspec.structs.asdict(Config().of("lint")) == {
        "run": None, "use": None, "reads": None, "inputs": None, "enabled": True, "timeout": None
    }  # fmt: skip
