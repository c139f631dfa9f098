"""What must not stop half-way says why it did."""

import sys

import pytest

from atomci.errors import InfrastructureError
from atomci.tools.outlive import outlive


@pytest.mark.skipif(sys.platform == "win32", reason="there no process is forked")
@pytest.mark.parametrize(("error", "said"), [(KeyError(), "KeyError"), (OSError("no space"), "no space")])
def test_what_stopped_it_is_said_also_without_words(error: Exception, said: str) -> None:
    def stop() -> None:
        raise error

    with pytest.raises(InfrastructureError) as told:
        outlive(stop)

    assert told.value.message == said
