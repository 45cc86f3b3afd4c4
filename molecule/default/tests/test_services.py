"""Services are measured from outside, hosts are rated, and the page shows it with a metric of the inventory's own."""

from __future__ import annotations

import json
from urllib.request import urlopen

import pytest
from conftest import AGENTS, GROUPS, Collector, members, wait_until

SERVERS = members(GROUPS, "demo_service")


@pytest.mark.parametrize("name", SERVERS)
def test_a_service_is_asked_from_outside(collector: Collector, name: str) -> None:
    found = {one["instance"]: one for one in collector.get("/api/v1/probes")["probes"]}
    assert (found[name]["health"], found[name]["reason"]) == ("up", "")
    assert collector.query("probe_http_status_code")[name] == 200


def test_every_host_is_well(collector: Collector) -> None:
    def scores() -> dict[str, float]:
        return collector.query("monitor_health_score")

    wait_until(lambda: scores().keys() == set(AGENTS) and min(scores().values()) > 3, scores)
    parts = collector.query("monitor_health_parts")
    assert parts == {name: 4 if name in SERVERS else 2 for name in AGENTS}


@pytest.mark.parametrize("name", SERVERS)
def test_a_script_of_the_inventory_gives_a_metric(collector: Collector, name: str) -> None:
    query = "sum by (instance) (demo_requests_total)"
    wait_until(lambda: name in collector.query(query), lambda: collector.query("monitor_script_success"))


def test_the_live_picture_has_all_hosts_and_the_inventorys_column(collector: Collector) -> None:
    with urlopen(f"{collector.address}/api/v1/live", timeout=10) as events:
        assert events.readline() == b"event: all\n"
        picture = json.loads(events.readline().removeprefix(b"data: "))
    assert picture["hosts"].keys() == set(AGENTS)
    assert {host["state"] for host in picture["hosts"].values()} == {"up"}
    assert {column["title"]: column["error"] for column in picture["columns"]}["Requests"] is None
    assert "demo_service" in picture["targets"][SERVERS[0]]["groups"]


def test_the_page_is_served_whole(collector: Collector) -> None:
    for path in ("/", "/static/main.js", "/static/style.css", "/static/icon.svg"):
        with urlopen(f"{collector.address}{path}", timeout=10) as answer:
            assert answer.status == 200
