"""Memory by use."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.agent.collectors.machine import make, read, samples, write

MEMINFO = "MemTotal:        2048 kB\nActive(anon):     100 kB\nHugePages_Total:       3\nDirectMap4k:  4 kB\n"


def test_kilobytes_become_bytes_and_counts_stay(tmp_path: Path) -> None:
    write(tmp_path, {"proc/meminfo": MEMINFO})
    assert read("meminfo", tmp_path) == [
        "node_memory_MemTotal_bytes 2097152",
        "node_memory_Active_anon_bytes 102400",
        "node_memory_HugePages_Total 3",
        "node_memory_DirectMap4k_bytes 4096",
    ]


def test_values_follow_their_names_when_lines_are_new(tmp_path: Path) -> None:
    write(tmp_path, {"proc/meminfo": MEMINFO})
    collector = make("meminfo", tmp_path)
    first = samples(collector)
    write(tmp_path, {"proc/meminfo": f"Zswap: 1 kB\n{MEMINFO}"})
    assert samples(collector) == ["node_memory_Zswap_bytes 1024", *first]


def test_numbers_of_another_length_are_read_at_the_same_places(tmp_path: Path) -> None:
    write(tmp_path, {"proc/meminfo": MEMINFO})
    collector = make("meminfo", tmp_path)
    samples(collector)
    write(tmp_path, {"proc/meminfo": MEMINFO.replace("2048", "123456789")})
    assert samples(collector)[0] == "node_memory_MemTotal_bytes 126419751936"


@pytest.mark.parametrize("text", ["MemTotal: much kB\n", "MemTotal:\n", "Mem-Total: 1 kB\n", "\n"])
def test_what_is_no_number_or_no_name_is_refused(tmp_path: Path, text: str) -> None:
    write(tmp_path, {"proc/meminfo": text})
    with pytest.raises((ValueError, IndexError)):
        read("meminfo", tmp_path)
