"""Of a frame only the columns that are asked for are read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from monitor_collector.blocks import Block, BlockDamaged, write_block
from monitor_collector.blocks.stored_frame import StoredFrame
from monitor_collector.frame import MISSING
from monitor_collector.promql import Matcher
from tests.unit.collector.blocks.frames import ALL, END, START, A, B, C, frame

NOISE = np.random.default_rng(2).random(50)


@pytest.fixture
def block(tmp_path: Path) -> Iterator[Block]:
    """Whose first column, of A, is damaged."""
    columns = {A: NOISE, B: np.full(50, 7.0), C: np.where(NOISE < 0.5, MISSING, NOISE)}
    block = write_block(tmp_path / "1.block", [frame("x", range(50), columns)], {})
    ((_, stored),) = block.stored_frames("x")
    content = bytearray(block.path.read_bytes())
    # Columns stand in a row before the index.
    columns_start = block.size_bytes - block.index_bytes - sum(stored.column_bytes(i) - 13 for i in range(3))
    content[columns_start + 5] ^= 1
    block.path.write_bytes(content)
    yield block
    block.close()


def stored(block: Block) -> StoredFrame:
    ((labels, frame),) = block.stored_frames("x")
    assert labels == (A, B, C)
    return frame


def test_damage_of_one_column_is_none_of_another(block: Block) -> None:
    frame = stored(block)
    assert frame.column(1).tolist() == [7.0] * 50
    assert frame.column(2)[NOISE >= 0.5].tolist() == NOISE[NOISE >= 0.5].tolist()
    with pytest.raises(BlockDamaged, match="column 0"):
        frame.column(0)
    assert len(block.select((Matcher("__name__", "!=", "a"),), START, END)) == 2
    with pytest.raises(BlockDamaged, match=str(block.path)):
        block.select(ALL, START, END)


def test_a_column_tells_what_it_is_without_being_read(block: Block) -> None:
    frame = stored(block)
    assert [frame.constant(i) for i in range(3)] == [None, 7.0, None]
    assert [frame.has_gaps(i) for i in range(3)] == [False, False, True]
    assert [frame.sample_count(i) for i in range(3)] == [50, 50, int((NOISE >= 0.5).sum())]


def test_a_frame_that_is_not_there_has_no_columns(block: Block) -> None:
    assert list(block.stored_frames("y")) == []
