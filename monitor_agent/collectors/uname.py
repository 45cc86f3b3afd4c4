"""The kernel's name for itself and the host, from uname(2)."""

from __future__ import annotations

import os
from collections.abc import Iterable

from monitor_agent.collectors.collector import Collector, register
from monitor_agent.exposition import Columns, Metric, Row

COLUMNS = Columns(
    Metric("node_uname_info", "gauge", "Labeled system information as provided by the uname system call.")
)


@register("uname")
class Uname(Collector):
    def update(self) -> Iterable[Row]:
        name = os.uname()
        labels = (
            ("domainname", self.read("proc/sys/kernel/domainname").strip()),  # os.uname() leaves it out
            ("machine", name.machine),
            ("nodename", name.nodename),
            ("release", name.release),
            ("sysname", name.sysname),
            ("version", name.version),
        )
        yield Row(COLUMNS, labels, ("1",))
