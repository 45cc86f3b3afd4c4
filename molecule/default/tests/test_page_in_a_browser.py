"""The lab's own page in Chromium, as somebody sees it who loads a service, stops an agent, or silences an alarm.

What the page does with hosts of every kind is tested in `tests/browser`; here it is shown that it tells the truth.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from urllib.request import urlopen

import faults
import pytest
from conftest import AGENTS, Collector, address_of, connect, wait_until
from playwright.sync_api import Browser, Page, expect

from tests.browser.accessibility import findings
from tests.browser.chromium import Complaints, chromium, page_of_all_hosts
from tests.browser.parts import SECONDS, cell, chart, drag, row, square
from tests.lab_load import load

LOADED = "web-3"
OTHERS = [name for name in AGENTS if name != LOADED]
SILENT = "web-1"
AUTHOR = "the lab's tests"
PAGES = ("hosts", f"host/{LOADED}", "alarms", "rules", "probes", "explore?query=monitor_health_score")
# So many that the service has no answer within the second that its probe waits. Fewer take its processor too, but
# the host is then amber: two of its four parts are well.
CLIENTS = 200
REQUESTS, REQUEST_SECONDS = "demo_requests_total", "demo_request_duration_seconds_total"
PATIENCE = 60 * SECONDS
INTERVAL_SECONDS = 1
RUNG = "HostCpuHigh|HostDown|HostHealthLow|HostLoadHigh|ProbeFailing"
# The load average forgets a load slowly.
CALM_SECONDS = 300
# The playbook prints two digits.
HALF_A_DIGIT_SECONDS = 0.005
# Where the trend's line ends: 2 is above, in the middle, and below that it is red.
ENDS_WELL = re.compile(r"L120\.0 [2-6]\.\d$")
ENDS_BADLY = re.compile(r"L120\.0 (1[2-9]|2\d)\.\d$")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module", autouse=True)
def alarms_end(collector: Collector) -> Iterator[None]:
    """What is rung here has ended before others look."""
    yield

    def ringing() -> dict[str, float]:
        return collector.query(f'ALERTS{{alertname=~"{RUNG}", alertstate="firing"}}')

    wait_until(lambda: not ringing(), lambda: collector.get("/api/v1/alerts"), CALM_SECONDS)


@pytest.fixture
def page(browser: Browser, collector: Collector) -> Iterator[Page]:
    """The page of a lab that is well; the browser has nothing to complain of."""
    with page_of_all_hosts(browser, collector.address, LOADED, Complaints()) as page:
        for name in AGENTS:
            expect(square(page, name)).to_have_class(re.compile(r"\bgood\b"), timeout=PATIENCE)
        yield page


def told_by_the_service(metric: str) -> float:
    with urlopen(f"http://{address_of(LOADED)}:8080/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return sum(map(float, re.findall(rf'^{metric}{{endpoint="/work".*}} (\S+)$', text, re.MULTILINE)))


# Comes first: what many clients have asked for, and left, the service is still busy with when they are long gone.
def test_the_figures_of_a_load_agree_with_the_metrics_of_the_service_and_of_its_probe(collector: Collector) -> None:
    clients, seconds = 5, 15

    def collected(metric: str) -> float:
        return collector.query(f'sum by (instance) ({metric}{{endpoint="/work"}})')[LOADED]

    def wait_for_the_newest() -> None:
        """Its agent asks the service for its figures every five seconds."""
        wait_until(lambda: collected(REQUESTS) == told_by_the_service(REQUESTS), lambda: collected(REQUESTS))

    wait_for_the_newest()
    requests_before, taken_before = collected(REQUESTS), collected(REQUEST_SECONDS)
    with load(LOADED, seconds, clients) as run:
        pass
    probe_seconds = collector.query(f"quantile_over_time(0.5, probe_duration_seconds[{seconds}s])")[LOADED]
    was_probe_answered = collector.query(f"min_over_time(probe_success[{seconds}s])")[LOADED]
    wait_for_the_newest()
    transactions, response_seconds = run.figure("transactions"), run.figure("response time")
    requests = collected(REQUESTS) - requests_before
    # What the clients had asked for when their time was over is answered too, though to nobody.
    assert transactions <= requests <= transactions + clients, run.output
    assert run.figure("well answered") == transactions, run.output
    assert run.figure("rate") == pytest.approx(transactions / run.figure("clients for"), rel=0.02), run.output
    # A client waits for its turn besides, and the probe asks for the cheap page.
    service_seconds = (collected(REQUEST_SECONDS) - taken_before) / requests
    assert max(service_seconds, probe_seconds) <= response_seconds + HALF_A_DIGIT_SECONDS, run.output
    # Who waits a second, as the probe does, misses an answer only where one took as long.
    assert run.figure("availability") == 100, run.output
    assert was_probe_answered or run.figure("longest") >= 1, run.output


def test_a_loaded_host_turns_red_and_green_again_and_its_line_moves_while_the_others_stay_green(
    page: Page, collector: Collector
) -> None:
    line = row(page, LOADED).locator("svg .line")
    expect(line).to_have_attribute("d", ENDS_WELL)
    began = time.time()
    with load(LOADED, seconds=20, clients=CLIENTS):
        expect(square(page, LOADED)).to_have_class(re.compile(r"\bbad\b"), timeout=PATIENCE)
        expect(line).to_have_attribute("d", ENDS_BADLY)
        for name in OTHERS:
            expect(square(page, name)).to_have_class(re.compile(r"\bgood\b"))
        assert findings(page) == []
    expect(square(page, LOADED)).to_have_class(re.compile(r"\bgood\b"), timeout=PATIENCE)
    expect(line).to_have_attribute("d", ENDS_WELL)
    lowest = collector.query(f"min_over_time(monitor_health_score[{round(time.time() - began)}s])")
    assert lowest.pop(LOADED) < 2
    assert all(score >= 3 for score in lowest.values()), lowest


# What a silent host's row says of it, once it does.
SILENCE = "row => row.classList.contains('silent') && row.querySelector('.state').textContent"


def test_a_stopped_agent_is_shown_silent_within_three_intervals_and_seen_when_it_is_back(page: Page) -> None:
    with faults.agent_stopped(connect(SILENT)):
        told = page.wait_for_function(SILENCE, arg=row(page, SILENT).element_handle(), timeout=PATIENCE).json_value()
        expect(square(page, SILENT)).to_have_class(re.compile(r"\bsilent\b"))
        expect(cell(page, SILENT, "CPU")).to_have_text("")
        assert findings(page) == []
    expect(square(page, SILENT)).to_have_class(re.compile(r"\bup\b"), timeout=PATIENCE)
    expect(cell(page, SILENT, "CPU")).to_have_text(re.compile("%$"))
    found = re.fullmatch(r"silent for (\d+) s", told)
    assert found, told
    # Looked at once a second, and told with a second of the page's own.
    assert int(found[1]) <= 3 * INTERVAL_SECONDS + 2


@pytest.fixture
def silenced_by_tests(page: Page) -> Iterator[None]:
    """A place for silences: those that are left are ended."""
    yield
    for silence in page.request.get("/api/v2/silences").json():
        if silence["createdBy"] == AUTHOR and silence["status"]["state"] != "expired":
            page.request.delete(f"/api/v2/silence/{silence['id']}")


def test_an_alarm_appears_and_a_silence_of_two_clicks_hides_it(page: Page, silenced_by_tests: None) -> None:
    page.get_by_role("link", name="Alarms").click()
    page.get_by_label("Filter alarms").fill(f"HostDown {SILENT}")
    page.get_by_label("Your name, for silences").fill(AUTHOR)
    expect(page.get_by_role("heading", name="Firing (0)")).to_be_visible()
    with faults.agent_stopped(connect(SILENT)):
        expect(page.get_by_role("heading", name="Firing (1)")).to_be_visible(timeout=PATIENCE)
        alarm = page.locator("li.firing", has_text="HostDown")
        expect(alarm).to_contain_text(SILENT)
        assert findings(page) == []

        alarm.get_by_text("Silence").click()
        alarm.get_by_role("button", name="15 min").click()
        expect(page.get_by_role("heading", name="Firing (0)")).to_be_visible(timeout=PATIENCE)
        expect(page.get_by_role("heading", name="Firing, and nobody is told (1)")).to_be_visible()

        silence = page.get_by_role("region", name="Silences").locator("tbody tr", has_text=AUTHOR)
        silence.get_by_role("button", name="End").click()
        expect(page.get_by_role("heading", name="Firing (1)")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("heading", name="Firing (0)")).to_be_visible(timeout=PATIENCE)


def test_a_hosts_chart_zooms_where_it_is_dragged(page: Page) -> None:
    page.goto(f"/#/host/{LOADED}")
    cpu = chart(page, "CPU")
    whole = cpu.locator("path.line").first.get_attribute("d")
    drag(page, cpu.locator("svg"), 0.5, 0.9)
    back = page.get_by_role("button", name="Back to now")
    expect(back).to_be_visible()
    assert re.search(r"start=\d+&end=\d+", page.url)
    expect(cpu.locator("path.line").first).not_to_have_attribute("d", whole or "")
    back.click()
    expect(page).to_have_url(re.compile("range=15m"))


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious_in_either_theme(page: Page, name: str) -> None:
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.goto(f"/#/{name}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.wait_for_load_state("networkidle") if name.startswith("explore") else None
        assert findings(page) == [], theme
