"""A file of the kernel that is read again and again: opening and closing it costs as much as reading."""

from __future__ import annotations

import os

CHUNK_BYTES = 16384  # a larger one has to be allocated anew each time


class KeptFile:
    """Open until it is forgotten; every `read` begins at the start, where the kernel makes its content anew.

    Raises OSError.
    """

    __slots__ = ("number",)

    def __init__(self, path: str) -> None:
        self.number = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def __del__(self) -> None:
        if hasattr(self, "number"):
            os.close(self.number)

    def fileno(self) -> int:
        return self.number

    def read(self) -> str:
        """The whole file; bytes that are no UTF-8 become surrogates, which find their way back to the kernel."""
        content = os.pread(self.number, CHUNK_BYTES, 0)
        # /proc hands out whole records, so that a short read says nothing about the end.
        while more := os.pread(self.number, CHUNK_BYTES, len(content)):
            content += more
        return content.decode("utf-8", "surrogateescape")
