"""The host's own clock."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.agent.collectors.machine import make, read, samples, write

DIRECTORY = "sys/devices/system/clocksource/clocksource0"


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A zone with no summer time, one hour and a half behind UTC."""
    with monkeypatch.context() as context:
        context.setenv("TZ", "XYZ1:30")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("zone")
def test_the_zones_offset_is_east_of_utc(tmp_path: Path) -> None:
    assert 'node_time_zone_offset_seconds{time_zone="XYZ"} -5400' in read("time", tmp_path)


def test_the_time_is_now(tmp_path: Path) -> None:
    before = time.time()
    name, value = read("time", tmp_path)[0].split(" ")
    assert name == "node_time_seconds"
    assert before <= float(value) <= time.time()


def test_clock_sources_are_told_by_device(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            f"{DIRECTORY}/available_clocksource": "tsc hpet \n",
            f"{DIRECTORY}/current_clocksource": "tsc\n",
            "sys/devices/system/clocksource/power/control": "auto\n",
        },
    )
    assert read("time", tmp_path)[2:] == [
        'node_time_clocksource_available_info{clocksource="tsc",device="0"} 1',
        'node_time_clocksource_available_info{clocksource="hpet",device="0"} 1',
        'node_time_clocksource_current_info{clocksource="tsc",device="0"} 1',
    ]


def test_a_clock_that_the_kernel_stops_trusting_is_gone(tmp_path: Path) -> None:
    write(tmp_path, {f"{DIRECTORY}/available_clocksource": "tsc hpet\n", f"{DIRECTORY}/current_clocksource": "tsc\n"})
    collector = make("time", tmp_path)
    samples(collector)
    write(tmp_path, {f"{DIRECTORY}/available_clocksource": "hpet\n", f"{DIRECTORY}/current_clocksource": "hpet\n"})
    assert samples(collector)[2:] == [
        'node_time_clocksource_available_info{clocksource="hpet",device="0"} 1',
        'node_time_clocksource_current_info{clocksource="hpet",device="0"} 1',
    ]


def test_a_machine_without_clock_sources_still_has_a_clock(tmp_path: Path) -> None:
    assert len(read("time", tmp_path)) == 2
