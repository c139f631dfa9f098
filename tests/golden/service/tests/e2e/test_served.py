import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

PACKAGE = "my_service"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The address of the service, started as its users start it."""
    port = free_port()
    # -I: the installed distribution, not what lies in the current folder.
    process = subprocess.Popen(
        [sys.executable, "-I", "-m", PACKAGE],
        cwd=tmp_path,
        env={**os.environ, "PORT": str(port)},
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until_up(process, address)
        yield address
    finally:
        process.terminate()
        process.wait(10)


def wait_until_up(process: subprocess.Popen[bytes], address: str) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        assert process.poll() is None, "the service ended"
        try:
            httpx2.get(f"{address}/health").raise_for_status()
        except httpx2.HTTPError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the service didn't come up")


def test_a_document_comes_back_as_an_outline(served: str) -> None:
    response = httpx2.post(f"{served}/outline", json={"markdown": "# One\n"})

    assert response.json() == [{"level": 1, "title": "One", "slug": "one"}]


def test_the_interface_is_documented(served: str) -> None:
    assert httpx2.get(f"{served}/docs").status_code == 200
