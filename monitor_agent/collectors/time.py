"""The host's own clock."""

from __future__ import annotations

import time
from collections.abc import Iterable

from monitor_agent.collectors.options import Options
from monitor_agent.collectors.registry import register
from monitor_agent.exposition import Columns, Metric, Row

COLUMNS = Columns(Metric("node_time_seconds", "gauge", "System time in seconds since epoch (1970)."))


@register("time")
def collect(root: str, options: Options) -> Iterable[Row]:
    yield Row(COLUMNS, (), (time.time(),))
