"""Load averages, from /proc/loadavg."""

from __future__ import annotations

from collections.abc import Iterable

from monitor_agent.collectors.options import Options
from monitor_agent.collectors.registry import register
from monitor_agent.exposition import Family


@register("loadavg")
def collect(root: str, options: Options) -> Iterable[Family]:
    with open(f"{root}/proc/loadavg", encoding="ascii") as file:
        averages = file.read().split()
    for minutes, average in zip((1, 5, 15), averages):
        yield Family(f"node_load{minutes}", "gauge", f"{minutes}m load average.", [((), float(average))])
