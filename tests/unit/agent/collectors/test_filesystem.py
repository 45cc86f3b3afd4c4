"""Size and use of file systems, on the trees below tests/unit/agent/proc."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor_agent.collectors.filesystem import parse_mountinfo, unescape
from monitor_agent.collectors.options import Options
from tests.unit.agent.collectors.machine import read

SMALL = Path(__file__).parent.parent / "proc" / "small"
RECORDED = SMALL.parent / "recorded"


@pytest.mark.parametrize(
    "line",
    [
        'node_filesystem_device_error{device="/dev/vdc",fstype="ext4",mountpoint="/gone"} 1',
        'node_filesystem_readonly{device="/dev/vdb",fstype="ext4",mountpoint="/mnt/with space"} 0',
    ],
)
def test_a_mount_is_the_sample_that_node_exporter_would_give(line: str) -> None:
    assert line in read("filesystem", SMALL)


def test_virtual_file_systems_and_those_of_containers_are_left_out() -> None:
    assert not [line for line in read("filesystem", SMALL) if "/proc" in line]
    assert not [line for line in read("filesystem", RECORDED) if "containers" in line]


def test_what_is_left_out_can_be_changed() -> None:
    options = Options(filesystem_fs_types_exclude="^ext4$")
    assert not [line for line in read("filesystem", SMALL, options) if "ext4" in line]


def test_a_mount_that_is_read_only_for_the_host_is_reported_so() -> None:
    line = 'node_filesystem_readonly{device="/dev/vdb",fstype="ext4",mountpoint="/srv"} 1'
    assert line in read("filesystem", RECORDED)


def test_sizes_are_those_that_statvfs_gives() -> None:
    answer = os.statvfs(SMALL)
    size = f" {answer.f_blocks * answer.f_frsize}"
    found = [line for line in read("filesystem", SMALL) if line.startswith("node_filesystem_size_bytes")]
    assert [line for line in found if line.endswith(size)]


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
