"""When to collect and when to push: pure functions of clocks that somebody else reads.

All hosts collect on one grid, the multiples of the interval since 1970, and push spread over a part of it.
"""

from __future__ import annotations

import zlib

PUSH_SPREAD = 0.1  # of the interval: alarms stay fast, and a thousand hosts do not come in the same millisecond
START_PATIENCE_MS = 5000
SHORTEST_WAIT_SECONDS = 0.001


class Grid:
    """The points in time at which to collect, in milliseconds.

    Missed points are skipped, and nothing drifts. Where the clock is set back, its new points are taken; no jump makes
    `wait_seconds` shorter than a millisecond or longer than an interval.
    """

    def __init__(self, interval_seconds: float) -> None:
        self._interval_ms = round(interval_seconds * 1000)
        self._last = -1

    def start(self, now_ms: int) -> int | None:
        """The time of the first collection if the next point is too far away to wait for: now. Else None."""
        self._last = now_ms // self._interval_ms
        left_ms = self._interval_ms - now_ms % self._interval_ms
        return now_ms if left_ms > START_PATIENCE_MS else None

    def wait_seconds(self, now_ms: int) -> float:
        """How long it is to the next point."""
        left_ms = self._interval_ms - now_ms % self._interval_ms
        return max(left_ms / 1000, SHORTEST_WAIT_SECONDS)

    def due(self, now_ms: int) -> int | None:
        """The point that has come, if it has not been given out before."""
        point = now_ms // self._interval_ms
        if point == self._last:
            return None
        self._last = point
        return point * self._interval_ms


def push_offset_seconds(instance: str, interval_seconds: float) -> float:
    """How long after a point this host pushes, always the same for a name."""
    return zlib.crc32(instance.encode("utf-8", "surrogateescape")) / 2**32 * interval_seconds * PUSH_SPREAD
