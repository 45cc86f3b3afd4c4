"""The newest samples of many frames, side by side."""

from __future__ import annotations

import numpy as np

from monitor_collector.frame import Frame
from monitor_collector.newest_rows import NEVER, NewestRows, newest_of
from monitor_collector.samples import metric

KEPT_MS = 300_000


def frame_of(width: int) -> Frame:
    return Frame([metric(f"a{number}") for number in range(width)])


def write(frame: Frame, at_ms: int, **values: float) -> None:
    columns = np.array([int(name[1:]) for name in values])
    frame.write(at_ms, columns, np.array(list(values.values())))


def seen(newest: NewestRows, frame: Frame) -> list[tuple[int, float]]:
    """Time and value of each column; (NEVER, 0) where there is none."""
    number = newest.number(frame)
    base = newest.bases[number]
    slots = slice(base, base + frame.width)
    pairs = zip(newest.timestamps[slots].tolist(), newest.values[slots].tolist(), strict=True)
    return [(at_ms, value if at_ms != NEVER else 0) for at_ms, value in pairs]


def test_each_column_keeps_its_newest_sample_while_rows_have_others() -> None:
    frame, newest = frame_of(3), NewestRows(KEPT_MS)
    write(frame, 1000, _0=1, _1=2)
    assert seen(newest, frame) == [(1000, 1), (1000, 2), (NEVER, 0)]
    write(frame, 2000, _0=3)
    assert seen(newest, frame)[0] == (1000, 1)
    newest.refresh()
    assert seen(newest, frame) == [(2000, 3), (1000, 2), (NEVER, 0)]


def test_a_late_sample_is_taken_up_where_it_is_the_newest() -> None:
    frame, newest = frame_of(2), NewestRows(KEPT_MS)
    write(frame, 1000, _0=1, _1=2)
    write(frame, 3000, _0=3)
    newest.number(frame)
    write(frame, 2000, _0=4, _1=5)
    newest.refresh()
    assert seen(newest, frame) == [(3000, 3), (2000, 5)]


def test_when_the_newest_row_and_the_one_before_were_is_told_by_frame() -> None:
    first, second, newest = frame_of(1), frame_of(1), NewestRows(KEPT_MS)
    write(first, 1000, _0=1)
    numbers = [newest.number(first), newest.number(second)]
    assert (newest.row_ms[numbers].tolist(), newest.before_ms[numbers].tolist()) == ([1000, NEVER], [NEVER, NEVER])
    write(first, 2000, _0=1)
    write(second, 1500, _0=1)
    write(second, 1200, _0=1)
    newest.refresh()
    assert newest.row_ms[numbers].tolist() == [2000, 1500]
    assert newest.before_ms[numbers].tolist() == [1000, 1200]
    assert newest.rewrites[numbers].tolist() == [0, 1]


def test_a_frame_that_grows_does_not_touch_its_neighbours() -> None:
    frames, newest = [frame_of(2) for _ in range(3)], NewestRows(KEPT_MS)
    for value, frame in enumerate(frames):
        write(frame, 1000, _0=value, _1=value)
        newest.number(frame)
    for number in range(2, 200):
        frames[1].add_column(metric(f"a{number}"))
    write(frames[1], 2000, _0=7, _199=8)
    newest.refresh()
    assert seen(newest, frames[0]) == [(1000, 0), (1000, 0)]
    assert seen(newest, frames[2]) == [(1000, 2), (1000, 2)]
    assert seen(newest, frames[1]) == [(2000, 7), (1000, 1), *[(NEVER, 0)] * 197, (2000, 8)]


def test_the_newest_sample_of_a_span_is_found_column_by_column() -> None:
    frame = frame_of(3)
    write(frame, 1000, _0=1, _1=2)
    write(frame, 2000, _0=3)
    write(frame, 3000, _0=4, _1=5, _2=6)
    times, values = newest_of(frame, np.arange(3), 0, 2000)
    assert times.tolist() == [2000, 1000, NEVER]
    assert values[:2].tolist() == [3, 2]
    assert newest_of(frame, np.arange(3), 3000, 9000)[0].tolist() == [NEVER] * 3
