"""A real Chromium, and pages in it that may not be complained of."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


# On a busy machine a page may be late; what must come within a time of its own says so.
PATIENCE_MS = 20_000


def program() -> str | None:
    """The one that is installed."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    found = program()
    assert found, f"needs one of {', '.join(PROGRAMS)}: apt-get install chromium"
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


class Complaints(list[str]):
    """What the browser has complained of: errors of scripts, blocked resources, failed requests."""

    def note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.append(message.text)


@contextmanager
def page_of_all_hosts(browser: Browser, address: str, host: str, complaints: Complaints) -> Iterator[Page]:
    """The page with its first picture, which has this host; at the end nothing may have been complained of."""
    context = browser.new_context(base_url=address, viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.on("console", complaints.note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/")
    page.get_by_role("rowheader", name=host).wait_for()
    yield page
    context.close()
    assert complaints == []
