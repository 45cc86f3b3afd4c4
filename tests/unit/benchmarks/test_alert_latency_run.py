"""What a crossing is, and how the latencies of many are put together."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from benchmarks import alert_latency_run
from benchmarks.alert_latency_run import Measured, TextFile, cross_at_random_phases, percentile, rows, text_of
from benchmarks.table import verdict


def test_a_crossing_changes_the_value_of_its_own_series_alone() -> None:
    assert text_of(["a", "b"], {"b"}) == (
        '# TYPE benchmark_level gauge\nbenchmark_level{crossing="a"} 0\nbenchmark_level{crossing="b"} 1\n'
    )


def test_the_file_is_replaced_whole_and_the_moment_is_after_that(tmp_path: Path) -> None:
    file = TextFile(tmp_path, ["a", "b"])
    before = time.monotonic()
    crossed = file.cross("a")
    assert before <= crossed <= time.monotonic()
    assert file.cross("b") >= crossed
    assert [path.name for path in tmp_path.iterdir()] == ["benchmark.prom"]
    assert (tmp_path / "benchmark.prom").read_text() == text_of(["a", "b"], {"a", "b"})


def test_there_is_one_crossing_in_each_interval_at_any_moment_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    phases = iter([0.25, 0.75])
    monkeypatch.setattr(alert_latency_run.time, "monotonic", lambda: 100.0 + sum(slept))
    monkeypatch.setattr(alert_latency_run.time, "sleep", slept.append)
    monkeypatch.setattr(alert_latency_run.random, "random", lambda: next(phases))
    assert cross_at_random_phases(TextFile(tmp_path, ["a", "b"]), ["a", "b"]) == [100.25, 101.75]


def test_percentiles_lie_between_the_values_next_to_them() -> None:
    assert percentile([0.0, 1.0, 2.0, 3.0], 50) == 1.5
    assert percentile([float(value) for value in range(101)], 95) == 95.0
    assert percentile([7.0], 95) == 7.0


def test_the_medians_of_the_rounds_are_held_against_the_level() -> None:
    measured = [
        (Measured([0.3] * 4, 0.01), Measured([1.0] * 4, 0.02)),
        (Measured([0.6] * 4, 0.02), Measured([1.0] * 4, 0.02)),
        (Measured([9.0] * 4, 0.03), Measured([1.0] * 4, 0.02)),
    ]
    found = {row.title: row for row in rows(measured)}
    p50 = found["p50, median of the rounds, s"]
    assert (p50.ours, p50.theirs, verdict(p50)) == (0.6, 1.0, "<= 0.7 reached")
    assert verdict(found["p95, median of the rounds, s"]) == "<= 0.7 reached"
    assert found["longest of all, s"].ours == 9.0
    assert found["CPU per second, all processes, ms"].ours == 20.0
