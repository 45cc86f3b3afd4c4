"""Queries in their threads: results, waiting, and their ends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from monitor_collector.promql import STALE_MARKER, Matcher, Vector
from monitor_collector.queries import THREADS, Queries, Query
from monitor_collector.query_limits import QueryCanceled, QueryLimits, QueryTimeout, TooManySamples
from tests.unit.collector.promql.storages import MemoryStorage, labels_of

STORAGE = MemoryStorage({'up{job="a"}': {10: 1, 20: 0}, 'up{job="b"}': {10: 1, 20: STALE_MARKER}, "load": {15: 2.5}})
UP = (Matcher("__name__", "=", "up"),)
LOAD = (Matcher("__name__", "=", "load"),)


def with_queries(work: Callable[[Queries], Awaitable[Any]], **bounds: Any) -> Any:
    async def everything() -> Any:
        queries = Queries(STORAGE, **bounds)
        try:
            return await work(queries)
        finally:
            await queries.close()

    return asyncio.run(everything())


def test_a_query_is_answered_from_the_storage() -> None:
    async def work(queries: Queries) -> None:
        value = await queries.instant("up", 15_000)
        assert isinstance(value, Vector)
        assert value.values.tolist() == [1, 1]
        matrix = await queries.run(lambda query: query.range("load", 10_000, 20_000, 5000))
        assert matrix.series[0].timestamps.tolist() == [15_000, 20_000]

    with_queries(work)


def test_label_sets_are_found_between_two_moments_that_both_count() -> None:
    def found(start_ms: int, end_ms: int) -> set[Any]:
        return with_queries(lambda queries: queries.run(lambda query: query.label_sets([UP, LOAD], start_ms, end_ms)))

    assert found(0, 20_000) == {labels_of('up{job="a"}'), labels_of('up{job="b"}'), labels_of("load")}
    assert found(15_000, 15_000) == {labels_of("load")}
    assert found(20_001, 30_000) == set()


def test_the_newest_sample_of_each_series_is_found_unless_it_is_stale_or_old() -> None:
    def found(at_ms: int) -> list[Any]:
        return with_queries(lambda queries: queries.run(lambda query: query.newest([UP, LOAD, UP], at_ms)))

    assert sorted(found(20_000)) == [(labels_of("load"), 15_000, 2.5), (labels_of('up{job="a"}'), 20_000, 0.0)]
    assert [time_ms for _, time_ms, _ in found(314_999)] == [20_000, 15_000]
    assert [time_ms for _, time_ms, _ in found(315_000)] == [20_000]


def test_bounds_are_kept() -> None:
    def newest(queries: Queries, at_ms: int = 20_000) -> Awaitable[Any]:
        return queries.run(lambda query: query.newest([UP], at_ms))

    assert len(with_queries(newest, max_samples=4)) == 1
    with pytest.raises(TooManySamples):
        with_queries(newest, max_samples=3)
    assert (
        with_queries(lambda queries: queries.run(lambda query: query.newest([LOAD], 20_000)), lookback_seconds=5) == []
    )


class Gate:
    """Work that begins, waits to be let through, and tells how its limits ended it."""

    def __init__(self) -> None:
        self.begun, self.may_go_on, self.ended = threading.Event(), threading.Event(), threading.Event()
        self.limits: QueryLimits
        self.error: Exception | None = None

    def __call__(self, query: Query) -> None:
        self.limits = query.limits
        self.begun.set()
        assert self.may_go_on.wait(20)
        try:
            query.limits.allow(0)
        except (QueryCanceled, QueryTimeout) as error:
            self.error = error
            raise
        finally:
            self.ended.set()


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.may_go_on.set()


def test_a_query_may_shorten_its_time_limit_and_not_lengthen_it(gate: Gate) -> None:
    async def work(queries: Queries) -> None:
        with pytest.raises(QueryTimeout, match="in expression evaluation"):
            await queries.run(gate, timeout_seconds=0.01)
        gate.may_go_on.set()
        await queries.run(lambda query: None, timeout_seconds=1000)
        assert gate.limits.seconds_left < 20

    with_queries(work, timeout_seconds=20)


def test_a_query_that_finds_all_threads_taken_times_out_in_the_queue(gate: Gate) -> None:
    async def work(queries: Queries) -> None:
        others = [asyncio.ensure_future(queries.run(gate)) for _ in range(THREADS)]
        await asyncio.to_thread(gate.begun.wait, 20)
        with pytest.raises(QueryTimeout, match="in query queue"):
            await queries.run(lambda query: None, timeout_seconds=0.01)
        gate.may_go_on.set()
        await asyncio.gather(*others)

    with_queries(work, timeout_seconds=20)


def test_a_query_that_nobody_waits_for_is_ended(gate: Gate) -> None:
    async def work(queries: Queries) -> None:
        waiting = asyncio.ensure_future(queries.run(gate))
        await asyncio.to_thread(gate.begun.wait, 20)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        gate.may_go_on.set()
        await asyncio.to_thread(gate.ended.wait, 20)

    with_queries(work, timeout_seconds=20)
    assert isinstance(gate.error, QueryCanceled)


def test_closing_ends_what_runs_and_waits_for_it(gate: Gate) -> None:
    async def work(queries: Queries) -> None:
        running = asyncio.ensure_future(queries.run(gate))
        await asyncio.to_thread(gate.begun.wait, 20)
        closing = asyncio.ensure_future(queries.close())
        await asyncio.sleep(0)
        assert not closing.done()
        gate.may_go_on.set()
        await closing
        assert gate.ended.is_set()
        assert isinstance((await asyncio.gather(running, return_exceptions=True))[0], QueryCanceled)

    with_queries(work, timeout_seconds=20)
