"""The environment that programs get: this process's own, without what git says of another repository."""

from __future__ import annotations

import os
import re
from pathlib import Path

__all__ = ["bare_environment", "environment_in", "look_on_path_alone"]

# What git says of the repository that it works in to all that it starts: hooks, aliases, `rebase --exec`.
# It would answer for that one wherever it is asked, with that one's index and that command's way to read
# paths, so none of it is passed on. It is `git rev-parse --local-env-vars` of old versions and new, and what
# options of git and a push that is received set besides.
# All else is a wish of whoever called, and holds for any repository: identity, ssh, prompts, ceilings, and
# configuration, also that of `git -c`, which git itself passes on to its submodules.
_SURROUNDINGS = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_ATTR_SOURCE",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GLOB_PATHSPECS",
    "GIT_GRAFT_FILE",
    "GIT_ICASE_PATHSPECS",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_LITERAL_PATHSPECS",
    "GIT_NAMESPACE",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
)

# What a program needs to start and to find interpreters, packages and the network. Nobody is named by these.
_PLAIN = (
    "ALL_PROXY",
    "COMSPEC",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "LANG",
    "NO_PROXY",
    "NUMBER_OF_PROCESSORS",
    "PATH",
    "PATHEXT",
    "PIP_INDEX_URL",
    "PIP_NO_COMPILE",
    "PIP_NO_INDEX",
    "PYENV_ROOT",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "SYSTEMDRIVE",
    "SYSTEMROOT",
    "TEMP",
    "TMP",
    "TMPDIR",
    "TZ",
    "UV_CACHE_DIR",
    "UV_DEFAULT_INDEX",
    "UV_INDEX_URL",
    "UV_OFFLINE",
    "UV_PYTHON",
    "UV_PYTHON_INSTALL_DIR",
    "WINDIR",
)
# What Windows looks at where a program is started: git.exe of a clone must not go before git's.
_NOT_HERE = "NoDefaultCurrentDirectoryInExePath"
_CREDENTIALS = re.compile(r"://[^/\s]*@")


def bare_environment(home: Path) -> dict[str, str]:
    """What a program gets that may know nothing of the user: no token, no login, and an empty folder as home.

    An address with a user or a password is left out too.
    """
    plain = {
        name: value
        for name, value in os.environ.items()
        if (name.upper() in _PLAIN or name.startswith("LC_")) and not _CREDENTIALS.search(value)
    }
    places = ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "XDG_CONFIG_HOME", "XDG_DATA_HOME")
    return {
        **plain,
        **dict.fromkeys(places, str(home)),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
    }


def look_on_path_alone(system: str = os.name) -> None:
    """From now on Windows looks for programs on PATH, and not first in the folder that the user is in."""
    if system == "nt":
        os.environ.setdefault(_NOT_HERE, "1")


def environment_in(folder: Path) -> dict[str, str]:
    """What is passed on to a program that works in a folder."""
    kept = {name: value for name, value in os.environ.items() if name not in _SURROUNDINGS}
    return kept | _own_place(folder)


def _own_place(root: Path) -> dict[str, str]:
    """Where a user keeps a repository apart from its working tree, and says so in the environment.

    Only for a folder in that very tree, and where no .git says otherwise: never that of a hook's repository.
    """
    git_dir, tree = os.environ.get("GIT_DIR"), os.environ.get("GIT_WORK_TREE")
    if not git_dir or not tree or not root.resolve().is_relative_to(Path(tree).resolve()):
        return {}
    if any((folder / ".git").exists() for folder in (root, *root.resolve().parents)):
        return {}
    return {"GIT_DIR": str(Path(git_dir).resolve()), "GIT_WORK_TREE": str(Path(tree).resolve())}
