"""Addresses: each leads to a page or says that it does not, and Back goes where one was."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect


@pytest.mark.parametrize("address", ["host/%", "nowhere", "constructor"])
def test_an_address_that_leads_nowhere_says_so_with_a_way_back(page: Page, address: str) -> None:
    page.goto(f"/#/{address}")
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    page.get_by_role("link", name="All hosts").click()
    expect(page.get_by_role("rowheader", name="web-1")).to_be_visible()


def test_the_link_to_the_content_stays_on_the_page(page: Page) -> None:
    page.goto("/#/rules")
    page.get_by_role("link", name="Skip to the content").focus()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    expect(page.get_by_role("heading", name="Rules")).to_be_visible()
