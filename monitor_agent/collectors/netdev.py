"""Traffic and errors of each network device, from /proc/net/dev."""

from __future__ import annotations

from collections.abc import Iterable

from monitor_agent.collectors.collector import Collector, register
from monitor_agent.exposition import Columns, Metric, Row

RECEIVE = ("bytes", "packets", "errs", "drop", "fifo", "frame", "compressed", "multicast")
TRANSMIT = ("bytes", "packets", "errs", "drop", "fifo", "colls", "carrier", "compressed")
COLUMNS = Columns(
    *(
        Metric(f"node_network_{name}_total", "counter", f"Network device statistic {name}.")
        for name in [f"receive_{each}" for each in RECEIVE] + [f"transmit_{each}" for each in TRANSMIT]
    )
)


@register("netdev")
class Netdev(Collector):
    def update(self) -> Iterable[Row]:
        for line in self.read("proc/net/dev").splitlines()[2:]:
            device, _, counters = line.rpartition(":")
            yield Row(COLUMNS, (("device", device.strip()),), counters.split())
