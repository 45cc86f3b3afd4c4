"""Work done by each block device, from /proc/diskstats.

https://www.kernel.org/doc/Documentation/admin-guide/iostats.rst: times are in milliseconds, sectors are 512 bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from monitor_agent.collectors.collector import Collector, register
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


@register("diskstats")
class Diskstats(Collector):
    def update(self) -> Iterable[Row]:
        is_excluded = re.compile(self.options.diskstats_device_exclude).search
        for line in self.read("proc/diskstats").splitlines():
            _, _, device, *values = line.split()
            if is_excluded(device):
                continue
            for column in SECTOR_COLUMNS:
                values[column] = int(values[column]) * SECTOR_BYTES
            for column in MILLISECOND_COLUMNS:
                if column < len(values):
                    values[column] = shift_decimal(values[column], DECIMALS_OF_A_MILLISECOND)
            yield Row(COLUMNS, (("device", device),), values)
