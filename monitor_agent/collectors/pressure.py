"""Time that processes waited for processors, storage and memory, from /proc/pressure, in microseconds there.

https://docs.kernel.org/accounting/psi.html
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterable

from monitor_agent.collectors.collector import Collector, NoData, register
from monitor_agent.exposition import Columns, Metric, Row, shift_decimal

DECIMALS_OF_A_MICROSECOND = 6

COLUMNS = {
    "cpu": Columns(
        Metric(
            "node_pressure_cpu_waiting_seconds_total",
            "counter",
            "Total time in seconds that processes have waited for CPU time",
        )
    ),
    "io": Columns(
        Metric(
            "node_pressure_io_waiting_seconds_total",
            "counter",
            "Total time in seconds that processes have waited due to IO congestion",
        ),
        Metric(
            "node_pressure_io_stalled_seconds_total",
            "counter",
            "Total time in seconds no process could make progress due to IO congestion",
        ),
    ),
    "memory": Columns(
        Metric(
            "node_pressure_memory_waiting_seconds_total",
            "counter",
            "Total time in seconds that processes have waited for memory",
        ),
        Metric(
            "node_pressure_memory_stalled_seconds_total",
            "counter",
            "Total time in seconds no process could make progress due to memory congestion",
        ),
    ),
}

# some avg10=0.00 avg60=0.00 avg300=0.00 total=0, and the same with full; processors as a whole are never full.
find_totals = re.compile(r"^(?:some|full) .* total=(\d+)$", re.MULTILINE | re.ASCII).findall


@register("pressure")
class Pressure(Collector):
    """No data where the kernel was built without it, or was started with psi=0."""

    def update(self) -> Iterable[Row]:
        for resource, columns in COLUMNS.items():
            try:
                text = self.read(f"proc/pressure/{resource}")
            except OSError as error:
                if error.errno in (errno.ENOENT, errno.EOPNOTSUPP):
                    raise NoData from None
                raise
            totals = find_totals(text)
            if len(totals) < len(columns.metrics):
                raise ValueError(f"{self.root}/proc/pressure/{resource} lacks a total")
            values = [shift_decimal(total, DECIMALS_OF_A_MICROSECOND) for total in totals[: len(columns.metrics)]]
            yield Row(columns, (), values)
