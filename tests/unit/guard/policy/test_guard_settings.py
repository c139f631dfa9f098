"""`[tool.atomci.guard]`: what is read, what is refused and where, and which variables a session gets."""

from pathlib import Path

import pytest

from atomci.errors import UsageError
from atomci.guard.confinement.bounds import Caps
from atomci.guard.policy.bounds import bounds_for
from atomci.guard.policy.environment import environment_for
from atomci.guard.policy.settings import GuardSettings, caps_of, hosts_of, read_guard
from atomci.guard.workplace.place import Workplace
from atomci.project import Project
from atomci.tools.git.repository import Repository

GIT = Path("/repo/.git")
CHECKOUT = Repository(Path("/repo"), GIT, GIT / "objects", "sha1", "")
AT = Workplace(
    "run", Path("/repo"), Path("/state/run/repo"), Path("/state/run"), (GIT,), CHECKOUT, Path("/a")
)


def read(tmp_path: Path, text: str) -> GuardSettings:
    (tmp_path / "pyproject.toml").write_text(f"[tool.atomci.guard]\n{text}\n", encoding="utf-8")
    return read_guard(Project(tmp_path))


def test_without_a_word_the_caps_are_far_above_what_tools_take(tmp_path: Path) -> None:
    caps = caps_of(read(tmp_path, ""))
    assert caps == Caps(memory=8_000_000_000, file_size=4_000_000_000, processes=2048)


@pytest.mark.parametrize(
    ("text", "size"), [("512 MB", 512_000_000), ("2g", 2_000_000_000), ("", None), ("70000000", 70_000_000)]
)
def test_sizes(tmp_path: Path, text: str, size: int | None) -> None:
    assert caps_of(read(tmp_path, f'memory = "{text}"')).memory == size


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('memory = "much"', "pyproject.toml:2: tool.atomci.guard.memory: not a size: 'much'"),
        ('memory = "1 MB"', "tool.atomci.guard.memory: hardly a program"),
        ("memory = 8", "tool.atomci.guard.memory"),
        ("processes = -1", "tool.atomci.guard.processes: give a whole number"),
        ('network = "some"', "tool.atomci.guard.network"),
        ('writeable = ["x"]', "tool.atomci.guard.writeable: unknown key"),
        ('writable = ["~"]', "tool.atomci.guard.writable: not a path: '~'"),
        ('writable = ["~/"]', "tool.atomci.guard.writable: '~/' is all that there is to guard"),
        ('writable = ["/"]', "tool.atomci.guard.writable: '/' is all that there is to guard"),
        ('writable = ["../.."]', "tool.atomci.guard.writable: '../..' is all that there is to guard"),
        ('hidden = [""]', "tool.atomci.guard.hidden: not a path: ''"),
        ('protected = ["docs/*.md"]', "tool.atomci.guard.protected: 'docs/*.md' is a pattern"),
        ('refused = ["rm -rf /"]', "tool.atomci.guard.refused: not a program: 'rm -rf /'"),
        ('refused = ["/bin/rm"]', "tool.atomci.guard.refused: not a program: '/bin/rm'"),
        ('hosts = ["https://a.b"]', "tool.atomci.guard.hosts: not a host: 'https://a.b'"),
        ('hosts = ["*.a.b"]', "tool.atomci.guard.hosts: not a host: '*.a.b'"),
        ('refused = ["git $(id)"]', "tool.atomci.guard.refused: not a program: 'git $(id)'"),
        ('refused = [""]', "tool.atomci.guard.refused: not a program: ''"),
        ("\n\ncpu = -5", "pyproject.toml:4: tool.atomci.guard.cpu: give a whole number"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        read(tmp_path, text)
    assert said in refused.value.message


def test_a_host_without_a_port_is_one_of_https() -> None:
    assert hosts_of(GuardSettings(hosts=("PyPI.org", "localhost:8080")))[-2:] == (
        "pypi.org:443",
        "localhost:8080",
    )
    assert "api.anthropic.com:443" in hosts_of(GuardSettings())


def test_a_session_gets_the_tree_and_nothing_of_the_checkout_but_to_read() -> None:
    bounds = bounds_for(GuardSettings(writable=("build", "~/data"), hidden=("secret",)), AT, {})
    assert bounds.writable == (AT.tree, Path("/repo/build"), Path.home() / "data")
    assert bounds.scratch == Path("/state/run/scratch")
    assert Path("/repo/.git") in bounds.readable
    assert {Path.home() / ".ssh", Path("/repo/secret")} <= set(bounds.hidden)
    assert bounds.protected == (AT.tree / ".git",)


def test_in_place_the_git_folder_and_the_records_are_protected() -> None:
    here = Workplace("run", Path("/repo"), Path("/repo"), Path("/state/run"), (GIT,), CHECKOUT)
    bounds = bounds_for(GuardSettings(protected=("deploy",)), here, {})
    assert {Path("/repo/.git"), Path("/repo/artifacts"), Path("/repo/deploy")} == set(bounds.protected)


def test_snapshots_are_kept_for_as_long_as_the_project_says(tmp_path: Path) -> None:
    assert (read(tmp_path, "").kept_days, read(tmp_path, "kept_days = 3").kept_days) == (30, 3)
    with pytest.raises(UsageError, match="kept_days"):
        read(tmp_path, "kept_days = 0")


AROUND = {
    "PATH": "/usr/bin",
    "LANG": "C.UTF-8",
    "HTTPS_PROXY": "http://me:pass@proxy:3128",
    "ANTHROPIC_API_KEY": "sk-1",
    "GITHUB_TOKEN": "ghp_1",
    "DATABASE_URL": "postgres://me:pass@db/x",
    "SSH_AUTH_SOCK": "/run/agent",
    "AWS_PROFILE": "prod",
    "LD_PRELOAD": "x.so",
    "DEPLOY_TOKEN": "t",
}


def test_secrets_of_others_and_ways_to_other_programs_stay_behind() -> None:
    got = environment_for(AT, AROUND, ("DEPLOY_*",)).keys() & AROUND.keys()
    assert got == {"PATH", "LANG", "HTTPS_PROXY", "ANTHROPIC_API_KEY", "DEPLOY_TOKEN"}


def test_settings_of_git_are_passed_in_order_without_what_logs_in() -> None:
    pairs = [("user.name", "A"), ("http.extraHeader", "Authorization: basic x"), ("core.abbrev", "9")]
    around = {"GIT_CONFIG_COUNT": "3"}
    for number, (key, value) in enumerate(pairs):
        around |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    got = environment_for(AT, around, ())
    keys = [got[f"GIT_CONFIG_KEY_{number}"] for number in range(int(got["GIT_CONFIG_COUNT"]))]
    assert keys[:3] == ["user.name", "core.abbrev", "core.checkStat"]
    assert "basic x" not in str(got)


def test_caches_and_temporary_files_have_a_place_of_their_own() -> None:
    got = environment_for(AT, {"TMPDIR": "/elsewhere"}, ())
    assert got["TMPDIR"] == str(AT.scratch)
    assert got["XDG_CACHE_HOME"].startswith(str(AT.scratch))
