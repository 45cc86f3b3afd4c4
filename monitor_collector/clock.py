"""The time by which samples are taken, judged and notified: the system's, but not when that is set back by mistake.

When the system's clock is set back, it may have been wrong before or be wrong now. In the second case everything that
hosts push would seem to come from the future, and rules would look at the past and raise its alarms again. So time
goes on as if nothing had happened until it is known who is right: hosts have clocks too, and what they push says what
time it is for them. When most of them agree with the system, or nobody says anything for a while, the system is
followed.

A clock that is set forward is followed at once: that is what a machine does that was asleep.
"""

from __future__ import annotations

import logging
import statistics
import threading
import time
from collections.abc import Callable, Iterable

log = logging.getLogger(__name__)

# Smaller steps are corrections of a clock that is right; their time passes twice.
STEP_MS = 2000
# So long after the step hosts are waited for, and never longer.
_HEAR_HOSTS_MS = 10_000
_WAIT_FOR_HOSTS_MS = 300_000


class Clock:
    """`system_ms` is the system's time in Unix milliseconds, `monotonic_ms` one that nobody can set.

    May be read from any thread.
    """

    def __init__(self, system_ms: Callable[[], int], monotonic_ms: Callable[[], int]) -> None:
        self._system_ms = system_ms
        self._monotonic_ms = monotonic_ms
        self._last_system_ms = system_ms()
        self._last_monotonic_ms = monotonic_ms()
        self._stepped_ms = 0
        self._ahead_ms = 0
        self._lock = threading.Lock()

    @property
    def ahead_ms(self) -> int:
        """By how much this clock is ahead of the system's, because that was set back."""
        return self._ahead_ms

    def now_ms(self) -> int:
        """The time in Unix milliseconds."""
        with self._lock:
            system_ms, monotonic_ms = self._system_ms(), self._monotonic_ms()
            step_ms = system_ms - self._last_system_ms - (monotonic_ms - self._last_monotonic_ms)
            self._last_system_ms, self._last_monotonic_ms = system_ms, monotonic_ms
            if step_ms < -STEP_MS:
                log.error("the clock was set back by %.1f s; going on until hosts say who is right", -step_ms / 1000)
                self._ahead_ms -= step_ms
                self._stepped_ms = monotonic_ms
            elif step_ms > STEP_MS and self._ahead_ms:
                self._ahead_ms = max(0, self._ahead_ms - step_ms)
            return system_ms + self._ahead_ms

    def settle(self, hosts_ms: Callable[[], Iterable[int]]) -> None:
        """Follows the system again if it is right. `hosts_ms` gives the newest times of what hosts have pushed."""
        if not self._ahead_ms:
            return
        now_ms = self.now_ms()
        waited_ms = self._last_monotonic_ms - self._stepped_ms
        if waited_ms < _HEAR_HOSTS_MS:
            return
        system_ms = now_ms - self._ahead_ms
        # Only those that have pushed since the step, whichever clock they agree with, say what time it is now.
        recent = [
            at_ms
            for at_ms in hosts_ms()
            if min(abs(at_ms - system_ms), abs(at_ms - now_ms)) < min(waited_ms, self._ahead_ms / 2)
        ]
        if not recent and waited_ms < _WAIT_FOR_HOSTS_MS:
            return
        if recent and statistics.median(recent) > system_ms + self._ahead_ms / 2:
            return
        with self._lock:
            log.error("the clock goes back by %.1f s, to what the system and the hosts say", self._ahead_ms / 1000)
            self._ahead_ms = 0


def system_clock() -> Clock:
    """The clock of this machine."""
    return Clock(lambda: time.time_ns() // 1_000_000, lambda: time.monotonic_ns() // 1_000_000)
