"""The columns of the table of hosts: a PromQL expression each, whose series belong to hosts by their `instance`.

An expression that is wrong is no reason to refuse the configuration: its column says so, and the others are shown.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from monitor_collector.documents import Checker, ConfigError, Key, anything, text

# What a value is, so that it can be shown with few digits and the right word behind it.
UNITS = ("number", "ratio", "bytes", "bytes_per_second", "per_second", "seconds", "score", "status", "celsius")


class Column(NamedTuple):
    """`unit` is one of UNITS."""

    title: str
    query: str
    unit: str


# The figures of rules that the role brings, so that each costs a look at what is there already.
DEFAULT_COLUMNS = (
    Column("Health", "monitor_health_score", "score"),
    Column("CPU", "instance:node_cpu_utilisation:ratio", "ratio"),
    Column("Memory", "instance:node_memory_utilisation:ratio", "ratio"),
    Column("Latency", "max by (instance) (probe_duration_seconds)", "seconds"),
    Column("Status", "max by (instance) (probe_http_status_code)", "status"),
    Column("In", "instance:node_network_receive_bytes:rate", "bytes_per_second"),
    Column("Out", "instance:node_network_transmit_bytes:rate", "bytes_per_second"),
)
# What the page tells of each host besides.
_OTHER_TITLES = ("Host", "State", "Trend", "Alarms")


def read_columns(file: Path) -> tuple[Column, ...]:
    """The further columns that `dashboard.yml` names. Raises ConfigError."""
    checker = Checker(file)
    content = checker.load_mapping()
    found: list[Column] = []
    taken = {*_OTHER_TITLES, *(column.title for column in DEFAULT_COLUMNS)}
    if content is not None:
        entries = checker.read(content, {"columns": Key(anything, [])}).get("columns") or []
        for number, entry in enumerate(checker.read_list(entries, "columns", content.lines.get("columns")), 1):
            keys = {"title": Key(text), "query": Key(text), "unit": Key(_unit, "number")}
            values = checker.read(entry, keys, f"column {number}", content.lines["columns"])
            if len(values) < len(keys):
                continue
            column = Column(**values)
            if column.title in taken:
                checker.add(
                    entry.line, f"column {number}", f"there is a column {column.title!r} already: give it another title"
                )
            taken.add(column.title)
            found.append(column)
    if checker.problems:
        raise ConfigError(checker.problems)
    return tuple(found)


def _unit(value: Any) -> str:
    if value not in UNITS:
        raise ValueError(f"must be one of {', '.join(UNITS)}")
    return str(value)
