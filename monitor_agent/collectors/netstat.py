"""Counters of the network protocols, those whose names match `netstat_fields`.

/proc/net/netstat and /proc/net/snmp have two lines for a protocol: `Tcp: InSegs OutSegs`, then `Tcp: 12 34`.
/proc/net/snmp6 has a line for each counter, `Ip6InOctets 12`, and is not there when IPv6 is switched off.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from monitor_agent.collectors.collector import Collector, register
from monitor_agent.collectors.layouts import NamedLines, checked
from monitor_agent.collectors.options import Options
from monitor_agent.exposition import Columns, Metric, Row


def metric(protocol: str, field: str) -> Metric:
    return Metric(f"node_netstat_{protocol}_{field}", "untyped", f"Statistic {protocol}{field}.")


class PairsOfLines:
    """A file whose header lines stay the same as long as the kernel runs."""

    def __init__(self, is_wanted: Callable[[str], object]) -> None:
        self._is_wanted = is_wanted
        self._headers: list[str] = []
        self._columns = Columns()
        self._wanted: list[tuple[int, int, list[int]]] = []  # number of a line, of its words, and of those to take

    def row(self, text: str) -> Row:
        lines = text.split("\n")
        if lines[:-1:2] != self._headers:
            self._learn(lines[:-1:2])
        values: list[str] = []
        for number, count, wanted in self._wanted:
            words = lines[number].split()
            if len(words) != count:
                raise ValueError(f"{words[0]} has {len(words) - 1} values for {count - 1} names")
            values += [words[each] for each in wanted]
        return Row(self._columns, (), checked(values))

    def _learn(self, headers: list[str]) -> None:
        metrics = []
        self._wanted = []
        for number, header in enumerate(headers):
            protocol, *fields = header.split()
            protocol = protocol[:-1]
            wanted = [index for index, field in enumerate(fields, 1) if self._is_wanted(f"{protocol}_{field}")]
            if wanted:
                metrics += [metric(protocol, fields[index - 1]) for index in wanted]
                self._wanted.append((2 * number + 1, len(fields) + 1, wanted))
        self._columns = Columns(*metrics)
        self._headers = headers


@register("netstat")
class Netstat(Collector):
    def __init__(self, root: str, options: Options) -> None:
        super().__init__(root, options)
        self._is_wanted = re.compile(options.netstat_fields).search
        self._netstat = PairsOfLines(self._is_wanted)
        self._snmp = PairsOfLines(self._is_wanted)
        self._snmp6 = NamedLines(self._make_metric_of_snmp6)

    def update(self) -> Iterable[Row]:
        yield self._netstat.row(self.read("proc/net/netstat"))
        yield self._snmp.row(self.read("proc/net/snmp"))
        try:
            text = self.read("proc/net/snmp6")
        except FileNotFoundError:
            return
        yield self._snmp6.row(text)

    def _make_metric_of_snmp6(self, name: str) -> Metric | None:
        """What stands before the first 6 is the protocol."""
        protocol, six, field = name.partition("6")
        return metric(f"{protocol}6", field) if six and self._is_wanted(f"{protocol}6_{field}") else None
