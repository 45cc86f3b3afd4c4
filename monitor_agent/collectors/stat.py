"""Boot time, forks, context switches, interrupts and process counts, from /proc/stat."""

from __future__ import annotations

from collections.abc import Iterable

from monitor_agent.collectors.options import Options
from monitor_agent.collectors.registry import register
from monitor_agent.exposition import Family

FIELDS = {
    "btime": ("node_boot_time_seconds", "gauge", "Node boot time, in unixtime."),
    "ctxt": ("node_context_switches_total", "counter", "Total number of context switches."),
    "processes": ("node_forks_total", "counter", "Total number of forks."),
    "intr": ("node_intr_total", "counter", "Total number of interrupts serviced."),
    "procs_running": ("node_procs_running", "gauge", "Number of processes in runnable state."),
    "procs_blocked": ("node_procs_blocked", "gauge", "Number of processes blocked waiting for I/O to complete."),
}


@register("stat")
def collect(root: str, options: Options) -> Iterable[Family]:
    with open(f"{root}/proc/stat", encoding="ascii") as file:
        for line in file:
            field, _, rest = line.partition(" ")
            if field in FIELDS:
                yield Family(*FIELDS[field], [((), rest.split(None, 1)[0])])
