"""The last minutes of some series, ready for range functions, and brought up to date instead of read again.

From one evaluation to the next a series gets a sample or none. So its samples stay in a row of their own, to which that
sample is added, taken from `NewestRows`; a host whose frame has changed in any other way is read again.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from monitor_collector.newest_rows import NewestRows, Selected
from monitor_collector.promql import Window
from monitor_collector.promql.values import is_stale

# A row has room for more than it needs, so that old samples are taken out only now and then.
_SPARE = 16
# Samples stay this much longer than they are asked for: two rules need not look at the very same moment.
SLACK_MS = 60_000


class _State(NamedTuple):
    """By match what its frame was when the window was brought up to date: `row_ms` and `rewrites` of `NewestRows`."""

    row_ms: np.ndarray
    rewrites: np.ndarray


class RollingWindow:
    """The samples of `selected` with t > `_since_ms`: row i of `_timestamps` and `_values` has `_counts[i]` of them.

    Stale markers are left out. Behind the last sample values are NaN.
    """

    def __init__(self, selected: Selected) -> None:
        self.selected = selected
        count = len(selected.labels)
        self._since_ms = 0
        self._state: _State | None = None
        self._timestamps = np.zeros((count, 0), np.int64)
        self._values = np.zeros((count, 0))
        self._counts = np.zeros(count, np.int64)
        # Where samples with t > _start_ms begin.
        self._first = np.zeros(count, np.int64)
        self._start_ms = 0

    @property
    def room(self) -> int:
        """For how many samples."""
        return self._values.size

    def between(self, newest: NewestRows, start_ms: int, end_ms: int) -> Window:
        """The samples with start_ms < t <= end_ms, all that `newest` knows of."""
        self._refresh(newest, start_ms - SLACK_MS if self._state is None else start_ms)
        if start_ms < self._start_ms:
            self._first[:] = 0
        self._start_ms = start_ms
        first, past = self._first, self._counts.copy()
        capacity = self._values.shape[1]
        bases = np.arange(len(first)) * capacity
        timestamps = self._timestamps.reshape(-1)
        rows = np.flatnonzero(first < past)
        while len(rows):
            rows = rows[timestamps[bases[rows] + first[rows]] <= start_ms]
            first[rows] += 1
            rows = rows[first[rows] < past[rows]]
        rows = np.flatnonzero(first < past)
        while len(rows):
            rows = rows[timestamps[bases[rows] + past[rows] - 1] > end_ms]
            past[rows] -= 1
            rows = rows[first[rows] < past[rows]]
        return Window(self.selected.labels, timestamps, self._values.reshape(-1), bases + first, bases + past)

    def _refresh(self, newest: NewestRows, start_ms: int) -> None:
        selected = self.selected
        state = _State(newest.row_ms[selected.numbers], newest.rewrites[selected.numbers])
        # Without one, if this fails midway: everything is read again then.
        before, self._state = self._state, None
        if before is None or start_ms < self._since_ms:
            self._since_ms = start_ms
            self._counts[:] = 0
            again = np.arange(len(selected.matches))
        else:
            is_same = (state.row_ms == before.row_ms) & (state.rewrites == before.rewrites)
            has_one_more = (newest.before_ms[selected.numbers] == before.row_ms) & (state.rewrites == before.rewrites)
            if not is_same.all():
                self._add_newest(newest, ~is_same & has_one_more, start_ms)
            again = np.flatnonzero(~is_same & ~has_one_more)
        for match in again.tolist():
            self._read(match, int(state.row_ms[match]), start_ms)
        self._state = state

    def _add_newest(self, newest: NewestRows, which: np.ndarray, start_ms: int) -> None:
        """To the series of some matches the sample of their frame's newest row, where they have one."""
        selected = self.selected
        rows = np.flatnonzero(which[selected.owner])
        slots = selected.slots(newest)[rows]
        timestamps, values = newest.timestamps[slots], newest.values[slots]
        there = (timestamps == newest.row_ms[selected.numbers][selected.owner[rows]]) & ~is_stale(values)
        if not there.all():
            rows, timestamps, values = rows[there], timestamps[there], values[there]
        if not len(rows):
            return
        if self._counts[rows].max() == self._values.shape[1]:
            self._make_room(0, start_ms)
        positions = self._counts[rows]
        self._timestamps[rows, positions] = timestamps
        self._values[rows, positions] = values
        self._counts[rows] += 1

    def _read(self, number: int, row_ms: int, start_ms: int) -> None:
        """All samples of the series of one match, whose frame has rows until `row_ms`."""
        match, first = self.selected.matches[number], int(self.selected.starts[number])
        stamps, values, missing = match.frame.read(match.columns, self._since_ms, row_ms)
        if len(stamps) > self._values.shape[1]:
            self._make_room(len(stamps), start_ms)
        rows = slice(first, first + len(match.labels))
        absent = is_stale(values)
        if missing is not None:
            absent |= missing
        self._first[rows] = 0
        self._values[rows] = np.nan
        if not absent.any():
            self._timestamps[rows, : len(stamps)] = stamps
            self._values[rows, : len(stamps)] = values
            self._counts[rows] = len(stamps)
            return
        for row, there in enumerate(~absent, first):
            count = self._counts[row] = np.count_nonzero(there)
            self._timestamps[row, :count] = stamps[there]
            self._values[row, :count] = values[row - first, there]

    def _make_room(self, needed: int, start_ms: int) -> None:
        """For one more sample and more in each row, and for `needed` in all, without those that are too old."""
        self._since_ms = max(self._since_ms, start_ms - SLACK_MS)
        positions = np.arange(self._values.shape[1])
        is_old = (self._timestamps <= self._since_ms) & (positions < self._counts[:, None])
        old = is_old.sum(axis=1)
        counts = self._counts - old
        longest = int(counts.max(initial=0))
        capacity = max(needed, longest + 1) * 5 // 4 + _SPARE
        timestamps = np.zeros((len(counts), capacity), np.int64)
        values = np.full((len(counts), capacity), np.nan)
        kept = np.arange(longest) < counts[:, None]
        source = (positions >= old[:, None]) & (positions < self._counts[:, None])
        timestamps[:, :longest][kept] = self._timestamps[source]
        values[:, :longest][kept] = self._values[source]
        self._timestamps, self._values, self._counts = timestamps, values, counts
        self._first = np.zeros(len(counts), np.int64)
