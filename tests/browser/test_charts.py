"""Charts: drawn from what was stored, zoomed by dragging and by keys, in addresses that can be passed on."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.fleet import Fleet, sample
from tests.browser.parts import SECONDS, chart, drag
from tests.unit.collector.webhooks import wait_for

MANY_SERIES = 10_000


def test_a_host_has_charts_with_its_levels(page: Page) -> None:
    page.get_by_role("rowheader", name="web-1").get_by_role("link").click()
    cpu = chart(page, "CPU")
    expect(cpu.locator(".legend")).to_contain_text("alarm level70 %", timeout=15 * SECONDS)
    expect(cpu.locator("line.level")).to_have_count(1)
    expect(chart(page, "Memory left").locator(".legend")).to_contain_text("2.61 GiB")


def test_dragging_zooms_all_charts_and_the_address_keeps_it(page: Page) -> None:
    page.goto("/#/host/web-1")
    drag(page, chart(page, "CPU").locator("svg"), 0.6, 0.9)
    back = page.get_by_role("button", name="Back to now")
    expect(back).to_be_visible()
    zoomed = re.search(r"start=(\d+)&end=(\d+)", page.url)
    assert zoomed
    # 30 % of the width of a quarter of an hour, the margins left out.
    assert 250_000 < int(zoomed[2]) - int(zoomed[1]) < 350_000
    page.reload()
    expect(back).to_be_visible()
    back.click()
    expect(page.get_by_role("button", name="15m")).to_have_attribute("aria-pressed", "true")
    expect(page).to_have_url(re.compile("range=15m"))


def test_keys_move_the_cursor_and_zoom(page: Page) -> None:
    page.goto("/#/host/web-1")
    cpu = chart(page, "CPU")
    cpu.locator("svg").focus()
    page.keyboard.press("ArrowLeft")
    expect(cpu.locator("line.cursor")).to_have_attribute("visibility", "visible")
    expect(cpu.locator("figcaption .when")).to_have_text(re.compile(r"\d\d:\d\d:\d\d"))
    page.keyboard.press("+")
    expect(page.get_by_role("button", name="Back to now")).to_be_visible()


def test_an_expression_is_completed_run_and_kept_in_the_address(page: Page) -> None:
    page.get_by_role("link", name="Explore").click()
    field = page.get_by_label("PromQL")
    field.press_sequentially("node_load")
    expect(page.get_by_role("option", name="node_load1", exact=True)).to_be_visible()
    page.keyboard.press("Tab")
    expect(field).to_have_value("node_load1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Result").locator("tbody tr")).to_have_count(3)
    chart(page, "Over time")
    assert "query=node_load1" in page.url
    page.reload()
    expect(field).to_have_value("node_load1")
    expect(page.get_by_role("region", name="Result").locator("tbody tr")).to_have_count(3)


def test_a_wrong_expression_is_answered_with_what_is_wrong(page: Page, complaints: list[str]) -> None:
    page.goto("/#/explore?query=sum(")
    expect(page.get_by_role("alert").filter(has_text="parenthesis")).to_be_visible()
    # A browser tells of each answer with an error.
    assert all("400" in one for one in complaints)
    complaints.clear()


def test_a_host_with_ten_thousand_series_has_a_page_that_answers(page: Page, fleet: Fleet) -> None:
    host = fleet.hosts["web-2"]
    host.extra = "".join(sample("many", n, instance=host.name, job="host", n=str(n)) for n in range(MANY_SERIES))
    wait_for(lambda: fleet.collector.query("count(many)"), "the many series")
    page.goto("/#/host/web-2")
    search = page.get_by_label("Search series")
    expect(page.locator("ul.series")).to_contain_text(re.compile(r"and \d{4,} more"), timeout=20 * SECONDS)
    search.fill('n="9999"')
    expect(page.locator("ul.series li")).to_have_count(1)
    expect(page.locator("ul.series li")).to_contain_text('many{instance="web-2", job="host", n="9999"}')
    host.extra = ""
