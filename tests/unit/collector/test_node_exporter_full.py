"""The dashboard "Node Exporter Full" (Grafana's number 1860): what it asks, the collector answers.

`node_exporter_full.yml` says what it asks, and of what there is data. The agent reads a recorded machine.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from string import Template

import pytest
import yaml

from monitor_agent.collectors import COLLECTORS
from monitor_agent.collectors.options import Options
from monitor_agent.collectors.systemd import Systemd
from monitor_agent.exposition import Renderer, Row
from monitor_agent.gather import Gatherer
from monitor_agent.troubles import Troubles
from monitor_collector.ingest import PATH
from tests.unit.agent.recorded_bus import recorded_bus, recorded_turns
from tests.unit.collector.conftest import Bench

MACHINE = Path(__file__).resolve().parents[1] / "agent/machines/many-disks"
ASKED = yaml.safe_load(Path(__file__).with_name("node_exporter_full.yml").read_text())
SWITCHED_ON = {"processes", "timex"}
# What the dashboard's variables are filled in with.
VARIABLES = {"node": "web-1", "job": "host", "__rate_interval": "4s"}


def expressions(part: str) -> Iterator[str]:
    for entry in ASKED[part]:
        for metric in entry.get("metrics", "").split() or [""]:
            yield Template(entry["query"]).substitute(VARIABLES, metric=metric)


def read_machine(names: Iterable[str]) -> list[Row]:
    gatherer = Gatherer(dict.fromkeys(names, 0.0), Options(), Troubles(), str(MACHINE))
    rows = gatherer.gather(0)
    gatherer.close()
    return rows


def read_systemd() -> list[Row]:
    # A short name: that of a socket has at most 107 bytes.
    with tempfile.TemporaryDirectory(prefix="bus-") as directory:
        socket = Path(directory) / "run/dbus/system_bus_socket"
        socket.parent.mkdir(parents=True)
        with recorded_bus(socket, recorded_turns()):
            collector = Systemd(directory, Options(systemd_unit_include="^gr.x"))
            rows = list(collector.update())
            collector._bus.close()
    return rows


@pytest.fixture(scope="module")
def by_default() -> list[Row]:
    # Scripts and systemd are not asked of the machine that the tests run on.
    names = [name for name, kind in COLLECTORS.items() if kind.is_on_by_default and name not in ("script", "systemd")]
    return read_machine(names) + read_systemd()


def answers(bench: Bench, rows: list[Row], asked: Iterable[str]) -> dict[str, int]:
    """The number of series that each expression gives over a range. All are parsed and evaluated, or this fails."""
    renderer = Renderer({"instance": VARIABLES["node"], "job": VARIABLES["job"]})

    async def work() -> dict[str, int]:
        for _ in range(5):
            bench.now_ms += 1000
            answer = await bench.client.post(PATH, content=renderer.batch(rows, bench.now_ms))
            assert answer.status_code == 204, answer.text
        times = {"start": bench.now_ms / 1000 - 2, "end": bench.now_ms / 1000, "step": 1}
        return {each: len((await bench.data("query_range", query=each, **times))["result"]) for each in asked}

    return bench.run(work)


def test_what_the_agent_sends_by_default_is_there(bench: Bench, by_default: list[Row]) -> None:
    found = answers(bench, by_default, expressions("answered"))
    assert [expression for expression, count in found.items() if not count] == []


def test_what_two_more_collectors_send_is_there_with_them_only(bench: Bench, by_default: list[Row]) -> None:
    found = answers(bench, by_default, expressions("switched_on"))
    assert [expression for expression, count in found.items() if count] == []
    bench.now_ms += 1000
    found = answers(bench, read_machine(SWITCHED_ON), expressions("switched_on"))
    assert [expression for expression, count in found.items() if not count] == []


def test_what_the_agent_has_not_is_empty_and_no_error(bench: Bench, by_default: list[Row]) -> None:
    found = answers(bench, by_default + read_machine(SWITCHED_ON), expressions("unanswered"))
    assert [expression for expression, count in found.items() if count] == []


def test_the_host_can_be_chosen(bench: Bench, by_default: list[Row]) -> None:
    """By its job, its name, and its instance: Grafana asks for the values of a label."""

    async def values(label: str, selector: str) -> list[str]:
        around = {"start": bench.now_ms / 1000 - 60, "end": bench.now_ms / 1000}
        return list(await bench.data(f"label/{label}/values", **{"match[]": selector}, **around))

    answers(bench, by_default, [])

    async def work() -> None:
        assert await values("job", "node_uname_info") == ["host"]
        (name,) = await values("nodename", 'node_uname_info{job="host"}')
        assert await values("instance", f'node_uname_info{{job="host",nodename="{name}"}}') == ["web-1"]

    bench.run(work)
