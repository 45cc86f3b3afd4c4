"""The samples of a range selector's window, brought up to date by the newest rows of frames."""

from __future__ import annotations

import numpy as np
import pytest

from monitor_collector.frame import Frame
from monitor_collector.newest_rows import NewestRows, Selected
from monitor_collector.promql import STALE_MARKER
from monitor_collector.rolling_window import SLACK_MS, RollingWindow
from monitor_collector.samples import metric
from monitor_collector.series_index import Match

FOREVER = 10**9


class Bench:
    """Frames of two series each, and a window over the second and the first of each."""

    def __init__(self, frames: int = 2) -> None:
        self.frames = [Frame([metric("a", instance=str(number)), metric("b")]) for number in range(frames)]
        self.newest = NewestRows(300_000)
        matches = [Match(frame, np.array([1, 0]), frame.series[::-1]) for frame in self.frames]
        self.window = RollingWindow(Selected(matches, self.newest))

    def write(self, frame: int, at_ms: int, *values: float) -> None:
        self.frames[frame].write(at_ms, np.arange(len(values)), np.array(values, dtype=np.float64))

    def found(self, start_ms: int, end_ms: int = FOREVER) -> list[list[tuple[int, float]]]:
        """The samples of each series."""
        self.newest.refresh()
        window = self.window.between(self.newest, start_ms, end_ms)
        return [
            list(zip(window.timestamps[first:past].tolist(), window.values[first:past].tolist(), strict=True))
            for first, past in zip(window.first.tolist(), window.past.tolist(), strict=True)
        ]


def test_a_new_row_is_added_without_reading_the_frame_again(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    bench.write(0, 1000, 1, 2)
    bench.write(1, 1000, 3, 4)
    assert bench.found(0) == [[(1000, 2)], [(1000, 1)], [(1000, 4)], [(1000, 3)]]
    monkeypatch.setattr(Frame, "read", None)
    bench.write(0, 2000, 5, 6)
    bench.write(1, 2000, 7)
    assert bench.found(0) == [
        [(1000, 2), (2000, 6)],
        [(1000, 1), (2000, 5)],
        [(1000, 4)],
        [(1000, 3), (2000, 7)],
    ]


@pytest.mark.parametrize("late_ms", [500, 1500])
def test_several_rows_and_late_ones_are_read(late_ms: int) -> None:
    bench = Bench(1)
    bench.write(0, 1000, 1, 2)
    bench.found(0)
    bench.write(0, 2000, 3, 4)
    bench.write(0, 3000, 5, 6)
    assert bench.found(0)[1] == [(1000, 1), (2000, 3), (3000, 5)]
    bench.write(0, late_ms, 7, 8)
    assert bench.found(0)[1] == sorted([(1000, 1), (2000, 3), (3000, 5), (late_ms, 7)])


def test_stale_markers_are_left_out() -> None:
    bench = Bench(1)
    stale = float(STALE_MARKER)
    bench.write(0, 1000, 1, stale)
    assert bench.found(0) == [[], [(1000, 1)]]
    bench.write(0, 2000, stale, 2)
    assert bench.found(0) == [[(2000, 2)], [(1000, 1)]]


def test_the_span_is_open_at_its_start_and_moves_both_ways() -> None:
    bench = Bench(1)
    for at_ms in range(1000, 6000, 1000):
        bench.write(0, at_ms, at_ms, at_ms)
    spans = [(0, 3000), (2000, 4000), (4000, 9000), (1000, 1500), (1000, 2000), (5000, 9000), (0, 999)]
    for start_ms, end_ms in spans:
        times = [at_ms for at_ms in range(1000, 6000, 1000) if start_ms < at_ms <= end_ms]
        assert [[at_ms for at_ms, _ in one] for one in bench.found(start_ms, end_ms)] == [times, times]


def test_room_for_old_samples_is_used_again_and_grows_only_with_what_a_span_holds() -> None:
    bench = Bench(1)
    bench.write(0, 0, 0, 0)
    room = []
    for at_ms in range(1000, 600_000, 1000):
        bench.write(0, at_ms, at_ms, at_ms)
        (_, samples) = bench.found(at_ms - 10_000)
        assert [t for t, _ in samples] == list(range(max(at_ms - 9000, 0), at_ms + 1, 1000))
        room.append(bench.window.room)
    held = (10_000 + SLACK_MS) // 1000
    assert max(room) <= 2 * (held * 2 + 20)
    assert room[-1] == max(room)
