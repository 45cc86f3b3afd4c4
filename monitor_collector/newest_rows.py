"""The newest sample of each series of many frames, side by side in flat arrays.

A rule over a thousand hosts then takes one gather, not a thousand visits. Frames know nothing of it: `refresh` looks
which of them have changed since it was called last and copies their newest rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from monitor_collector.frame import MISSING_BITS, Frame
from monitor_collector.promql import Labels
from monitor_collector.series_index import Match

NEVER = -(2**62)
_ROOM = 1024


class NewestRows:
    """For one thread, which is not the one that writes to the frames.

    `timestamps` and `values` have a slot for each series. A series whose newest sample is `kept_ms` or more older than
    its frame's newest row may have `NEVER` there. By frame number there are: `bases`, the slot of its first column;
    `row_ms` and `before_ms`, when its newest row was and when the one before; `rewrites`, as in Frame.
    """

    def __init__(self, kept_ms: int) -> None:
        self._kept_ms = kept_ms
        self._numbers: dict[Frame, int] = {}
        self._frames: list[Frame] = []
        self._seen: list[int] = []
        self._widths: list[int] = []
        self._used = 0
        self.timestamps = np.zeros(0, np.int64)
        self.values = np.zeros(0)
        self.bases, self.row_ms, self.before_ms, self.rewrites = (np.zeros(0, np.int64) for _ in range(4))

    def number(self, frame: Frame) -> int:
        """The frame's number, under which it is looked after from now on."""
        number = self._numbers.get(frame)
        if number is not None:
            return number
        number = self._numbers[frame] = len(self._frames)
        self._frames.append(frame)
        self._seen.append(-1)
        self._widths.append(0)
        if number == len(self.bases):
            more = np.zeros(number + _ROOM, np.int64)
            self.bases, self.row_ms, self.before_ms, self.rewrites = (
                np.concatenate((known, more)) for known in (self.bases, self.row_ms, self.before_ms, self.rewrites)
            )
        self.row_ms[number] = self.before_ms[number] = NEVER
        self._look(number)
        return number

    def refresh(self) -> None:
        """Takes up what was written until now."""
        changes = [frame.changes for frame in self._frames]
        if changes != self._seen:
            for number, (now, seen) in enumerate(zip(changes, self._seen, strict=True)):
                if now != seen:
                    self._look(number)

    def _look(self, number: int) -> None:
        frame = self._frames[number]
        # These before the rows: what is written in between is looked at again.
        changes, rewrites = frame.changes, frame.rewrites
        chunks = frame.chunks
        if not chunks:
            return
        last = chunks[-1]
        length = last.length
        row_ms, before_ms = int(last.timestamps[length - 1]), NEVER
        if length > 1:
            before_ms = int(last.timestamps[length - 2])
        elif len(chunks) > 1:
            before_ms = chunks[-2].last
        # The newest of a column may be in an earlier, wider chunk: late samples made it so.
        width = frame.width
        base = self.make_room(number, width)
        if before_ms == self.row_ms[number] and rewrites == self.rewrites[number]:
            self._put(base, row_ms, last.values[length - 1])
        elif row_ms != self.row_ms[number] or rewrites != self.rewrites[number]:
            self._read_anew(base, frame, width, row_ms)
        self.row_ms[number], self.before_ms[number], self.rewrites[number] = row_ms, before_ms, rewrites
        self._seen[number] = changes

    def make_room(self, number: int, width: int) -> int:
        """The frame's first slot, of which it has at least `width` from now on."""
        base = int(self.bases[number])
        if width <= self._widths[number]:
            return base
        # More than it needs: a frame that has grown once may do so again.
        room = width if not self._widths[number] else width + width // 4 + 16
        if self._used + room > len(self.values):
            more = max(room, len(self.values), _ROOM)
            self.timestamps = np.concatenate((self.timestamps, np.full(more, NEVER)))
            self.values = np.concatenate((self.values, np.zeros(more)))
        moved = slice(base, base + self._widths[number])
        target = slice(self._used, self._used + self._widths[number])
        self.timestamps[target], self.values[target] = self.timestamps[moved], self.values[moved]
        self.bases[number], self._widths[number] = self._used, room
        self._used += room
        return int(self.bases[number])

    def _put(self, base: int, row_ms: int, row: np.ndarray) -> None:
        there = row.view(np.uint64) != MISSING_BITS
        slots = slice(base, base + len(row))
        if there.all():
            self.timestamps[slots], self.values[slots] = row_ms, row
        else:
            self.timestamps[slots][there], self.values[slots][there] = row_ms, row[there]

    def _read_anew(self, base: int, frame: Frame, width: int, row_ms: int) -> None:
        slots = slice(base, base + width)
        start_ms = row_ms - self._kept_ms
        self.timestamps[slots], self.values[slots] = newest_of(frame, np.arange(width), start_ms, row_ms)


class Selected:
    """Series that matchers have found: whose they are, and which slots of `NewestRows` they have.

    `starts` tells the number of each match's first series; `owner` each series' match.
    """

    def __init__(self, matches: Sequence[Match], newest: NewestRows) -> None:
        self.matches = matches
        self.labels: list[Labels] = [labels for match in matches for labels in match.labels]
        sizes = [len(match.labels) for match in matches]
        self.starts = np.concatenate(([0], np.cumsum(sizes, dtype=np.int64)))
        self.owner = np.repeat(np.arange(len(matches)), sizes)
        self.numbers = np.array([newest.number(match.frame) for match in matches], dtype=np.intp)
        for number, match in zip(self.numbers.tolist(), matches, strict=True):
            newest.make_room(number, match.frame.width)
        self._columns = np.concatenate([match.columns for match in matches]) if matches else np.zeros(0, np.int64)
        self._bases = np.zeros(0, np.int64)
        self._slots = np.zeros(0, np.int64)

    def slots(self, newest: NewestRows) -> np.ndarray:
        """The slot of each series, of shape (series,)."""
        bases = newest.bases[self.numbers]
        if not np.array_equal(bases, self._bases):
            self._bases, self._slots = bases, bases[self.owner] + self._columns
        return self._slots


def newest_of(frame: Frame, columns: np.ndarray, start_ms: int, end_ms: int) -> tuple[np.ndarray, np.ndarray]:
    """The time and the value of the newest sample of each column with start_ms < t <= end_ms; `NEVER` and any value
    where there is none."""
    stamps, values, missing = frame.read(columns, start_ms, end_ms)
    if not len(stamps):
        return np.full(len(columns), NEVER), np.zeros(len(columns))
    if missing is None:
        return np.full(len(columns), stamps[-1]), values[:, -1]
    there = ~missing
    last = len(stamps) - 1 - there[:, ::-1].argmax(axis=1)
    return np.where(there.any(axis=1), stamps[last], NEVER), values[np.arange(len(columns)), last]
