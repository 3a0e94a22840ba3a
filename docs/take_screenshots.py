# ruff: noqa: INP001 - a script, not part of a package
"""Takes the pictures of docs/images from the Dagster UI of a home that has run.

Needs a Chromium on the path (Debian: apt-get install chromium). The pictures in this repository were made so:

    churn simulate --users 3000 --weeks 60 --end 2026-11-16 --home shop
    for day in 2026-11-02 2026-11-09 2026-11-16; do churn run --snapshot $day --home shop; done
    python docs/take_screenshots.py shop
"""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.sync.client import connect

IMAGES = Path(__file__).parent / "images"
UI_PORT, BROWSER_PORT = 3177, 9377
BROWSER = (
    "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
START_SECONDS = 120  # the UI loads the definitions before it answers
DRAW_SECONDS = 10  # after the last answer the page still lays out its graph

# The greeting of a new instance, and the menu at the side.
TIDY = """
[...document.querySelectorAll('button')].find(each => each.innerText === 'Skip')?.click();
[...document.querySelectorAll('[aria-label="Hide navigation"], button')]
  .find(each => [each.innerText, each.getAttribute('aria-label')].includes('Hide navigation'))?.click();
"""


@dataclass(frozen=True)
class Picture:
    name: str
    page: str
    width: int
    height: int


STAGES = ("features", "scoring")  # opened; the others are a box, or the graph is too large for a window
PICTURES = (
    Picture(
        "lineage", f"asset-groups?expanded={'%2C'.join(f'global%40global%3A{stage}' for stage in STAGES)}", 1900, 980
    ),
    Picture("checks", "assets/training/model_comparison?view=checks&checkDetail=beats_the_baseline", 1600, 1490),
)


def main(home: Path) -> None:
    with _started([str(Path(sys.executable).with_name("churn")), "ui", "--home", str(home), "--port", str(UI_PORT)]):
        _answer(f"http://127.0.0.1:{UI_PORT}/server_info")
        with tempfile.TemporaryDirectory() as profile:
            browser = [*BROWSER, f"--user-data-dir={profile}", f"--remote-debugging-port={BROWSER_PORT}", "about:blank"]
            with _started(browser):
                pages = json.loads(_answer(f"http://127.0.0.1:{BROWSER_PORT}/json"))
                address = next(page["webSocketDebuggerUrl"] for page in pages if page["type"] == "page")
                with _devtools(address) as tell:
                    for picture in PICTURES:
                        _take(picture, tell)


def _take(picture: Picture, tell: Callable[..., dict[str, Any]]) -> None:
    size = {"width": picture.width, "height": picture.height, "deviceScaleFactor": 1, "mobile": False}
    tell("Emulation.setDeviceMetricsOverride", **size)
    address = f"http://127.0.0.1:{UI_PORT}/{picture.page}"
    for _ in range(2):  # the graph is fitted when it is drawn, so once more when the menu is gone
        tell("Page.navigate", url="about:blank")
        tell("Page.navigate", url=address)
        time.sleep(DRAW_SECONDS)
        tell("Runtime.evaluate", expression=TIDY)
        time.sleep(1)
    image = base64.b64decode(tell("Page.captureScreenshot", format="png", optimizeForSpeed=False)["data"])
    file = IMAGES / f"{picture.name}.png"
    file.write_bytes(image)
    print(f"{file}  {len(image) / 1000:.0f} kB")


@contextmanager
def _started(command: list[str]) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGINT)  # with everything it has started
        process.wait()


def _answer(address: str) -> bytes:
    """The answer of a server that may still be starting."""
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(address) as answer:  # noqa: S310 - our own, on this machine
                content: bytes = answer.read()
                return content
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.5)


@contextmanager
def _devtools(address: str) -> Iterator[Callable[..., dict[str, Any]]]:
    """Commands of the DevTools protocol, each waiting for its answer."""
    with connect(address, max_size=None) as socket:
        number = 0

        def tell(method: str, **parameters: object) -> dict[str, Any]:
            nonlocal number
            number += 1
            socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
            while True:
                told = json.loads(socket.recv())
                if told.get("id") == number:
                    result: dict[str, Any] = told["result"]
                    return result

        yield tell


if __name__ == "__main__":
    main(Path(sys.argv[1]))
