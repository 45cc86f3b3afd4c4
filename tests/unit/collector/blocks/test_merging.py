"""A merged block has the samples of all its blocks, each once."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor_collector.blocks import Block, BlockDamaged, merge_blocks, select_all, write_block
from monitor_collector.frame import MISSING, FrameRows
from tests.unit.collector.blocks.frames import (
    ALL,
    END,
    START,
    A,
    B,
    C,
    chosen,
    frame,
    frames,
    samples_in,
    samples_of,
)

few_series = st.sampled_from([A, B, C])
moments = st.integers(-101, 101)


@settings(max_examples=100, deadline=None)
@given(st.lists(frames("x", few_series, rows=40), min_size=1, max_size=4), moments, moments)
def test_blocks_merged_or_read_together_hold_all_samples_once_and_the_first_counts(
    written: list[FrameRows], start_ms: int, end_ms: int
) -> None:
    expected = samples_in(written)
    with TemporaryDirectory() as directory:
        blocks = [write_block(Path(directory) / f"{i}.block", [one], {}) for i, one in enumerate(written)]
        merged = merge_blocks(Path(directory) / "merged.block", blocks, {"first": 7})
        assert merged.meta == {"first": 7}
        assert merged.sample_count == sum(map(len, expected.values()))
        assert merged.frame_names() == (["x"] if expected else [])
        window = chosen(expected, (), start_ms, end_ms)
        assert samples_of(merged.select((), START, END)) == expected
        assert samples_of(merged.select((), start_ms, end_ms)) == window
        assert samples_of(select_all(blocks, (), start_ms, end_ms)) == window
        merged.check()
        for block in (*blocks, merged):
            block.close()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("xy"), frames("", few_series)), min_size=1, max_size=4))
def test_a_series_that_moves_between_frames_loses_nothing_and_comes_once(written: list[tuple[str, FrameRows]]) -> None:
    frames = [one._replace(name=name) for name, one in written]
    expected = {labels: [at for at, _ in pairs] for labels, pairs in samples_in(frames).items()}
    with TemporaryDirectory() as directory:
        blocks = [write_block(Path(directory) / f"{i}.block", [one], {}) for i, one in enumerate(frames)]
        merged = merge_blocks(Path(directory) / "merged.block", blocks, {})
        found = samples_of(merged.select((), START, END))
        assert {labels: [at for at, _ in pairs] for labels, pairs in found.items()} == expected
        for block in (*blocks, merged):
            block.close()


def test_a_sample_that_only_the_later_block_has_fills_the_gap_of_the_earlier(tmp_path: Path) -> None:
    first = write_block(tmp_path / "1.block", [frame("x", [1, 2], {A: [1, MISSING], B: [1, 1]})], {})
    second = write_block(tmp_path / "2.block", [frame("x", [1, 2], {A: [2, 2]})], {})
    merged = merge_blocks(tmp_path / "3.block", [first, second], {})
    assert merged.select(ALL[:0], 0, 2)[0].values.tolist() == [1, 2]
    for block in (first, second, merged):
        block.close()


def test_a_damaged_block_is_told_and_leaves_nothing_behind(tmp_path: Path) -> None:
    first = write_block(tmp_path / "1.block", [frame("x", [1, 2, 3], {A: [1, 5, 2]})], {})
    content = bytearray(first.path.read_bytes())
    content[20] ^= 1
    first.path.write_bytes(content)
    damaged = Block.open(first.path)
    with pytest.raises(BlockDamaged, match=r"1\.block"):
        merge_blocks(tmp_path / "2.block", [damaged], {})
    assert [path.name for path in tmp_path.iterdir()] == ["1.block"]
    for block in (first, damaged):
        block.close()
