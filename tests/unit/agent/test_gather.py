"""Collectors one after another: one that fails never stops the rest."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor_agent.collectors.options import Options
from monitor_agent.exposition import Renderer
from monitor_agent.gather import Gatherer

SMALL = Path(__file__).parent / "proc" / "small"
READ_FILES = {
    "cpu": "stat",
    "stat": "stat",
    "loadavg": "loadavg",
    "meminfo": "meminfo",
    "netdev": "net/dev",
    "diskstats": "diskstats",
    "filesystem": "self/mountinfo",
}


def text_of(gatherer: Gatherer) -> str:
    return Renderer({}).batch(gatherer.gather(), 7).decode()


def test_a_failing_collector_is_told_once_and_stops_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gatherer = Gatherer(["loadavg", "time"], Options(), root=str(tmp_path))
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


def test_series_come_in_the_same_order_every_time() -> None:
    gatherer = Gatherer(list(READ_FILES), Options(), root=str(SMALL))
    orders = [[line.rsplit(" ", 2)[0] for line in text_of(gatherer).splitlines()] for _ in range(2)]
    assert orders[0] == orders[1]


@pytest.mark.parametrize("name", READ_FILES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(
    content=st.one_of(
        st.binary(max_size=200), st.text("cpu0123456789 \n:intr/-x", max_size=200).map(lambda text: text.encode())
    )
)
def test_odd_files_never_escape_the_gatherer(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / "proc" / READ_FILES[name]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    assert f'node_scrape_collector_success{{collector="{name}"}}' in text_of(Gatherer([name], Options(), str(tmp_path)))
