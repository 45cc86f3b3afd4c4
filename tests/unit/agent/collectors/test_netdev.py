"""Traffic by network device."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.agent.collectors.machine import read, write

HEADER = "Inter-|   Receive\n face |bytes\n"


def line(device: str, first: int = 1) -> str:
    return f"{device:>6}: {' '.join(str(number) for number in range(first, first + 16))}\n"


def test_a_line_gives_the_counters_of_its_device(tmp_path: Path) -> None:
    write(tmp_path, {"proc/net/dev": HEADER + line("lo"), "sys/class/net/lo/statistics/rx_nohandler": "17\n"})
    assert read("netdev", tmp_path) == [
        f'node_network_{name}_total{{device="lo"}} {number}'
        for number, name in enumerate(
            (
                "receive_bytes",
                "receive_packets",
                "receive_errs",
                "receive_drop",
                "receive_fifo",
                "receive_frame",
                "receive_compressed",
                "receive_multicast",
                "transmit_bytes",
                "transmit_packets",
                "transmit_errs",
                "transmit_drop",
                "transmit_fifo",
                "transmit_colls",
                "transmit_carrier",
                "transmit_compressed",
                "receive_nohandler",
            ),
            1,
        )
    ]


def test_a_kernel_or_a_sandbox_without_sysfs_says_nothing_of_nohandler(tmp_path: Path) -> None:
    write(tmp_path, {"proc/net/dev": HEADER + line("lo")})
    assert len(read("netdev", tmp_path)) == 16


@pytest.mark.parametrize("device", ["eth0:0", "a\x1cb", "ü", "a'\\b"])
def test_any_name_that_the_kernel_allows_comes_through(tmp_path: Path, device: str) -> None:
    write(tmp_path, {"proc/net/dev": HEADER + line(device)})
    escaped = device.replace("\\", "\\\\")
    assert read("netdev", tmp_path)[0] == f'node_network_receive_bytes_total{{device="{escaped}"}} 1'


def test_ten_thousand_devices_are_reported(tmp_path: Path) -> None:
    write(tmp_path, {"proc/net/dev": HEADER + "".join(line(f"veth{number}", number) for number in range(10_000))})
    found = read("netdev", tmp_path)
    assert len(found) == 160_000
    assert 'node_network_receive_bytes_total{device="veth9999"} 9999' in found


def test_a_counter_that_goes_back_is_passed_on_as_it_is(tmp_path: Path) -> None:
    for first in (50, 3):
        write(tmp_path, {"proc/net/dev": HEADER + line("lo", first)})
        assert read("netdev", tmp_path)[0].endswith(f" {first}")


@pytest.mark.parametrize("text", [HEADER + "lo: 1 2 x\n", HEADER + "lo\n", HEADER + "lo:\n", HEADER + "\n\n"])
def test_a_line_without_counters_is_refused(tmp_path: Path, text: str) -> None:
    write(tmp_path, {"proc/net/dev": text})
    with pytest.raises(ValueError, match="number"):
        read("netdev", tmp_path)
