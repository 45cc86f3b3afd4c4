"""A tree copied from a real machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.agent.collectors.machine import read

RECORDED = Path(__file__).parent.parent / "proc" / "recorded"


@pytest.mark.parametrize(
    ("name", "count"),
    # Counted by the rule that matched node_exporter 1.5 name by name on that machine; three network devices are kept.
    [("cpu", 20), ("diskstats", 18), ("loadavg", 3), ("meminfo", 54), ("netdev", 48), ("stat", 6), ("uname", 1)],
)
def test_every_line_becomes_its_series(name: str, count: int) -> None:
    assert len(read(name, RECORDED)) == count
