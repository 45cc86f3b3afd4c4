"""The host's own clock."""

from __future__ import annotations

import time
from collections.abc import Iterable

from monitor_agent.collectors.collector import Collector, register
from monitor_agent.exposition import Columns, Metric, Row

COLUMNS = Columns(Metric("node_time_seconds", "gauge", "System time in seconds since epoch (1970)."))


@register("time")
class Time(Collector):
    def update(self) -> Iterable[Row]:
        yield Row(COLUMNS, (), (time.time(),))
