"""Headless Chromium: takes pictures of pages, driven over its debugging pipe (Chrome DevTools Protocol)."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nova.local.exceptions import BrowserError

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
WIDTH, HEIGHT = 1440, 1000  # CSS pixels
TIMEOUT = 60  # seconds for all that a browser is asked
WAIT_TIMEOUT = 15.0  # seconds for a page to show something
POLL_INTERVAL = 0.05
KEYS = {"Enter": "\r"}
"""What a key writes that has a name."""
CODES = {"Enter": 13, "Tab": 9, "Escape": 27}
CLICKABLE = "a, button, input[type=submit]"

# The browser reads commands from file descriptor 3 and writes answers to 4.
_AS_CHILD = 'exec "$@" 3<&0 4>&1 0</dev/null 1>/dev/null 2>/dev/null'


def chromium() -> str | None:
    """The path of a Chromium on this machine, if there is one."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """A Chromium with one page."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self._number = 0
        self._session: str | None = None
        target = self._call("Target.createTarget", url="about:blank", width=WIDTH, height=HEIGHT)["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._call("Page.enable")

    def open(self, url: str) -> None:
        """Go to a page, and wait until it has loaded."""
        self._call("Page.navigate", url=url)
        self._await_event("Page.loadEventFired")

    def fill_in(self, **fields: str) -> None:
        """Fill in the fields of the page's form, send it, and wait until its answer has loaded."""
        values = "".join(f"form.elements[{json.dumps(name)}].value = {json.dumps(fields[name])};" for name in fields)
        self._evaluate(f"const form = document.forms[0]; {values} form.submit()")
        self._await_event("Page.loadEventFired")

    def click(self, text: str) -> None:
        """Click what says just this, perhaps beside an icon: a link or button that is to be seen, once there is one."""
        lines = "(one.innerText || one.value || '').split('\\n').map(line => line.trim())"
        says = f"one.offsetParent && {lines}.includes({json.dumps(text)})"
        found = f"[...document.querySelectorAll({json.dumps(CLICKABLE)})].filter(one => {says})"
        self.wait_for(f"{found}.length > 0")
        self._evaluate(f"{found}.at(-1).click()")

    def write(self, name: str, value: str) -> None:
        """Write into a field, or choose of a list, once one of that name is to be seen."""
        fields = f"[...document.querySelectorAll('[name={json.dumps(name)}]')].filter(one => one.offsetParent)"
        self.wait_for(f"{fields}.length > 0")
        tell = "['input', 'change'].forEach(kind => field.dispatchEvent(new Event(kind, {bubbles: true})))"
        self._evaluate(f"{{ const field = {fields}.at(-1); field.value = {json.dumps(value)}; {tell} }}")

    def press(self, key: str) -> None:
        """Press a key, wherever the focus is: a letter, or a name such as `Enter` or `Tab`."""
        said = {"key": key, "text": KEYS.get(key, key if len(key) == 1 else "")}
        code = {"windowsVirtualKeyCode": CODES.get(key, ord(key.upper()) if len(key) == 1 else 0)}
        self._call("Input.dispatchKeyEvent", type="keyDown" if said["text"] else "rawKeyDown", **said, **code)
        self._call("Input.dispatchKeyEvent", type="keyUp", key=key, **code)

    def type(self, text: str) -> None:
        """Write where the focus is."""
        self._call("Input.insertText", text=text)

    def value(self, expression: str) -> object:
        """What a JavaScript expression is on the page. Raises `BrowserError` for what the page raises."""
        return self._evaluate(expression)

    def wait_for(self, expression: str) -> None:
        """Wait until a JavaScript expression is true of the page, over whatever loads meanwhile.

        Raises `BrowserError` when it does not become true in time.
        """
        deadline = time.monotonic() + WAIT_TIMEOUT
        while time.monotonic() < deadline:
            try:
                if self._evaluate(f"Boolean({expression})"):
                    return
            except BrowserError:  # the page is being replaced, or the browser is gone
                if self._process.poll() is not None:
                    raise
            time.sleep(POLL_INTERVAL)
        raise BrowserError(f"the page never came to this: {expression}")

    def picture(self) -> bytes:
        """The page as a PNG, once its fonts and charts are drawn."""
        self._evaluate("document.fonts.ready.then(() => new Promise(done => setTimeout(done, 500)))")
        return base64.b64decode(self._call("Page.captureScreenshot", format="png")["data"])

    def resize(self, width: int, height: int) -> None:
        """Show the page in a window of so many CSS pixels."""
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    @property
    def page_width(self) -> int:
        """Of the page in CSS pixels: more than the window's where it has to be scrolled sideways."""
        return int(str(self._evaluate("document.documentElement.scrollWidth")))

    @property
    def path(self) -> str:
        """The path of the page that is open, to which redirects may have led."""
        return str(self._evaluate("location.pathname"))

    def _evaluate(self, expression: str) -> object:
        answer = self._call("Runtime.evaluate", expression=expression, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise BrowserError(f"the page says: {answer['exceptionDetails'].get('text')}")
        return answer["result"].get("value")

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        assert self._process.stdin  # noqa: S101 - for the type checker
        self._process.stdin.write(json.dumps(message).encode() + b"\0")
        self._process.stdin.flush()
        while (answer := self._read()).get("id") != self._number:
            pass
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error']['message']}")
        result: dict[str, Any] = answer["result"]
        return result

    def _await_event(self, method: str) -> None:
        while self._read().get("method") != method:
            pass

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout  # noqa: S101 - for the type checker
        text = bytearray()
        while (byte := self._process.stdout.read(1)) != b"\0":
            if not byte:
                raise BrowserError("the browser has ended, or took too long")
            text += byte
        message: dict[str, Any] = json.loads(text)
        return message


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser for as long as the block lasts.

    Raises:
        BrowserError: there is no Chromium on this machine, or it does not do what it should.
    """
    program = chromium()
    if program is None:
        raise BrowserError(f"No browser is installed: one of {', '.join(NAMES)} is needed.")
    with tempfile.TemporaryDirectory(prefix="nova-browser-") as profile:
        arguments = (
            *("--headless", "--remote-debugging-pipe", f"--user-data-dir={profile}", "--hide-scrollbars"),
            *("--disable-gpu", "--no-first-run", f"--window-size={WIDTH},{HEIGHT}"),
            # Chromium refuses its sandbox to root; the only pages are our own.
            *(("--no-sandbox",) if os.geteuid() == 0 else ()),
        )
        process = subprocess.Popen(
            ["/bin/sh", "-c", _AS_CHILD, "sh", program, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        deadline = threading.Timer(TIMEOUT, process.kill)
        deadline.start()
        try:
            yield Browser(process)
        except BrokenPipeError as error:
            raise BrowserError("the browser has ended, or took too long") from error
        finally:
            deadline.cancel()
            process.terminate()
            process.communicate()
