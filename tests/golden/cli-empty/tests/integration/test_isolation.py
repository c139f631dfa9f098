import os
from collections.abc import Callable
from pathlib import Path


def test_home_is_empty_and_temporary(isolated_env: Path) -> None:
    assert Path.home() == isolated_env
    assert not list(isolated_env.iterdir())


def test_git_sees_no_configuration_but_the_repository_s_own(git: Callable[..., str]) -> None:
    settings = git("config", "--list", "--show-scope").splitlines()

    assert {setting.split()[0] for setting in settings} == {"local", "command"}
    assert not [name for name in os.environ if name in {"GIT_DIR", "GIT_INDEX_FILE"}]
