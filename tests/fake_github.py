"""A GitHub for tests: one HTTP server that real gh is pointed at, with state, faults and a record of calls.

gh reaches it as the host `github.localhost` through a proxy, which is this server, so it takes the paths of
github.com in plain HTTP. A route is a method of `GitHub` marked with `@route`; more kinds of things are
added as more of those. Real git clones, fetches and pushes through the same port, by git's own backend.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

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
    """One call: `path` without its query, `body` parsed, `content` as it came."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any = None
    content: bytes = b""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Reply:
    """What is answered; text that isn't JSON, and bytes, go as they are."""

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
    """A repository's state; `bare` is what git has of it."""

    rulesets: list[dict[str, Any]] = field(default_factory=list)
    pulls: list[dict[str, Any]] = field(default_factory=list)
    statuses: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    checks: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    reviews: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    decisions: dict[int, str | None] = field(default_factory=dict)
    comments: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    ci_runs: list[dict[str, Any]] = field(default_factory=list)
    uploads: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    bare: Path | None = None
    drafts: bool = True
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
        return [
            str(request)
            for request in self.requests
            if request.method != "GET" and not request.path.endswith("/git-upload-pack")
        ]

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
            if found := _GIT.fullmatch(request.path):
                return self._git(request, found["repo"], found["rest"])
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
        given = _token(request)
        if given and given != TOKEN:
            raise Refusal(401, "Bad credentials")
        repo = self.repos.get(name)
        if repo is None or (repo.private and not given):
            raise Refusal(404, "Not Found")
        if write and not given:
            raise Refusal(401, "Requires authentication")
        if write and not repo.may_write:
            raise Refusal(403, "Resource not accessible by personal access token")
        return repo

    # --- Git ------------------------------------------------------------------------------------

    def _git(self, request: Request, name: str, rest: str) -> Reply:
        """What `git http-backend`, a CGI program, makes of it."""
        writing = "git-receive-pack" in (rest, request.query.get("service"))
        try:
            there = self._repo(request, name, write=writing)
        except Refusal as refusal:
            missing = not _token(request)
            ask = {"WWW-Authenticate": 'Basic realm="GitHub"'} if missing else {}
            return Reply(401 if missing else refusal.reply.status, "refused", ask)
        assert there.bare is not None
        packed = request.headers.get("content-encoding") == "gzip"
        content = gzip.decompress(request.content) if packed else request.content
        env = {
            **{key: value for key, value in os.environ.items() if not key.startswith("GIT_")},
            "GIT_PROJECT_ROOT": str(there.bare.parent),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": request.headers.get("git-protocol", ""),
            "PATH_INFO": f"/{there.bare.name}/{rest}",
            "REQUEST_METHOD": request.method,
            "QUERY_STRING": urlencode(request.query),
            "CONTENT_TYPE": request.headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(content)),
            "REMOTE_USER": "tests" if _token(request) else "",
        }
        command = ["git", "http-backend"]
        done = subprocess.run(command, env=env, input=content, capture_output=True, check=True)
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        return Reply(int(headers.pop("Status", "200").split()[0]), body, headers)

    # --- Pull requests --------------------------------------------------------------------------

    @route("GET", "/repos/{repo}/pulls")
    def list_pulls(self, request: Request, repo: str) -> Reply:
        """Those of a state and a head, the newest first."""
        state, head = request.query.get("state", "open"), request.query.get("head")
        rows = [
            row
            for row in reversed(self._repo(request, repo).pulls)
            if state in ("all", row["state"]) and head in (None, row["head"]["label"])
        ]
        return paged(request, rows)

    @route("POST", "/repos/{repo}/pulls")
    def create_pull(self, request: Request, repo: str) -> Reply:
        """One for a branch that is there and has none."""
        there, body = self._repo(request, repo, write=True), request.body
        label = f"{repo.partition('/')[0]}:{body['head']}"
        if any(row["head"]["label"] == label and row["state"] == "open" for row in there.pulls):
            raise Refusal(422, "Validation Failed", f"A pull request already exists for {label}.")
        if body.get("draft") and not there.drafts:
            raise Refusal(422, "Draft pull requests are not supported in this repository.")
        if there.bare is None or not (tip := _tip(there.bare, body["head"])):
            raise Refusal(422, "Validation Failed", "Field 'head' is invalid")
        number = len(there.pulls) + 1
        made = {
            "number": number,
            "node_id": f"PR_{repo}_{number}",
            "html_url": f"https://{HOST}/{repo}/pull/{number}",
            "state": "open",
            "merged_at": None,
            "draft": bool(body.get("draft")),
            "title": body["title"],
            "body": body.get("body"),
            "head": {"ref": body["head"], "label": label, "sha": tip},
            "base": {"ref": body["base"]},
        }
        there.pulls.append(made)
        return Reply(201, made)

    @route("PATCH", "/repos/{repo}/pulls/{number}")
    def update_pull(self, request: Request, repo: str, number: str) -> dict[str, Any]:
        """Title, body and state; drafts aren't made here."""
        for row in self._repo(request, repo, write=True).pulls:
            if str(row["number"]) == number:
                changed = {
                    key: request.body[key] for key in ("title", "body", "state") if key in request.body
                }
                row.update(changed)
                return row
        raise Refusal(404, "Not Found")

    @route("POST", "/graphql")
    def graphql(self, request: Request) -> dict[str, Any]:
        """A pull request turned into a draft and back, and what its reviews come to."""
        query, given = request.body["query"], request.body["variables"]
        if "reviewDecision" in query:
            there = self._repo(request, f"{given['owner']}/{given['name']}")
            decided = {"reviewDecision": there.decisions.get(given["number"])}
            return {"data": {"repository": {"pullRequest": decided}}}
        if "viewerDidAuthor" in query:
            rows = self._repo(request, f"{given['owner']}/{given['name']}").comments.get(given["number"], [])
            return {"data": {"repository": {"pullRequest": {"comments": {"nodes": rows[-100:]}}}}}
        node = given["id"]
        for name, repo in self.repos.items():
            for row in repo.pulls:
                if row["node_id"] != node:
                    continue
                self._repo(request, name)
                if not repo.may_write:
                    refused = {"type": "FORBIDDEN", "message": "Resource not accessible by integration"}
                    return {"data": None, "errors": [refused]}
                row["draft"] = "convertPullRequestToDraft" in query
                return {"data": {"done": {"pullRequest": {"isDraft": row["draft"]}}}}
        unknown = f"Could not resolve to a node with the global id of '{node}'"
        return {"data": None, "errors": [{"type": "NOT_FOUND", "message": unknown}]}

    @route("POST", "/repos/{repo}/issues/{number}/comments")
    def comment(self, request: Request, repo: str, number: str) -> Reply:
        """One more on a pull request, of at most so many characters."""
        there = self._repo(request, repo, write=True)
        if len(request.body["body"]) > 65_536:
            raise Refusal(422, "Validation Failed", "body is too long (maximum is 65536 characters)")
        self._ids += 1
        url = f"https://{HOST}/{repo}/pull/{number}#issuecomment-{self._ids}"
        made = {"databaseId": self._ids, "body": request.body["body"], "url": url, "viewerDidAuthor": True}
        there.comments.setdefault(int(number), []).append(made)
        return Reply(201, {"id": self._ids, "html_url": url})

    @route("PATCH", "/repos/{repo}/issues/comments/{number}")
    def edit_comment(self, request: Request, repo: str, number: str) -> dict[str, Any]:
        """Another text for one."""
        rows = self._repo(request, repo, write=True).comments.values()
        row = next(row for many in rows for row in many if row["databaseId"] == int(number))
        row["body"] = request.body["body"]
        return {"id": int(number), "html_url": row["url"]}

    @route("DELETE", "/repos/{repo}/issues/comments/{number}")
    def delete_comment(self, request: Request, repo: str, number: str) -> Reply:
        """One that is gone."""
        for many in self._repo(request, repo, write=True).comments.values():
            many[:] = [row for row in many if row["databaseId"] != int(number)]
        return Reply(204, "")

    @route("GET", "/repos/{repo}/commits/{sha}/status")
    def combined_status(self, request: Request, repo: str, sha: str) -> dict[str, Any]:
        """The newest of each context."""
        return {"sha": sha, "statuses": self._repo(request, repo).statuses.get(sha, [])}

    @route("POST", "/repos/{repo}/statuses/{sha}")
    def create_status(self, request: Request, repo: str, sha: str) -> Reply:
        """One more."""
        self._repo(request, repo, write=True).statuses.setdefault(sha, []).append(request.body)
        return Reply(201, request.body)

    # --- What is known of a commit --------------------------------------------------------------

    @route("GET", "/repos/{repo}/commits/{sha}/pulls")
    def pulls_of_commit(self, request: Request, repo: str, sha: str) -> Reply:
        """Those that hold it; of a commit that was never pushed there is no answer."""
        there = self._repo(request, repo)
        rows = [row for row in there.pulls if sha in (row["head"]["sha"], row.get("merge_commit_sha"))]
        if not rows and sha not in there.checks:
            raise Refusal(422, f"No commit found for SHA: {sha}")
        return paged(request, rows)

    @route("GET", "/repos/{repo}/commits/{sha}/check-runs")
    def check_runs(self, request: Request, repo: str, sha: str) -> dict[str, Any]:
        """The newest of each name."""
        rows = self._repo(request, repo).checks.get(sha, [])
        return {"total_count": len(rows), "check_runs": paged(request, rows).body}

    @route("GET", "/repos/{repo}/pulls/{number}/reviews")
    def reviews_of_pull(self, request: Request, repo: str, number: str) -> Reply:
        """All, the oldest first."""
        return paged(request, self._repo(request, repo).reviews.get(int(number), []))

    @route("GET", "/repos/{repo}/rules/branches/{branch}")
    def rules_of_branch(self, request: Request, repo: str, branch: str) -> Reply:
        """Of all rulesets, as if each were for this branch."""
        return paged(request, [rule for row in self._repo(request, repo).rulesets for rule in row["rules"]])

    @route("GET", "/repos/{repo}/actions/runs")
    def workflow_runs(self, request: Request, repo: str) -> dict[str, Any]:
        """Those of a commit, the newest first."""
        rows = [
            row for row in self._repo(request, repo).ci_runs if row["head_sha"] == request.query["head_sha"]
        ]
        return {"total_count": len(rows), "workflow_runs": paged(request, rows[::-1]).body}

    @route("GET", "/repos/{repo}/actions/runs/{number}/artifacts")
    def uploads_of_run(self, request: Request, repo: str, number: str) -> dict[str, Any]:
        """What it uploaded."""
        rows = self._repo(request, repo).uploads.get(int(number), [])
        return {"total_count": len(rows), "artifacts": paged(request, rows).body}

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


