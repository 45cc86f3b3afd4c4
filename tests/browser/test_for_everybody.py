"""The page for those who use a keyboard, a screen reader, a phone, or the other theme."""

from __future__ import annotations

import re
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.accessibility import findings
from tests.browser.fleet import Fleet

PAGES = ("hosts", "host/web-1", "alarms", "rules", "probes", "explore?query=node_load1")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious(page: Page, name: str, theme: Literal["light", "dark"]) -> None:
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page.goto(f"/#/{name}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_load_state("networkidle") if name.startswith("explore") else None
    assert findings(page) == []


def test_everything_can_be_reached_by_keyboard(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    for name in ("Hosts", "Alarms", "Rules", "Probes", "Explore"):
        page.keyboard.press("Tab")
        expect(page.get_by_role("navigation").get_by_role("link", name=name)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Explore")).to_be_visible()
    expect(page.locator("main")).to_be_focused()


def test_the_theme_is_chosen_and_kept(page: Page) -> None:
    button = page.get_by_role("button", name="Theme")
    expect(button).to_have_text("Theme: system")
    button.click()
    button.click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(button).to_have_text("Theme: dark")


@pytest.mark.parametrize("name", PAGES)
def test_a_phone_need_not_scroll_sideways(browser: Browser, fleet: Fleet, name: str) -> None:
    context = browser.new_context(base_url=fleet.url, viewport={"width": 390, "height": 800}, has_touch=True)
    try:
        page = context.new_page()
        page.goto(f"/#/{name}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.locator("#freshness")).to_have_text(re.compile("^Live"))
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    finally:
        context.close()
