import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest


@pytest.fixture
def served(temp_project: Path) -> Iterator[str]:
    """The address of the service, started as its users start it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    # -I: the installed package, not what lies in the current folder.
    command = [sys.executable, "-I", "-m", "my_service"]
    with subprocess.Popen(command, cwd=temp_project, env=os.environ | {"PORT": port}) as process:
        yield f"http://127.0.0.1:{port}"
        process.terminate()


def answer(url: str) -> httpx2.Response:
    """What it says once it is up; the time limit of a test bounds the wait."""
    while True:
        try:
            return httpx2.get(url, params={"title": "Crème brûlée, for two"})
        except httpx2.ConnectError:
            time.sleep(0.1)


def test_the_service_gives_a_slug(served: str) -> None:
    assert answer(f"{served}/slug").json() == {"slug": "creme-brulee-for-two"}
