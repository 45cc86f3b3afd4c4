"""Pieces of series from several places become whole ones."""

from __future__ import annotations

import numpy as np

from monitor_collector.blocks.joining import joined, together
from monitor_collector.promql import Series
from tests.unit.collector.blocks.frames import A, B, C


def series(labels: tuple[tuple[str, str], ...], times: np.ndarray | list[int], *values: float) -> Series:
    return Series(labels, np.asarray(times, np.int64), np.array(values))


def content(one: Series) -> tuple[list[int], list[float]]:
    return one.timestamps.tolist(), one.values.tolist()


def test_pieces_that_follow_each_other_are_put_in_a_row() -> None:
    assert content(joined(series(A, [1, 2], 10, 20), series(A, [3], 30))) == ([1, 2, 3], [10, 20, 30])


def test_pieces_in_another_order_are_sorted() -> None:
    assert content(joined(series(A, [3], 30), series(A, [1, 2], 10, 20))) == ([1, 2, 3], [10, 20, 30])


def test_of_two_samples_of_one_moment_the_first_counts() -> None:
    assert content(joined(series(A, [1, 3], 1, 1), series(A, [1, 2, 3], 2, 2, 2))) == ([1, 2, 3], [1, 2, 1])


def test_every_series_comes_once() -> None:
    found = together([[series(A, [1], 1), series(B, [1], 1)], [], [series(B, [2], 2), series(C, [2], 2)]])
    assert {one.labels: content(one) for one in found} == {
        A: ([1], [1]),
        B: ([1, 2], [1, 2]),
        C: ([2], [2]),
    }
    assert together([[], []]) == []


def test_series_that_share_their_times_in_every_place_share_them_in_the_result() -> None:
    for second in ([3, 4], [2, 3]):
        early, late = np.array([1, 2]), np.array(second)
        one, other = together(
            [
                [series(A, early, 1, 2), series(B, early, 3, 4)],
                [series(A, late, 5, 6), series(B, late, 7, 8)],
            ]
        )
        assert one.timestamps is other.timestamps
