"""The REST API of a repository's host, asked through gh, which holds the login."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from atomci.errors import InfrastructureError
from atomci.forge.remote import HostedRepository, origin
from atomci.tools.process import Children, Command, Completed, ToolMissing, ToolTimeout

__all__ = ["Api", "ApiError", "api_of_origin", "page_command", "require_gh"]

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

_TRIES = 3
_LONGEST_WAIT = 30.0
_PAGE = 100
_STATUS_PAGE = "see https://www.githubstatus.com, then type the same again"
_WRITTEN = "whether it was written is unknown, so compare before you write again; "
# What a hint begins with where the host broke.
_UNKNOWN: Mapping[Method, str] = {"GET": "", **dict.fromkeys(("POST", "PUT", "PATCH", "DELETE"), _WRITTEN)}
# What would colour the answer or comment on it.
_WITHOUT = ("GH_FORCE_TTY", "GH_DEBUG", "DEBUG", "CLICOLOR_FORCE")


class ApiError(InfrastructureError):
    """The host refused or broke; `status` is HTTP's, 0 where no answer came."""

    def __init__(self, message: str, hint: str, status: int = 0) -> None:
        super().__init__(message, hint)
        self.status = status


@dataclass(frozen=True)
class _Answer:
    """What came back. `data` is None where the body isn't JSON."""

    status: int
    headers: Mapping[str, str]
    body: str

    @property
    def data(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def message(self) -> str:
        """GitHub's own words, with what it says of each error."""
        data = self.data
        if not isinstance(data, Mapping):
            return "an answer that isn't JSON"
        errors = data.get("errors")
        said = errors if isinstance(errors, list) else [errors] if errors else []
        words = [e.get("message") or json.dumps(e) if isinstance(e, Mapping) else str(e) for e in said]
        return ": ".join(filter(None, (str(data.get("message", "")), "; ".join(words))))

    @property
    def limited(self) -> float | None:
        """The seconds that a rate limit asks to wait, None where there is no limit."""
        known = self.headers.get
        spent = known("x-ratelimit-remaining") == "0"
        if self.status not in (403, 429) or not (
            spent or "retry-after" in self.headers or "rate limit" in self.message.lower()
        ):
            return None
        if (seconds := known("retry-after", "")).isdecimal():
            return float(seconds)
        reset = known("x-ratelimit-reset", "")
        # GitHub asks for a minute where it names no time.
        return max(1.0, float(reset) - time.time()) if spent and reset.isdecimal() else 60.0


def api_of_origin(root: Path, *, right: str, seconds: float = 60.0) -> Api:
    """What lies below the repository that origin names, for a command that people type; atoms have their own.

    No answer takes longer than `seconds`. Raises InfrastructureError without gh or such a repository.
    """
    require_gh()
    children = Children()
    return Api(
        origin(root), lambda command: children.run(command, root), children.pause, seconds, right=right
    )


def require_gh() -> None:
    """Raises ToolMissing where there is no gh."""
    if shutil.which("gh") is None:
        raise ToolMissing("gh isn't on PATH", "install it from https://cli.github.com, then: gh auth login")


def page_command(repository: HostedRepository, path: str, page: int = 1) -> Command:
    """What reads a page of a list that lies below a repository."""
    return _command(repository, "GET", _below(repository, _page(path, page)))


def _page(path: str, page: int) -> str:
    return f"{path}{'&' if '?' in path else '?'}per_page={_PAGE}&page={page}"


def _below(repository: HostedRepository, path: str) -> str:
    return f"{repository.path}/{path}"


def _command(repository: HostedRepository, method: Method, path: str, body: Path | None = None) -> Command:
    words = ["gh", "api", "--include", "--method", method, path]
    if body is not None:
        words += ["--input", str(body)]
    return Command(tuple(words), {"GH_HOST": repository.host}, without=_WITHOUT)


@dataclass(frozen=True)
class Api:
    """What lies below one repository. `run` starts a program, `pause` waits some seconds; no answer takes
    longer than `timeout` seconds. `right` is the permission that a token needs to write.

    A rate limit that lasts no longer than half a minute is waited for. Reading is tried again when the
    host breaks; writing isn't, since it may have happened.
    """

    repository: HostedRepository
    run: Callable[[Command], Completed]
    pause: Callable[[float], None]
    timeout: float
    right: str = "Administration"

    def read(self, path: str) -> Any:
        """A path's JSON. Raises ApiError."""
        return self._ask("GET", _below(self.repository, path), None)

    def read_all(self, path: str) -> list[Any]:
        """The items of all pages of a list. Raises ApiError."""
        found: list[Any] = []
        for page in range(1, 1000):
            items = self.read(_page(path, page))
            if not isinstance(items, list):
                raise ApiError(f"{self.repository.host} answers {path} with no list", _STATUS_PAGE)
            found += items
            if len(items) < _PAGE:
                break
        return found

    def write(self, method: Literal["POST", "PUT", "PATCH", "DELETE"], path: str, data: Any = None) -> Any:
        """Send JSON and give what comes back. Raises ApiError."""
        return self._send(method, _below(self.repository, path), data)

    def graphql(self, query: str, **variables: Any) -> Any:
        """Send a query, for what REST lacks, and give its data. Raises ApiError."""
        answer = self._send("POST", "graphql", {"query": query, "variables": variables})
        if errors := answer.get("errors"):
            said = "; ".join(str(error.get("message")) for error in errors)
            raise ApiError(f"{self.repository.host} refuses: {said}", self._lacking)
        return answer.get("data")

    def _send(self, method: Method, path: str, data: Any) -> Any:
        if data is None:
            return self._ask(method, path, None)
        with tempfile.TemporaryDirectory(prefix="atomci-gh-") as folder:
            body = Path(folder) / "body.json"
            body.write_text(json.dumps(data), encoding="utf-8")
            return self._ask(method, path, body)

    def _ask(self, method: Method, path: str, body: Path | None) -> Any:
        command = replace(_command(self.repository, method, path, body), timeout=self.timeout)
        for attempt in range(_TRIES):
            answer = self._answer(command, method)
            wait = _wait(answer, method, attempt)
            if wait is None:
                break
            self.pause(wait)
        if answer.status == 204:
            return None
        if answer.status >= 300 or answer.data is None:
            raise self._error(answer, method, path)
        return answer.data

    def _answer(self, command: Command, method: Method) -> _Answer:
        try:
            done = self.run(command)
        except ToolTimeout as error:
            raise self._no_answer(error.message, method) from None
        head, _, body = done.stdout.replace("\r\n", "\n").partition("\n\n")
        first, *lines = head.split("\n")
        status = re.match(r"HTTP/\S+ (\d{3})", first)
        if status is None:
            if done.code == 4 or "gh auth login" in done.stderr:
                raise ApiError(f"gh isn't logged in to {self.repository.host}", self._login)
            said = done.stderr.strip().splitlines() or ["it says nothing"]
            raise self._no_answer(said[0], method)
        pairs = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        return _Answer(int(status[1]), headers, body)

    def _no_answer(self, said: str, method: Method) -> ApiError:
        host = self.repository.host
        return ApiError(
            f"gh got no answer from {host}: {said}", f"{_UNKNOWN[method]}gh auth status --hostname {host}"
        )

    def _error(self, answer: _Answer, method: Method, path: str) -> ApiError:
        host, status = self.repository.host, answer.status
        if (seconds := answer.limited) is not None:
            text = f"{host} asks to wait {seconds:.0f} s: {answer.message}"
            return ApiError(text, "type the same again after that", status)
        text = f"{host} answers {status} to {method} {path}: {answer.message}"
        return ApiError(text, self._hint(answer, method), status)

    def _hint(self, answer: _Answer, method: Method) -> str:
        if answer.status == 401:
            return self._login
        if "upgrade to github" in answer.message.lower():
            return "GitHub has this for public repositories and paid plans only"
        if answer.status == 404 and method == "GET":
            return f"gh auth status --hostname {self.repository.host}; git remote get-url origin"
        if answer.status in (403, 404):
            return self._lacking
        if answer.status == 422:
            return "compare again; if nobody else changed it, fix the file"
        return _UNKNOWN[method] + _STATUS_PAGE

    @property
    def _lacking(self) -> str:
        return (
            "this login doesn't have the right: gh auth refresh --scopes repo, or a token with "
            f"{self.right}: read and write"
        )

    @property
    def _login(self) -> str:
        return f"gh auth login --hostname {self.repository.host}, or set GH_TOKEN"


def _wait(answer: _Answer, method: Method, attempt: int) -> float | None:
    """The seconds before the next try, None where there is to be none."""
    if attempt == _TRIES - 1:
        return None
    if (seconds := answer.limited) is not None:
        return seconds if seconds <= _LONGEST_WAIT else None
    return 0.5 * 2**attempt if answer.status >= 500 and method == "GET" else None
