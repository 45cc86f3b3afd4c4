"""Pressure stall information."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from monitor_agent.collectors.collector import NoData
from tests.unit.agent.collectors.machine import make, read, write


def stall(some: str, full: str) -> str:
    return "".join(
        f"{kind} avg10=0.12 avg60=0.00 avg300=1.00 total={total}\n" for kind, total in (("some", some), ("full", full))
    )


FILES = {
    "proc/pressure/cpu": stall("1500000", "0"),
    "proc/pressure/io": stall("7", "0"),
    "proc/pressure/memory": stall("12345678901234567", "42"),
}


def test_totals_become_seconds(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    assert read("pressure", tmp_path) == [
        "node_pressure_cpu_waiting_seconds_total 1.500000",
        "node_pressure_io_waiting_seconds_total 0.000007",
        "node_pressure_io_stalled_seconds_total 0.000000",
        "node_pressure_memory_waiting_seconds_total 12345678901.234567",
        "node_pressure_memory_stalled_seconds_total 0.000042",
    ]


def test_an_old_kernel_says_nothing_of_processors_that_are_full(tmp_path: Path) -> None:
    write(tmp_path, {**FILES, "proc/pressure/cpu": "some avg10=0.00 avg60=0.00 avg300=0.00 total=1\n"})
    assert read("pressure", tmp_path)[0] == "node_pressure_cpu_waiting_seconds_total 0.000001"


def test_a_kernel_without_pressure_has_no_data(tmp_path: Path) -> None:
    with pytest.raises(NoData):
        read("pressure", tmp_path)


def test_a_kernel_started_without_pressure_has_no_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    collector = make("pressure", tmp_path)

    def fail(path: str) -> str:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported", path)

    monkeypatch.setattr(collector, "read", fail)
    with pytest.raises(NoData):
        list(collector.update())


@pytest.mark.parametrize("text", ["", "some avg10=0.00 total=12", "some avg10=0.00 total=1\nfull avg10=0.00 total=x\n"])
def test_a_file_without_both_totals_is_refused(tmp_path: Path, text: str) -> None:
    write(tmp_path, {**FILES, "proc/pressure/io": text})
    with pytest.raises(ValueError, match="pressure/io"):
        read("pressure", tmp_path)
