"""A column of numbers as bytes, and back, bit for bit.

Most columns of host metrics are constant for hours: their value stands in the table of the columns and nothing else is
written. Of the others most are whole numbers or decimals with a fixed number of places, as /proc and /sys print them;
they are written as integers. The integers, and all other numbers as they are, are compressed by pcodec
(https://github.com/pcodec/pcodec). Cells without a sample are left out of what is compressed, and told by a bitmap.
"""

from __future__ import annotations

import zlib
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from pcodec import ChunkConfig, standalone

from monitor_collector.blocks.format import CHECKSUM
from monitor_collector.frame import MISSING, MISSING_BITS

COMPRESSION_LEVEL = 8
_CONFIGURATION = ChunkConfig(compression_level=COMPRESSION_LEVEL)
_POWERS = 10.0 ** np.arange(10)
# Up to here every integer is a float64 of its own. Source: IEEE 754, 53 bits of significand.
_LARGEST_INTEGER = 2.0**53
_GLANCE = 16


class Kind(IntEnum):
    """How the samples of a column are written. Numbers are never used again for something else."""

    CONSTANT = 0
    FLOATS = 1
    DECIMALS = 2


# Added to a kind where cells are missing.
GAPS = 128


class Column(NamedTuple):
    """`kind` may have GAPS added, `constant` is what a constant column is everywhere, `content` ends with its checksum,
    and is empty where the constant says all."""

    kind: int
    constant: float
    content: bytes
    samples: int


class ColumnDamaged(Exception):
    """The content is not what was written."""


def encode_times(timestamps: np.ndarray) -> bytes:
    """Of int64 (rows,)."""
    return bytes(standalone.simple_compress(np.ascontiguousarray(timestamps), _CONFIGURATION))


def decode_times(content: bytes) -> np.ndarray:
    """int64 (rows,). Raises ColumnDamaged."""
    return _decompressed(content, np.int64)


def encode(values: np.ndarray) -> Column | None:
    """Of float64 (rows,); None where no cell has a sample."""
    bits = values.view(np.uint64)
    if (bits == bits[0]).all():
        if bits[0] == MISSING_BITS:
            return None
        return Column(Kind.CONSTANT, float(values[0]), b"", len(values))
    gaps, bitmap = 0, b""
    is_missing = bits == MISSING_BITS
    if is_missing.any():
        values = values[~is_missing]
        compressed = zlib.compress(np.packbits(is_missing).tobytes())
        gaps, bitmap = GAPS, len(compressed).to_bytes(4, "little") + compressed
    kind, constant, samples = _encode_samples(values)
    content = bitmap + samples
    return Column(kind + gaps, constant, content + CHECKSUM.pack(zlib.crc32(content)), len(values))


def _encode_samples(values: np.ndarray) -> tuple[Kind, float, bytes]:
    bits = values.view(np.uint64)
    if (bits == bits[0]).all():
        return Kind.CONSTANT, float(values[0]), b""
    decimals = _as_decimals(values)
    if decimals is None:
        return Kind.FLOATS, 0.0, _compressed(values)
    places, integers = decimals
    return Kind.DECIMALS, 0.0, bytes([places]) + _compressed(integers)


def decode(kind: int, constant: float, content: bytes, rows: int) -> np.ndarray:
    """float64 (rows,). Raises ColumnDamaged."""
    if kind == Kind.CONSTANT:
        return np.full(rows, constant)
    body = memoryview(content)[: -CHECKSUM.size]
    if len(content) < CHECKSUM.size or zlib.crc32(body) != CHECKSUM.unpack(content[-CHECKSUM.size :])[0]:
        raise ColumnDamaged("it is not what was written there")
    if kind < GAPS:
        return _decode_samples(kind, constant, body, rows)
    length = int.from_bytes(body[:4], "little")
    packed = np.frombuffer(zlib.decompress(body[4 : 4 + length]), np.uint8)
    is_there = ~np.unpackbits(packed, count=rows).view(bool)
    values = np.full(rows, MISSING)
    values[is_there] = _decode_samples(kind - GAPS, constant, body[4 + length :], int(is_there.sum()))
    return values


def _decode_samples(kind: int, constant: float, content: memoryview, count: int) -> np.ndarray:
    if kind == Kind.CONSTANT:
        return np.full(count, constant)
    if kind == Kind.DECIMALS:
        integers = _decompressed(content[1:], np.int64)
        values = integers / _POWERS[content[0]] if content[0] else integers.astype(np.float64)
    elif kind == Kind.FLOATS:
        values = _decompressed(content, np.float64)
    else:
        raise ColumnDamaged(f"a newer version has written it, as kind {kind}")
    if len(values) != count:
        raise ColumnDamaged(f"it has {len(values)} samples, not {count}")
    return values


def _as_decimals(values: np.ndarray) -> tuple[int, np.ndarray] | None:
    """The least number of decimal places that all values have, and the values times that power of ten as int64.

    None where the division would not give back the very bits, as for NaN and -0.0. It does for whatever was once a text
    of up to 15 digits: both numbers are exact, and both division and reading round to the nearest float64.
    """
    glance = values[:_GLANCE]
    powers = _POWERS[:, None]
    with np.errstate(invalid="ignore", over="ignore"):
        is_candidate = (np.rint(glance * powers) / powers == glance).all(axis=1)
        for places in np.flatnonzero(is_candidate).tolist():
            rounded = np.rint(values * _POWERS[places])
            if not (np.abs(rounded) < _LARGEST_INTEGER).all():
                continue
            integers = rounded.astype(np.int64)
            if ((integers / _POWERS[places]).view(np.uint64) == values.view(np.uint64)).all():
                return places, integers
    return None


def _compressed(numbers: np.ndarray) -> bytes:
    return bytes(standalone.simple_compress(np.ascontiguousarray(numbers), _CONFIGURATION))


def _decompressed(content: bytes | memoryview, kind: type) -> np.ndarray:
    numbers = standalone.simple_decompress(bytes(content))
    if numbers is None or numbers.dtype != kind:
        raise ColumnDamaged(f"it holds no {kind.__name__}")
    return numbers
