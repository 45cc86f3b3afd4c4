"""What a block's file looks like.

    header   magic and version
    frames   each a head (times, the table of its columns, values of constant columns), then its columns
    layouts  labels of series, each layout once however many frames have it
    names    of the frames, and the labels that all series of a frame have
    index    where frames and layouts are, and when their samples were
    footer   where names and index are, and what the block's owner keeps in it
    tail     where the footer is

Numbers are little-endian. A *part* is compressed by zlib, and its CRC-32 stands where it is referred to; a column ends
with its own.
"""

from __future__ import annotations

import os
import struct
import zlib
from io import BufferedWriter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from monitor_collector.blocks.errors import BlockDamaged

MAGIC = b"MONBLOCK"
VERSION = 1
HEADER = struct.Struct("<8sI")
# Offset, length and checksum of the footer; then the magic again.
TAIL = struct.Struct("<QII8s")
CHECKSUM = struct.Struct("<I")

_PART = [("offset", "<u8"), ("length", "<u4"), ("checksum", "<u4")]
# The head's place; its columns follow it. `digest` is of all labels, `layout` the number of a layout.
FRAMES = np.dtype(
    [
        *_PART,
        *(("series", "<u4"), ("rows", "<u4"), ("samples", "<u8")),
        *(("oldest_ms", "<i8"), ("newest_ms", "<i8"), ("layout", "<u4"), ("digest", "V16")),
    ]
)
LAYOUTS = np.dtype([*_PART, ("digest", "V16")])


class Part(NamedTuple):
    """A piece of the file; `length` and `checksum` are of what stands there, compressed."""

    offset: int
    length: int
    checksum: int


def write_part(file: BufferedWriter, content: bytes) -> Part:
    compressed = zlib.compress(content)
    part = Part(file.tell(), len(compressed), zlib.crc32(compressed))
    file.write(compressed)
    return part


def read_part(path: Path, descriptor: int, part: Part) -> bytes:
    """Raises BlockDamaged."""
    content = read_bytes(path, descriptor, part.offset, part.length)
    if zlib.crc32(content) != part.checksum:
        raise BlockDamaged(path, f"the {part.length} bytes at {part.offset} are not what was written there")
    try:
        return zlib.decompress(content)
    except zlib.error as error:
        raise BlockDamaged(path, f"the {part.length} bytes at {part.offset} cannot be decompressed: {error}") from None


def read_bytes(path: Path, descriptor: int, offset: int, length: int) -> bytes:
    """Raises BlockDamaged."""
    try:
        content = os.pread(descriptor, length, offset)
    except OSError as error:
        raise BlockDamaged(path, f"byte {offset} cannot be read: {error.strerror}") from None
    if len(content) != length:
        raise BlockDamaged(path, f"the {length} bytes at {offset} are not all there")
    return content
