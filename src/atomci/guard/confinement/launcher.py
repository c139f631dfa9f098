"""Confines itself, then becomes the program: limits, capabilities, Landlock, a filter of system calls.

Run as `python -IS launcher.py NAME=VALUE... -- WORD...`; a name may come several times (see `rules.py`).
What can't be done ends it with 126 before the program starts. Imports that take milliseconds are left out.
"""

from __future__ import annotations

import ctypes
import os
import signal
import stat
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, NoReturn

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_NO_NEW_PRIVS, _SECCOMP, _DROP_FROM_BOUNDING_SET = 38, 22, 24
_BENEATH = 1

# https://docs.kernel.org/userspace-api/landlock.html
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
MAKE_CHAR, MAKE_BLOCK = 1 << 6, 1 << 11
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
READ = EXECUTE | READ_FILE
_SCOPES = 3  # abstract sockets and signals
_OLDEST = 3
"""The ABI from which files outside can't be truncated either: Linux 6.2."""

_LINE = 3
"""The descriptor over which a socket is handed out of the program's namespaces."""
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts")

_LIBC = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Apply the rules in an order in which none is in another's way."""
    end = sys.argv.index("--")
    rules: dict[str, list[str]] = {}
    for rule in sys.argv[1:end]:
        name, _, value = rule.partition("=")
        rules.setdefault(name, []).append(value)
    words = sys.argv[end + 1 :]
    os.closerange(_LINE + 1 if "listens" in rules else _LINE, 65536)
    try:
        _open_gateway(rules)
        _limit(rules.get("limit", []))
        if "drop" in rules:
            _drop_capabilities()
        if sys.platform == "linux":
            _call("prctl", _LIBC.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0))
        if "writable" in rules:
            _landlock(*(rules.get(name, []) for name in ("writable", "apart", "hidden", "readable")))
        if "family" in rules:
            _filter([int(family) for family in rules["family"]])
    except (OSError, _Unable) as error:
        _fail(f"can't confine {words[0]}: {error}")
    _set_signals(rules)
    try:
        os.execvp(words[0], words)  # noqa: S606
    except OSError as error:
        _fail(f"{words[0]} can't be started: {error.strerror}", 127 if _is_missing(error) else 126)


def _set_signals(rules: dict[str, list[str]]) -> None:
    """As a program expects them: Python ignores two. `deaf` and `hears` are about the keys of a terminal, so
    that only the program hears them, and not what stands around it.
    """
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    for name, action in (("deaf", signal.SIG_IGN), ("hears", signal.SIG_DFL)):
        for number in (signal.SIGINT, signal.SIGQUIT) if name in rules else ():
            signal.signal(number, action)


def _open_gateway(rules: dict[str, list[str]]) -> None:
    if "host" in rules:
        _gateway()["beside"](rules["host"], _LIBC.prctl, _LINE)
    if "listens" in rules:
        _gateway()["listen"](_LINE)


def _gateway() -> dict[str, Any]:
    import runpy

    return runpy.run_path(os.path.join(os.path.dirname(__file__), "gateway.py"))


class _Unable(Exception):
    """This machine can't do it."""


def _fail(message: str, code: int = 126) -> NoReturn:
    os.write(2, os.fsencode(f"atomci guard: {message}\n"))
    os._exit(code)


def _is_missing(error: OSError) -> bool:
    return isinstance(error, FileNotFoundError)


