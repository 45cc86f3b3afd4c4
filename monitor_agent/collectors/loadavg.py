"""Load averages, from /proc/loadavg."""

from __future__ import annotations

from collections.abc import Iterable

from monitor_agent.collectors.collector import Collector, register
from monitor_agent.exposition import Columns, Metric, Row

COLUMNS = Columns(*(Metric(f"node_load{minutes}", "gauge", f"{minutes}m load average.") for minutes in (1, 5, 15)))


@register("loadavg")
class Loadavg(Collector):
    def update(self) -> Iterable[Row]:
        one, five, fifteen = self.read("proc/loadavg").split(" ", 3)[:3]
        yield Row(COLUMNS, (), (float(one), float(five), float(fifteen)))
