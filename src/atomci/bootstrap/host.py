"""Facts about the host, as a pure function of what the system says, so that every system can be tested."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from atomci.artifacts.handed.schemas import HostFacts
from atomci.errors import InfrastructureError
from atomci.tools.process import Children, Command

__all__ = ["System", "ancestors_in", "facts", "in_words", "this_system"]

OS = Literal["linux", "macos", "windows", "other"]

_SYSTEMS: dict[str, OS] = {"Linux": "linux", "Darwin": "macos", "Windows": "windows"}
_SHELLS = ("bash", "zsh", "fish", "pwsh", "powershell", "cmd", "dash", "ash", "ksh", "nu", "sh")
_SCRIPT_SHELLS = ("sh", "dash", "ash")
_MACHINE_FOLDERS = ("PROGRAMFILES", "PROGRAMFILES(X86)", "PROGRAMW6432", "SYSTEMROOT")
_CI = {
    "GITHUB_ACTIONS": "github",
    "GITLAB_CI": "gitlab",
    "CIRCLECI": "circleci",
    "TF_BUILD": "azure",
    "BUILDKITE": "buildkite",
    "JENKINS_URL": "jenkins",
    "TEAMCITY_VERSION": "teamcity",
    "BITBUCKET_BUILD_NUMBER": "bitbucket",
    "TRAVIS": "travis",
}
_MANAGERS: dict[OS, tuple[str, ...]] = {
    "linux": ("apt-get", "dnf", "pacman", "apk", "brew"),
    "macos": ("brew",),
    "windows": ("winget", "choco", "scoop"),
    "other": (),
}


@dataclass(frozen=True)
class System:
    """What the operating system tells: uname's words, the environment, files and parent processes."""

    system: str
    release: str
    machine: str
    environ: Mapping[str, str]
    ancestors: tuple[str, ...]
    read: Callable[[str], str | None]
    has_program: Callable[[str], bool]


def this_system() -> System:
    """The system that atomci runs on."""
    release = platform.mac_ver()[0] if platform.system() == "Darwin" else platform.release()
    return System(
        system=platform.system(),
        release=release,
        machine=platform.machine(),
        environ=os.environ,
        ancestors=_ancestors(),
        read=_read,
        has_program=lambda name: shutil.which(name) is not None,
    )


def facts(system: System) -> HostFacts:
    """The host facts of a system."""
    kind = _SYSTEMS.get(system.system, "other")
    managers = (name for name in _MANAGERS[kind] if system.has_program(name))
    return HostFacts(
        os=kind,
        version=_version(system, kind),
        arch=_arch(system.machine),
        shell=_shell(system, kind),
        ci=_ci(system.environ),
        wsl=_is_wsl(system, kind),
        container=_container(system),
        package_manager=next(managers, None),
    )


def in_words(host: HostFacts) -> str:
    """The facts in a line for people."""
    # Distributions of Linux name themselves in their version.
    name = host.version if host.os == "linux" else f"{host.os} {host.version}"
    places = (host.container, "WSL" if host.wsl else None, host.ci and f"{host.ci} CI")
    return ", ".join([name, host.arch, host.shell, *(place for place in places if place)])


def _version(system: System, kind: OS) -> str:
    if kind != "linux":
        return system.release
    for line in (system.read("/etc/os-release") or "").splitlines():
        if line.startswith("PRETTY_NAME="):
            return line.partition("=")[2].strip().strip("\"'")
    return system.release


def _arch(machine: str) -> str:
    names = {
        "amd64": "x86_64",
        "x64": "x86_64",
        "aarch64": "arm64",
        "armv8": "arm64",
        "i686": "x86",
        "i386": "x86",
    }
    return names.get(machine.lower(), machine.lower())


