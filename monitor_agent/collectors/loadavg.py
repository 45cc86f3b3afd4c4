"""Load averages, from /proc/loadavg."""

from __future__ import annotations

from collections.abc import Iterable

from monitor_agent.collectors.files import read_text
from monitor_agent.collectors.options import Options
from monitor_agent.collectors.registry import register
from monitor_agent.exposition import Columns, Metric, Row

COLUMNS = Columns(*(Metric(f"node_load{minutes}", "gauge", f"{minutes}m load average.") for minutes in (1, 5, 15)))


@register("loadavg")
def collect(root: str, options: Options) -> Iterable[Row]:
    one, five, fifteen, *_ = read_text(f"{root}/proc/loadavg").split()
    yield Row(COLUMNS, (), (one, five, fifteen))
