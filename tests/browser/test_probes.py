"""What is measured from outside: found by words, in the order that is asked for, each with where its time goes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import HOSTS
from tests.browser.fleet import Fleet, SimulatedHost
from tests.browser.parts import SECONDS

NOBODY_LISTENS = "127.0.0.1:1"


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def fleet(ansible_plugins: None, site: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    probes = [
        {"instance": "web-1", "name": "front", "interval_seconds": 1, "timeout_seconds": 1, "http": {"url": site}},
        {"instance": "web-2", "name": "ssh", "tcp": {"address": NOBODY_LISTENS}},
    ]
    fleet = Fleet(tmp_path_factory.mktemp("fleet"), [SimulatedHost(name) for name in HOSTS], probes=probes)
    yield fleet
    fleet.close()


@pytest.fixture
def rows(page: Page) -> Locator:
    page.goto("/#/probes")
    rows = page.get_by_role("region", name="Probes").locator("tbody tr")
    expect(rows.filter(has_text="answers")).to_contain_text("front", timeout=15 * SECONDS)
    expect(rows.filter(has_text="fails")).to_contain_text("ssh", timeout=15 * SECONDS)
    return rows


def test_probes_are_filtered_and_the_address_keeps_it(page: Page, rows: Locator) -> None:
    page.get_by_label("Filter probes").fill("FAILS")
    expect(rows).to_have_count(1)
    page.reload()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text(NOBODY_LISTENS)


def test_probes_are_sorted_by_what_is_clicked(page: Page, rows: Locator) -> None:
    expect(rows.first).to_contain_text("web-1")
    page.locator("button[data-title=State]").click()
    expect(rows.first).to_contain_text("web-2")
    assert "sort=State" in page.url


def test_a_probe_that_is_opened_shows_its_phases_and_stays_open(page: Page, rows: Locator) -> None:
    opened = rows.filter(has_text="front").locator("details")
    opened.locator("summary").click()
    phases = ["resolve", "connect", "tls", "processing", "transfer"]
    expect(opened.locator("dt")).to_have_text(phases)
    for _ in range(2):
        with page.expect_response("**/api/v1/probes"):
            pass
    expect(opened.locator("dt")).to_have_text(phases)
    expect(opened.locator("summary")).to_be_focused()
