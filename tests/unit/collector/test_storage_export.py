"""What is written for other programs."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from monitor_collector.exposition import Parser
from monitor_collector.promql import STALE_MARKER, Series
from monitor_collector.samples import metric
from monitor_collector.storage_export import write_openmetrics, write_parquet, write_prometheus

LOAD = Series(metric("load", path='a"\\\n'), np.array([-1500, 2001]), np.array([0.1, float("inf")]))
UP = Series(metric("up"), np.array([3000]), np.array([1.0]))


def test_prometheus_text_is_read_again_as_it_was() -> None:
    output = io.StringIO()
    write_prometheus([[LOAD], [UP]], output)
    batch = Parser().parse(output.getvalue().encode(), 0)
    assert batch.layout.series == (LOAD.labels, LOAD.labels, UP.labels)
    assert batch.timestamps_ms.tolist() == [-1500, 2001, 3000]
    assert batch.values.tolist() == [0.1, float("inf"), 1.0]


def test_openmetrics_has_times_in_seconds() -> None:
    output = io.StringIO()
    write_openmetrics([[LOAD, UP]], output)
    assert [line.rsplit(" ", 1)[-1] for line in output.getvalue().splitlines()] == ["-1.500", "2.001", "3.000", "EOF"]


def test_every_number_is_written_so_that_it_is_read_as_the_same() -> None:
    numbers = [0.1 + 0.2, 1e-300, -0.0, 2.0**60, 123456789.123, float("-inf")]
    output = io.StringIO()
    write_prometheus([[Series(UP.labels, np.arange(len(numbers)), np.array(numbers))]], output)
    assert Parser().parse(output.getvalue().encode(), 0).values.tobytes() == np.array(numbers).tobytes()


def test_parquet_has_a_row_for_each_sample(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is optional")
    values = np.array([1.5, STALE_MARKER])
    write_parquet([[LOAD, UP], [Series(metric("down"), np.array([1, 2]), values)]], tmp_path / "all.parquet")
    rows = parquet.read_table(tmp_path / "all.parquet").to_pylist()
    assert [row["name"] for row in rows] == ["load", "load", "up", "down", "down"]
    assert [row["labels"] for row in rows[:3]] == [[("path", 'a"\\\n')]] * 2 + [[]]
    assert [row["time"].timestamp() for row in rows[:3]] == [-1.5, 2.001, 3]
    assert np.array([row["value"] for row in rows[3:]]).tobytes() == values.tobytes()
