"""A host's own page: what is silent is not shown as alive, alarms lead on, and what is asked again is asked once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.browser.fleet import Fleet, SimulatedHost, sample
from tests.browser.test_charts import SECONDS, chart

MINUTE_SECONDS = 60
HOUR_SECONDS = 60 * MINUTE_SECONDS
RANGES = ("1h", "6h", "24h", "7d", "30d", "15m")
NO_VALUE = "\N{EN DASH}"


@pytest.fixture
def web_2(fleet: Fleet) -> Iterator[SimulatedHost]:
    host = fleet.hosts["web-2"]
    yield host
    host.reports, host.extra, host.status = True, "", 200


def test_ranges_that_are_clicked_while_answers_are_awaited_leave_one_loop(page: Page) -> None:
    page.goto("/#/host/web-1")
    chart(page, "CPU")
    given_up: list[Request] = []
    page.on("requestfailed", lambda request: given_up.append(request))
    held: list[Route] = []
    page.route("**/api/v1/query_range", lambda route: held.append(route))
    for name in RANGES:
        before = len(held)
        page.get_by_role("button", name=name, exact=True).click()
        while len(held) == before:
            page.wait_for_event("request")
    while len(given_up) < len(RANGES) - 1:
        page.wait_for_event("requestfailed", timeout=10 * SECONDS)
    page.unroute_all(behavior="ignoreErrors")


def test_new_series_appear_in_the_list_and_what_is_searched_stays(page: Page, web_2: SimulatedHost) -> None:
    page.goto("/#/host/web-2")
    search = page.get_by_label("Search series")
    search.fill("late_comer")
    expect(page.locator("ul.series li")).to_have_text(["nothing"])
    web_2.extra = sample("late_comer", 7, instance="web-2", job="host")
    expect(page.locator("ul.series li b")).to_have_text(["7"], timeout=30 * SECONDS)
    web_2.extra = sample("late_comer", 8, instance="web-2", job="host")
    link = page.locator("ul.series a")
    link.focus()
    expect(page.locator("ul.series li b")).to_have_text(["8"], timeout=30 * SECONDS)
    expect(link).to_be_focused()
    expect(search).to_have_value("late_comer")
