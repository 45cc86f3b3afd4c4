"""Writes blocks: whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Mapping
from io import BufferedWriter
from pathlib import Path
from typing import Any

import cramjam
import numpy as np

from monitor_collector.blocks import columns
from monitor_collector.blocks.columns import Kind
from monitor_collector.blocks.layout import MAGIC, TABLE, TAIL
from monitor_collector.blocks.reading import Block
from monitor_collector.frame import MISSING_BITS, FrameRows

_LEVEL = 9


def write_block(path: Path, frames: Iterable[FrameRows], meta: Mapping[str, int]) -> Block:
    """Writes the frames, one in memory at a time, and `meta`, integers for whoever keeps the blocks.

    After any crash the file is there whole, or not at all and at most as `….tmp`. Raises OSError.
    """
    temporary = path.with_name(path.name + ".tmp")
    try:
        with temporary.open("wb") as file:
            file.write(MAGIC)
            described = [_write_frame(file, one) for frame in frames if (one := _with_samples(frame)) is not None]
            _write_footer(file, described, meta)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(path)
        _sync_directory(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return Block.open(path)


def _with_samples(frame: FrameRows) -> FrameRows | None:
    """The frame without series that have no sample in it; None where nothing remains."""
    has_samples = (frame.values.view(np.uint64) != MISSING_BITS).any(axis=1)
    if has_samples.all() and len(frame.timestamps):
        return frame
    chosen = np.flatnonzero(has_samples)
    if not len(chosen):
        return None
    return FrameRows(frame.name, tuple(frame.series[i] for i in chosen), frame.timestamps, frame.values[chosen])


def _write_frame(file: BufferedWriter, frame: FrameRows) -> dict[str, Any]:
    offset = file.tell()
    encoded = [(Kind.TIMES, columns.encode_times(frame.timestamps)), *map(columns.encode, frame.values)]
    table = np.array([(kind, len(content), zlib.crc32(content)) for kind, content in encoded], TABLE)
    for _, content in encoded:
        file.write(content)
    labels = json.dumps(frame.series, ensure_ascii=False, separators=(",", ":")).encode()
    return {
        "name": frame.name,
        "series": len(frame.series),
        "rows": len(frame.timestamps),
        "samples": int((frame.values.view(np.uint64) != MISSING_BITS).sum()),
        "oldest_ms": int(frame.timestamps[0]),
        "newest_ms": int(frame.timestamps[-1]),
        "offset": offset,
        "table": _write_part(file, table.tobytes()),
        "labels": _write_part(file, labels),
        "labels_digest": hashlib.blake2b(labels, digest_size=16).hexdigest(),
    }


def _write_part(file: BufferedWriter, content: bytes) -> list[int]:
    """Offset, length and checksum of something that is written compressed."""
    compressed = bytes(cramjam.zstd.compress(content, level=_LEVEL))
    offset = file.tell()
    file.write(compressed)
    return [offset, len(compressed), zlib.crc32(compressed)]


def _write_footer(file: BufferedWriter, frames: list[dict[str, Any]], meta: Mapping[str, int]) -> None:
    text = json.dumps({"meta": dict(meta), "frames": frames}, ensure_ascii=False, separators=(",", ":"))
    file.write(TAIL.pack(*_write_part(file, text.encode()), MAGIC))


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
