"""Takes the pictures in docs/images: the page of a container lab while one of its hosts is loaded, in both themes.

LAB_NAME=lab .venv/bin/python -m tests.browser.lab_pictures http://127.0.0.1:9430
"""

from __future__ import annotations

import os
import re
import sys
import time

from playwright.sync_api import Page, expect

from tests.browser.chromium import Complaints, chromium, page_of_all_hosts
from tests.browser.parts import SECONDS, cell, chart, square
from tests.lab_load import ROOT, load

IMAGES = ROOT / "docs/images"
HOST = "web-2"
# As the README and docs/dashboard.md have room for.
WIDTH = 1200
HEIGHTS = {"hosts": 440, "host": 760}
LOAD_SECONDS = 40
SHOWN_SECONDS = 180


def main() -> None:
    address = sys.argv[1]
    os.environ["PATH"] = f"{ROOT / '.venv/bin'}{os.pathsep}{os.environ['PATH']}"
    with chromium() as browser, page_of_all_hosts(browser, address, HOST, Complaints()) as page:
        with load(HOST, LOAD_SECONDS, clients=200):
            expect(square(page, HOST)).to_have_class(re.compile(r"\bbad\b"), timeout=60 * SECONDS)
            expect(cell(page, HOST, "Alarms")).to_contain_text("firing", timeout=30 * SECONDS)
            expect(cell(page, HOST, "CPU")).to_have_text(re.compile("%$"), timeout=30 * SECONDS)
            take(page, "hosts")
        # Below 10 %, so that the charts have the end of the load too.
        expect(cell(page, HOST, "CPU")).to_have_text(re.compile(r"^\d(\.\d+)? %$"), timeout=60 * SECONDS)
        end = round(time.time() * 1000)
        page.goto(f"/#/host/{HOST}?start={end - SHOWN_SECONDS * 1000}&end={end}")
        for title in ("Health", "CPU"):
            chart(page, title)
        take(page, "host")


def take(page: Page, name: str) -> None:
    page.set_viewport_size({"width": WIDTH, "height": HEIGHTS[name]})
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.screenshot(path=IMAGES / f"{name}-{theme}.png", animations="disabled")


if __name__ == "__main__":
    main()
