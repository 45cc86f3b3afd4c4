"""Addresses: each leads to a page or says that it does not, and Back goes where one was."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.parts import chart, drag


@pytest.mark.parametrize("address", ["host/%", "nowhere", "constructor"])
def test_an_address_that_leads_nowhere_says_so_with_a_way_back(page: Page, address: str) -> None:
    page.goto(f"/#/{address}")
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    page.get_by_role("link", name="All hosts").click()
    expect(page.get_by_role("rowheader", name="web-1")).to_be_visible()


@pytest.mark.parametrize(("address", "title"), [("host/web-1", "CPU"), ("explore?query=node_load1", "Over time")])
def test_back_returns_to_the_span_before(page: Page, address: str, title: str) -> None:
    page.goto(f"/#/{address}")
    drag(page, chart(page, title).locator("svg"), 0.6, 0.9)
    expect(page).to_have_url(re.compile("start="))
    page.get_by_role("button", name="1h").click()
    expect(page).to_have_url(re.compile("range=1h"))
    page.go_back()
    expect(page).to_have_url(re.compile("start="))
    expect(page.get_by_role("button", name="Back to now")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("button", name="15m")).to_have_attribute("aria-pressed", "true")
    page.go_back()
    expect(page.get_by_role("rowheader", name="web-1")).to_be_visible()


def test_back_to_another_span_leaves_the_page_where_it_was_scrolled_to(page: Page) -> None:
    page.goto("/#/host/web-1")
    plot = chart(page, "Latency of probes").locator("svg")
    plot.scroll_into_view_if_needed()
    assert page.evaluate("scrollY") > 0
    drag(page, plot, 0.6, 0.9)
    expect(page.get_by_role("button", name="Back to now")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("button", name="Back to now")).to_be_hidden()
    expect(plot).to_be_in_viewport()


def test_the_link_to_the_content_stays_on_the_page(page: Page) -> None:
    page.goto("/#/rules")
    page.get_by_role("link", name="Skip to the content").focus()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    expect(page.get_by_role("heading", name="Rules")).to_be_visible()
