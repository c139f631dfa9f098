"""Where a template is: as people type it, as copier records it, as git takes it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlparse, urlsplit, urlunsplit

from atomci.errors import UsageError

__all__ = [
    "Source",
    "address",
    "credentials_in",
    "named_source",
    "on_this_machine",
    "own_source",
    "with_template_extra",
]

_FORGES = {"gh:": "https://github.com", "gl:": "https://gitlab.com"}
_TOKEN_IN_A_QUERY = re.compile(
    r"(?:^|[&;_])(?:token|secret|password|passwd|key|signature|sig)=", re.IGNORECASE
)
_GIT_PREFIXES = ("git@", "git://", "git+", "https://github.com/", "https://gitlab.com/")


@dataclass(frozen=True)
class Source:
    """What copier takes: a URL, a short form such as gh:org/name, or an absolute path; and a ref.

    `ref` None leaves the choice to copier: the highest tag, or HEAD where there is none. `clone` is a folder
    on this machine that holds it too, and is read in its place.
    """

    location: str
    ref: str | None = None
    clone: str | None = None


def named_source(location: str, ref: str | None) -> Source:
    """A source as somebody typed it; local paths become absolute, so that later updates find them."""
    path = Path(location).expanduser()
    if path.is_dir():
        return Source(str(path.resolve()), ref)
    if location.startswith((".", "/", "~")) or ("/" not in location and ":" not in location):
        raise UsageError(
            f"--template: there is no folder {location}", "give a path, a git URL or gh:org/name"
        )
    return Source(location, ref)


def address(location: str) -> str:
    """What git takes for a recorded location, by copier's rules. Raises UsageError for a relative path."""
    for short, forge in _FORGES.items():
        if location.startswith(short):
            name = location.removeprefix(short).lstrip("/")
            location = f"{forge}/{name}" + ("" if name.endswith(".git") else ".git")
    if location.startswith(_GIT_PREFIXES) or (location.endswith(".git") and ":" in location):
        if location.startswith("git+"):
            return location.removeprefix("git+")
        return location + (
            ".git" if location.startswith("https://") and not location.endswith(".git") else ""
        )
    path = Path(location).expanduser()
    if path.is_absolute():
        return str(path)
    if "://" in location:
        return location
    raise UsageError(
        f"the template is recorded as {location!r}, which depends on where copier was started",
        "say where it is: atomci update --template /absolute/path (or a git URL)",
    )


def on_this_machine(location: str) -> Path | None:
    """The folder that a location names, None where it is elsewhere, or nowhere."""
    from urllib.request import url2pathname

    plain = location.removeprefix("git+")
    path = Path(url2pathname(urlparse(plain).path)) if plain.startswith("file:") else Path(plain).expanduser()
    try:
        return path if path.is_dir() else None
    except (OSError, ValueError):
        return None


def credentials_in(location: str) -> str | None:
    """The address without its user name, password or token; None where it holds none."""
    parts = urlsplit(location.removeprefix("git+"))
    user, at, host = parts.netloc.rpartition("@")
    # By ssh a user's name alone is part of the address.
    named = bool(at) and (parts.scheme in {"http", "https", "ftp", "ftps"} or ":" in user)
    asked = _TOKEN_IN_A_QUERY.search(parts.query) is not None
    if not (parts.scheme and (named or asked)):
        return None
    if named:
        name = user.partition(":")[0]
        parts = parts._replace(netloc=f"{name}@{host}" if "ssh" in parts.scheme and name else host)
    return urlunsplit(parts._replace(query="") if asked else parts)


def own_source(ref: str | None = None) -> Source:
    """The repository that this atomci was installed from (PEP 610), at the commit it was installed from.

    A checkout is taken as it is now. Raises UsageError when the installation doesn't tell.
    """
    from urllib.request import url2pathname

    recorded = _direct_url()
    url = str(recorded.get("url", ""))
    if "vcs_info" in recorded:
        revision = recorded["vcs_info"].get("requested_revision") or recorded["vcs_info"]["commit_id"]
        return Source(f"git+{url}", ref or revision)
    folder = Path(url2pathname(unquote(urlparse(url).path))) if url.startswith("file:") else _checkout()
    if not (folder / "copier.yml").is_file():
        raise UsageError(
            "this atomci doesn't know which template it came with", "name it: --template gh:org/atomci"
        )
    return Source(str(folder), ref or ("HEAD" if (folder / ".git").exists() else None))


def with_template_extra() -> str:
    """What installs this atomci elsewhere, with what renders; its name where its source isn't known."""
    try:
        source = own_source()
    except UsageError:
        return "atomci[template]"
    if not source.location.startswith("git+"):
        return f"{source.location}[template]"
    location = source.location.removeprefix("git+")
    return f"atomci[template] @ git+{credentials_in(location) or location}@{source.ref}"


def _direct_url() -> dict[str, dict[str, str]]:
    import json
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        text = distribution("atomci").read_text("direct_url.json")
    except PackageNotFoundError:
        text = None
    loaded: dict[str, dict[str, str]] = json.loads(text) if text else {}
    return loaded


def _checkout() -> Path:
    """The folder above src/, when atomci runs from its sources."""
    return Path(__file__).parents[3]
