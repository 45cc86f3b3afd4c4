"""Lines for the journal, with systemd's priorities, and each trouble once instead of every second.

https://www.freedesktop.org/software/systemd/man/latest/sd-daemon.html
"""

from __future__ import annotations

import sys

ERROR, WARNING, INFO = 3, 4, 6


def log(priority: int, text: str) -> None:
    """One line on stderr. A journal that is gone never stops the agent."""
    try:
        sys.stderr.write(f"<{priority}>{' '.join(text.splitlines())}\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        pass


class Troubles:
    """Says what is wrong with a subject when that changes, and once when it is over."""

    def __init__(self) -> None:
        self._current: dict[str, str] = {}

    def report(self, subject: str, text: str, kind: str = "") -> None:
        """Logs unless the subject's last trouble was of the same kind; without a kind, the same text."""
        if self._current.get(subject) != (kind or text):
            self._current[subject] = kind or text
            log(WARNING, text)

    def clear(self, subject: str, text: str) -> None:
        if self._current.pop(subject, None) is not None:
            log(INFO, text)
