"""Boot time, forks, context switches, interrupts and process counts, from /proc/stat."""

from __future__ import annotations

from collections.abc import Iterable

from monitor_agent.collectors.collector import Collector, register
from monitor_agent.collectors.files import check_digits
from monitor_agent.exposition import Columns, Metric, Row

FIELDS = {
    "intr": Columns(Metric("node_intr_total", "counter", "Total number of interrupts serviced.")),
    "ctxt": Columns(Metric("node_context_switches_total", "counter", "Total number of context switches.")),
    "btime": Columns(Metric("node_boot_time_seconds", "gauge", "Node boot time, in unixtime.")),
    "processes": Columns(Metric("node_forks_total", "counter", "Total number of forks.")),
    "procs_running": Columns(Metric("node_procs_running", "gauge", "Number of processes in runnable state.")),
    "procs_blocked": Columns(
        Metric("node_procs_blocked", "gauge", "Number of processes blocked waiting for I/O to complete.")
    ),
}


@register("stat")
class Stat(Collector):
    def update(self) -> Iterable[Row]:
        text = self.read("proc/stat")
        for line in text[text.index("\nintr ") + 1 :].splitlines():
            field, value = line.split(" ", 2)[:2]
            if field in FIELDS:
                check_digits((value,))
                yield Row(FIELDS[field], (), (value,))
