"""Host facts of every system, from what each would say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from atomci.bootstrap.host import System, ancestors_in, facts, in_words, this_system

DEBIAN = 'NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'
WSL = "Linux version 5.15.90.1-microsoft-standard-WSL2 (oe-user@oe-host)"
MACHINE_MODULES = (
    r"C:\Program Files\WindowsPowerShell\Modules;C:\Windows\system32\WindowsPowerShell\v1.0\Modules;"
    r"C:\Program Files\Microsoft Azure\Modules"
)
WINDOWS = {
    "COMSPEC": r"C:\Windows\system32\cmd.exe",
    "ProgramFiles": r"C:\Program Files",
    "SystemRoot": r"C:\Windows",
}


@dataclass(frozen=True)
class Host:
    """A system by what differs from a bare Linux."""

    system: str = "Linux"
    release: str = "6.1.0"
    machine: str = "x86_64"
    environ: Mapping[str, str] = field(default_factory=dict)
    ancestors: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    programs: tuple[str, ...] = ()

    def facts(self) -> Any:
        return facts(
            System(
                self.system,
                self.release,
                self.machine,
                self.environ,
                self.ancestors,
                self.files.get,
                lambda name: name in self.programs,
            )
        )


@pytest.mark.parametrize(
    ("host", "os", "version", "arch"),
    [
        (Host(files={"/etc/os-release": DEBIAN}), "linux", "Debian GNU/Linux 12 (bookworm)", "x86_64"),
        (Host(machine="aarch64"), "linux", "6.1.0", "arm64"),
        (Host("Darwin", "14.4.1", "arm64"), "macos", "14.4.1", "arm64"),
        (Host("Windows", "11", "AMD64"), "windows", "11", "x86_64"),
        (Host("FreeBSD", "14.0-RELEASE", "amd64"), "other", "14.0-RELEASE", "x86_64"),
    ],
)
def test_the_system_its_version_and_its_architecture(host: Host, os: str, version: str, arch: str) -> None:
    found = host.facts()
    assert (found.os, found.version, found.arch) == (os, version, arch)


@pytest.mark.parametrize(
    ("host", "shell"),
    [
        (Host(ancestors=("uv", "bash", "sshd")), "bash"),
        (Host(ancestors=("-zsh",), environ={"SHELL": "/bin/bash"}), "zsh"),
        (Host(ancestors=("task", "fish", "zsh"), environ={"SHELL": "/bin/zsh"}), "fish"),
        (Host(ancestors=("sh", "fish")), "fish"),
        (Host(ancestors=("sh", "init")), "sh"),
        (Host(environ={"SHELL": "/usr/bin/fish"}), "fish"),
        (Host("Darwin", environ={"SHELL": "/bin/zsh"}, ancestors=("/usr/bin/login",)), "zsh"),
        (Host("Darwin", ancestors=("/opt/homebrew/bin/pwsh", "/bin/zsh")), "pwsh"),
        (Host("Windows", environ={**WINDOWS, "PSModulePath": MACHINE_MODULES}), "cmd"),
        (
            Host(
                "Windows",
                environ={
                    **WINDOWS,
                    "PSModulePath": rf"C:\Users\a\Documents\PowerShell\Modules;{MACHINE_MODULES}",
                },
            ),
            "pwsh",
        ),
        (
            Host(
                "Windows",
                environ={
                    **WINDOWS,
                    "PSMODULEPATH": rf"C:\Users\a\D\WindowsPowerShell\Modules;{MACHINE_MODULES}",
                },
            ),
            "powershell",
        ),
        (Host("Windows", environ={**WINDOWS, "SHELL": r"C:\Program Files\Git\usr\bin\bash.exe"}), "bash"),
        (Host(), "unknown"),
    ],
)
def test_the_shell_that_someone_types_into(host: Host, shell: str) -> None:
    assert host.facts().shell == shell


@pytest.mark.parametrize(
    ("environ", "provider"),
    [
        ({"CI": "true", "GITHUB_ACTIONS": "true"}, "github"),
        ({"CI": "true", "GITLAB_CI": "true"}, "gitlab"),
        ({"TF_BUILD": "True"}, "azure"),
        ({"JENKINS_URL": "http://ci"}, "jenkins"),
        ({"CI": "true", "CIRCLECI": "true"}, "circleci"),
        ({"CI": "true", "BUILDKITE": "true"}, "buildkite"),
        ({"TEAMCITY_VERSION": "2024.03"}, "teamcity"),
        ({"CI": "true", "BITBUCKET_BUILD_NUMBER": "7"}, "bitbucket"),
        ({"CI": "true", "TRAVIS": "true"}, "travis"),
        ({"CI": "true"}, "unknown"),
        ({"CI": "false"}, None),
        ({}, None),
    ],
)
def test_the_ci_provider(environ: dict[str, str], provider: str | None) -> None:
    assert Host(environ=environ).facts().ci == provider


@pytest.mark.parametrize(
    ("host", "is_wsl"),
    [
        (Host(files={"/proc/version": WSL}), True),
        (Host(environ={"WSL_DISTRO_NAME": "Ubuntu"}), True),
        (Host(files={"/proc/version": "Linux version 6.1.0-18-amd64 (debian-kernel)"}), False),
        (Host("Windows", environ={"WSL_DISTRO_NAME": "Ubuntu"}), False),
        (Host(files={"/proc/version": WSL, "/.dockerenv": ""}), False),
        (Host(environ={"WSL_DISTRO_NAME": "Ubuntu"}, files={"/.dockerenv": ""}), True),
    ],
)
def test_wsl_is_a_linux_of_microsoft(host: Host, is_wsl: bool) -> None:
    assert host.facts().wsl is is_wsl


@pytest.mark.parametrize(
    ("host", "container"),
    [
        (Host(files={"/.dockerenv": ""}), "docker"),
        (Host(files={"/run/.containerenv": "", "/.dockerenv": ""}), "podman"),
        (Host(environ={"KUBERNETES_SERVICE_HOST": "10.0.0.1"}), "kubernetes"),
        (Host(files={"/proc/1/cgroup": "12:pids:/docker/0123abc\n"}), "docker"),
        (Host(files={"/proc/1/cgroup": "11:memory:/kubepods/besteffort/pod1\n"}), "kubernetes"),
        (Host(environ={"container": "lxc"}), "lxc"),
        (Host(files={"/run/systemd/container": "systemd-nspawn\n"}), "systemd-nspawn"),
        (Host(files={"/proc/1/cgroup": "0::/init.scope\n"}), None),
    ],
)
def test_the_container(host: Host, container: str | None) -> None:
    assert host.facts().container == container


@pytest.mark.parametrize(
    ("host", "manager"),
    [
        (Host(programs=("apt-get", "brew")), "apt-get"),
        (Host(programs=("dnf",)), "dnf"),
        (Host(programs=("pacman",)), "pacman"),
        (Host(programs=("apk",)), "apk"),
        (Host("Darwin", programs=("brew", "apt-get")), "brew"),
        (Host("Windows", programs=("winget", "choco", "scoop")), "winget"),
        (Host("Windows", programs=("scoop",)), "scoop"),
        (Host("Windows", programs=("apt-get",)), None),
        (Host(), None),
    ],
)
def test_the_package_manager_is_one_of_that_system(host: Host, manager: str | None) -> None:
    assert host.facts().package_manager == manager


def test_parents_are_followed_in_a_process_table() -> None:
    table = (
        "    1     0 /sbin/launchd\n  501     1 /usr/bin/login\n  502   501 -zsh\n"
        "  503   502 /opt/homebrew/bin/fish\n  600   501 /Applications/Some App.app/x y\n"
    )
    assert ancestors_in(table, 503) == ("/opt/homebrew/bin/fish", "-zsh", "/usr/bin/login", "/sbin/launchd")
    assert ancestors_in(table, 999) == ()


def test_process_1_counts_which_in_a_container_is_the_shell() -> None:
    assert ancestors_in("1 0 bash\n7 1 uv\n", 7) == ("uv", "bash")


def test_a_process_table_with_a_loop_ends() -> None:
    assert ancestors_in("10 11 a\n11 10 b\n", 10) == ("a", "b")


@pytest.mark.parametrize(
    ("host", "line"),
    [
        (
            Host(files={"/etc/os-release": DEBIAN, "/.dockerenv": ""}, ancestors=("bash",)),
            "Debian GNU/Linux 12 (bookworm), x86_64, bash, docker",
        ),
        (Host("Darwin", "14.4.1", "arm64", ancestors=("zsh",)), "macos 14.4.1, arm64, zsh"),
        (
            Host("Windows", "11", "AMD64", {"GITHUB_ACTIONS": "true"}),
            "windows 11, x86_64, unknown, github CI",
        ),
    ],
)
def test_the_facts_in_a_line_name_the_system(host: Host, line: str) -> None:
    assert in_words(host.facts()) == line


def test_this_system_can_be_asked() -> None:
    system = this_system()
    assert system.system
    assert facts(system).os in {"linux", "macos", "windows", "other"}
