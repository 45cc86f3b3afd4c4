"""Work done by each block device, from /proc/diskstats, and what udev knows of it, from /run/udev/data.

https://www.kernel.org/doc/Documentation/admin-guide/iostats.rst: times are in milliseconds, sectors are 512 bytes.
udev keeps its properties of a device in b<major>:<minor>, as lines like E:ID_MODEL=Disk.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping

from monitor_agent.collectors.collector import Collector, register
from monitor_agent.collectors.files import check_digits, read_text
from monitor_agent.collectors.options import Options
from monitor_agent.exposition import Columns, Metric, Row, shift_decimal

SECTOR_BYTES = 512
DECIMALS_OF_A_MILLISECOND = 3

# Discards came with Linux 4.18, flushes with 5.5: on older kernels the row ends before them.
COLUMNS = Columns(
    Metric("node_disk_reads_completed_total", "counter", "The total number of reads completed successfully."),
    Metric("node_disk_reads_merged_total", "counter", "The total number of reads merged."),
    Metric("node_disk_read_bytes_total", "counter", "The total number of bytes read successfully."),
    Metric("node_disk_read_time_seconds_total", "counter", "The total number of seconds spent by all reads."),
    Metric("node_disk_writes_completed_total", "counter", "The total number of writes completed successfully."),
    Metric("node_disk_writes_merged_total", "counter", "The number of writes merged."),
    Metric("node_disk_written_bytes_total", "counter", "The total number of bytes written successfully."),
    Metric("node_disk_write_time_seconds_total", "counter", "This is the total number of seconds spent by all writes."),
    Metric("node_disk_io_now", "gauge", "The number of I/Os currently in progress."),
    Metric("node_disk_io_time_seconds_total", "counter", "Total seconds spent doing I/Os."),
    Metric("node_disk_io_time_weighted_seconds_total", "counter", "The weighted # of seconds spent doing I/Os."),
    Metric("node_disk_discards_completed_total", "counter", "The total number of discards completed successfully."),
    Metric("node_disk_discards_merged_total", "counter", "The total number of discards merged."),
    Metric("node_disk_discarded_sectors_total", "counter", "The total number of sectors discarded successfully."),
    Metric(
        "node_disk_discard_time_seconds_total", "counter", "This is the total number of seconds spent by all discards."
    ),
    Metric("node_disk_flush_requests_total", "counter", "The total number of flush requests completed successfully"),
    Metric(
        "node_disk_flush_requests_time_seconds_total",
        "counter",
        "This is the total number of seconds spent by all flush requests.",
    ),
)
SECTOR_COLUMNS = (2, 6)
MILLISECOND_COLUMNS = (3, 7, 9, 10, 14, 16)

INFO = Columns(Metric("node_disk_info", "gauge", "Info of /sys/block/<block_device>."))
FILESYSTEM_INFO = Columns(Metric("node_disk_filesystem_info", "gauge", "Info about disk filesystem."))
DEVICE_MAPPER_INFO = Columns(Metric("node_disk_device_mapper_info", "gauge", "Info about disk device mapper."))
ATA = {
    "ID_ATA_WRITE_CACHE": Columns(Metric("node_disk_ata_write_cache", "gauge", "ATA disk has a write cache.")),
    "ID_ATA_WRITE_CACHE_ENABLED": Columns(
        Metric("node_disk_ata_write_cache_enabled", "gauge", "ATA disk has its write cache enabled.")
    ),
    "ID_ATA_ROTATION_RATE_RPM": Columns(
        Metric("node_disk_ata_rotation_rate_rpm", "gauge", "ATA disk rotation rate in RPMs (0 for SSDs).")
    ),
}


def make_rows(major: str, minor: str, device: str, properties: Mapping[str, str]) -> Iterable[Row]:
    """What stays the same as long as udev's properties of the device do."""

    def labels(names: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        return (("device", device), *[(label, properties.get(name, "")) for label, name in names.items()])

    described = {
        "path": "ID_PATH",
        "wwn": "ID_WWN",
        "model": "ID_MODEL",
        "serial": "ID_SERIAL_SHORT",
        "revision": "ID_REVISION",
    }
    yield Row(INFO, (*labels(described), ("major", major), ("minor", minor)), ("1",))
    if properties.get("ID_FS_TYPE"):
        described = {
            "type": "ID_FS_TYPE",
            "usage": "ID_FS_USAGE",
            "uuid": "ID_FS_UUID",
            "version": "ID_FS_VERSION",
        }
        yield Row(FILESYSTEM_INFO, labels(described), ("1",))
    if properties.get("DM_NAME"):
        described = {
            "name": "DM_NAME",
            "uuid": "DM_UUID",
            "vg_name": "DM_VG_NAME",
            "lv_name": "DM_LV_NAME",
            "lv_layer": "DM_LV_LAYER",
        }
        yield Row(DEVICE_MAPPER_INFO, labels(described), ("1",))
    if properties.get("ID_ATA"):
        for name, columns in ATA.items():
            try:
                value = float(properties[name])
            except (KeyError, ValueError):
                continue
            yield Row(columns, labels({}), (value,))


@register("diskstats")
class Diskstats(Collector):
    def __init__(self, root: str, options: Options) -> None:
        super().__init__(root, options)
        self._is_excluded = re.compile(options.diskstats_device_exclude).search
        self._udev_directory = f"{root}/run/udev/data"
        self._udev_changed_ns: int | None = None
        self._constant_rows: dict[tuple[str, str, str], list[Row]] = {}

    def update(self) -> Iterable[Row]:
        known, self._constant_rows = self._constant_rows, {}
        if self._has_udev_changed():
            known = {}
        for line in self.read("proc/diskstats").splitlines():
            major, minor, device, *values = line.split()
            key = (major, minor, device)
            constant_rows = known.get(key)
            if constant_rows is None:
                constant_rows = self._describe(*key)
            self._constant_rows[key] = constant_rows
            if not constant_rows:
                continue
            check_digits(values)
            for column in SECTOR_COLUMNS:
                values[column] = int(values[column]) * SECTOR_BYTES
            for column in MILLISECOND_COLUMNS:
                if column < len(values):
                    values[column] = shift_decimal(values[column], DECIMALS_OF_A_MILLISECOND)
            yield Row(COLUMNS, (("device", device),), values)
            yield from constant_rows

    def _has_udev_changed(self) -> bool:
        """udev puts a new file in the place of the old one, which changes the directory."""
        try:
            changed_ns = os.stat(self._udev_directory).st_mtime_ns
        except OSError:
            changed_ns = None
        has_changed = changed_ns != self._udev_changed_ns
        self._udev_changed_ns = changed_ns
        return has_changed

    def _describe(self, major: str, minor: str, device: str) -> list[Row]:
        """The constant rows of a device; none for one that is not reported."""
        if self._is_excluded(device):
            return []
        try:
            text = read_text(f"{self._udev_directory}/b{major}:{minor}")
        except OSError:
            text = ""
        pairs = [line[2:].partition("=") for line in text.split("\n") if line.startswith("E:")]
        return list(make_rows(major, minor, device, {name: value for name, _, value in pairs}))
