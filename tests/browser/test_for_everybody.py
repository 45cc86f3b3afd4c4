"""The page for those who use a keyboard, a screen reader, a phone, or the other theme."""

from __future__ import annotations

import re
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.accessibility import findings
from tests.browser.fleet import Fleet, alarms_of_two_probes

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


@pytest.mark.parametrize(
    ("name", "selector", "asked"),
    [
        ("rules", "tbody a", "**/api/v1/rules"),
        ("explore?query=node_load1", ".scroll", "**/api/v1/query"),
        ("alarms", "tbody a", "**/api/v1/query_range"),
    ],
)
def test_what_has_the_focus_keeps_it_when_a_page_is_renewed(page: Page, name: str, selector: str, asked: str) -> None:
    answer = alarms_of_two_probes()
    page.route("**/api/v1/query_range", lambda route: route.fulfill(json=answer))
    page.goto(f"/#/{name}")
    focused = page.locator(selector).first
    expect(focused).to_be_visible()
    focused.focus()
    for _ in range(2):
        with page.expect_response(asked):
            pass
    expect(focused).to_be_focused()


def test_what_has_the_focus_keeps_it_when_something_before_it_goes(page: Page) -> None:
    assert page.evaluate(
        """async () => {
            const { arrange, h } = await import("./static/dom.js");
            const [first, second, third] = ["1", "2", "3"].map((text) => h("button", {}, text));
            const list = h("div", {}, first, second, third);
            document.body.append(list);
            let lost = 0;
            second.addEventListener("blur", () => (lost += 1));
            second.focus();
            arrange(list, [second, third]);
            const kept = lost === 0;
            arrange(list, [third, second]);
            return kept && document.activeElement === second && list.textContent === "32";
        }"""
    )


def test_a_screen_reader_is_told_of_changes_of_state_only(page: Page) -> None:
    page.goto("/#/explore?query=node_load1")
    expect(page.get_by_role("status").filter(has_text="3 series")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text=re.compile("^Live$"))).to_have_count(1)
    page.evaluate(
        """() => {
            window.told = [];
            const note = (changes) => told.push(...changes.map(({ target }) => target.textContent));
            const observer = new MutationObserver(note);
            for (const region of document.querySelectorAll("[role=status], [role=alert]")) {
                observer.observe(region, { childList: true, characterData: true, subtree: true });
            }
        }"""
    )
    freshness = page.locator("#freshness")
    for _ in range(2):
        expect(freshness).not_to_have_text(freshness.inner_text())
        with page.expect_response("**/api/v1/query"):
            pass
    assert page.evaluate("told") == []


def test_a_phone_shows_name_state_alarms_and_health_of_hosts_and_keeps_the_name(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    name = page.get_by_role("rowheader", name="web-1")
    for title in ("Host", "State", "Alarms", "Health"):
        expect(page.get_by_role("columnheader", name=title)).to_be_in_viewport(ratio=1)
    page.get_by_role("region", name="Table of hosts").evaluate("region => region.scrollTo(region.scrollWidth, 0)")
    expect(page.get_by_role("columnheader", name="Health")).not_to_be_in_viewport()
    expect(name).to_be_in_viewport()


def test_a_phone_shows_the_expressions_of_rules(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto("/#/rules?filter=HostCpuHigh")
    expression = page.get_by_role("region", name="Rules of").get_by_role("link")
    expect(expression).to_be_in_viewport(ratio=1)
    box = expression.bounding_box()
    assert box is not None and box["width"] > 150
