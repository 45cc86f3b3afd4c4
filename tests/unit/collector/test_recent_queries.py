"""What is kept ready for rules answers every query as the storage itself does, which is held against Prometheus."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

import numpy as np

from monitor_collector.head import Head
from monitor_collector.promql import Expression, Labels, Matrix, QueryError, Scalar, Storage, Vector, parse
from monitor_collector.recent import Recent
from monitor_collector.samples import Batch, Layout
from tests.unit.collector.promql import generated_queries
from tests.unit.collector.promql import prometheus_corpus as corpus
from tests.unit.collector.promql.storages import MemoryStorage

# One soon after the other, so that what is ready is brought up to date, not read anew.
MOMENTS = [round((corpus.START + second) * 1000) for second in (1100.5, 1105.4, 1110.9, 1113.9)]


Answer = dict[Labels, list[float]] | str


class Fleet:
    """The corpus as it comes in, moment by moment."""

    def __init__(self) -> None:
        self.head = Head(10**6)
        self.recent = Recent(self.head, self.head.select)
        self._layouts: dict[tuple[Labels, ...], Layout] = {}
        rows: dict[int, list[tuple[Labels, float]]] = {}
        for labels, timestamps, values in MemoryStorage(corpus.series()).series:
            for at_ms, value in zip(timestamps.tolist(), values.tolist(), strict=True):
                rows.setdefault(at_ms, []).append((labels, value))
        self._rows = sorted(rows.items())

    def push_until(self, moment_ms: int) -> None:
        while self._rows and self._rows[0][0] <= moment_ms:
            at_ms, row = self._rows.pop(0)
            series, values = zip(*row, strict=True)
            layout = self._layouts.setdefault(series, Layout(series))
            self.head.append(Batch(layout, np.array(values), at_ms))


def answer(expression: Expression, storage: Storage, at_ms: int) -> Answer:
    try:
        value = expression.evaluate(storage, at_ms)
    except QueryError as error:
        return error.message.split("{")[0]  # of series that rival each other any may be named first
    match value:
        case Vector():
            return {labels: [one] for labels, one in zip(value.labels, value.values.tolist(), strict=True)}
        case Scalar():
            return {(): [value.value]}
        case Matrix():
            return {one.labels: [*one.timestamps.tolist(), *one.values.tolist()] for one in value.series}
    return value


def same(one: Answer, other: Answer) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    return one.keys() == other.keys() and all(are_close(numbers, other[labels]) for labels, numbers in one.items())


def are_close(some: list[float], others: list[float]) -> bool:
    """As the order of additions may be another one."""
    return len(some) == len(others) and np.allclose(some, others, rtol=1e-9, atol=0, equal_nan=True)


def parsed(queries: Iterable[str]) -> Iterator[Expression]:
    for query in queries:
        with suppress(QueryError):
            yield parse(query)


def different(fleet: Fleet, expressions: Iterable[Expression], at_ms: int) -> list[str]:
    return [
        expression.text
        for expression in expressions
        if not same(answer(expression, fleet.recent, at_ms), answer(expression, fleet.head, at_ms))
    ]


def test_every_query_answers_as_it_does_without() -> None:
    fleet = Fleet()
    fleet.push_until(MOMENTS[0])
    # Of the generated ones a third, which has all functions and operators too.
    queries = [*corpus.QUERIES, *corpus.INSTANT_ONLY, *generated_queries.queries()[::3]]
    assert different(fleet, parsed(queries), MOMENTS[0]) == []


def test_a_query_asked_again_answers_with_what_has_come_since() -> None:
    fleet = Fleet()
    expressions = list(parsed(corpus.QUERIES))
    for moment_ms in MOMENTS:
        fleet.push_until(moment_ms)
        assert different(fleet, expressions, moment_ms) == []
