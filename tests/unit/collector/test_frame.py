"""Frames tell who reads them what has changed."""

from __future__ import annotations

import numpy as np

from monitor_collector.frame import CHUNK_ROWS, Frame
from monitor_collector.samples import metric

COLUMNS = np.array([0, 1])


def frame_of(*times_ms: int) -> Frame:
    frame = Frame([metric("a"), metric("b")])
    for at_ms in times_ms:
        frame.write(at_ms, COLUMNS, np.array([1.0, 2.0]))
    return frame


def test_a_row_at_the_end_is_a_change_and_anything_else_a_rewrite_too() -> None:
    frame = frame_of(1000, 2000)
    assert (frame.changes, frame.rewrites) == (2, 0)
    frame.write(1500, COLUMNS, np.array([1.0, 2.0]))
    assert (frame.changes, frame.rewrites) == (3, 1)
    frame.write(2000, COLUMNS, np.array([1.0, 2.0]))
    assert (frame.changes, frame.rewrites) == (4, 2)
    frame.write(3000, COLUMNS[:1], np.array([1.0]))
    assert (frame.changes, frame.rewrites) == (5, 2)


def test_only_stored_chunks_whose_rows_are_all_older_can_be_dropped() -> None:
    frame = frame_of(*range(CHUNK_ROWS + 10))
    assert frame.stored_before(10_000) == []
    frame.unstored()
    frame.write(CHUNK_ROWS + 10, COLUMNS, np.array([1.0, 2.0]))
    first, second, _ = frame.chunks
    assert frame.stored_before(CHUNK_ROWS + 5) == [first]
    assert frame.stored_before(10_000) == [first, second]
    frame.drop([first])
    stamps, values, missing = frame.read(COLUMNS, -1, 10_000)
    assert stamps.tolist() == list(range(CHUNK_ROWS, CHUNK_ROWS + 11))
    assert values.shape == (2, 11)
    assert missing is None
