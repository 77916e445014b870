"""Firefox for a test, driven by WebDriver BiDi, which needs no driver program."""

import base64
import json
import os
import re
import shutil
import subprocess
from contextlib import contextmanager
from itertools import count

from websocket import create_connection

HANG = 600  # seconds


def find():
    """Return the path of a Firefox, or None."""
    return shutil.which("firefox-esr") or shutil.which("firefox")


@contextmanager
def open_page(profile, size):
    """Open an empty page of this size in a fresh profile; yields a function ask(method, **parameters) of WebDriver BiDi."""
    width, height = size
    command = [find(), "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port=0"]
    environment = os.environ | {"MOZ_HEADLESS_WIDTH": str(width), "MOZ_HEADLESS_HEIGHT": str(height), "HOME": profile}
    with subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as firefox:
        try:
            said = iter(firefox.stderr.readline, "")
            address = next(
                found[1] for line in said if (found := re.search(r"WebDriver BiDi listening on (ws://\S+)", line))
            )
            socket, number = create_connection(f"{address}/session", timeout=HANG, suppress_origin=True), count(1)

            def ask(method, **parameters):
                socket.send(json.dumps({"id": (own := next(number)), "method": method, "params": parameters}))
                while (answer := json.loads(socket.recv())).get("id") != own:
                    pass  # an event
                if answer["type"] == "error":
                    raise RuntimeError(f"{method}: {answer['message']}")
                return answer["result"]

            ask("session.new", capabilities={})
            yield Page(ask, size)
        finally:
            firefox.kill()


class Page:
    """The page of a browser."""

    def __init__(self, ask, size):
        self.ask = ask
        self.context = ask("browsingContext.getTree")["contexts"][0]["context"]
        width, height = size
        ask("browsingContext.setViewport", context=self.context, viewport={"width": width, "height": height})

    def goto(self, address):
        """Open an address and wait until it is loaded."""
        self.ask("browsingContext.navigate", context=self.context, url=address, wait="complete")

    def evaluate(self, script):
        """Return what an expression, or a promise, gives, which must be of JSON."""
        answer = self.ask(
            "script.evaluate", expression=f"Promise.resolve({script}).then(JSON.stringify)", awaitPromise=True, target={"context": self.context},
        )  # fmt: skip
        if answer["type"] == "exception":
            raise RuntimeError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"].get("value", "null"))

    def screenshot(self):
        """Return the page as PNG bytes."""
        return base64.b64decode(self.ask("browsingContext.captureScreenshot", context=self.context)["data"])

    def pdf(self, size):
        """Return the page as a PDF with pages of so many pixels, width and height, that have no margins of their own."""
        width, height = (pixels * 2.54 / 96 for pixels in size)
        edges = dict.fromkeys(("top", "bottom", "left", "right"), 0)
        printed = self.ask(
            "browsingContext.print", context=self.context, page={"width": width, "height": height}, margin=edges, background=True, shrinkToFit=False,
        )  # fmt: skip
        return base64.b64decode(printed["data"])
