"""Seconds that processors spent in each mode, throttling and isolation."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.agent.collectors.machine import make, read, samples, write

DIRECTORY = "sys/devices/system/cpu"
STAT = {"proc/stat": "cpu  3 3 3 3 3 3 3 3 3 3\ncpu0 1 20 300 4000 5 6 7 8 9 10\nintr 1 2\n"}


def topology(processor: int, package: str, core: str, throttles: dict[str, str]) -> dict[str, str]:
    directory = f"{DIRECTORY}/cpu{processor}"
    return {
        f"{directory}/topology/physical_package_id": f"{package}\n",
        f"{directory}/topology/core_id": f"{core}\n",
        **{f"{directory}/thermal_throttle/{name}_throttle_count": f"{count}\n" for name, count in throttles.items()},
    }


def test_ticks_become_seconds_by_mode(tmp_path: Path) -> None:
    write(tmp_path, STAT)
    assert read("cpu", tmp_path) == [
        'node_cpu_seconds_total{cpu="0",mode="user"} 0.01',
        'node_cpu_seconds_total{cpu="0",mode="nice"} 0.20',
        'node_cpu_seconds_total{cpu="0",mode="system"} 3.00',
        'node_cpu_seconds_total{cpu="0",mode="idle"} 40.00',
        'node_cpu_seconds_total{cpu="0",mode="iowait"} 0.05',
        'node_cpu_seconds_total{cpu="0",mode="irq"} 0.06',
        'node_cpu_seconds_total{cpu="0",mode="softirq"} 0.07',
        'node_cpu_seconds_total{cpu="0",mode="steal"} 0.08',
        'node_cpu_guest_seconds_total{cpu="0",mode="user"} 0.09',
        'node_cpu_guest_seconds_total{cpu="0",mode="nice"} 0.10',
    ]


def test_a_machine_with_many_processors_has_each_of_them(tmp_path: Path) -> None:
    cpus = "".join(f"cpu{number} {number}00 0 0 0 0 0 0 0 0 0\n" for number in range(512))
    write(tmp_path, {"proc/stat": f"cpu  1 1 1 1 1 1 1 1 1 1\n{cpus}intr 1 2\n"})
    found = read("cpu", tmp_path)
    assert len(found) == 5120
    assert 'node_cpu_seconds_total{cpu="511",mode="user"} 511.00' in found


def test_each_core_and_each_package_tells_once_how_often_it_was_throttled(tmp_path: Path) -> None:
    files = {
        **topology(0, "0", "0", {"core": "1", "package": "30"}),
        **topology(1, "0", "0", {"core": "1", "package": "30"}),
        **topology(2, "0", "1", {"core": "2", "package": "30"}),
        **topology(3, "1", "0", {"core": "3"}),
    }
    write(tmp_path, {**STAT, **files, f"{DIRECTORY}/cpu4/online": "0\n", f"{DIRECTORY}/cpufreq/boost": "1\n"})
    assert read("cpu", tmp_path)[10:] == [
        'node_cpu_core_throttles_total{core="0",package="0"} 1',
        'node_cpu_package_throttles_total{package="0"} 30',
        'node_cpu_core_throttles_total{core="1",package="0"} 2',
        'node_cpu_core_throttles_total{core="0",package="1"} 3',
    ]


def test_a_core_that_is_switched_on_later_tells_it_too(tmp_path: Path) -> None:
    write(tmp_path, STAT)
    collector = make("cpu", tmp_path)
    samples(collector)
    write(tmp_path, {**topology(1, "0", "1", {"core": "5"}), "proc/stat": "cpu  1\ncpu0 1\ncpu1 1\nintr 1\n"})
    assert samples(collector)[-1] == 'node_cpu_core_throttles_total{core="1",package="0"} 5'


@pytest.mark.parametrize(("text", "processors"), [("\n", []), ("2,4-6\n", ["2", "4", "5", "6"]), ("0\n", ["0"])])
def test_isolated_processors_are_told_one_by_one(tmp_path: Path, text: str, processors: list[str]) -> None:
    write(tmp_path, {**STAT, f"{DIRECTORY}/isolated": text})
    assert read("cpu", tmp_path)[10:] == [f'node_cpu_isolated{{cpu="{processor}"}} 1' for processor in processors]


@pytest.mark.parametrize("text", ["0-99999999999\n", "all\n", "1-\u0661x\n"])
def test_a_list_of_isolated_processors_that_cannot_be_is_refused(tmp_path: Path, text: str) -> None:
    write(tmp_path, {**STAT, f"{DIRECTORY}/isolated": text})
    with pytest.raises(ValueError, match=r"more than|literal"):
        read("cpu", tmp_path)


@pytest.mark.parametrize("text", ["", "intr 1\n", "cpu 1\ncpu0 1 x\nintr\n", "cpu 1\ncpu0 -1\nintr\n"])
def test_what_is_no_count_of_ticks_is_refused(tmp_path: Path, text: str) -> None:
    write(tmp_path, {"proc/stat": text})
    with pytest.raises(ValueError, match=r"processors|number"):
        read("cpu", tmp_path)
