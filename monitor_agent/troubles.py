"""What is wrong at the moment: told once instead of every second, and kept in a file for `monitor-agent status`."""

from __future__ import annotations

import threading
import time
from collections import namedtuple
from collections.abc import Callable

from monitor_agent.log import INFO, WARNING, log

TROUBLES = "troubles"  # the file's name in the spool's directory

# `kind` is what makes it the same trouble as before; times are seconds since 1970, `ended_seconds` 0 while it lasts.
Trouble = namedtuple("Trouble", ("kind", "text", "since_seconds", "ended_seconds"))


class Troubles:
    """Says what is wrong with a subject when that changes, and once when it is over. For several threads.

    The file at `path` holds those that last and the one that ended last; "" is for none.
    """

    def __init__(self, path: str = "", clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._lasting: dict[str, Trouble] = {}
        self._ended: Trouble | None = None
        self._write()

    def report(self, subject: str, text: str, kind: str = "") -> None:
        """Logs unless the subject's last trouble was of the same kind; without a kind, the same text."""
        with self._lock:
            before = self._lasting.get(subject)
            if before is not None and before.kind == (kind or text):
                return
            since_seconds = before.since_seconds if before else self._clock()
            self._lasting[subject] = Trouble(kind or text, text, since_seconds, 0.0)
            self._write()
        log(WARNING, text)

    def clear(self, subject: str, text: str) -> None:
        if subject not in self._lasting:  # the usual case costs no lock
            return
        with self._lock:
            trouble = self._lasting.pop(subject)
            self._ended = trouble._replace(ended_seconds=self._clock())
            self._write()
        log(INFO, text)

    def _write(self) -> None:
        if not self._path:
            return
        troubles = [*self._lasting.values(), *([self._ended] if self._ended else [])]
        lines = [
            f"{each.since_seconds:.0f}\t{each.ended_seconds:.0f}\t{' '.join(each.text.split())}\n" for each in troubles
        ]
        try:
            with open(self._path, "w", encoding="utf-8", errors="replace") as file:
                file.writelines(lines)
        except OSError:
            pass  # a full disk, most likely: that is a trouble of its own, and in the log


def read_troubles(path: str) -> list[Trouble]:
    """What the agent left in its file: those that last, then the one that ended last. Raises OSError."""
    troubles = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            since, ended, text = line.rstrip("\n").split("\t")
            troubles.append(Trouble("", text, float(since), float(ended)))
    return troubles
