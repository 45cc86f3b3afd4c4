"""Answers queries that people and programs ask, without letting a heavy one get in the way of anything else.

Queries run in threads of their own, and so does whatever turns their results into an answer. Each has a time limit
and a sample limit, and ends early when whoever has asked goes away. Nobody waits beyond the time limit in any case.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Protocol, TypeVar

from monitor_collector.promql import Labels, Matcher, Matrix, Scalar, Series, Storage, Vector, parse
from monitor_collector.promql.values import is_stale
from monitor_collector.query_limits import QueryLimits, QueryTimeout

THREADS = 4
DEFAULT_TIMEOUT_SECONDS = 30.0
DEFAULT_MAX_SAMPLES = 50_000_000
DEFAULT_LOOKBACK_SECONDS = 300.0

Answer = TypeVar("Answer")
Value = Vector | Scalar | Matrix | str
Selectors = Iterable[Sequence[Matcher]]


class LabelledStorage(Storage, Protocol):
    """A storage that knows its series without reading their samples."""

    def labels(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> set[Labels]:
        """Of the series meeting all matchers: at least those with a sample of start_ms < t <= end_ms."""
        ...


class Query(NamedTuple):
    """One query while it is answered, in its thread: what it may read, and what it must keep to.

    The methods raise QueryError where a query is wrong or the data does not allow it, TooManySamples, QueryTimeout and
    QueryCanceled. Times are Unix milliseconds.
    """

    storage: LabelledStorage
    limits: QueryLimits
    lookback_ms: int

    def instant(self, text: str, at_ms: int) -> Value:
        return parse(text).evaluate(self.storage, at_ms, self.lookback_ms, self.limits)

    def range(self, text: str, start_ms: int, end_ms: int, step_ms: int) -> Matrix:
        return parse(text).evaluate_range(self.storage, start_ms, end_ms, step_ms, self.lookback_ms, self.limits)

    def label_sets(self, selectors: Selectors, start_ms: int, end_ms: int) -> set[Labels]:
        """Those of the series that any of the selectors matches with a sample of start_ms <= t <= end_ms, and perhaps
        of others of the same hosts that have no sample just then."""
        found: set[Labels] = set()
        for matchers in selectors:
            self.limits.allow(0)
            # Storage leaves the start out.
            found |= self.storage.labels(matchers, start_ms - 1, end_ms)
        return found

    def newest(self, selectors: Selectors, at_ms: int) -> list[tuple[Labels, int, float]]:
        """Labels, time and value of the last sample of each series, unless it is stale; as an instant query sees it."""
        found: dict[Labels, tuple[Labels, int, float]] = {}
        for matchers in selectors:
            for labels, timestamps, values in self._select(matchers, at_ms - self.lookback_ms, at_ms):
                if not is_stale(values[-1:])[0]:
                    found[labels] = (labels, int(timestamps[-1]), float(values[-1]))
        return list(found.values())

    def _select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Series]:
        self.limits.allow(0)
        series = self.storage.select(matchers, start_ms, end_ms)
        self.limits.allow(sum(len(one.timestamps) for one in series))
        return series


class Queries:
    """Runs queries on a storage, a few at a time."""

    def __init__(
        self,
        storage: LabelledStorage,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        max_samples: int = DEFAULT_MAX_SAMPLES,
        lookback_seconds: float = DEFAULT_LOOKBACK_SECONDS,
    ) -> None:
        self._storage = storage
        self._timeout_seconds = timeout_seconds
        self._max_samples = max_samples
        self._lookback_ms = round(lookback_seconds * 1000)
        self._executor = ThreadPoolExecutor(THREADS, "query")
        self._running: set[QueryLimits] = set()

    async def instant(self, text: str, at_ms: int) -> Value:
        return await self.run(lambda query: query.instant(text, at_ms))

    async def run(
        self,
        work: Callable[[Query], Answer],
        timeout_seconds: float | None = None,
        lookback_ms: int | None = None,
    ) -> Answer:
        """What `work` gives, done in a thread. `timeout_seconds` can only shorten the time limit.

        Raises what `work` does, and QueryTimeout. When the waiting task is cancelled, so is the work.
        """
        seconds = self._timeout_seconds
        if timeout_seconds is not None:
            seconds = min(seconds, max(timeout_seconds, 0))
        limits = QueryLimits(time.monotonic() + seconds, self._max_samples)
        query = Query(self._storage, limits, self._lookback_ms if lookback_ms is None else lookback_ms)
        has_begun = False

        def begin() -> Answer:
            nonlocal has_begun
            has_begun = True
            limits.allow(0)
            return work(query)

        future = asyncio.get_running_loop().run_in_executor(self._executor, begin)
        self._running.add(limits)
        try:
            done, _ = await asyncio.wait([future], timeout=seconds)
            if not done:
                raise QueryTimeout(f"query timed out in {'expression evaluation' if has_begun else 'query queue'}")
            return future.result()
        finally:
            self._running.discard(limits)
            limits.cancel()
            future.cancel()

    async def close(self) -> None:
        """Ends the queries that run. When this returns, nothing reads from the storage any more."""
        for limits in self._running:
            limits.cancel()
        await asyncio.to_thread(self._executor.shutdown, cancel_futures=True)
