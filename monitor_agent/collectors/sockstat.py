"""Sockets by protocol and state, from /proc/net/sockstat and sockstat6; each is missing where its protocol is."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from monitor_agent.collectors.collector import Collector, register
from monitor_agent.collectors.layouts import Words
from monitor_agent.collectors.options import Options
from monitor_agent.exposition import Metric, Row

STATES = ("inuse", "orphan", "tw", "alloc", "mem", "memory")
SOCKETS = Metric("node_sockstat_sockets_used", "gauge", "Number of IPv4 sockets in use.")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def metric(protocol: str, state: str) -> Metric:
    name = f"node_sockstat_{protocol}_{state}"
    return Metric(name, "gauge", f"Number of {protocol} sockets in state {state}.")


def find(text: str) -> Iterator[tuple[Metric, int, int]]:
    """TCP: inuse 5 orphan 0 tw 3 alloc 5 mem 240, where mem is in pages."""
    place = 0
    for line in text.splitlines():
        words = line.split()
        protocol = words[0].rstrip(":")
        for number, state in enumerate(words[1::2]):
            value = place + 2 * number + 2
            if protocol == "sockets":
                yield SOCKETS, value, 1
            elif state in STATES:
                yield metric(protocol, state), value, 1
                if state == "mem":
                    yield metric(protocol, "mem_bytes"), value, PAGE_BYTES
        place += len(words)


@register("sockstat")
class Sockstat(Collector):
    def __init__(self, root: str, options: Options) -> None:
        super().__init__(root, options)
        self._tables = {f"proc/net/{name}": Words(find) for name in ("sockstat", "sockstat6")}

    def update(self) -> Iterable[Row]:
        for path, words in self._tables.items():
            try:
                text = self.read(path)
            except FileNotFoundError:
                continue
            yield words.row(text)
