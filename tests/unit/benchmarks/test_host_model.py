"""Made-up hosts look like real ones, and the same each time."""

from __future__ import annotations

import numpy as np

from benchmarks.host_model import models, values

TIMES_MS = np.arange(1_700_000_000_000, 1_700_003_600_000, 15_000)


def test_a_host_has_the_same_values_each_time_and_another_host_has_others() -> None:
    series = models()
    first = values(1, series, TIMES_MS)
    assert np.array_equal(first, values(1, series, TIMES_MS))
    assert not np.array_equal(first, values(2, series, TIMES_MS))
    assert first.shape == (len(series), len(TIMES_MS))


def test_no_two_series_have_the_same_labels() -> None:
    labels = [model.of_host("host-1") for model in models()]
    assert len(set(labels)) == len(labels)


def test_counters_never_fall_and_nothing_is_negative() -> None:
    series = models()
    found = values(1, series, TIMES_MS)
    counters = [row for row, model in enumerate(series) if model.is_counter]
    assert (np.diff(found[counters]) >= 0).all()
    assert (found >= 0).all()


def test_buckets_add_up_and_the_last_one_is_the_count() -> None:
    series = models()
    found = values(1, series, TIMES_MS)
    buckets = [row for row, model in enumerate(series) if model.name.endswith("_bucket")]
    (count,) = (row for row, model in enumerate(series) if model.name.endswith("duration_seconds_count"))
    assert (np.diff(found[buckets], axis=0) >= 0).all()
    assert np.array_equal(found[buckets[-1]], found[count])
