"""Writes blocks: whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from io import BufferedWriter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from monitor_collector.blocks import columns
from monitor_collector.blocks.columns import Column
from monitor_collector.blocks.format import FRAMES, HEADER, LAYOUTS, MAGIC, TAIL, VERSION, Part, write_part
from monitor_collector.blocks.labels import encode_layout, split
from monitor_collector.blocks.reading import Block
from monitor_collector.frame import FrameRows
from monitor_collector.promql import Labels


class FrameColumns(NamedTuple):
    """A frame whose columns are made one by one. `columns` gives float64 (rows,) for each series, as in FrameRows."""

    name: str
    timestamps: np.ndarray
    columns: Iterator[tuple[Labels, np.ndarray]]


def write_block(path: Path, frames: Iterable[FrameRows], meta: Mapping[str, int]) -> Block:
    """Writes the frames, one in memory at a time, and `meta`, integers for whoever keeps the blocks.

    After any crash the file is there whole, or not at all and at most as `….tmp`. Raises OSError.
    """
    by_column = (FrameColumns(one.name, one.timestamps, zip(one.series, one.values, strict=True)) for one in frames)
    return write_columns(path, by_column, meta)


def write_columns(path: Path, frames: Iterable[FrameColumns], meta: Mapping[str, int]) -> Block:
    """The same, with one column in memory at a time, and what a frame is encoded to."""
    temporary = path.with_name(path.name + ".tmp")
    try:
        with temporary.open("wb") as file:
            writer = _Writer(file)
            for frame in frames:
                writer.write_frame(frame)
            writer.finish(meta)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(path)
        _sync_directory(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return Block.open(path)


class _Writer:
    def __init__(self, file: BufferedWriter) -> None:
        self._file = file
        self._frames: list[tuple[object, ...]] = []
        self._names: list[tuple[str, Labels]] = []
        # By digest: its number, and what it looks like.
        self._layouts: dict[bytes, tuple[int, bytes]] = {}
        file.write(HEADER.pack(MAGIC, VERSION))

    def write_frame(self, frame: FrameColumns) -> None:
        """A series without a sample is left out, and so is a frame without such a series."""
        encoded: list[tuple[Labels, Column]] = []
        for labels, values in frame.columns:
            column = columns.encode(values)
            if column is not None:
                encoded.append((labels, column))
        if not encoded:
            return
        common, rest = split([labels for labels, _ in encoded])
        layout = encode_layout(rest)
        layout_digest = _digest(layout)
        number, _ = self._layouts.setdefault(layout_digest, (len(self._layouts), layout))
        head = write_part(self._file, _head(frame.timestamps, [column for _, column in encoded]))
        for _, column in encoded:
            self._file.write(column.content)
        self._names.append((frame.name, common))
        self._frames.append(
            (
                *head,
                *(len(encoded), len(frame.timestamps), sum(column.samples for _, column in encoded)),
                *(int(frame.timestamps[0]), int(frame.timestamps[-1])),
                *(number, _digest(layout_digest + json.dumps(common).encode())),
            )
        )

    def finish(self, meta: Mapping[str, int]) -> None:
        layouts = [(*write_part(self._file, content), digest) for digest, (_, content) in self._layouts.items()]
        names = write_part(self._file, json.dumps(self._names, separators=(",", ":")).encode())
        index = write_part(self._file, np.array(self._frames, FRAMES).tobytes() + np.array(layouts, LAYOUTS).tobytes())
        footer = {"meta": dict(meta), "frames": len(self._frames), "names": names, "index": index}
        self._write_tail(write_part(self._file, json.dumps(footer).encode()))

    def _write_tail(self, footer: Part) -> None:
        self._file.write(TAIL.pack(*footer, MAGIC))


def _head(timestamps: np.ndarray, encoded: list[Column]) -> bytes:
    times = columns.encode_times(timestamps)
    kinds = bytes(column.kind for column in encoded)
    lengths = np.array([len(column.content) for column in encoded], "<u4")
    constants = np.array([column.constant for column in encoded], "<f8")
    return len(times).to_bytes(4, "little") + times + kinds + lengths.tobytes() + constants.tobytes()


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=16).digest()


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
