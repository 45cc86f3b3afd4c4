"""Boot time, forks, context switches and processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.agent.collectors.machine import read, write

STAT = (
    "cpu  1 2\ncpu0 1 2\nintr 12345 1 2 3\nctxt 67890\nbtime 1700000000\nprocesses 4321\nprocs_running 2\n"
    "procs_blocked 1\nsoftirq 9 8 7\n"
)


def test_each_line_is_the_sample_that_node_exporter_would_give(tmp_path: Path) -> None:
    write(tmp_path, {"proc/stat": STAT})
    assert read("stat", tmp_path) == [
        "node_intr_total 12345",
        "node_context_switches_total 67890",
        "node_boot_time_seconds 1700000000",
        "node_forks_total 4321",
        "node_procs_running 2",
        "node_procs_blocked 1",
    ]


@pytest.mark.parametrize("text", ["", "cpu 1\n", STAT.replace("4321", "many"), STAT.replace("4321", "")])
def test_what_is_no_number_is_refused(tmp_path: Path, text: str) -> None:
    write(tmp_path, {"proc/stat": text})
    with pytest.raises(ValueError, match=r"number|not found|substring"):
        read("stat", tmp_path)
