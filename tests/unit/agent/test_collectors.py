"""What is read from /proc, on a recorded tree: names, labels and units are node_exporter's."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor_agent.collectors import COLLECTORS
from monitor_agent.collectors.options import Options
from monitor_agent.exposition import Renderer
from monitor_agent.gather import Gatherer

SMALL = Path(__file__).parent / "recorded" / "small"


def lines(name: str, root: Path = SMALL, options: Options | None = None) -> list[str]:
    families = COLLECTORS[name](str(root), options or Options())
    return Renderer({}).batch(families, 7).decode().splitlines()


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("cpu", 'node_cpu_seconds_total{cpu="1",mode="idle"} 6.0 7'),
        ("cpu", 'node_cpu_seconds_total{cpu="0",mode="steal"} 0.01 7'),
        ("cpu", 'node_cpu_guest_seconds_total{cpu="0",mode="nice"} 0.04 7'),
        ("stat", "node_boot_time_seconds 1700000000 7"),
        ("stat", "node_intr_total 12345 7"),
        ("stat", "node_procs_blocked 1 7"),
        ("loadavg", "node_load15 2.08 7"),
        ("meminfo", "node_memory_MemAvailable_bytes 1048576 7"),
        ("meminfo", "node_memory_Active_anon_bytes 102400 7"),
        ("meminfo", "node_memory_HugePages_Total 3 7"),
        ("netdev", 'node_network_receive_bytes_total{device="lo"} 1 7'),
        ("netdev", 'node_network_transmit_compressed_total{device="eth0:0"} 36 7'),
        ("diskstats", 'node_disk_read_bytes_total{device="sda"} 2048 7'),
        ("diskstats", 'node_disk_write_time_seconds_total{device="sda"} 9.0 7'),
        ("diskstats", 'node_disk_flush_requests_total{device="vda"} 50 7'),
        ("filesystem", 'node_filesystem_readonly{device="/dev/vdc",fstype="ext4",mountpoint="/gone"} 1 7'),
        ("filesystem", 'node_filesystem_device_error{device="/dev/vdc",fstype="ext4",mountpoint="/gone"} 1 7'),
        ("filesystem", 'node_filesystem_readonly{device="/dev/vdb",fstype="ext4",mountpoint="/mnt/with space"} 0 7'),
    ],
)
def test_a_line_of_proc_is_the_sample_that_node_exporter_would_give(name: str, line: str) -> None:
    assert line in lines(name)


def test_the_total_of_all_processors_is_not_a_processor() -> None:
    assert not [line for line in lines("cpu") if 'cpu=""' in line]


def test_partitions_loop_devices_and_virtual_file_systems_are_left_out() -> None:
    assert not [line for line in lines("diskstats") if "vda1" in line or "loop0" in line]
    assert not [line for line in lines("filesystem") if "/proc" in line]


def test_what_is_left_out_can_be_changed() -> None:
    options = Options(filesystem_fs_types_exclude="^ext4$", diskstats_device_exclude="^sda$")
    assert not [line for line in lines("filesystem", options=options) if "ext4" in line]
    assert not [line for line in lines("diskstats", options=options) if "sda" in line]
    assert [line for line in lines("diskstats", options=options) if "loop0" in line]


def test_sizes_are_those_that_statvfs_gives(tmp_path: Path) -> None:
    import os

    answer = os.statvfs(SMALL)
    size = f"{answer.f_blocks * answer.f_frsize}"
    assert [
        line for line in lines("filesystem") if line.startswith("node_filesystem_size_bytes") and f" {size} " in line
    ]


def test_a_failing_collector_is_told_once_and_stops_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gatherer = Gatherer(["loadavg", "time"], Options(), root=str(tmp_path))
    for _ in range(3):
        text = Renderer({}).batch(gatherer.gather(), 7).decode()
    assert 'node_scrape_collector_success{collector="loadavg"} 0 7' in text
    assert 'node_scrape_collector_success{collector="time"} 1 7' in text
    assert "node_time_seconds" in text
    assert capsys.readouterr().err.count("collector loadavg failed") == 1


@pytest.mark.parametrize("content", ["", "nonsense\n", "cpu0 1 2 x\n", "\n\n"])
@pytest.mark.parametrize("name", ["cpu", "stat", "loadavg", "meminfo"])
def test_odd_files_never_escape_the_gatherer(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / "proc").mkdir()
    for file in ("stat", "loadavg", "meminfo"):
        (tmp_path / "proc" / file).write_text(content)
    families = Gatherer([name], Options(), root=str(tmp_path)).gather()
    assert families[-2].name == "node_scrape_collector_success"
