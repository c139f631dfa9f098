"""A GitHub for tests: one HTTP server that real gh is pointed at, with state, faults and a record of calls.

gh reaches it as the host `github.localhost` through a proxy, which is this server, so it takes the paths of
github.com in plain HTTP. A route is a method of `GitHub` marked with `@route`; more kinds of things are
added as more of those.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

HOST = "github.localhost"
TOKEN = "ghp_of_the_tests"
# What GitHub fills in where it is told nothing.
PARAMETERS = {
    "pull_request": {
        "allowed_merge_methods": ["merge", "squash", "rebase"],
        "automatic_copilot_code_review_enabled": False,
        "required_reviewers": [],
    },
    "required_status_checks": {"do_not_enforce_on_create": False},
}
_ROUTES: list[tuple[str, re.Pattern[str], str]] = []


@dataclass(frozen=True)
class Request:
    """One call: `path` without its query, `body` parsed."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Reply:
    """What is answered; text that isn't JSON goes as it is."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """Raised by a route: a status with GitHub's message and errors."""

    def __init__(self, status: int, message: str, *errors: str) -> None:
        super().__init__(message)
        body = {
            "message": message,
            "documentation_url": "https://docs.github.com/rest",
            "status": str(status),
        }
        self.reply = Reply(status, {**body, "errors": list(errors)} if errors else body)


