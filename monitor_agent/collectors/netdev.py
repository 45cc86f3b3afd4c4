"""Traffic and errors of each network device, from /proc/net/dev."""

from __future__ import annotations

from collections.abc import Iterable

from monitor_agent.collectors.options import Options
from monitor_agent.collectors.registry import register
from monitor_agent.exposition import Family

RECEIVE = ("bytes", "packets", "errs", "drop", "fifo", "frame", "compressed", "multicast")
TRANSMIT = ("bytes", "packets", "errs", "drop", "fifo", "colls", "carrier", "compressed")
COLUMNS = [f"receive_{name}" for name in RECEIVE] + [f"transmit_{name}" for name in TRANSMIT]


@register("netdev")
def collect(root: str, options: Options) -> Iterable[Family]:
    rows = []
    with open(f"{root}/proc/net/dev", encoding="utf-8", errors="replace") as file:
        for line in list(file)[2:]:
            device, _, counters = line.rpartition(":")
            rows.append(((("device", device.strip()),), counters.split()))
    for column, name in enumerate(COLUMNS):
        samples = [(labels, counters[column]) for labels, counters in rows]
        yield Family(f"node_network_{name}_total", "counter", f"Network device statistic {name}.", samples)
