"""Lines for the journal, with systemd's priorities, and each trouble once instead of every second."""

from __future__ import annotations

import sys

INFO, WARNING, ERROR = 6, 4, 3


def log(priority: int, text: str) -> None:
    print(f"<{priority}>{text}", file=sys.stderr, flush=True)


class Troubles:
    """Says what is wrong with a subject when that changes, and once when it is over."""

    def __init__(self) -> None:
        self._current: dict[str, str] = {}

    def report(self, subject: str, text: str) -> None:
        if self._current.get(subject) != text:
            self._current[subject] = text
            log(WARNING, text)

    def clear(self, subject: str, text: str) -> None:
        if self._current.pop(subject, None) is not None:
            log(INFO, text)
