"""Answers queries that people and programs ask, without letting a heavy one get in the way of anything else.

Queries run in two threads of their own and have a time limit: one that reads data after its limit ends with
QueryTimeout, and whoever waits for it is told at the limit in any case.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import promql_parser as syntax

from monitor_collector.head import Head
from monitor_collector.promql import Labels, Matcher, Matrix, QueryError, Scalar, Series, Storage, Vector, parse

LIMIT_SECONDS = 10.0
THREADS = 2
POINTS_LIMIT = 11_000

Answer = TypeVar("Answer")


class QueryTimeout(Exception):
    """The query has not been answered within its time limit."""


class _LimitedStorage:
    """A storage that refuses to be read after `deadline` (monotonic seconds)."""

    def __init__(self, storage: Storage, deadline: float) -> None:
        self._storage = storage
        self._deadline = deadline

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Series]:
        if time.monotonic() > self._deadline:
            raise QueryTimeout
        return self._storage.select(matchers, start_ms, end_ms)


class Queries:
    """Raises QueryError where a query is wrong or the data does not allow it, QueryTimeout where it takes too long."""

    def __init__(self, head: Head, limit_seconds: float = LIMIT_SECONDS) -> None:
        self._head = head
        self._limit_seconds = limit_seconds
        self._executor = ThreadPoolExecutor(THREADS, "query")

    async def instant(
        self, query: str, at_ms: int, limit_seconds: float | None = None
    ) -> Vector | Scalar | Matrix | str:
        return await self._run(lambda storage: parse(query).evaluate(storage, at_ms), limit_seconds)

    async def range(
        self, query: str, start_ms: int, end_ms: int, step_ms: int, limit_seconds: float | None = None
    ) -> Matrix:
        return await self._run(
            lambda storage: parse(query).evaluate_range(storage, start_ms, end_ms, step_ms), limit_seconds
        )

    async def series(self, selectors: Iterable[str], start_ms: int, end_ms: int) -> list[Labels]:
        """The label sets that any of the selectors matches in a window of time, sorted."""
        parsed = [matchers_of(selector) for selector in selectors]

        def find(storage: Storage) -> list[Labels]:
            found = (storage.select(matchers, start_ms, end_ms) for matchers in parsed)
            return sorted({one.labels for series in found for one in series})

        return await self._run(find, None)

    async def _run(self, work: Callable[[Storage], Answer], limit_seconds: float | None) -> Answer:
        limit = min(self._limit_seconds, limit_seconds or self._limit_seconds)
        storage = _LimitedStorage(self._head, time.monotonic() + limit)
        future = asyncio.get_running_loop().run_in_executor(self._executor, work, storage)
        done, _ = await asyncio.wait([future], timeout=limit)
        if not done:
            future.cancel()
            future.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
            raise QueryTimeout
        return future.result()

    def close(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)


def matchers_of(selector: str) -> tuple[Matcher, ...]:
    """The matchers of a series selector such as `up{job="host"}`. Raises QueryError where it is something else."""
    try:
        tree = syntax.parse(selector)
    except ValueError as error:
        raise QueryError(str(error)) from None
    if not isinstance(tree, syntax.VectorSelector):
        raise QueryError(f'{selector!r} is no selector of series, for example up{{job="host"}}')
    asked: list[tuple[Matcher, ...]] = []

    class Listener:
        def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Series]:
            asked.append(tuple(matchers))
            return []

    parse(selector).evaluate(Listener(), 0)
    return asked[0]
