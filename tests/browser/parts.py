"""Parts of the page, found by what they are called, and what is done with them."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

SECONDS = 1000


def square(page: Page, host: str) -> Locator:
    return page.locator(".wall li", has=page.get_by_text(host, exact=True))


def row(page: Page, host: str) -> Locator:
    return page.locator("tbody tr", has=page.get_by_role("rowheader", name=host, exact=True))


def cell(page: Page, host: str, title: str) -> Locator:
    titles = page.locator("thead th").all_text_contents()
    return row(page, host).locator("th, td").nth(titles.index(title))


def chart(page: Page, title: str) -> Locator:
    found = page.locator("figure.chart", has_text=title).first
    # A line that is level has no height, which Playwright takes for invisible.
    expect(found.locator("path.line").first).to_have_attribute("d", re.compile("^M"), timeout=15 * SECONDS)
    return found


def drag(page: Page, plot: Locator, start: float, end: float) -> None:
    """From one share of the width to another."""
    box = plot.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * start, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * end, box["y"] + box["height"] / 2, steps=5)
    page.mouse.up()
