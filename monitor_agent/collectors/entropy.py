"""Bits in the kernel's entropy pool and how many it can hold, from /proc/sys/kernel/random."""

from __future__ import annotations

from collections.abc import Iterable

from monitor_agent.collectors.attributes import Attributes
from monitor_agent.collectors.collector import Collector, register
from monitor_agent.collectors.options import Options
from monitor_agent.exposition import Columns, Metric, Row

PATHS = ("proc/sys/kernel/random/entropy_avail", "proc/sys/kernel/random/poolsize")
COLUMNS = Columns(
    Metric("node_entropy_available_bits", "gauge", "Bits of available entropy."),
    Metric("node_entropy_pool_size_bits", "gauge", "Bits of entropy pool."),
)


@register("entropy")
class Entropy(Collector):
    def __init__(self, root: str, options: Options) -> None:
        super().__init__(root, options)
        self._attributes = Attributes(root)

    def update(self) -> Iterable[Row]:
        yield Row(COLUMNS, (), [self._attributes.read_number(path) for path in PATHS])
