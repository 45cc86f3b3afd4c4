"""A column of numbers as bytes, and back, bit for bit.

Most columns of host metrics are constant for hours, and of the others many are whole numbers or decimals, which pcodec
recognises (https://github.com/pcodec/pcodec). Cells without a sample are left out of what is compressed, and told by a
bitmap.
"""

from __future__ import annotations

from enum import IntEnum

import cramjam
import numpy as np
from pcodec import ChunkConfig, standalone

from monitor_collector.frame import MISSING, MISSING_BITS

_CONFIGURATION = ChunkConfig(compression_level=8)
_BITMAP_LEVEL = 3


class Kind(IntEnum):
    """How a column is written. Numbers are never used again for something else."""

    TIMES = 0
    CONSTANT = 1
    FULL = 2
    CONSTANT_WITH_GAPS = 3
    WITH_GAPS = 4


def encode_times(timestamps: np.ndarray) -> bytes:
    """Of int64 (rows,)."""
    return bytes(standalone.simple_compress(np.ascontiguousarray(timestamps), _CONFIGURATION))


def decode_times(content: bytes) -> np.ndarray:
    """int64 (rows,)."""
    return _decompressed(content, np.int64)


def encode(values: np.ndarray) -> tuple[Kind, bytes]:
    """Of float64 (rows,), of which at least one is a sample."""
    bits = values.view(np.uint64)
    is_missing = bits == MISSING_BITS
    if not is_missing.any():
        is_constant, content = _encode_samples(values)
        return (Kind.CONSTANT if is_constant else Kind.FULL), content
    is_constant, content = _encode_samples(values[~is_missing])
    bitmap = bytes(cramjam.zstd.compress(np.packbits(is_missing).tobytes(), level=_BITMAP_LEVEL))
    kind = Kind.CONSTANT_WITH_GAPS if is_constant else Kind.WITH_GAPS
    return kind, len(bitmap).to_bytes(4, "little") + bitmap + content


def decode(kind: Kind, content: bytes, rows: int) -> np.ndarray:
    """float64 (rows,). Raises an exception of some kind where the content is not what `encode` has made."""
    if kind in (Kind.CONSTANT, Kind.FULL):
        return _decode_samples(kind is Kind.CONSTANT, content, rows)
    length = int.from_bytes(content[:4], "little")
    packed = np.frombuffer(cramjam.zstd.decompress(content[4 : 4 + length]), np.uint8)
    is_there = ~np.unpackbits(packed, count=rows).astype(bool)
    values = np.full(rows, MISSING)
    values[is_there] = _decode_samples(kind is Kind.CONSTANT_WITH_GAPS, content[4 + length :], int(is_there.sum()))
    return values


def _encode_samples(values: np.ndarray) -> tuple[bool, bytes]:
    bits = values.view(np.uint64)
    if (bits == bits[0]).all():
        return True, values[:1].tobytes()
    return False, bytes(standalone.simple_compress(np.ascontiguousarray(values), _CONFIGURATION))


def _decode_samples(is_constant: bool, content: bytes, count: int) -> np.ndarray:
    if is_constant:
        return np.repeat(np.frombuffer(content, np.float64), count)
    return _decompressed(content, np.float64)


def _decompressed(content: bytes, kind: type) -> np.ndarray:
    numbers = standalone.simple_decompress(content)
    if numbers is None or numbers.dtype != kind:
        raise ValueError(f"not a column of {kind.__name__}")
    return numbers
