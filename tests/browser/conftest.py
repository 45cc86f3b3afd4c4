"""The page in a real Chromium, before a real collector."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible.plugins.loader import init_plugin_loader
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.browser.fleet import Fleet, SimulatedHost

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# Of three hosts; the last has a name that would be markup, were it not taken for text.
HOSTS = ("web-1", "web-2", "<script>alert(1)</script>")
COLUMNS = [
    {"title": "Memory left", "query": "node_memory_MemAvailable_bytes", "unit": "bytes"},
    {"title": "Wrong", "query": "sum by (instance (", "unit": "number"},
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    assert program, f"needs one of {', '.join(CHROMIUM)}: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def ansible_plugins() -> None:
    """What rendering the role's rules needs."""
    init_plugin_loader([])


@pytest.fixture(scope="module")
def fleet(ansible_plugins: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    fleet = Fleet(tmp_path_factory.mktemp("fleet"), [SimulatedHost(name) for name in HOSTS], COLUMNS)
    yield fleet
    fleet.close()


class Complaints(list[str]):
    """What the browser has complained of: errors of scripts, blocked resources, failed requests."""

    def note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.append(message.text)


@pytest.fixture
def complaints() -> Complaints:
    return Complaints()


@pytest.fixture
def page(browser: Browser, fleet: Fleet, complaints: Complaints) -> Iterator[Page]:
    """The page of all hosts, with its first picture; at the end nothing may have been complained of."""
    context = browser.new_context(base_url=fleet.url, viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.on("console", complaints.note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/")
    page.get_by_role("rowheader", name="web-1").wait_for()
    yield page
    context.close()
    assert complaints == []


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core's source, to be run in a page."""
    import axe_core_python

    return (Path(axe_core_python.__file__).parent / "axe.min.js").read_text()
