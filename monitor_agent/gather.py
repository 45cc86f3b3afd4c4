"""Runs the collectors that are due; one that fails or hangs never stops the rest."""

from __future__ import annotations

import time
from collections import namedtuple
from collections.abc import Mapping
from functools import partial

from monitor_agent.collectors import COLLECTORS
from monitor_agent.collectors.collector import NoData
from monitor_agent.collectors.options import Options
from monitor_agent.exposition import Columns, Metric, Row
from monitor_agent.time_limit import TimeLimit
from monitor_agent.troubles import Troubles

LIMIT_SECONDS = 1.0

SCRAPE = Columns(
    Metric("node_scrape_collector_success", "gauge", "node_exporter: Whether a collector succeeded."),
    Metric("node_scrape_collector_duration_seconds", "gauge", "node_exporter: Duration of a collector scrape."),
)

# What came of one collector: its rows, how long it took, and the exception that ended it, or None.
Outcome = namedtuple("Outcome", ("rows", "seconds", "error"))


class Gatherer:
    """The collectors that are switched on, each with its own interval.

    A failing one gives no samples but `node_scrape_collector_success` 0, and so does one that hangs, with the time
    that it has hung so far as its duration.
    """

    def __init__(
        self,
        intervals_seconds: Mapping[str, float],
        options: Options,
        troubles: Troubles,
        root: str = "",
        limit_seconds: float = LIMIT_SECONDS,
    ) -> None:
        """`intervals_seconds` names the collectors, in their order, 0 for one that is due every time.

        `limit_seconds` is how long the rest wait for one that hangs, the first time.
        """
        self._collectors = {name: COLLECTORS[name](root, options) for name in intervals_seconds}
        for collector in self._collectors.values():
            collector.troubles = troubles
        self._intervals_ms = {name: round(seconds * 1000) for name, seconds in intervals_seconds.items()}
        self._labels = {name: (("collector", name),) for name in intervals_seconds}
        self._tasks = {name: (name, partial(self._update, name)) for name in intervals_seconds}
        self._latest: dict[str, list[Row]] = {}
        self._last_points: dict[str, int] = {}
        self._hanging_since: dict[str, float] = {}
        self._time_limit = TimeLimit("collect", limit_seconds)
        self._troubles = troubles

    def gather(self, timestamp_ms: int) -> list[Row]:
        """The rows of one collection, in the same order every time, each collector's success after its rows."""
        started = time.perf_counter()
        due = [name for name in self._collectors if self._is_due(name, timestamp_ms)]
        results = self._time_limit.run([self._tasks[name] for name in due])
        for name in due:
            if name in results:
                self._hanging_since.pop(name, None)
            rows, seconds, error = results.get(name) or self._hang(name, started)
            self._latest[name] = [*rows, Row(SCRAPE, self._labels[name], ("0" if error else "1", f"{seconds:.6f}"))]
            if error is None:
                self._troubles.clear(name, f"collector {name} works again")
            elif not isinstance(error, NoData):
                self._troubles.report(name, f"collector {name} failed: {error!r}")
        return [row for name in due for row in self._latest[name]]

    def latest(self) -> list[Row]:
        """What each collector gave last, those included that were not due. For any thread."""
        return [row for name in self._collectors for row in self._latest.get(name, ())]

    def close(self) -> None:
        """Ends the thread in which collectors run; what hangs is left behind."""
        self._time_limit.close()

    def _is_due(self, name: str, timestamp_ms: int) -> bool:
        interval_ms = self._intervals_ms[name]
        if not interval_ms:
            return True
        point = timestamp_ms // interval_ms
        is_due = self._last_points.get(name) != point
        self._last_points[name] = point
        return is_due

    def _update(self, name: str) -> Outcome:
        """Runs in the thread that may hang."""
        started = time.perf_counter()
        try:
            rows = list(self._collectors[name].update())  # a list first: all of a collector or nothing
            error = None
        except Exception as caught:  # whatever a kernel or a file system comes up with
            rows, error = [], caught
        return Outcome(rows, time.perf_counter() - started, error)

    def _hang(self, name: str, started: float) -> Outcome:
        seconds = time.perf_counter() - self._hanging_since.setdefault(name, started)
        return Outcome([], seconds, TimeoutError("it has not come back in time, and is left out until it does"))
