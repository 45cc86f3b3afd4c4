"""gzip, with settings measured on the agent's own texts."""

from __future__ import annotations

import zlib

COMPRESSION_LEVEL = 1  # measured: level 6 takes 2.7 times the CPU for 12 % fewer bytes
# zlib's name for gzip with a window of 16 KiB, and memory for it that stays below the size which malloc gives back to
# the kernel after each use: the same bytes on these texts, for three quarters of the time.
GZIP, MEMORY_LEVEL = 16 + 14, 6


def compress(text: bytes) -> bytes:
    """One gzip member, without a time stamp, so that the same text is the same bytes."""
    compressor = zlib.compressobj(COMPRESSION_LEVEL, zlib.DEFLATED, GZIP, MEMORY_LEVEL)
    return compressor.compress(text) + compressor.flush()
