"""Charts under a finger, a pointer and the arrow keys, on screens of any width."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.fleet import Fleet
from tests.browser.parts import SECONDS, chart


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


@pytest.mark.parametrize("address", ["host/web-1", "explore?query=node_load1"])
@pytest.mark.parametrize("width", [390, 1400])
def test_what_is_written_on_a_chart_is_as_large_on_every_screen(page: Page, address: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"/#/{address}")
    tick = page.locator("figure.chart text.tick").first
    expect(tick).to_be_visible(timeout=15 * SECONDS)
    assert tick.evaluate("tick => parseFloat(getComputedStyle(tick).fontSize) * tick.getScreenCTM().a") == 12


@pytest.mark.parametrize(
    ("ticks", "unit", "labels"),
    [
        ("[0, 0.2, 0.2 * 2, 0.2 * 3, 0.8]", "ratio", ["0 %", "20 %", "40 %", "60 %", "80 %"]),
        ("[0, 0.025, 0.05]", "ratio", ["0.0 %", "2.5 %", "5.0 %"]),
        ("[0, 500, 1000, 1500]", "bytes_per_second", ["0.0 kB/s", "0.5 kB/s", "1.0 kB/s", "1.5 kB/s"]),
        ("[0, 1024 ** 3, 2 * 1024 ** 3]", "bytes", ["0 GiB", "1 GiB", "2 GiB"]),
        ("[-1, 0, 1]", "number", ["-1", "0", "1"]),
        ("[0, 0.25, 0.5]", "status", ["0.00", "0.25", "0.50"]),
        ("[0, 0.005, 0.01]", "seconds", ["0 ms", "5 ms", "10 ms"]),
        ("[0, 150, 300]", "seconds", ["0 s", "2 min 30 s", "5 min"]),
    ],
)
def test_the_numbers_of_an_axis_have_one_form(page: Page, ticks: str, unit: str, labels: list[str]) -> None:
    found = page.evaluate(
        f"async () => (await import(`${{location.origin}}/static/format.js`)).axis({ticks}, '{unit}')"
    )
    assert [re.sub(" 0 s$", "", one) for one in found] == labels
