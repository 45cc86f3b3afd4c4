"""All hosts on one page: what changes is seen at once, and what is silent is never shown as well."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import Complaints
from tests.browser.conftest import HOSTS
from tests.browser.fleet import Fleet, SimulatedHost
from tests.browser.parts import SECONDS, cell, row, square

MARKUP = HOSTS[2]


@pytest.fixture
def web_2(fleet: Fleet) -> Iterator[SimulatedHost]:
    """A host that tests may trouble; it is well again afterwards."""
    host = fleet.hosts["web-2"]
    yield host
    host.reports, host.cpu_used_ratio, host.memory_used_ratio, host.latency_seconds, host.status = (
        True,
        0.1,
        0.3,
        0.01,
        200,
    )


def test_a_value_has_three_digits_however_it_is_rounded(page: Page) -> None:
    write = """async (shares) => {
        const { value } = await import("/static/format.js");
        return shares.map((one) => value(one, "ratio"));
    }"""
    written = page.evaluate(write, [0.0999949, 0.09994, 0.9994, 0.9996, 0.1, 0.02346])
    assert written == ["10.0 %", "9.99 %", "99.9 %", "100 %", "10 %", "2.35 %"]


def test_hosts_are_shown_with_their_figures(page: Page) -> None:
    expect(page.get_by_text("3 of 3 hosts report")).to_be_visible()
    expect(cell(page, "web-1", "CPU")).to_have_text(re.compile(r"^(9\.\d|10(\.\d)?) %$"))
    expect(cell(page, "web-1", "Memory")).to_have_text("30 %")
    expect(cell(page, "web-1", "Latency")).to_have_text("10 ms")
    expect(cell(page, "web-1", "Status")).to_have_text("200")
    expect(cell(page, "web-1", "In")).to_have_text(re.compile("^(19|20)(\\.\\d)? kB/s$"))
    expect(square(page, "web-1")).to_have_class(re.compile(r"\bgood\b"))


def test_a_square_turns_from_green_to_red_and_back_and_the_line_moves(page: Page, web_2: SimulatedHost) -> None:
    expect(square(page, "web-2")).to_have_class(re.compile(r"\bgood\b"))
    line = row(page, "web-2").locator("svg .line")
    before = line.get_attribute("d")
    web_2.cpu_used_ratio, web_2.latency_seconds, web_2.status = 1, 2, 503
    expect(square(page, "web-2")).to_have_class(re.compile(r"\bbad\b"), timeout=30 * SECONDS)
    expect(cell(page, "web-2", "Status")).to_have_text("503")
    expect(line).not_to_have_attribute("d", before or "", timeout=15 * SECONDS)
    expect(square(page, "web-1")).to_have_class(re.compile(r"\bgood\b"))
    web_2.cpu_used_ratio, web_2.latency_seconds, web_2.status = 0.1, 0.01, 200
    expect(square(page, "web-2")).to_have_class(re.compile(r"\bgood\b"), timeout=30 * SECONDS)


def test_a_silent_host_is_shown_silent_within_three_intervals_and_without_figures(
    page: Page, web_2: SimulatedHost
) -> None:
    web_2.reports = False
    # Three intervals of a second, one evaluation more, and what a busy machine takes.
    expect(square(page, "web-2")).to_have_class(re.compile(r"\bsilent\b"), timeout=8 * SECONDS)
    expect(cell(page, "web-2", "State")).to_have_text(re.compile(r"^silent for \d+ s$"))
    for title in ("Health", "CPU", "Memory", "In"):
        expect(cell(page, "web-2", title)).to_have_text("")
    expect(page.get_by_text("2 of 3 hosts report, 1 silent")).to_be_visible()
    web_2.reports = True
    expect(square(page, "web-2")).to_have_class(re.compile(r"\bup\b"), timeout=15 * SECONDS)


def test_a_name_that_would_be_markup_is_text(page: Page) -> None:
    expect(row(page, MARKUP)).to_be_visible()
    assert page.locator("main script").count() == 0
    row(page, MARKUP).get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(MARKUP)
    lines = page.locator("figure.chart", has_text="CPU").locator("path.line")
    expect(lines.first).to_have_attribute("d", re.compile("^M"), timeout=15 * SECONDS)


def test_a_wrong_column_is_told_in_its_cells(page: Page) -> None:
    wrong = cell(page, "web-1", "Wrong")
    expect(wrong).to_have_text("error")
    assert "parenthesis" in (wrong.get_attribute("title") or "")
    expect(cell(page, "web-1", "Memory left")).to_have_text("2.61 GiB")


def test_the_table_is_sorted_by_what_is_clicked(page: Page, web_2: SimulatedHost) -> None:
    web_2.memory_used_ratio = 0.6
    expect(cell(page, "web-2", "Memory")).to_have_text("60 %")
    button = page.locator("button[data-title=Memory]")
    button.click()
    button.click()
    expect(page.locator("thead th", has=button)).to_have_attribute("aria-sort", "descending")
    expect(page.locator("tbody tr").first).to_contain_text("web-2")
    assert "sort=Memory" in page.url


def test_hosts_are_filtered_by_what_is_typed(page: Page) -> None:
    page.get_by_label("Filter hosts").fill("web-2")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator(".wall li")).to_have_count(1)
    page.reload()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_label("Filter hosts").fill("")
    expect(page.locator("tbody tr")).to_have_count(3)


def test_a_collector_that_is_gone_is_told_and_its_return_is_seen(
    page: Page, fleet: Fleet, complaints: Complaints
) -> None:
    fleet.collector.stop()
    expect(page.get_by_role("alert").filter(has_text="No news from the collector")).to_be_visible(timeout=15 * SECONDS)
    fleet.collector.start()
    fleet.collector.wait_until_ready()
    expect(page.locator("#freshness")).to_have_text(re.compile("^Live, "), timeout=20 * SECONDS)
    expect(page.locator("#stale")).to_be_hidden()
    expect(page.get_by_text("3 of 3 hosts report")).to_be_visible(timeout=20 * SECONDS)
    # Only that there was no connection.
    assert all("ERR_CONNECTION_REFUSED" in one or "ERR_INCOMPLETE" in one or "503" in one for one in complaints)
    complaints.clear()


def test_names_that_begin_alike_differ_where_there_is_little_room(page: Page) -> None:
    lengths = page.evaluate(
        """async () => {
            const { sharedStarts } = await import("./static/shared_starts.js");
            return Object.fromEntries(sharedStarts(["eu-front-11", "eu-front-12", "eu-front-2", "eu-db", "lone"]));
        }"""
    )
    front = len("eu-front-")
    assert lengths == {
        "eu-front-11": front,
        "eu-front-12": front,
        "eu-front-2": front,
        "eu-db": len("eu-"),
        "lone": 0,
    }
    expect(square(page, "web-1").locator(".start")).to_have_text("web-")
    expect(square(page, "web-1").locator(".rest")).to_have_text("1")


def test_alarms_and_the_line_come_before_columns_of_ones_own(page: Page) -> None:
    titles = page.locator("thead th").all_text_contents()
    assert titles[:5] == ["Host", "State", "Alarms", "Health", "Trend"]
    assert titles.index("Memory left") > 5
