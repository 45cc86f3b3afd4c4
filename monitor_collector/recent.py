"""What rules ask of the storage, ready before they ask: the same series every second, as of now.

A selector that a thousand hosts match would visit a thousand frames each time, although a host sends something every
few seconds only. So the newest sample of each series (`NewestRows`) and the samples of each range selector's window
(`RollingWindow`) are kept in flat arrays, and brought up to date with what has changed. They give what `select` gives:
late samples and new series are noticed when they are stored, and whatever they cannot know is left to `select`: what
only blocks have, moments long before the newest samples, and windows too large to be kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from monitor_collector.head import Head
from monitor_collector.newest_rows import NewestRows, Selected, newest_of
from monitor_collector.promql import DEFAULT_LOOKBACK_MS, Matcher, Newest, ReadyStorage, Series, Window
from monitor_collector.rolling_window import SLACK_MS, RollingWindow

Select = Callable[[Sequence[Matcher], int, int], list[Series]]
Matchers = tuple[Matcher, ...]

# Samples, of 16 bytes, that all windows together may have room for.
ROOM_MAX = 8_000_000


class Recent(ReadyStorage):
    """The samples of `head`, and what `select` gives of all. For one thread, which need not be the one that writes."""

    def __init__(self, head: Head, select: Select, room: int = ROOM_MAX) -> None:
        self._head = head
        self._select = select
        self._room = room
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._generation = self._head.generation
        self._changes = -1
        self._newest = NewestRows(DEFAULT_LOOKBACK_MS)
        self._selected: dict[Matchers, Selected] = {}
        self._windows: dict[tuple[Matchers, int], RollingWindow] = {}
        self._too_large: set[tuple[Matchers, int]] = set()

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Series]:
        return self._select(matchers, start_ms, end_ms)

    def newest(self, matchers: Matchers, start_ms: int, end_ms: int) -> Newest | None:
        if end_ms - start_ms > DEFAULT_LOOKBACK_MS:
            return None
        selected, newest = self._refreshed(matchers), self._newest
        slots = selected.slots(newest)
        timestamps, values = newest.timestamps[slots], newest.values[slots]
        ahead = np.flatnonzero(newest.row_ms[selected.numbers] > end_ms)
        if len(ahead) > len(selected.matches) // 2:
            return None
        for number in ahead.tolist():
            match, series = selected.matches[number], slice(*selected.starts[number : number + 2])
            timestamps[series], values[series] = newest_of(match.frame, match.columns, start_ms, end_ms)
        # Not before: until then more may have been forgotten.
        if start_ms < self._head.forgotten_ms:
            return None
        return Newest(selected.labels, timestamps, values, timestamps > start_ms)

    def window(self, matchers: Matchers, start_ms: int, end_ms: int) -> Window | None:
        selected, newest = self._refreshed(matchers), self._newest
        # Most hosts have samples from long after it, so this looks at the past: with `offset`, or from a template.
        if len(selected.matches) and np.median(newest.row_ms[selected.numbers]) > end_ms + SLACK_MS:
            return None
        key = (matchers, end_ms - start_ms)
        window = self._windows.get(key)
        if window is None or window.selected is not selected:
            if key in self._too_large:
                return None
            window = self._windows[key] = RollingWindow(selected)
        found = window.between(newest, start_ms, end_ms)
        if sum(one.room for one in self._windows.values()) > self._room:
            del self._windows[key]
            self._too_large.add(key)
        # Not before: until then more may have been forgotten.
        return found if start_ms >= self._head.forgotten_ms else None

    def _refreshed(self, matchers: Matchers) -> Selected:
        """The series, and what was stored until now is in `_newest`."""
        if self._head.generation != self._generation:
            self._begin_anew()
        # Noted before looking: what is stored in between is looked for the next time.
        changes = self._head.changes
        matches = self._head.find(matchers)
        known = self._selected.get(matchers)
        if known is None or known.matches is not matches:
            known = self._selected[matchers] = Selected(matches, self._newest)
        if changes != self._changes:
            self._newest.refresh()
            self._changes = changes
        return known
