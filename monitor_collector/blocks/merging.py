"""Makes one block out of several."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from monitor_collector.blocks.reading import Block
from monitor_collector.blocks.writing import write_block
from monitor_collector.frame import MISSING, MISSING_BITS, FrameRows
from monitor_collector.promql import Labels


def merge_blocks(path: Path, blocks: Sequence[Block], meta: Mapping[str, int]) -> Block:
    """A block of all their samples, which may overlap; of samples of one series and moment the first block's counts.

    One frame at a time is in memory. Raises OSError, and BlockDamaged if one of them is.
    """
    return write_block(path, _merged_frames(blocks), meta)


def _merged_frames(blocks: Sequence[Block]) -> Iterator[FrameRows]:
    for name in dict.fromkeys(name for block in blocks for name in block.frame_names()):
        yield merge_frames([frame for block in blocks for frame in block.frames(name)])


def merge_frames(frames: Sequence[FrameRows]) -> FrameRows:
    """Frames of one name as one, with the series and the times of all."""
    if len(frames) == 1:
        return frames[0]
    places: dict[Labels, int] = {}
    for frame in frames:
        for labels in frame.series:
            places.setdefault(labels, len(places))
    timestamps = np.unique(np.concatenate([frame.timestamps for frame in frames]))
    values = np.full((len(places), len(timestamps)), MISSING)
    for frame in reversed(frames):
        rows = timestamps.searchsorted(frame.timestamps)
        for labels, new in zip(frame.series, frame.values, strict=True):
            is_there = new.view(np.uint64) != MISSING_BITS
            values[places[labels], rows[is_there]] = new[is_there]
    return FrameRows(frames[0].name, tuple(places), timestamps, values)
