"""The page in a real Chromium, before a real collector."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible.plugins.loader import init_plugin_loader
from playwright.sync_api import Browser, Page

from tests.browser.chromium import Complaints, chromium, page_of_all_hosts
from tests.browser.fleet import Fleet, SimulatedHost

# Of three hosts; the last has a name that would be markup, were it not taken for text.
HOSTS = ("web-1", "web-2", "<script>alert(1)</script>")
COLUMNS = [
    {"title": "Memory left", "query": "node_memory_MemAvailable_bytes", "unit": "bytes"},
    {"title": "Wrong", "query": "sum by (instance (", "unit": "number"},
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def ansible_plugins() -> None:
    """What rendering the role's rules needs."""
    init_plugin_loader([])


@pytest.fixture(scope="module")
def fleet(ansible_plugins: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    fleet = Fleet(tmp_path_factory.mktemp("fleet"), [SimulatedHost(name) for name in HOSTS], COLUMNS)
    yield fleet
    fleet.close()


@pytest.fixture
def complaints() -> Complaints:
    return Complaints()


@pytest.fixture
def page(browser: Browser, fleet: Fleet, complaints: Complaints) -> Iterator[Page]:
    with page_of_all_hosts(browser, fleet.url, "web-1", complaints) as page:
        yield page
