"""Traffic and errors of each network device, from /proc/net/dev, and what only sysfs tells of it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

from monitor_agent.collectors.attributes import Attributes
from monitor_agent.collectors.collector import Collector, register
from monitor_agent.collectors.files import check_digits
from monitor_agent.collectors.options import Options
from monitor_agent.exposition import Columns, Metric, Row

RECEIVE = ("bytes", "packets", "errs", "drop", "fifo", "frame", "compressed", "multicast")
TRANSMIT = ("bytes", "packets", "errs", "drop", "fifo", "colls", "carrier", "compressed")
# Not in /proc/net/dev: packets that came for a device that may not receive, the idle one of a bond for example.
NOHANDLER = ("receive_nohandler",)
COLUMNS = Columns(
    *(
        Metric(f"node_network_{name}_total", "counter", f"Network device statistic {name}.")
        for name in [f"receive_{each}" for each in RECEIVE]
        + [f"transmit_{each}" for each in TRANSMIT]
        + list(NOHANDLER)
    )
)


@register("netdev")
class Netdev(Collector):
    def __init__(self, root: str, options: Options) -> None:
        super().__init__(root, options)
        self._attributes = Attributes(root)

    def update(self) -> Iterable[Row]:
        for line in self.read("proc/net/dev").split("\n")[2:-1]:
            device, _, counters = line.rpartition(":")
            device = device.lstrip(" ")
            values = counters.split()
            check_digits(values)
            with contextlib.suppress(OSError):  # Linux before 4.6, or a sandbox without /sys
                values.append(self._attributes.read_number(f"sys/class/net/{device}/statistics/rx_nohandler"))
            yield Row(COLUMNS, (("device", device),), values)
        self._attributes.close_unread()
