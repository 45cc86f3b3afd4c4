"""Attributes: the files of sysfs and /proc/sys, each with a value in a line, of which the kernel hands out all at once.

To open and close one takes four times as long as to read it, so they are kept open where they are read every time.
"""

from __future__ import annotations

import os

from monitor_agent.collectors.kept_file import KeptFile

ATTRIBUTE_BYTES = 4096  # never more; asked for more than that, /proc/sys first clears as much memory
KEPT_OPEN = 256  # a process may have 1024 files open


class KeptAttribute(KeptFile):
    __slots__ = ()

    def read(self) -> str:
        """Without the line feed at its end; bytes that are no UTF-8 become surrogates. Raises OSError."""
        return os.pread(self.number, ATTRIBUTE_BYTES, 0).decode("utf-8", "surrogateescape").rstrip("\n")


def read_attribute(path: str) -> str:
    """One that is read now and then. Raises OSError."""
    return KeptAttribute(path).read()


def read_number(path: str) -> str:
    """The digits of one that is a whole number. Raises OSError, ValueError."""
    return check_number(path, read_attribute(path))


def check_number(path: str, text: str) -> str:
    if not (text.isdigit() and text.isascii()):
        raise ValueError(f"{path} holds {text!r}, which is no number")
    return text


class Attributes:
    """Those below a root that a collector reads every time. Paths are like "sys/class/net/lo/mtu"."""

    def __init__(self, root: str, kept_open: int = KEPT_OPEN) -> None:
        self._root = root
        self._kept_open = kept_open
        self._kept: dict[str, KeptAttribute] = {}
        self._unread: set[str] = set()

    def read(self, path: str) -> str:
        """Raises OSError."""
        attribute = self._kept.get(path)
        if attribute is not None:
            self._unread.discard(path)
            try:
                return attribute.read()
            except OSError:  # its device has gone, and may be back under the same name
                del self._kept[path]
        attribute = KeptAttribute(f"{self._root}/{path}")
        text = attribute.read()
        if len(self._kept) < self._kept_open:
            self._kept[path] = attribute
        return text

    def read_number(self, path: str) -> str:
        """The digits of a whole number. Raises OSError, ValueError."""
        return check_number(path, self.read(path))

    def close_unread(self) -> None:
        """Closes what was not read since this was called the last time: its device has gone."""
        for path in self._unread:
            del self._kept[path]
        self._unread = set(self._kept)
