"""What `gh api` asks of a GitHub of our own, answered in this process: without a program, a socket and 70 ms a call."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from fake_github import GitHub, Request

from atomci.tools.process import Children, Command, Completed

__all__ = ["answer_gh"]


def answer_gh(github: GitHub, patch: pytest.MonkeyPatch) -> None:
    """From now on. Other programs run as ever."""
    start = Children.run

    def run(
        self: Children, command: Command, cwd: Path, log: Callable[[str], None] | None = None
    ) -> Completed:
        if command.argv[:2] != ("gh", "api"):
            return start(self, command, cwd, log)
        reply = github.answer(_request(command.argv))
        head = [
            f"HTTP/2.0 {reply.status} Said",
            *(f"{name}: {value}" for name, value in reply.headers.items()),
        ]
        body = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
        assert reply.body is not None  # gh would print no "null"
        return Completed(command, int(reply.status >= 400), "\r\n".join([*head, "", body]), "", 0.0)

    patch.setattr(Children, "run", run)


def _request(argv: tuple[str, ...]) -> Request:
    """`gh api --include --method METHOD PATH [--input FILE]`; another form isn't known here."""
    assert argv[2:4] == ("--include", "--method")
    method, path, *rest = argv[4:]
    body = None
    if rest:
        assert rest[0] == "--input"
        body = json.loads(Path(rest[1]).read_text(encoding="utf-8"))
    split = urlsplit(path)
    query = {name: values[-1] for name, values in parse_qs(split.query).items()}
    return Request(
        method, f"/{split.path}", query, {"authorization": f"token {os.environ['GH_TOKEN']}"}, body
    )
