"""Work done by each block device, from /proc/diskstats.

https://www.kernel.org/doc/Documentation/admin-guide/iostats.rst: times are in milliseconds, sectors are 512 bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Callable

from monitor_agent.collectors.options import Options
from monitor_agent.collectors.registry import register
from monitor_agent.exposition import Family, Value

SECTOR_BYTES = 512


def as_is(text: str) -> Value:
    return text


def sectors(text: str) -> Value:
    return int(text) * SECTOR_BYTES


def milliseconds(text: str) -> Value:
    return int(text) / 1000


COLUMNS: tuple[tuple[str, str, Callable[[str], Value], str], ...] = (
    ("reads_completed_total", "counter", as_is, "The total number of reads completed successfully."),
    ("reads_merged_total", "counter", as_is, "The total number of reads merged."),
    ("read_bytes_total", "counter", sectors, "The total number of bytes read successfully."),
    ("read_time_seconds_total", "counter", milliseconds, "The total number of seconds spent by all reads."),
    ("writes_completed_total", "counter", as_is, "The total number of writes completed successfully."),
    ("writes_merged_total", "counter", as_is, "The number of writes merged."),
    ("written_bytes_total", "counter", sectors, "The total number of bytes written successfully."),
    ("write_time_seconds_total", "counter", milliseconds, "This is the total number of seconds spent by all writes."),
    ("io_now", "gauge", as_is, "The number of I/Os currently in progress."),
    ("io_time_seconds_total", "counter", milliseconds, "Total seconds spent doing I/Os."),
    ("io_time_weighted_seconds_total", "counter", milliseconds, "The weighted # of seconds spent doing I/Os."),
    ("discards_completed_total", "counter", as_is, "The total number of discards completed successfully."),
    ("discards_merged_total", "counter", as_is, "The total number of discards merged."),
    ("discarded_sectors_total", "counter", as_is, "The total number of sectors discarded successfully."),
    (
        "discard_time_seconds_total",
        "counter",
        milliseconds,
        "This is the total number of seconds spent by all discards.",
    ),
    ("flush_requests_total", "counter", as_is, "The total number of flush requests completed successfully"),
    ("flush_requests_time_seconds_total", "counter", milliseconds, "Seconds spent by all flush requests."),
)


@register("diskstats")
def collect(root: str, options: Options) -> Iterable[Family]:
    excluded = re.compile(options.diskstats_device_exclude)
    rows = []
    with open(f"{root}/proc/diskstats", encoding="utf-8", errors="replace") as file:
        for line in file:
            _, _, device, *numbers = line.split()
            if not excluded.search(device):
                rows.append(((("device", device),), numbers))
    for column, (name, kind, convert, help_text) in enumerate(COLUMNS):
        samples = [(labels, convert(numbers[column])) for labels, numbers in rows if column < len(numbers)]
        if samples:
            yield Family(f"node_disk_{name}", kind, help_text, samples)
