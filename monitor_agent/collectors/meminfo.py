"""Every line of /proc/meminfo as a gauge; those in kB become bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from monitor_agent.collectors.collector import Collector, register
from monitor_agent.exposition import Columns, Metric, Row

KIB = 1024

# The lines are the same as long as the kernel runs: the columns of the last reading, by the names in it.
_columns: dict[tuple[str, ...], Columns] = {}


def metric(field: str, is_in_kib: bool) -> Metric:
    """Active(anon) in kB is node_memory_Active_anon_bytes."""
    name = re.sub(r"\((.*)\)", r"_\1", field) + ("_bytes" if is_in_kib else "")
    return Metric(f"node_memory_{name}", "gauge", f"Memory information field {name}.")


@register("meminfo")
class Meminfo(Collector):
    def update(self) -> Iterable[Row]:
        # MemTotal:  1024 kB, and without a unit where things are counted.
        fields = [line.split() for line in self.read("proc/meminfo").splitlines()]
        names = tuple([field[0] for field in fields])
        if names not in _columns:
            _columns.clear()
            _columns[names] = Columns(*(metric(field[0].rstrip(":"), len(field) == 3) for field in fields))
        yield Row(_columns[names], (), [int(field[1]) * KIB if len(field) == 3 else field[1] for field in fields])
