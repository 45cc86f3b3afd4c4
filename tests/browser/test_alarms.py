"""Alarms on the page, and how they are silenced there."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.fleet import Fleet, alarms_of_two_probes
from tests.browser.parts import SECONDS


@pytest.fixture(scope="module")
def loaded(fleet: Fleet) -> Iterator[None]:
    fleet.hosts["web-1"].cpu_used_ratio = 0.97
    yield
    fleet.hosts["web-1"].cpu_used_ratio = 0.1


def test_an_alarm_appears_with_its_reason_and_a_silence_of_two_clicks_hides_it(page: Page, loaded: None) -> None:
    badge = page.locator("#alarm-count")
    expect(badge).to_have_text("1", timeout=30 * SECONDS)
    expect(page).to_have_title(re.compile(r"^\(1\) "))
    page.get_by_role("link", name="Alarms").click()
    alarm = page.locator("li.firing", has_text="HostCpuHigh")
    expect(alarm).to_contain_text("web-1 uses 9")
    alarm.get_by_text("Why").click()
    expect(alarm.locator("dl")).to_contain_text("instance:node_cpu_utilisation:ratio >")
    expect(alarm.locator("dl")).to_contain_text("docs/alerts/HostCpuHigh.md")

    page.get_by_label("Your name, for silences").fill("Ada")
    alarm.get_by_text("Silence").click()
    alarm.get_by_role("button", name="15 min").click()
    expect(page.get_by_text("HostCpuHigh is silenced for 15 min")).to_be_visible()
    expect(badge).to_be_hidden(timeout=10 * SECONDS)
    expect(page.get_by_role("heading", name="Firing (0)")).to_be_visible()
    expect(page.get_by_role("heading", name="Firing, and nobody is told (1)")).to_be_visible()
    silence = page.get_by_role("region", name="Silences").locator("tbody tr")
    expect(silence).to_contain_text("alertname=HostCpuHigh")
    expect(silence).to_contain_text("Ada")

    silence.get_by_role("button", name="End").click()
    expect(badge).to_have_text("1", timeout=10 * SECONDS)


def test_what_rang_is_in_the_history(page: Page, loaded: None) -> None:
    expect(page.locator("#alarm-count")).to_have_text("1", timeout=30 * SECONDS)
    page.get_by_role("link", name="Alarms").click()
    history = page.get_by_role("region", name="Alarms of the last 24 hours").locator("tbody tr")
    expect(history.filter(has_text="HostCpuHigh")).to_contain_text("web-1", timeout=90 * SECONDS)


def test_alarms_of_the_past_tell_which_probe_how_long_and_what_it_was(page: Page) -> None:
    page.route("**/api/v1/query_range", lambda route: route.fulfill(json=alarms_of_two_probes()))
    page.goto("/#/alarms")
    rows = page.get_by_role("region", name="Alarms of the last 24 hours").locator("tbody tr")
    expect(rows.locator(".which")).to_have_text(["probe=front", "probe=back"])
    expect(rows.first).to_contain_text("5 min")
    page.get_by_label("Filter alarms").fill("back")
    expect(rows).to_have_count(1)
    rows.get_by_role("link", name="ProbeFailing").click()
    expect(page.get_by_label("PromQL")).to_have_value(re.compile("^probe_success == 0"))
    assert re.search(r"start=\d+&end=\d+", page.url)


def test_alarms_of_one_host_have_an_address(page: Page) -> None:
    page.route("**/api/v1/query_range", lambda route: route.fulfill(json=alarms_of_two_probes()))
    page.goto("/#/alarms?host=web-2")
    expect(page.get_by_text("nothing rang")).to_be_visible()
    page.get_by_role("button", name="All hosts").click()
    expect(page.get_by_role("region", name="Alarms of the last 24 hours").locator("tbody tr")).to_have_count(2)
    assert "host=" not in page.url


def test_rules_and_probes_are_listed(page: Page) -> None:
    page.get_by_role("link", name="Rules").click()
    page.get_by_label("Filter rules").fill("HostCpuHigh")
    expect(page.get_by_role("rowheader", name="HostCpuHigh")).to_be_visible()
    page.get_by_role("link", name="Probes").click()
    expect(page.get_by_text("No probes: the inventory's monitor_probes names them.")).to_be_visible()
