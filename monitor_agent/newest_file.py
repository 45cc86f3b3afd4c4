"""The newest batch on disk, in one file that is written over with each.

As a rule a batch is acknowledged before the next one is taken. Making, renaming and removing a file for each would cost
ten times as much, and wear the disk. The file has a line with the time of the samples and the length, 0 when
there is none, and then the batch.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import time

NAME = re.compile(r"newest-\d+-\d+")
HEAD = re.compile(rb"(\d{14}) (\d{10})\n")
HEAD_BYTES = 26


class NewestFile:
    """Belongs to the process that made it, as long as that lives. Raises OSError."""

    def __init__(self, directory: str) -> None:
        self._path = os.path.join(directory, f"newest-{os.getpid()}-{time.time_ns()}")
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            os.close(self._file)

    def write(self, taken_ms: int, content: bytes) -> None:
        """When this returns, the death of the agent does not lose the batch. Raises OSError when the disk is full."""
        data = b"%014d %010d\n%b" % (taken_ms, len(content), content)
        if os.pwrite(self._file, data, 0) != len(data):
            self.clear()
            raise OSError(f"the file system of {os.path.dirname(self._path)} is full")

    def clear(self) -> None:
        os.pwrite(self._file, b"%014d %010d\n" % (0, 0), 0)


def read_newest(path: str) -> tuple[int, bytes] | None:
    """The time and the batch in a file; None where there is none. What was torn is shorter than it says."""
    try:
        with open(path, "rb", buffering=0) as file:
            data = file.read()
    except OSError:
        return None
    head = HEAD.match(data)
    if head is None or int(head[2]) == 0:
        return None
    return int(head[1]), data[HEAD_BYTES : HEAD_BYTES + int(head[2])]


def is_orphan(path: str) -> bool:
    """Whether the process that made a file has died."""
    with contextlib.suppress(OSError), open(path, "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False
