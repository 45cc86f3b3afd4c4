"""Load averages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.agent.collectors.machine import read, write


def test_the_three_averages_are_reported(tmp_path: Path) -> None:
    write(tmp_path, {"proc/loadavg": "0.52 1.04 2.00 1/234 5678\n"})
    assert read("loadavg", tmp_path) == ["node_load1 0.52", "node_load5 1.04", "node_load15 2"]


@pytest.mark.parametrize("text", ["0.52 high 2.08\n", "0.52 1.04\n", ""])
def test_anything_else_is_refused(tmp_path: Path, text: str) -> None:
    write(tmp_path, {"proc/loadavg": text})
    with pytest.raises(ValueError, match=r"float|unpack"):
        read("loadavg", tmp_path)
