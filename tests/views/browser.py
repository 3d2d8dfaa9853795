"""A real browser, driven by the DevTools protocol over two pipes: what a page looks like, and what it does.

Pictures come from this process: the browser reaches no network.
"""

import base64
import json
import os
import select
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from fcntl import F_DUPFD_CLOEXEC, fcntl
from pathlib import Path
from typing import Any, Self

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
BROWSER = next((path for name in NAMES if (path := shutil.which(name))), None)

_TIMEOUT_S = 90
_CLOSING_S = 20
_FOLLOWING_S = 20
_ABOVE_STANDARD = 10
_FLAGS = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--no-first-run",
    "--no-default-browser-check",
    "--hide-scrollbars",
    "--proxy-server=127.0.0.1:9",
)
_PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="160" height="160">'
    '<rect width="160" height="160" fill="#fff"/>'
    '<ellipse cx="80" cy="84" rx="{width}" ry="46" fill="hsl({hue} 45% 55%)"/></svg>'
)


@dataclass
class Seen:
    """What the browser was asked to do by a page, and what it refused."""

    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


class Browser:
    """One tab. Use it in a `with` block."""

    def __init__(self) -> None:
        assert BROWSER
        self._profile = tempfile.mkdtemp(prefix="amzsync-browser-")
        self._commands, self._answers, self._pid = _start(BROWSER, self._profile)
        self._read = b""
        self._last_id = 0
        self._session: str | None = None
        self._events: list[dict[str, Any]] = []
        self.seen = Seen()
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Audits"):
            self.call(f"{domain}.enable")
        self.call("Fetch.enable", patterns=[{"urlPattern": "http*"}])

    def call(self, method: str, **params: Any) -> Any:
        """Give a command, and wait for its answer."""
        self._last_id += 1
        number = self._last_id
        self._send(number, method, params)
        return self._wait(lambda message: message.get("id") == number)["result"]

    def open(self, path: Path, *, width: int = 1200, height: int = 900, dark: bool = False) -> None:
        """Load a file, and wait until all of it is there."""
        self.resize(width, height)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.seen = Seen()
        self._events.clear()
        self.call("Page.navigate", url=path.absolute().as_uri())
        self._wait(lambda message: message.get("method") == "Page.loadEventFired")

    def resize(self, width: int, height: int) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def press(self, key: str) -> None:
        """A key, with the letter that it writes."""
        text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
        code = {"Enter": 13, "Escape": 27, "ArrowLeft": 37, "ArrowRight": 39}.get(key, 0)
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def type(self, text: str) -> None:
        self.call("Input.insertText", text=text)

    def becomes(self, wanted: Callable[[], bool]) -> bool:
        """Whether it is so, or is so before long: pictures and the accessibility tree follow the page."""
        until = time.monotonic() + _FOLLOWING_S
        while not (is_so := wanted()) and time.monotonic() < until:
            self.settle()
        return is_so

    def settle(self) -> None:
        """Two frames later, what was to be loaded for them has been asked for."""
        self.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))

    def pdf(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.call("Page.printToPDF", printBackground=True)["data"]))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session = None
        with suppress(OSError):
            self._send(self._last_id + 1, "Browser.close", {})
        self._wait_for_the_end()
        os.close(self._commands)
        os.close(self._answers)
        shutil.rmtree(self._profile, ignore_errors=True)

    def _wait_for_the_end(self) -> None:
        """All it says until it has closed its end of the pipe; what does not end by itself is ended."""
        until = time.monotonic() + _CLOSING_S
        while select.select([self._answers], [], [], max(0.0, until - time.monotonic()))[0]:
            if not os.read(self._answers, 1 << 20):
                break
        else:
            os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)

    def _send(self, number: int, method: str, params: dict[str, Any]) -> None:
        message = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        left = memoryview(json.dumps(message).encode() + b"\0")
        while left:
            left = left[os.write(self._commands, left) :]

    def _wait(self, is_it: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        for event in self._events:
            if is_it(event):
                self._events.remove(event)
                return event
        until = time.monotonic() + _TIMEOUT_S
        while True:
            message = self._next(until)
            assert "error" not in message, message
            self._note(message)
            if is_it(message):
                return message
            if message.get("method") == "Page.loadEventFired":
                self._events.append(message)

    def _next(self, until: float) -> dict[str, Any]:
        while b"\0" not in self._read:
            ready, _, _ = select.select([self._answers], [], [], max(0.0, until - time.monotonic()))
            assert ready, "the browser does not answer"
            chunk = os.read(self._answers, 1 << 20)
            assert chunk, "the browser has ended"
            self._read += chunk
        message, _, self._read = self._read.partition(b"\0")
        read: dict[str, Any] = json.loads(message)
        return read

    def _note(self, message: dict[str, Any]) -> None:
        params = message.get("params", {})
        match message.get("method"):
            case "Fetch.requestPaused":
                self.seen.requests.append(params["request"]["url"])
                self._answer_with_a_picture(params)
            case "Log.entryAdded" if params["entry"]["level"] in ("error", "warning"):
                self.seen.complaints.append(params["entry"]["text"])
            case "Audits.issueAdded":
                self.seen.complaints.append(json.dumps(params["issue"]))
            case "Runtime.exceptionThrown" | "Page.javascriptDialogOpening":
                self.seen.complaints.append(json.dumps(params))

    def _answer_with_a_picture(self, params: dict[str, Any]) -> None:
        number = sum(params["request"]["url"].encode())
        picture = _PICTURE.format(width=30 + number % 40, hue=number * 37 % 360)
        self._last_id += 1
        self._send(
            self._last_id,
            "Fetch.fulfillRequest",
            {
                "requestId": params["requestId"],
                "responseCode": 200,
                "responseHeaders": [{"name": "Content-Type", "value": "image/svg+xml"}],
                "body": base64.b64encode(picture.encode()).decode(),
            },
        )


def _start(browser: str, profile: str) -> tuple[int, int, int]:
    """It reads commands from its descriptor 3 and answers on 4; both of ours must not be these themselves."""
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    high = [
        fcntl(one, F_DUPFD_CLOEXEC, _ABOVE_STANDARD) for one in (theirs_in, ours_out, ours_in, theirs_out)
    ]
    for one in (theirs_in, ours_out, ours_in, theirs_out):
        os.close(one)
    pid = os.posix_spawn(
        browser,
        [browser, *_FLAGS, f"--user-data-dir={profile}", "about:blank"],
        {**os.environ, "HOME": profile},
        file_actions=[
            (os.POSIX_SPAWN_DUP2, high[0], 3),
            (os.POSIX_SPAWN_DUP2, high[3], 4),
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ],
    )
    os.close(high[0])
    os.close(high[3])
    return high[1], high[2], pid