def _call(name: str, result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def _limit(limits: list[str]) -> None:
    import resource

    for limit in limits:
        name, _, value = limit.partition(":")
        kind = getattr(resource, f"RLIMIT_{name}")
        # All processes of the user count, so what runs already is added.
        wanted = int(value) + (_tasks() if name == "NPROC" else 0)
        _, hard = resource.getrlimit(kind)
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(kind, (most, most))


def _tasks() -> int:
    """Threads of this user that run now."""
    found = 0
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.stat(f"/proc/{name}").st_uid == os.getuid():
                found += len(os.listdir(f"/proc/{name}/task"))
        except OSError:
            continue
    return found


def _drop_capabilities() -> None:
    """What makes root more than the owner of its files goes with the next program."""
    if os.geteuid() == 0:
        with open("/proc/sys/kernel/cap_last_cap") as file:
            last = int(file.read())
        for number in range(last + 1):
            _call("prctl", _LIBC.prctl(_DROP_FROM_BOUNDING_SET, number, 0, 0, 0))


def abi() -> int:
    """The Landlock that this kernel has; 0 where it has none."""
    return max(0, int(_LIBC.syscall(_CREATE_RULESET, None, 0, 1)))


def _landlock(writable: list[str], apart: list[str], hidden: list[str], readable: list[str]) -> None:
    version = abi()
    if version < _OLDEST:
        raise _Unable("this kernel has no Landlock, or one older than Linux 6.2")
    handled = (1 << 15) - 1
    if version >= 5:
        handled |= IOCTL_DEV
    size = 24 if version >= 6 else 8
    attributes = struct.pack("QQQ", handled, 0, _SCOPES if version >= 6 else 0)[:size]
    rules = _call("landlock", _LIBC.syscall(_CREATE_RULESET, attributes, size, 0))
    _allow(rules, "/", READ_DIR)
    for top in ("/", *readable):
        for path in _all_but(hidden, top):
            _allow(rules, path, READ | READ_DIR)
    for top in writable:
        for path in _all_but(apart, top):
            _allow(rules, path, handled & ~(MAKE_CHAR | MAKE_BLOCK | IOCTL_DEV))
    for name in _DEVICES:
        _allow(rules, f"/dev/{name}", handled & (WRITE_FILE | READ_FILE | READ_DIR | TRUNCATE | IOCTL_DEV))
    _call("landlock", _LIBC.syscall(_RESTRICT_SELF, rules, 0))
    os.close(rules)


def _all_but(left_out: list[str], top: str) -> Iterator[str]:
    """What has to be allowed so that all below `top` is, and these aren't: rules only add."""
    inside = [path for path in left_out if path != top and path.startswith(top.rstrip("/") + "/")]
    if not inside:
        yield top
        return
    above = {parent for path in inside for parent in _parents(path, top)}
    for folder in above:
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue
        for entry in entries:
            if entry.path not in above and entry.path not in inside and not entry.is_symlink():
                yield entry.path


def _parents(path: str, top: str) -> Iterator[str]:
    while path != top:
        path = os.path.dirname(path)
        yield path


def _allow(rules: int, path: str, access: int) -> None:
    """Allow below a path; one that is gone allows nothing."""
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
        access &= OF_FILES
    try:
        rule = struct.pack("=Qi", access, descriptor)
        _call("landlock", _LIBC.syscall(_ADD_RULE, rules, _BENEATH, rule, 0))
    finally:
        os.close(descriptor)


_UNIX, _NETLINK = 1, 16
_PERMITTED, _REFUSED = 0x7FFF0000, 0x00050000 | 1  # ALLOW; ERRNO(EPERM)
_LOAD, _EQUALS, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER, _ARCHITECTURE, _FIRST, _SECOND = 0, 4, 16, 24
_INTO_THE_TERMINAL = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
_IO_URING_SETUP = 425

_SYSTEMS = {
    "x86_64": {"audit": 0xC000003E, "socket": 41, "ioctl": 16, "keys": (248, 249, 250)},
    "aarch64": {"audit": 0xC00000B7, "socket": 198, "ioctl": 29, "keys": (217, 218, 219)},
}


def _filter(families: list[int]) -> None:
    """Refuse other families of sockets, the kernel's keys, typing into the terminal, and ways around that."""
    system: dict[str, Any] | None = _SYSTEMS.get(os.uname().machine)
    if system is None:
        raise _Unable(f"the filter of system calls doesn't know {os.uname().machine}")
    steps = [(_LOAD, 0, 0, _ARCHITECTURE), (_EQUALS, 1, 0, system["audit"]), (_RETURN, 0, 0, _REFUSED)]
    steps += [(_LOAD, 0, 0, _NUMBER), (_AT_LEAST, 0, 1, 0x40000000), (_RETURN, 0, 0, _REFUSED)]
    for number in (_IO_URING_SETUP, *system["keys"]):
        steps += [(_EQUALS, 0, 1, number), (_RETURN, 0, 0, _REFUSED)]
    asked = [(_LOAD, 0, 0, _FIRST), *_unless(families)]
    steps += [(_EQUALS, 0, len(asked), system["socket"]), *asked]
    asked = [(_LOAD, 0, 0, _SECOND)]
    for request in _INTO_THE_TERMINAL:
        asked += [(_EQUALS, 0, 1, request), (_RETURN, 0, 0, _REFUSED)]
    steps += [(_EQUALS, 0, len(asked), system["ioctl"]), *asked, (_RETURN, 0, 0, _PERMITTED)]
    code = b"".join(struct.pack("HBBI", *step) for step in steps)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HP", len(steps), ctypes.addressof(buffer))
    _call("seccomp", _LIBC.prctl(_SECCOMP, 2, program, 0, 0))


def _unless(families: list[int]) -> list[tuple[int, int, int, int]]:
    """Permit these families, refuse all others."""
    steps = []
    for family in families:
        steps += [(_EQUALS, 0, 1, family), (_RETURN, 0, 0, _PERMITTED)]
    return [*steps, (_RETURN, 0, 0, _REFUSED)]


if __name__ == "__main__":
    main()
