"""A real Chromium without a window, driven through its debugging pipe, so that no library is needed for it."""

import itertools
import json
import os
import shutil
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["CHROMIUM", "Page", "browser"]

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_WORDS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-extensions"),
    *("--disable-background-networking", "--hide-scrollbars", "--remote-debugging-pipe", "about:blank"),
)
_KEYS = {"Enter": ("\r", 13), "Escape": ("", 27), "ArrowRight": ("", 39), "Tab": ("", 9)}


class Page:
    """One tab. `complaints` is what the console and the policy objected to, `asked` each address but files."""

    def __init__(self, to: int, back: int) -> None:
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self._to, self._back = to, os.fdopen(back, "rb", buffering=0)
        self._left = b""
        self._numbers = itertools.count(1)
        self._session = ""
        tabs = self.call("Target.getTargets")["targetInfos"]
        target = next(row["targetId"] for row in tabs if row["type"] == "page")
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> Any:
        """A method of the protocol, and its result."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            got = self._next()
            if got.get("id") == number:
                assert "error" not in got, got
                return got["result"]

    def open(self, file: Path, width: int = 1280, height: int = 900, *, dark: bool = False) -> None:
        """Load a file from disk, to its end."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = "dark" if dark else "light"
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.call("Page.navigate", url=file.as_uri())
        while self._next().get("method") != "Page.loadEventFired":
            continue

    def ask(self, expression: str) -> Any:
        """The value of an expression in the page."""
        got = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in got, got
        return got["result"].get("value")

    def press(self, key: str) -> None:
        """Press and let go of a key."""
        text, code = _KEYS.get(key, (key, ord(key[0].upper())))
        known = {"key": key, "windowsVirtualKeyCode": code, **({"text": text} if text else {})}
        self.call("Input.dispatchKeyEvent", type="keyDown", **known)
        self.call("Input.dispatchKeyEvent", type="keyUp", **known)

    def type(self, text: str) -> None:
        """Put a text where the cursor is."""
        self.call("Input.insertText", text=text)

    def picture(self, file: Path) -> None:
        """What is seen, as PNG."""
        file.write_bytes(b64decode(self.call("Page.captureScreenshot")["data"]))

    def _next(self) -> Any:
        while b"\0" not in self._left:
            got = os.read(self._back.fileno(), 1 << 20)
            assert got, "the browser has ended"
            self._left += got
        line, _, self._left = self._left.partition(b"\0")
        message = json.loads(line)
        params = message.get("params", {})
        if message.get("method") == "Log.entryAdded":
            self.complaints.append(params["entry"]["text"])
        elif message.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(params["exceptionDetails"]["text"])
        elif message.get("method") == "Network.requestWillBeSent":
            address = params["request"]["url"]
            self.asked += [] if address.startswith("file:") else [address]
        return message


@contextmanager
def browser(folder: Path) -> Iterator[Page]:
    """A browser of its own, which keeps what it writes in the folder, and ends with the block."""
    assert CHROMIUM is not None
    theirs_in, to = os.pipe()
    back, theirs_out = os.pipe()
    command = f'exec "$0" "$@" 3<&{theirs_in} 4>&{theirs_out}'
    process = subprocess.Popen(
        ["/bin/bash", "-c", command, CHROMIUM, f"--user-data-dir={folder}", *_WORDS],
        pass_fds=(theirs_in, theirs_out),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs_in)
    os.close(theirs_out)
    try:
        yield Page(to, back)
    finally:
        os.close(to)
        process.terminate()
        process.wait(20)
