"""The page's connection to the collector: there are few of them, and some die without a word."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.fleet import Fleet
from tests.browser.parts import SECONDS

# A browser has six connections to a server.
MORE_TABS_THAN_CONNECTIONS = 7
HIDE = """() => {
    Object.defineProperty(document, "hidden", {configurable: true, get: () => true});
    document.dispatchEvent(new Event("visibilitychange"));
}"""
SHOW = """() => {
    delete document.hidden;
    document.dispatchEvent(new Event("visibilitychange"));
}"""
# Of each kind, as attributes of the page.
COUNT_EVENTS = """
    window.EventSource = class extends EventSource {
        constructor(address) {
            super(address);
            const { dataset } = document.documentElement;
            for (const kind of ["all", "change"])
                this.addEventListener(kind, () => (dataset[kind] = Number(dataset[kind] ?? 0) + 1));
        }
    };
"""
SEVERAL = re.compile(r"^([3-9]|\d\d+)$")
LIVE = re.compile("^Live, ")


class Proxy:
    """Passes on what comes, until those who follow the feed are told nothing any more; others are served as before."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._feeds: list[threading.Event] = []
        self._sockets = ExitStack()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def fall_silent(self) -> None:
        for is_silent in self._feeds:
            is_silent.set()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._sockets.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._port))
            self._sockets.enter_context(client)
            self._sockets.enter_context(server)
            is_silent = threading.Event()
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._pass_on, args=(source, sink, is_silent), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, is_silent: threading.Event) -> None:
        try:
            while data := source.recv(65536):
                if data.startswith(b"GET /api/v1/live"):
                    self._feeds.append(is_silent)
                if not is_silent.is_set():
                    sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            return  # one of them has gone


@pytest.fixture
def proxy(fleet: Fleet) -> Iterator[Proxy]:
    proxy = Proxy(fleet.collector.port)
    yield proxy
    proxy.close()


def test_one_more_tab_than_there_are_connections_shows_hosts(page: Page) -> None:
    for _ in range(MORE_TABS_THAN_CONNECTIONS):
        page.evaluate(HIDE)
        page = page.context.new_page()
        page.goto("/")
        expect(page.locator("#freshness")).to_have_text(LIVE)


def test_more_windows_than_there_are_connections_go_on_being_live(page: Page) -> None:
    """As on the screens of a wall: all of them are seen."""
    windows = [page]
    for _ in range(MORE_TABS_THAN_CONNECTIONS):
        windows.append(page.context.new_page())
        windows[-1].goto("/")
        expect(windows[-1].locator("#freshness")).to_have_text(LIVE)
    for window in windows:
        # Asks for lines, for which a connection must be free.
        with window.expect_response(lambda response: "query_range" in response.url) as lines:
            window.goto("/#/host/web-1")
        assert lines.value.ok
        shown = window.evaluate("document.querySelector('#freshness').textContent")
        expect(window.locator("#freshness")).not_to_have_text(shown)
        expect(window.locator("#freshness")).to_have_text(LIVE)


def test_a_window_too_many_looks_again_and_again_until_others_have_gone(page: Page) -> None:
    others = [page, *(page.context.new_page() for _ in range(3))]
    for window in others[1:]:
        window.goto("/")
        expect(window.locator("#freshness")).to_have_text(LIVE)
    last = page.context.new_page()
    last.add_init_script(COUNT_EVENTS)
    last.goto("/")
    counts = last.locator("html")
    expect(counts).to_have_attribute("data-all", SEVERAL, timeout=15 * SECONDS)
    assert counts.get_attribute("data-change") is None
    for window in others:
        window.close()
    expect(counts).to_have_attribute("data-change", SEVERAL, timeout=30 * SECONDS)


def test_a_tab_that_was_hidden_is_live_when_it_is_shown_again(page: Page) -> None:
    page.evaluate(HIDE)
    expect(page.locator("#freshness")).to_have_text("Not live", timeout=15 * SECONDS)
    # The lines of the table would lack what was in between.
    with page.expect_request(lambda request: "monitor_health_score" in (request.post_data or "")):
        page.evaluate(SHOW)
    expect(page.locator("#freshness")).to_have_text(LIVE)


def test_a_connection_that_says_nothing_any_more_is_replaced(browser: Browser, proxy: Proxy) -> None:
    with browser.new_context(base_url=proxy.url) as context:
        page = context.new_page()
        page.goto("/")
        expect(page.locator("#freshness")).to_have_text(LIVE)
        proxy.fall_silent()
        expect(page.locator("#freshness")).to_have_text("Not live", timeout=15 * SECONDS)
        expect(page.locator("#freshness")).to_have_text(LIVE, timeout=30 * SECONDS)
