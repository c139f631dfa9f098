from importlib.metadata import version

import my_command


def test_the_version_is_that_of_the_distribution() -> None:
    assert my_command.__version__ == version("my-command")
