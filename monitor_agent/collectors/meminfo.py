"""Every line of /proc/meminfo as a gauge; those in kB become bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from monitor_agent.collectors.collector import Collector, register
from monitor_agent.collectors.layouts import Words
from monitor_agent.collectors.options import Options
from monitor_agent.exposition import Metric, Row

KIB = 1024


def metric(field: str, is_in_kib: bool) -> Metric:
    """Active(anon) in kB is node_memory_Active_anon_bytes."""
    name = re.sub(r"\((.*)\)", r"_\1", field) + ("_bytes" if is_in_kib else "")
    return Metric(f"node_memory_{name}", "gauge", f"Memory information field {name}.")


def find(text: str) -> Iterator[tuple[Metric, int, int]]:
    """MemTotal:  1024 kB, and without a unit where things are counted."""
    place = 0
    for line in text.splitlines():
        words = line.split()
        is_in_kib = len(words) == 3
        yield metric(words[0].rstrip(":"), is_in_kib), place + 1, KIB if is_in_kib else 1
        place += len(words)


@register("meminfo")
class Meminfo(Collector):
    def __init__(self, root: str, options: Options) -> None:
        super().__init__(root, options)
        self._words = Words(find)

    def update(self) -> Iterable[Row]:
        yield self._words.row(self.read("proc/meminfo"))
