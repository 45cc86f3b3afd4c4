"""Charts under a finger, a pointer and the arrow keys, on screens of any width."""

from __future__ import annotations

from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.fleet import Fleet
from tests.browser.test_charts import SECONDS, chart


def wait_until_redrawn(plot: Locator) -> None:
    """Until the lines that are shown now have made room for others."""
    plot.locator("path.line").first.evaluate("line => { line.id = 'before'; }")
    expect(plot.page.locator("#before")).to_have_count(0, timeout=15 * SECONDS)


def test_a_chart_goes_on_after_a_finger_has_scrolled_over_it(browser: Browser, fleet: Fleet) -> None:
    context = browser.new_context(base_url=fleet.url, viewport={"width": 390, "height": 800}, has_touch=True)
    try:
        page = context.new_page()
        page.goto("/#/host/web-1")
        plot = chart(page, "CPU").locator("svg")
        plot.evaluate("plot => plot.addEventListener('pointercancel', () => plot.classList.add('cancelled'))")
        box = plot.bounding_box()
        assert box
        session = context.new_cdp_session(page)
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        for kind, points in (
            ("touchStart", [{"x": x, "y": y}]),
            *(("touchMove", [{"x": x, "y": y - moved}]) for moved in range(10, 110, 10)),
            ("touchEnd", []),
        ):
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        expect(plot).to_have_class("cancelled")
        wait_until_redrawn(plot)
    finally:
        context.close()


def test_values_stay_at_the_cursor_when_a_chart_moves_on(page: Page) -> None:
    page.goto("/#/host/web-1")
    cpu = chart(page, "CPU")
    plot = cpu.locator("svg")
    plot.focus()
    page.keyboard.press("ArrowLeft")
    when = cpu.locator("figcaption .when").text_content()
    assert when
    wait_until_redrawn(plot)
    expect(cpu.locator("figcaption .when")).to_have_text(when)
    expect(cpu.locator("line.cursor")).to_have_attribute("visibility", "visible")
