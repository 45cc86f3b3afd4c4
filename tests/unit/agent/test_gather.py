"""Collectors one after another: one that fails never stops the rest."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path

import pytest

from monitor_agent.collectors.collector import COLLECTORS, Collector, NoData
from monitor_agent.collectors.options import Options
from monitor_agent.exposition import Columns, Metric, Renderer, Row
from monitor_agent.gather import Gatherer
from monitor_agent.troubles import Troubles

SMALL = Path(__file__).parent / "proc" / "small"
NAMES = ("cpu", "stat", "loadavg", "meminfo", "netdev", "diskstats", "filesystem")


def text_of(gatherer: Gatherer) -> str:
    return Renderer({}).batch(gatherer.gather(7), 7).decode()


def names(rows: list[Row]) -> set[str]:
    return {metric.name for row in rows for metric in row.columns.metrics}


def test_a_failing_collector_is_told_once_and_stops_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gatherer = Gatherer({"loadavg": 0, "time": 0}, Options(), Troubles(), root=str(tmp_path))
    for _ in range(3):
        text = text_of(gatherer)
    assert 'node_scrape_collector_success{collector="loadavg"} 0 7' in text
    assert 'node_scrape_collector_success{collector="time"} 1 7' in text
    assert "node_time_seconds" in text
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/loadavg").write_text("1 2 3 4/5 6")
    assert "node_load5 2 7" in text_of(gatherer)
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert said[0].startswith("<4>collector loadavg failed")
    assert said[1] == "<6>collector loadavg works again"


def test_one_that_hangs_is_told_once_with_how_long_and_stops_no_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    freed = threading.Event()

    class Stuck(Collector):
        def update(self) -> Iterable[Row]:
            freed.wait()
            yield Row(Columns(Metric("node_stuck", "gauge", "Was stuck.")), (), (1,))

    monkeypatch.setitem(COLLECTORS, "stuck", Stuck)
    gatherer = Gatherer({"stuck": 0, "time": 0}, Options(), Troubles(), limit_seconds=0.05)
    durations = []
    for _ in range(3):
        text = text_of(gatherer)
        assert 'node_scrape_collector_success{collector="stuck"} 0 7' in text
        assert "node_time_seconds" in text
        duration = text.split('node_scrape_collector_duration_seconds{collector="stuck"} ')[1]
        durations.append(float(duration.split(" ")[0]))
    assert 0.05 <= durations[0] < durations[1] < durations[2]
    freed.set()
    while "node_stuck 1 7" not in text_of(gatherer):
        pass
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert "collector stuck" in said[0]
    assert "has not come back in time" in said[0]
    assert said[1] == "<6>collector stuck works again"


def test_a_collector_with_nothing_to_read_here_is_no_trouble(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Nothing(Collector):
        def update(self) -> Iterable[Row]:
            raise NoData

    monkeypatch.setitem(COLLECTORS, "nothing", Nothing)
    text = text_of(Gatherer({"nothing": 0}, Options(), Troubles()))
    assert 'node_scrape_collector_success{collector="nothing"} 0 7' in text
    assert not capsys.readouterr().err


def test_each_collector_has_its_own_interval_on_the_same_grid() -> None:
    gatherer = Gatherer({"time": 0, "loadavg": 5}, Options(), Troubles(), root=str(SMALL))
    seconds = range(103, 116)
    with_load = [second for second in seconds if "node_load1" in names(gatherer.gather(second * 1000))]
    assert with_load == [103, 105, 110, 115]


def test_series_come_in_the_same_order_every_time() -> None:
    gatherer = Gatherer(dict.fromkeys(NAMES, 0), Options(), Troubles(), root=str(SMALL))
    orders = [[line.rsplit(" ", 2)[0] for line in text_of(gatherer).splitlines()] for _ in range(2)]
    assert orders[0] == orders[1]