def _shell(system: System, kind: OS) -> str:
    """The nearest parent that is a shell; where parents can't be seen, what the environment betrays."""
    parents = [name for parent in system.ancestors if (name := _program_name(parent)) in _SHELLS]
    # A script's `sh` in between isn't the shell that someone types into.
    typed = [name for name in parents if name not in _SCRIPT_SHELLS]
    if parents:
        return (typed or parents)[0]
    if kind == "windows" and "SHELL" not in system.environ:
        return _windows_shell(system.environ)
    return _program_name(system.environ.get("SHELL", "")) or "unknown"


def _program_name(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2].lstrip("-").removesuffix(".exe").lower()


def _windows_shell(environ: Mapping[str, str]) -> str:
    """PowerShell adds the user's own module folder to PSModulePath; cmd only inherits the machine's."""
    variables = {name.upper(): value for name, value in environ.items()}
    machine = tuple(variables[name].lower() for name in _MACHINE_FOLDERS if variables.get(name))
    folders = [folder.lower().rstrip("\\") for folder in variables.get("PSMODULEPATH", "").split(";")]
    own = [folder for folder in folders if not folder.startswith(machine)]
    for folder, shell in (("powershell", "pwsh"), ("windowspowershell", "powershell")):
        if any(path.endswith(f"\\{folder}\\modules") for path in own):
            return shell
    return "cmd" if "COMSPEC" in variables else "unknown"


def _ci(environ: Mapping[str, str]) -> str | None:
    for variable, provider in _CI.items():
        if environ.get(variable):
            return provider
    return "unknown" if environ.get("CI", "").lower() in ("1", "true") else None


def _is_wsl(system: System, kind: OS) -> bool:
    if kind != "linux":
        return False
    if "WSL_DISTRO_NAME" in system.environ:
        return True
    # A container shares the kernel, but isn't the distribution that Windows started.
    return "microsoft" in (system.read("/proc/version") or "").lower() and _container(system) is None


def _container(system: System) -> str | None:
    if system.read("/run/.containerenv") is not None:
        return "podman"
    if system.read("/.dockerenv") is not None:
        return "docker"
    if "KUBERNETES_SERVICE_HOST" in system.environ:
        return "kubernetes"
    groups = system.read("/proc/1/cgroup") or ""
    kinds = {"docker": "docker", "kubepods": "kubernetes", "lxc": "lxc", "libpod": "podman"}
    if kind := next((kind for word, kind in kinds.items() if word in groups), None):
        return kind
    # systemd's convention, which LXC, nspawn and podman keep.
    named = system.environ.get("container") or system.read("/run/systemd/container") or ""
    return named.strip() or None


def _read(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def _ancestors() -> tuple[str, ...]:
    """Names of the parent processes, nearest first; none on Windows, which keeps no such list."""
    if os.name == "nt":
        return ()
    if _read("/proc/self/stat") is not None:
        return tuple(_ancestors_by_proc(os.getppid()))
    try:
        done = Children().run(Command(("ps", "-A", "-o", "pid=,ppid=,comm="), timeout=10), Path("/"))
    except InfrastructureError:
        return ()
    return ancestors_in(done.stdout, os.getppid())


def ancestors_in(table: str, pid: int) -> tuple[str, ...]:
    """A process and its parents by name, nearest first, from what `ps -o pid=,ppid=,comm=` prints."""
    rows: dict[int, tuple[int, str]] = {}
    for line in table.splitlines():
        match line.split(None, 2):
            case [own, parent, program] if own.isdigit() and parent.isdigit():
                rows[int(own)] = (int(parent), program.strip())
    names = []
    while pid in rows:  # down to process 1, which in a container is often the shell
        pid, name = rows.pop(pid)
        names.append(name)
    return tuple(names)


def _ancestors_by_proc(pid: int) -> Iterator[str]:
    while pid > 0:
        stat = _read(f"/proc/{pid}/stat")
        if stat is None:
            return
        name, _, rest = stat.partition("(")[2].rpartition(")")
        yield name
        pid = int(rest.split()[1])
