"""Wakes a thread that waits. threading.Event does it too, with a lock and a queue in Python for each time."""

from __future__ import annotations

import threading


class Bell:
    """Rung by one thread, heard by another; ringing twice before it is heard is ringing once."""

    def __init__(self) -> None:
        self._silence = threading.Lock()
        self._silence.acquire()

    def ring(self) -> None:
        if self._silence.locked():
            self._silence.release()

    def wait(self, seconds: float = -1) -> bool:
        """Whether it was rung before that many seconds were over; -1 is for ever."""
        return self._silence.acquire(timeout=seconds)