def route(method: str, path: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Mark what answers a method and a path such as `/repos/{repo}/rulesets/{number}`."""
    pattern = re.sub(r"\{repo\}", r"(?P<repo>[^/]+/[^/]+)", path)
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)

    def mark(function: Callable[..., Any]) -> Callable[..., Any]:
        _ROUTES.append((method, re.compile(pattern), function.__name__))
        return function

    return mark


@dataclass
class Repo:
    """A repository's state."""

    rulesets: list[dict[str, Any]] = field(default_factory=list)
    private: bool = True
    may_write: bool = True


Fault = Callable[[Request], Reply | None]


@dataclass
class GitHub:
    """The state of the host. `faults` are asked before any route, one answer each, in order."""

    repos: dict[str, Repo] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    port: int = 0
    _ids: int = 40

    @property
    def env(self) -> dict[str, str]:
        """What a process needs to take this for GitHub; give it an empty GH_CONFIG_DIR too."""
        proxy = f"http://127.0.0.1:{self.port}"
        return {"HTTP_PROXY": proxy, "http_proxy": proxy, "NO_PROXY": "", "no_proxy": "", "GH_TOKEN": TOKEN}

    @property
    def calls(self) -> list[str]:
        """Methods and paths, in order."""
        return [str(request) for request in self.requests]

    @property
    def writes(self) -> list[str]:
        """Calls that change something."""
        return [str(request) for request in self.requests if request.method != "GET"]

    def fail(self, reply: Reply, *, on: str = "", times: int = 1) -> None:
        """Answer the next calls whose `METHOD PATH` has these words with this, instead of the truth."""

        def fault(request: Request) -> Reply | None:
            return reply if on in str(request) else None

        self.faults += [fault] * times

    def before(self, on: str, act: Callable[[], None]) -> None:
        """Do something when such a call comes, then answer it as ever."""

        def fault(request: Request) -> Reply | None:
            if on in str(request):
                self.faults.remove(fault)
                act()
            return None

        self.faults.append(fault)

    def ruleset(self, repo: str, body: Mapping[str, Any], source_type: str = "Repository") -> dict[str, Any]:
        """Make one as somebody else would, and give it."""
        self._ids += 1
        source = repo if source_type == "Repository" else repo.partition("/")[0]
        made = {"id": self._ids, "source_type": source_type, "source": source, "updated_at": "2026-01-01"}
        made |= _filled({"target": "branch", "bypass_actors": [], "conditions": {}, "rules": [], **body})
        self.repos[repo].rulesets.append(made)
        return made

    def answer(self, request: Request) -> Reply:
        """The reply to a call."""
        self.requests.append(request)
        for fault in list(self.faults):
            if (reply := fault(request)) is not None:
                self.faults.remove(fault)
                return reply
        try:
            for method, pattern, name in _ROUTES:
                found = pattern.fullmatch(request.path)
                if found and method == request.method:
                    made = getattr(self, name)(request, **found.groupdict())
                    return made if isinstance(made, Reply) else Reply(200, made)
            raise Refusal(404, "Not Found")
        except Refusal as refusal:
            return refusal.reply

    def _repo(self, request: Request, name: str, *, write: bool = False) -> Repo:
        """The repository, as whoever asks may see or change it."""
        given = request.headers.get("authorization", "")
        if given and given.split()[-1] != TOKEN:
            raise Refusal(401, "Bad credentials")
        repo = self.repos.get(name)
        if repo is None or (repo.private and not given):
            raise Refusal(404, "Not Found")
        if write and not given:
            raise Refusal(401, "Requires authentication")
        if write and not repo.may_write:
            raise Refusal(403, "Resource not accessible by personal access token")
        return repo

    # --- Rulesets -------------------------------------------------------------------------------

    @route("GET", "/repos/{repo}/rulesets")
    def list_rulesets(self, request: Request, repo: str) -> Reply:
        """Summaries: no rules, no conditions, nobody who may bypass."""
        with_parents = request.query.get("includes_parents", "true") == "true"
        left_out = ("rules", "conditions", "bypass_actors")
        rows = [
            {key: value for key, value in row.items() if key not in left_out}
            for row in self._repo(request, repo).rulesets
            if with_parents or row["source_type"] == "Repository"
        ]
        return paged(request, rows)

    @route("GET", "/repos/{repo}/rulesets/{number}")
    def get_ruleset(self, request: Request, repo: str, number: str) -> dict[str, Any]:
        """All of one; who may bypass it is shown to those who may write."""
        found = self._ruleset(request, repo, number)
        if self.repos[repo].may_write and "authorization" in request.headers:
            return found
        return {key: value for key, value in found.items() if key != "bypass_actors"}

    @route("POST", "/repos/{repo}/rulesets")
    def create_ruleset(self, request: Request, repo: str) -> Reply:
        """A new one; names are taken once."""
        there = self._repo(request, repo, write=True)
        self._valid(request.body, [row["name"] for row in there.rulesets])
        return Reply(201, self.ruleset(repo, request.body))

    @route("PUT", "/repos/{repo}/rulesets/{number}")
    def update_ruleset(self, request: Request, repo: str, number: str) -> dict[str, Any]:
        """Each key that is given takes the place of the old one."""
        there, found = self._repo(request, repo, write=True), self._ruleset(request, repo, number)
        if found["source_type"] != "Repository":
            raise Refusal(404, "Not Found")
        self._valid(request.body, [row["name"] for row in there.rulesets if row is not found])
        found |= _filled(request.body)
        found["updated_at"] += "+"
        return found

    @route("DELETE", "/repos/{repo}/rulesets/{number}")
    def delete_ruleset(self, request: Request, repo: str, number: str) -> Reply:
        """Gone."""
        there, found = self._repo(request, repo, write=True), self._ruleset(request, repo, number)
        if found["source_type"] != "Repository":
            raise Refusal(404, "Not Found")
        there.rulesets.remove(found)
        return Reply(204)

    def _ruleset(self, request: Request, repo: str, number: str) -> dict[str, Any]:
        for row in self._repo(request, repo).rulesets:
            if str(row["id"]) == number:
                return row
        raise Refusal(404, "Not Found")

    def _valid(self, body: Mapping[str, Any], taken: list[str]) -> None:
        told = {"name", "target", "enforcement", "bypass_actors", "conditions", "rules"}
        if unknown := body.keys() - told:
            raise Refusal(422, "Invalid request", f"{sorted(unknown)} are not permitted keys.")
        if body["name"] in taken:
            raise Refusal(422, "Validation Failed", "Name must be unique")
        for rule in body.get("rules", ()):
            if rule["type"] == "pull_request" and "required_approving_review_count" not in rule["parameters"]:
                raise Refusal(422, "Validation Failed", "Invalid rule 'pull_request': missing parameters")


def paged(request: Request, rows: list[Any]) -> Reply:
    """The page of a list that is asked for, with the link to the next."""
    size, page = int(request.query.get("per_page", 30)), int(request.query.get("page", 1))
    end = page * size
    link = {"Link": f'<http://{HOST}{request.path}?page={page + 1}>; rel="next"'} if end < len(rows) else {}
    return Reply(200, rows[end - size : end], link)


def _filled(body: Mapping[str, Any]) -> dict[str, Any]:
    """A ruleset with the defaults of its rules' parameters."""
    filled: dict[str, Any] = json.loads(json.dumps(body))
    for rule in filled.get("rules", ()):
        if (defaults := PARAMETERS.get(rule["type"])) is not None:
            rule["parameters"] = {**defaults, **rule.get("parameters", {})}
    return filled


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body in one packet: two wait for each other's acknowledgement, 40 ms a call.
    wbufsize = -1
    disable_nagle_algorithm = True
    github: GitHub

    def _do(self) -> None:
        split = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        content = self.rfile.read(length)
        request = Request(
            self.command,
            split.path.removeprefix("/api/v3"),
            {name: values[-1] for name, values in parse_qs(split.query).items()},
            {name.lower(): value for name, value in self.headers.items()},
            json.loads(content) if content else None,
        )
        reply = self.github.answer(request)
        is_text = isinstance(reply.body, str)
        body = b"" if reply.body is None else (reply.body if is_text else json.dumps(reply.body)).encode()
        kind = "text/html" if is_text else "application/json; charset=utf-8"
        self.send_response(reply.status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _do  # noqa: N815

    def log_message(self, *args: Any) -> None:
        """Calls are recorded, not printed."""


@contextlib.contextmanager
def serving(github: GitHub) -> Iterator[GitHub]:
    """Answer calls while the block runs."""
    handler = type("Handler", (_Handler,), {"github": github})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        github.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield github
        finally:
            server.shutdown()
            thread.join()
