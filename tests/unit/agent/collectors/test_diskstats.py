"""The work of disks, and what udev knows of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from monitor_agent.collectors.options import Options
from tests.unit.agent.collectors.machine import make, read, samples, write

OLD = "   8       0 sda 1 2 3 4 5 6 7 8 9 10 11\n"
NEW = " 254       0 vda 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n"
PARTITION = " 254       1 vda1 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n"
BARE = 'node_disk_info{device="sda",major="8",minor="0",model="",path="",revision="",serial="",wwn=""} 1'


def touch(directory: Path, seconds: int) -> None:
    """What udev does when it puts a new file in the place of another."""
    os.utime(directory, (seconds, seconds))


def test_counts_sectors_and_milliseconds_become_counts_bytes_and_seconds(tmp_path: Path) -> None:
    write(tmp_path, {"proc/diskstats": NEW})
    assert read("diskstats", tmp_path)[:-1] == [
        'node_disk_reads_completed_total{device="vda"} 1',
        'node_disk_reads_merged_total{device="vda"} 2',
        'node_disk_read_bytes_total{device="vda"} 1536',
        'node_disk_read_time_seconds_total{device="vda"} 0.004',
        'node_disk_writes_completed_total{device="vda"} 5',
        'node_disk_writes_merged_total{device="vda"} 6',
        'node_disk_written_bytes_total{device="vda"} 3584',
        'node_disk_write_time_seconds_total{device="vda"} 0.008',
        'node_disk_io_now{device="vda"} 9',
        'node_disk_io_time_seconds_total{device="vda"} 0.010',
        'node_disk_io_time_weighted_seconds_total{device="vda"} 0.011',
        'node_disk_discards_completed_total{device="vda"} 12',
        'node_disk_discards_merged_total{device="vda"} 13',
        'node_disk_discarded_sectors_total{device="vda"} 14',
        'node_disk_discard_time_seconds_total{device="vda"} 0.015',
        'node_disk_flush_requests_total{device="vda"} 16',
        'node_disk_flush_requests_time_seconds_total{device="vda"} 0.017',
    ]


def test_a_disk_of_an_old_kernel_has_no_discards(tmp_path: Path) -> None:
    write(tmp_path, {"proc/diskstats": OLD})
    assert len(read("diskstats", tmp_path)) == 12
    assert not [line for line in read("diskstats", tmp_path) if "discard" in line or "flush" in line]


def test_what_is_left_out_can_be_changed(tmp_path: Path) -> None:
    write(tmp_path, {"proc/diskstats": OLD + NEW + PARTITION})
    assert not [line for line in read("diskstats", tmp_path) if "vda1" in line]
    found = read("diskstats", tmp_path, Options(diskstats_device_exclude="^sda$"))
    assert not [line for line in found if "sda" in line]
    assert [line for line in found if "vda1" in line]


def test_a_disk_that_udev_does_not_know_has_its_numbers_alone(tmp_path: Path) -> None:
    write(tmp_path, {"proc/diskstats": OLD})
    assert read("diskstats", tmp_path)[-1] == BARE


def test_a_disk_is_described_as_udev_does(tmp_path: Path) -> None:
    properties = (
        "S:disk/by-id/x\nE:ID_ATA=1\nE:ID_ATA_ROTATION_RATE_RPM=7200\nE:ID_ATA_WRITE_CACHE=1\n"
        "E:ID_ATA_WRITE_CACHE_ENABLED=0\nE:ID_MODEL=DISK\nE:ID_PATH=pci=0\nE:ID_REVISION=0102\nE:ID_SERIAL=no\n"
        "E:ID_SERIAL_SHORT=S1\nE:ID_WWN=0x7c\nG:systemd\nE:odd\n"
    )
    write(tmp_path, {"proc/diskstats": OLD, "run/udev/data/b8:0": properties})
    assert read("diskstats", tmp_path)[11:] == [
        'node_disk_info{device="sda",major="8",minor="0",model="DISK",path="pci=0",revision="0102",serial="S1",'
        'wwn="0x7c"} 1',
        'node_disk_ata_write_cache{device="sda"} 1',
        'node_disk_ata_write_cache_enabled{device="sda"} 0',
        'node_disk_ata_rotation_rate_rpm{device="sda"} 7200',
    ]


def test_file_systems_and_device_mappers_are_described(tmp_path: Path) -> None:
    properties = (
        "E:ID_FS_TYPE=ext4\nE:ID_FS_USAGE=filesystem\nE:ID_FS_UUID=3f-9\nE:ID_FS_VERSION=1.0\n"
        "E:DM_NAME=vg-root\nE:DM_UUID=LVM-x\nE:DM_VG_NAME=vg\nE:DM_LV_NAME=root\nE:DM_LV_LAYER=\n"
        "E:ID_ATA_WRITE_CACHE=1\n"
    )
    write(tmp_path, {"proc/diskstats": OLD, "run/udev/data/b8:0": properties})
    assert read("diskstats", tmp_path)[12:] == [
        'node_disk_filesystem_info{device="sda",type="ext4",usage="filesystem",uuid="3f-9",version="1.0"} 1',
        'node_disk_device_mapper_info{device="sda",lv_layer="",lv_name="root",name="vg-root",uuid="LVM-x",'
        'vg_name="vg"} 1',
    ]


def test_an_ata_property_that_is_no_number_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path, {"proc/diskstats": OLD, "run/udev/data/b8:0": "E:ID_ATA=1\nE:ID_ATA_WRITE_CACHE=yes\n"})
    assert read("diskstats", tmp_path)[11:] == [BARE]


def test_a_disk_that_takes_the_place_of_another_is_described_anew(tmp_path: Path) -> None:
    udev = tmp_path / "run/udev/data"
    write(tmp_path, {"proc/diskstats": OLD, "run/udev/data/b8:0": "E:ID_MODEL=OLD\n"})
    touch(udev, 1)
    collector = make("diskstats", tmp_path)
    assert 'model="OLD"' in samples(collector)[-1]
    write(tmp_path, {"run/udev/data/b8:0": "E:ID_MODEL=NEW\n"})
    touch(udev, 2)
    assert 'model="NEW"' in samples(collector)[-1]


@pytest.mark.parametrize("values", ["1 2 3 x 5 6 7 8 9 10 11", "1 2 -3 4 5 6 7 8 9 10 11", "1 2 3"])
def test_a_line_with_other_things_than_counts_is_refused(tmp_path: Path, values: str) -> None:
    write(tmp_path, {"proc/diskstats": f"8 0 sda {values}\n"})
    with pytest.raises((ValueError, IndexError)):
        read("diskstats", tmp_path)
