"""What keeps a query from taking all of the machine: its time limit, its sample limit, and that it can be cancelled."""

from __future__ import annotations

import time

from monitor_collector.promql import EvaluationError


class TooManySamples(EvaluationError):
    """The query reads or makes more samples than one query may."""


class QueryTimeout(Exception):
    """The query has not been answered within its time limit; the text says, as Prometheus does, what it was at."""


class QueryCanceled(Exception):
    """Nobody waits for the answer any more."""


class QueryLimits:
    """Those of one query: a `monitor_collector.promql.limits.Limits`.

    `deadline` is in seconds of `time.monotonic()`. `max_samples` counts the samples that are read as well as those of
    every intermediate result. Any thread may call `cancel`; the query ends where it asks the next time.
    """

    def __init__(self, deadline: float, max_samples: int) -> None:
        self._deadline = deadline
        self._samples_left = max_samples
        self._is_canceled = False

    @property
    def seconds_left(self) -> float:
        return self._deadline - time.monotonic()

    def cancel(self) -> None:
        self._is_canceled = True

    def allow(self, samples: int) -> None:
        """Raises TooManySamples, QueryTimeout or QueryCanceled."""
        if self._is_canceled:
            raise QueryCanceled("query was canceled in expression evaluation")
        if self.seconds_left < 0:
            raise QueryTimeout("query timed out in expression evaluation")
        self._samples_left -= samples
        if self._samples_left < 0:
            raise TooManySamples("query processing would load too many samples into memory in query execution")
