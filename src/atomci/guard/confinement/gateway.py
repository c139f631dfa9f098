"""The one way to the network for a program that has none: to hosts that are named, and to no other.

It runs outside of the program's namespaces and accepts on a socket from inside, as a proxy that only knows
CONNECT. The launcher loads it; standard library only.
"""

from __future__ import annotations

import base64
import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

PORT = 3128
"""Where the program finds it, on its own loopback."""

_AT_ONCE = 128
_HEAD = 16_384
_PATIENCE = 30.0
_PIECE = 65_536
_PARENT_DEATH = 1  # PR_SET_PDEATHSIG


def beside(hosts: list[str], prctl: Callable[..., int], line: int) -> None:
    """Start it beside this process, with which it ends; it gets its socket over the descriptor `line`."""
    own, theirs = socket.socketpair()
    around = {name.lower(): value for name, value in os.environ.items()}
    upstream = around.get("https_proxy", "")
    parent = os.getpid()
    if os.fork() == 0:
        try:
            prctl(_PARENT_DEATH, signal.SIGKILL, 0, 0, 0)
            if os.getppid() == parent:
                own.close()
                _quiet()
                _serve(theirs, frozenset(hosts), upstream)
        finally:
            os._exit(0)
    theirs.close()
    os.dup2(own.detach(), line)
    os.set_inheritable(line, True)  # which `dup2` does only for another descriptor


def listen(line: int) -> None:
    """Inside: make the socket, hand it out, and tell programs of it by the usual variables."""
    server = socket.create_server(("127.0.0.1", PORT))
    with socket.socket(fileno=line) as out:
        socket.send_fds(out, [b"!"], [server.fileno()])
    server.close()
    address = f"http://127.0.0.1:{PORT}"
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"):
        os.environ[name] = os.environ[name.lower()] = address
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "localhost,127.0.0.1,::1"
    os.environ["NODE_USE_ENV_PROXY"] = "1"


def _quiet() -> None:
    """It holds none of the program's streams open."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nothing, stream)


def _serve(line: socket.socket, hosts: frozenset[str], upstream: str) -> None:
    _, descriptors, _, _ = socket.recv_fds(line, 1, 1)
    line.close()
    if not descriptors:
        return
    server = socket.socket(fileno=descriptors[0])
    slots = threading.BoundedSemaphore(_AT_ONCE)

    def answer(asked: socket.socket) -> None:
        try:
            _answer(asked, hosts, upstream)
        finally:
            slots.release()

    while slots.acquire():
        asked, _ = server.accept()
        threading.Thread(target=answer, args=(asked,), daemon=True).start()


def _answer(asked: socket.socket, hosts: frozenset[str], upstream: str) -> None:
    with asked, contextlib.suppress(OSError, ValueError):
        asked.settimeout(_PATIENCE)
        target = _target(asked)
        if target not in hosts:
            words = f"atomci guard: {target or 'this'} isn't one of the hosts that the network is open for\n"
            asked.sendall(f"HTTP/1.1 403 Forbidden\r\nContent-Length: {len(words)}\r\n\r\n{words}".encode())
            return
        try:
            other = _connected(target, upstream)
        except OSError as error:
            asked.sendall(
                f"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nX-Reason: {error}\r\n\r\n".encode()
            )
            return
        with other:
            asked.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            _join(asked, other)


def _target(asked: socket.socket) -> str:
    """HOST:PORT of a request to connect, in small letters; empty for any other request."""
    head = b""
    while b"\r\n\r\n" not in head:
        piece = asked.recv(_HEAD)
        head += piece
        if not piece or len(head) > _HEAD:
            return ""
    words = head.split(b"\r\n", 1)[0].decode("ascii", "replace").split(" ")
    return words[1].lower() if len(words) == 3 and words[0] == "CONNECT" else ""


def _connected(target: str, upstream: str) -> socket.socket:
    host, _, port = target.rpartition(":")
    if not upstream:
        return socket.create_connection((host, int(port)), _PATIENCE)
    proxy = urlsplit(upstream if "//" in upstream else f"http://{upstream}")
    other = socket.create_connection((proxy.hostname or "", proxy.port or 80), _PATIENCE)
    login = ""
    if proxy.username is not None:
        pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
        login = f"Proxy-Authorization: Basic {base64.b64encode(pair.encode()).decode()}\r\n"
    other.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{login}\r\n".encode())
    head = b""
    while b"\r\n\r\n" not in head and len(head) < _HEAD:
        piece = other.recv(1)  # what follows is the host's
        if not piece:
            break
        head += piece
    if head.split(b" ", 2)[1:2] != [b"200"]:
        other.close()
        raise OSError("the proxy in HTTPS_PROXY refused")
    return other


def _join(one: socket.socket, other: socket.socket) -> None:
    """Carry bytes both ways until both have said all."""
    for end in (one, other):
        end.settimeout(None)
    back = threading.Thread(target=_carry, args=(other, one), daemon=True)
    back.start()
    _carry(one, other)
    back.join()


def _carry(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(_PIECE):
            target.sendall(piece)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