_GIT = re.compile(r"/(?P<repo>[^/]+/[^/]+)\.git/(?P<rest>.+)")


def _token(request: Request) -> str:
    """What is given as a token, or as a password; empty when nothing is."""
    given = request.headers.get("authorization", "")
    if given.lower().startswith("basic "):
        return base64.b64decode(given.split()[-1]).decode().partition(":")[2]
    return given.split()[-1] if given else ""


def _tip(bare: Path, branch: str) -> str:
    command = ["git", "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}"]
    return subprocess.run(command, cwd=bare, capture_output=True, text=True, check=False).stdout.strip()


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
        content = self._content()
        request = Request(
            self.command,
            split.path.removeprefix("/api/v3"),
            {name: values[-1] for name, values in parse_qs(split.query).items()},
            {name.lower(): value for name, value in self.headers.items()},
            json.loads(content) if content and content[:1] in b"{[" else None,
            content,
        )
        reply = self.github.answer(request)
        is_text = isinstance(reply.body, str)
        if isinstance(reply.body, bytes):
            body = reply.body
        else:
            body = b"" if reply.body is None else (reply.body if is_text else json.dumps(reply.body)).encode()
        kind = "text/html" if is_text else "application/json; charset=utf-8"
        self.send_response(reply.status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _content(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        content = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return content

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


def on_github(made: Any, github: GitHub, repository: str, folder: Path) -> Any:
    """A made project whose origin is that repository, with real gh; `folder` holds gh's own settings."""
    programs = Path(sys.executable).parent
    assert shutil.which("gh", path=programs), "gh isn't installed: uv sync --all-groups"
    made.git("remote", "add", "origin", f"http://{HOST}/{repository}.git")
    path = os.pathsep.join((str(programs), made.env["PATH"]))
    made.env.update(github.env, PATH=path, GH_CONFIG_DIR=str(folder / "gh"))
    for name in ("GH_HOST", "GH_REPO", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN"):
        made.env.pop(name, None)
    return made
