"""What ends a query."""

from __future__ import annotations

import math
import time

import pytest

from monitor_collector.query_limits import QueryCanceled, QueryLimits, QueryTimeout, TooManySamples


def test_samples_are_counted_together() -> None:
    limits = QueryLimits(math.inf, 10)
    limits.allow(4)
    limits.allow(6)
    limits.allow(0)
    with pytest.raises(TooManySamples, match="would load too many samples into memory"):
        limits.allow(1)


def test_nothing_is_allowed_after_the_deadline() -> None:
    QueryLimits(time.monotonic() + 60, 10).allow(0)
    with pytest.raises(QueryTimeout):
        QueryLimits(time.monotonic() - 1, 10).allow(0)


def test_nothing_is_allowed_once_canceled() -> None:
    limits = QueryLimits(math.inf, 10)
    limits.cancel()
    with pytest.raises(QueryCanceled):
        limits.allow(0)
