"""What is read from /proc, on recorded trees: names, labels and units are node_exporter's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor_agent.collectors import COLLECTORS
from monitor_agent.collectors.filesystem import parse_mountinfo, unescape
from monitor_agent.collectors.options import Options
from monitor_agent.exposition import Renderer

MACHINES = Path(__file__).parent / "proc"
SMALL = MACHINES / "small"
RECORDED = MACHINES / "recorded"


def lines(name: str, root: Path = SMALL, options: Options | None = None) -> list[str]:
    rows = list(COLLECTORS[name](str(root), options or Options()).update())
    return Renderer({}).batch(rows, 7).decode().splitlines()


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("cpu", 'node_cpu_seconds_total{cpu="1",mode="idle"} 6.00 7'),
        ("cpu", 'node_cpu_seconds_total{cpu="0",mode="steal"} 0.01 7'),
        ("cpu", 'node_cpu_guest_seconds_total{cpu="0",mode="nice"} 0.04 7'),
        ("stat", "node_boot_time_seconds 1700000000 7"),
        ("stat", "node_intr_total 12345 7"),
        ("stat", "node_context_switches_total 67890 7"),
        ("stat", "node_forks_total 4321 7"),
        ("stat", "node_procs_running 2 7"),
        ("stat", "node_procs_blocked 1 7"),
        ("loadavg", "node_load1 0.52 7"),
        ("loadavg", "node_load15 2.08 7"),
        ("meminfo", "node_memory_MemAvailable_bytes 1048576 7"),
        ("meminfo", "node_memory_Active_anon_bytes 102400 7"),
        ("meminfo", "node_memory_HugePages_Total 3 7"),
        ("netdev", 'node_network_receive_bytes_total{device="lo"} 1 7'),
        ("netdev", 'node_network_transmit_compressed_total{device="eth0:0"} 36 7'),
        ("diskstats", 'node_disk_read_bytes_total{device="sda"} 2048 7'),
        ("diskstats", 'node_disk_write_time_seconds_total{device="sda"} 9.000 7'),
        ("diskstats", 'node_disk_discard_time_seconds_total{device="vda"} 0.043 7'),
        ("diskstats", 'node_disk_flush_requests_total{device="vda"} 50 7'),
        ("filesystem", 'node_filesystem_readonly{device="/dev/vdc",fstype="ext4",mountpoint="/gone"} 1 7'),
        ("filesystem", 'node_filesystem_device_error{device="/dev/vdc",fstype="ext4",mountpoint="/gone"} 1 7'),
        ("filesystem", 'node_filesystem_readonly{device="/dev/vdb",fstype="ext4",mountpoint="/mnt/with space"} 0 7'),
    ],
)
def test_a_line_of_proc_is_the_sample_that_node_exporter_would_give(name: str, line: str) -> None:
    assert line in lines(name)


@pytest.mark.parametrize(
    ("name", "count"),
    # Counted by the rule that matched node_exporter 1.5 name by name on this machine; three network devices are kept.
    [("cpu", 20), ("diskstats", 17), ("loadavg", 3), ("meminfo", 54), ("netdev", 48), ("stat", 6), ("uname", 1)],
)
def test_every_line_of_a_real_machine_becomes_its_series(name: str, count: int) -> None:
    assert len(lines(name, RECORDED)) == count


def test_a_machine_with_many_processors_has_each_of_them(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    cpus = "".join(f"cpu{number} {number}00 0 0 0 0 0 0 0 0 0\n" for number in range(512))
    (tmp_path / "proc/stat").write_text(f"cpu  1 1 1 1 1 1 1 1 1 1\n{cpus}intr 1 2\n")
    found = lines("cpu", tmp_path)
    assert len(found) == 5120
    assert 'node_cpu_seconds_total{cpu="511",mode="user"} 511.00 7' in found


def test_the_total_of_all_processors_is_not_a_processor() -> None:
    assert not [line for line in lines("cpu") if 'cpu=""' in line]


def test_a_disk_of_an_old_kernel_has_no_discards() -> None:
    assert not [line for line in lines("diskstats") if "sda" in line and ("discard" in line or "flush" in line)]


def test_partitions_loop_devices_and_virtual_file_systems_are_left_out() -> None:
    assert not [line for line in lines("diskstats") if "vda1" in line or "loop0" in line]
    assert not [line for line in lines("filesystem") if "/proc" in line]
    assert not [line for line in lines("filesystem", RECORDED) if "containers" in line]


def test_what_is_left_out_can_be_changed() -> None:
    options = Options(filesystem_fs_types_exclude="^ext4$", diskstats_device_exclude="^sda$")
    assert not [line for line in lines("filesystem", options=options) if "ext4" in line]
    assert not [line for line in lines("diskstats", options=options) if "sda" in line]
    assert [line for line in lines("diskstats", options=options) if "loop0" in line]


def test_a_mount_that_is_read_only_for_the_host_is_reported_so() -> None:
    line = 'node_filesystem_readonly{device="/dev/vdb",fstype="ext4",mountpoint="/srv"} 1 7'
    assert line in lines("filesystem", RECORDED)


def test_sizes_are_those_that_statvfs_gives() -> None:
    answer = os.statvfs(SMALL)
    size = f" {answer.f_blocks * answer.f_frsize} "
    assert [line for line in lines("filesystem") if line.startswith("node_filesystem_size_bytes") and size in line]


def test_what_lies_on_a_network_file_system_is_asked_with_care() -> None:
    text = (
        "1 0 254:1 / / rw - ext4 /dev/vda1 rw\n"
        "2 1 0:5 / /net rw - nfs4 server:/ rw\n"
        "3 2 0:6 / /net/disk rw - ext4 /dev/vdb rw\n"
        "4 1 0:7 / /network rw - ext4 /dev/vdc rw\n"
    )
    mounts = parse_mountinfo(text, True, Options())
    assert {mount.mount_point: mount.may_hang for mount in mounts} == {
        "/": False,
        "/net": True,
        "/net/disk": True,
        "/network": False,
    }


@given(st.text(st.characters(max_codepoint=0x2FF, exclude_characters="\0")))
def test_any_mount_point_survives_the_kernels_escaping(path: str) -> None:
    escaped = "".join(f"\\{ord(each):03o}" if each in " \t\n\\" else each for each in path)
    assert unescape(escaped) == path
