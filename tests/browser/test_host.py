"""A host's own page: what is silent is not shown as alive, alarms lead on, and what is asked again is asked once."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.browser.fleet import Fleet, SimulatedHost, sample
from tests.browser.parts import SECONDS, chart

MINUTE_SECONDS = 60
HOUR_SECONDS = 60 * MINUTE_SECONDS
WEEK_SECONDS = 7 * 24 * HOUR_SECONDS
RANGES = ("1h", "6h", "24h", "7d", "30d", "15m")
NO_VALUE = "\N{EN DASH}"


@pytest.fixture
def web_2(fleet: Fleet) -> Iterator[SimulatedHost]:
    host = fleet.hosts["web-2"]
    yield host
    host.reports, host.extra, host.status = True, "", 200


def ring(fleet: Fleet, alarms: dict[str, tuple[float, float]]) -> None:
    """Alarms of web-1 that rang from and until so many seconds ago, by name."""
    now_ms = time.time() * 1000
    lines = [
        sample("ALERTS", 1, alertname=name, alertstate="firing", instance="web-1").rstrip()
        + f" {now_ms - ago * 1000:.0f}\n"
        for name, (first, last) in alarms.items()
        for ago in range(int(first), int(last), -MINUTE_SECONDS // 4)
    ]
    httpx.post(f"{fleet.url}/api/v1/import/prometheus", content="".join(lines)).raise_for_status()


def open_span(page: Page, start_ago: float, end_ago: float) -> None:
    now = time.time()
    page.goto(f"/#/host/web-1?start={(now - start_ago) * 1000:.0f}&end={(now - end_ago) * 1000:.0f}")


def open_range(page: Page, name: str) -> None:
    """As soon as there is anything to show."""
    page.goto("/#/host/web-1")
    chart(page, "CPU")
    page.get_by_role("button", name=name, exact=True).click()
    expect(page).to_have_url(re.compile(f"range={name}"))
    page.reload()


def test_a_silent_host_has_no_values_on_its_page(page: Page, web_2: SimulatedHost) -> None:
    page.goto("/#/host/web-2")
    cpu = chart(page, "CPU")
    value = cpu.locator(".legend b").first
    expect(value).to_have_text(re.compile("%$"))
    page.get_by_label("Search series").fill("node_load1{")
    listed = page.locator("ul.series li b")
    expect(listed).to_have_text("0.1", timeout=30 * SECONDS)
    web_2.reports = False
    expect(page.locator("p.summary")).to_contain_text(
        re.compile(r"^silent since \d\d:\d\d:\d\d, for \d+ s"), timeout=15 * SECONDS
    )
    expect(value).to_have_text(NO_VALUE)
    expect(cpu.locator("svg")).to_have_attribute("aria-label", re.compile("no data$"))
    expect(listed).to_have_text(NO_VALUE)
    # What is known without the host goes on.
    page.get_by_label("Search series").fill("up{")
    expect(listed).to_have_text("0", timeout=30 * SECONDS)
    expect(chart(page, "Health").locator(".legend b").first).to_have_text("0.0")
    web_2.reports = True
    expect(value).to_have_text(re.compile("%$"), timeout=15 * SECONDS)


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


def test_an_alarm_of_minutes_is_seen_in_a_week(page: Page, fleet: Fleet) -> None:
    # Begun a minute after a point of the chart, and no longer in the lookback of the next one.
    step_seconds = WEEK_SECONDS // 240
    point = (time.time() - 5 * HOUR_SECONDS) // step_seconds * step_seconds
    begun_ago = time.time() - point - MINUTE_SECONDS
    ring(fleet, {"HostCpuHigh": (begun_ago, begun_ago - 2 * MINUTE_SECONDS)})
    open_range(page, "7d")
    expect(chart(page, "CPU").locator(".span")).to_have_count(1)


def test_alarms_are_drawn_once_and_on_the_charts_that_they_are_about(page: Page, fleet: Fleet) -> None:
    hour = 2 * HOUR_SECONDS
    ring(
        fleet,
        {
            "HostCpuHigh": (hour, hour - 600),
            "HostIowaitHigh": (hour - 300, hour - 900),
            "HostLoadHigh": (hour - 100, hour - 500),
            "HostDown": (hour - 2000, hour - 2100),
        },
    )
    httpx.post(
        f"{fleet.url}/api/v1/import/prometheus",
        content="".join(
            f"{series} {int(time.time() - hour) * 1000}\n"
            for series in (
                'instance:node_cpu_utilisation:ratio{instance="web-1",job="host"} 0.5',
                'instance:node_memory_utilisation:ratio{instance="web-1",job="host"} 0.5',
            )
        ),
    ).raise_for_status()
    open_span(page, hour + 600, hour - 2400)
    expect(chart(page, "CPU").locator(".span title")).to_have_text(["HostCpuHigh, HostIowaitHigh", "HostDown"])
    expect(chart(page, "Memory").locator(".span title")).to_have_text(["HostDown"])


def test_the_newest_values_are_shown_in_a_month(page: Page) -> None:
    open_range(page, "30d")
    expect(chart(page, "CPU").locator(".legend b").first).to_have_text(re.compile("%$"))


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


def test_an_alarm_of_a_host_leads_to_its_reason(page: Page, web_2: SimulatedHost) -> None:
    web_2.status = 503
    page.goto("/#/host/web-2")
    alarm = page.locator("ul.alarms li", has_text="ProbeStatusWrong")
    expect(alarm).to_contain_text(re.compile(r"(firing|pending) since \d\d:\d\d:\d\d"), timeout=30 * SECONDS)
    expect(alarm).to_contain_text("503")
    expect(alarm).to_contain_text("docs/alerts/ProbeStatusWrong.md")
    page.get_by_role("link", name="Why they ring").click()
    expect(page).to_have_url(re.compile("host=web-2"))
    expect(page.locator("ul.alarms li", has_text="ProbeStatusWrong")).to_be_visible()
