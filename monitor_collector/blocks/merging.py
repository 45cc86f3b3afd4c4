"""Makes one block out of several."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from monitor_collector.blocks.reading import Block
from monitor_collector.blocks.stored_frame import StoredFrame
from monitor_collector.blocks.writing import FrameColumns, write_columns
from monitor_collector.frame import MISSING, MISSING_BITS
from monitor_collector.promql import Labels


def merge_blocks(path: Path, blocks: Sequence[Block], meta: Mapping[str, int]) -> Block:
    """A block of all their samples, which may overlap; of samples of one series and moment the first block's counts.

    One column at a time is in memory. A series that has moved between frames of different names stays in both, and is
    put together when it is read; of two samples of one moment that of the frame that is stored first counts then.
    Raises OSError, and BlockDamaged if one of the blocks is.
    """
    return write_columns(path, _merged_frames(blocks), meta)


def _merged_frames(blocks: Sequence[Block]) -> Iterator[FrameColumns]:
    for name in dict.fromkeys(name for block in blocks for name in block.frame_names()):
        parts = [part for block in blocks for part in block.stored_frames(name)]
        timestamps = np.unique(np.concatenate([frame.timestamps for _, frame in parts]))
        yield FrameColumns(name, timestamps, _merged_columns(parts, timestamps))


def _merged_columns(
    parts: Sequence[tuple[tuple[Labels, ...], StoredFrame]], timestamps: np.ndarray
) -> Iterator[tuple[Labels, np.ndarray]]:
    places: dict[Labels, list[tuple[StoredFrame, int, np.ndarray]]] = {}
    # The first part last, since what is written later stays.
    for series, frame in reversed(parts):
        rows = timestamps.searchsorted(frame.timestamps)
        for i, labels in enumerate(series):
            places.setdefault(labels, []).append((frame, i, rows))
    # In the first part's order, so that the labels of a frame stay the same from block to block.
    for labels in dict.fromkeys(labels for series, _ in parts for labels in series):
        values = np.full(len(timestamps), MISSING)
        for frame, i, rows in places[labels]:
            column = frame.column(i)
            if frame.has_gaps(i):
                is_there = column.view(np.uint64) != MISSING_BITS
                values[rows[is_there]] = column[is_there]
            else:
                values[rows] = column
        yield labels, values
