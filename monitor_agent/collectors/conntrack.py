"""Tracked connections, their limit, and what became of packets, from /proc/sys/net/netfilter and /proc/net/stat."""

from __future__ import annotations

from collections.abc import Iterable

from monitor_agent.collectors.attributes import Attributes
from monitor_agent.collectors.collector import Collector, NoData, register
from monitor_agent.collectors.options import Options
from monitor_agent.exposition import Columns, Metric, Row

PATHS = ("proc/sys/net/netfilter/nf_conntrack_count", "proc/sys/net/netfilter/nf_conntrack_max")
TABLE = Columns(
    Metric(
        "node_nf_conntrack_entries",
        "gauge",
        "Number of currently allocated flow entries for connection tracking.",
    ),
    Metric("node_nf_conntrack_entries_limit", "gauge", "Maximum size of connection tracking table."),
)
HELP_OF_FIELD = {
    "found": "Number of searched entries which were successful.",
    "invalid": "Number of packets seen which can not be tracked.",
    "ignore": "Number of packets seen which are already connected to a conntrack entry.",
    "insert": "Number of entries inserted into the list.",
    "insert_failed": "Number of entries for which list insertion was attempted but failed.",
    "drop": "Number of packets dropped due to conntrack failure.",
    "early_drop": "Number of dropped conntrack entries to make room for new ones, if maximum table size was reached.",
    "search_restart": "Number of conntrack table lookups which had to be restarted due to hashtable resizes.",
}
STATISTICS = Columns(
    *(Metric(f"node_nf_conntrack_stat_{field}", "gauge", help_text) for field, help_text in HELP_OF_FIELD.items())
)
ZERO = "00000000"


@register("conntrack")
class Conntrack(Collector):
    """No data where the module is not loaded."""

    def __init__(self, root: str, options: Options) -> None:
        super().__init__(root, options)
        self._attributes = Attributes(root)

    def update(self) -> Iterable[Row]:
        try:
            values = [self._attributes.read_number(path) for path in PATHS]
            text = self.read("proc/net/stat/nf_conntrack")
        except FileNotFoundError:
            raise NoData from None
        yield Row(TABLE, (), values)
        # A line of hexadecimal numbers for each processor; names and places of the other columns vary.
        names, *processors = [line.split() for line in text.splitlines()]
        sums = []
        for field in HELP_OF_FIELD:
            place = names.index(field)
            sums.append(sum([int(each[place], 16) for each in processors if each[place] != ZERO]))
        yield Row(STATISTICS, (), sums)
