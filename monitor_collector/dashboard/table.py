"""The table of hosts as of one moment: who reports, the value of each column, and how many alarms there are.

A silent host has no values: what is known of it is from before.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from monitor_collector import liveness
from monitor_collector.config import Target
from monitor_collector.dashboard.columns import Column
from monitor_collector.promql import QueryError, Storage, Vector, parse
from monitor_collector.rules import Alert
from monitor_collector.samples import instance_of

# Enough to see a change, and few enough that most values stay the same from one second to the next.
SIGNIFICANT_DIGITS = 4


class Row(NamedTuple):
    """A host. `state` is up, silent, waiting (nobody can tell yet) or never (it has never reported); `heard_ms` is when
    its last batch arrived, None without any; `values` has None where a column has none."""

    instance: str
    state: str
    heard_ms: int | None
    values: tuple[float | None, ...]
    firing: int
    pending: int


class Table(NamedTuple):
    """`errors` says of each column what is wrong with it, None where nothing is; the other columns are there
    nevertheless."""

    at_ms: int
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    errors: tuple[str | None, ...]


class Liveness(NamedTuple):
    """What is known of who reports: the arrival of the last batch by instance, and since when anybody listens."""

    arrivals: Mapping[str, int]
    started_ms: int


def host_table(
    storage: Storage,
    columns: Sequence[Column],
    targets: Sequence[Target],
    known: Liveness,
    alerts: Iterable[Alert],
    at_ms: int,
    lookback_ms: int,
) -> Table:
    """The hosts in the order of `targets`."""
    errors: list[str | None] = []
    figures: list[Mapping[str, float]] = []
    for column in columns:
        try:
            figures.append(_figures(storage, column.query, at_ms, lookback_ms))
            errors.append(None)
        except QueryError as error:
            figures.append({})
            errors.append(str(error))
    counts = Counter((instance_of(alert.labels), alert.state) for alert in alerts)
    rows = []
    for target in targets:
        name, heard_ms = target.instance, known.arrivals.get(target.instance)
        state = _state(target, heard_ms, known.started_ms, at_ms)
        values = tuple(None if state == "silent" else column.get(name) for column in figures)
        rows.append(Row(name, state, heard_ms, values, counts[name, "firing"], counts[name, "pending"]))
    return Table(at_ms, tuple(columns), tuple(rows), tuple(errors))


def _state(target: Target, heard_ms: int | None, started_ms: int, at_ms: int) -> str:
    health = liveness.health(target, heard_ms, started_ms, at_ms)
    if health == "unknown":
        return "waiting"
    if health == "up":
        return "up"
    return "never" if heard_ms is None else "silent"


def _figures(storage: Storage, query: str, at_ms: int, lookback_ms: int) -> dict[str, float]:
    """By instance; of several series of an instance the last one counts. Raises QueryError."""
    expression = parse(query)
    if expression.value_type != "vector":
        raise QueryError(f"gives a {expression.value_type}; a column needs a value for each instance")
    vector = expression.evaluate(storage, at_ms, lookback_ms)
    assert isinstance(vector, Vector)
    if vector.labels and not any(instance_of(labels) for labels in vector.labels):
        raise QueryError(
            "has no label instance in its result, so nobody knows which host a value is of; where it sums or counts, "
            "write by (instance)"
        )
    pairs = zip(vector.labels, vector.values.tolist(), strict=True)
    return {instance_of(labels): _rounded(value) for labels, value in pairs if math.isfinite(value)}


def _rounded(value: float) -> float:
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}")
