"""What was written is read, bit for bit, or the block says that it is damaged."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor_collector.blocks import Block, BlockDamaged, write_block
from monitor_collector.blocks.format import HEADER, MAGIC
from monitor_collector.frame import MISSING, FrameRows
from monitor_collector.promql import Matcher
from tests.unit.collector.blocks.frames import (
    ALL,
    END,
    START,
    A,
    B,
    C,
    Samples,
    chosen,
    frame,
    frames,
    matchers,
    samples_in,
    samples_of,
)

moments = st.integers(-101, 101)


@settings(max_examples=100, deadline=None)
@given(st.lists(frames(), min_size=1, max_size=3), matchers(), moments, moments)
def test_a_selection_is_what_matches_and_lies_in_the_window(
    written: list[FrameRows], conditions: tuple[Matcher, ...], start_ms: int, end_ms: int
) -> None:
    expected = samples_in(written)
    with TemporaryDirectory() as directory:
        block = write_block(Path(directory) / "1.block", written, {})
        reopened = Block.open(block.path)
    for one in (block, reopened):
        assert samples_of(one.select(conditions, start_ms, end_ms)) == chosen(expected, conditions, start_ms, end_ms)
        assert samples_of(one.select((), START, END)) == expected
        assert set(one.labels()) == set(expected)
        assert samples_in(one.frames()) == expected
        one.check()
        one.close()


def test_the_figures_of_a_block_are_those_of_its_samples(tmp_path: Path) -> None:
    written = [frame("x", [-9, -7], {A: [1, 2], B: [MISSING, 3]}), frame("y", [-8], {C: [4]})]
    block = write_block(tmp_path / "1.block", written, {})
    assert (block.oldest_ms, block.newest_ms) == (-9, -7)
    assert (block.series_count, block.sample_count) == (3, 4)
    assert block.size_bytes == block.path.stat().st_size
    block.close()


def test_series_of_a_frame_share_their_times_where_none_has_a_gap(tmp_path: Path) -> None:
    times = [1, 2, 3]
    written = frame("x", times, {A: [1, 2, 4], B: [5, 5, 5], C: [6, MISSING, 7]})
    block = write_block(tmp_path / "1.block", [written], {})
    found = {one.labels: one for one in block.select(ALL, 0, 3)}
    assert found[A].timestamps is found[B].timestamps
    assert found[C].timestamps.tolist() == [1, 3]
    block.close()


def test_what_is_selected_cannot_be_changed_for_the_next(tmp_path: Path) -> None:
    block = write_block(tmp_path / "1.block", [frame("x", [1, 2], {A: [1, 2]})], {})
    (one,) = block.select(ALL, START, END)
    for array in (one.timestamps, one.values):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 7
    block.close()


def test_a_series_in_two_frames_comes_once_and_the_first_frame_counts(tmp_path: Path) -> None:
    written = [frame("x", [1, 3], {A: [1, 1]}), frame("y", [2, 3], {A: [2, 2]})]
    block = write_block(tmp_path / "1.block", written, {})
    (one,) = block.select(ALL, START, END)
    assert (one.timestamps.tolist(), one.values.tolist()) == ([1, 2, 3], [1, 2, 1])
    block.close()


def test_blocks_that_had_the_same_path_are_not_confused(tmp_path: Path) -> None:
    for value in (1.5, 2.5):
        block = write_block(tmp_path / "1.block", [frame("x", [1, 2], {A: [value, 0]})], {})
        assert block.select(ALL, 0, 1)[0].values.tolist() == [value]
        block.close()


def test_many_threads_read_at_once(tmp_path: Path) -> None:
    series = {(("__name__", f"m{number}"),): [number, number + 0.5, number * 3.0] for number in range(50)}
    written = frame("x", [1, 2, 3], series)
    block = write_block(tmp_path / "1.block", [written], {})
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: samples_of(block.select(ALL, START, END)), range(50)))
    assert all(answer == samples_in([written]) for answer in answers)
    block.close()


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Of a block that has every kind of column."""
    noise = np.random.default_rng(1).random(20)
    gaps = np.arange(20) % 7 == 0
    columns = {
        A: noise,
        B: np.where(gaps, MISSING, 2.5),
        C: np.full(20, 1.0),
        (("__name__", "d"),): np.where(gaps, MISSING, np.rint(noise * 100) / 100),
    }
    times = list(range(0, 20_000, 1000))
    written = [frame("x", times, columns), frame("y", times, {(("__name__", "e"),): noise})]
    block = write_block(tmp_path_factory.mktemp("sound") / "1.block", written, {"first": 1})
    block.close()
    return block.path.read_bytes()


def read_everything(path: Path) -> Samples:
    block = Block.open(path)
    try:
        found = samples_of(block.select(ALL, START, END))
        assert samples_in(block.frames()) == found
        assert set(block.labels()) == set(found)
        return found
    finally:
        block.close()


def check(path: Path) -> None:
    block = Block.open(path)
    try:
        block.check()
    finally:
        block.close()


def test_a_changed_bit_anywhere_is_told_and_never_gives_a_wrong_answer(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "1.block"
    path.write_bytes(content)
    sound = read_everything(path)
    for position in range(len(content)):
        damaged = bytearray(content)
        damaged[position] ^= 1 << position % 8
        path.write_bytes(damaged)
        with pytest.raises(BlockDamaged, match=str(path)):
            check(path)
        # Labels may be known from before, by their digest: then they are right, whatever has happened to the file.
        try:
            assert read_everything(path) == sound
        except BlockDamaged as error:
            assert str(path) in str(error)


def test_a_block_that_was_cut_short_or_grew_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "1.block"
    for changed in (*(content[:length] for length in range(len(content))), content + b"\0"):
        path.write_bytes(changed)
        with pytest.raises(BlockDamaged, match=str(path)):
            Block.open(path)


def test_a_hole_of_zeros_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "1.block"
    for start in range(0, len(content), 16):
        path.write_bytes(content[:start] + bytes(len(content[start : start + 64])) + content[start + 64 :])
        with pytest.raises(BlockDamaged, match=str(path)):
            check(path)


def test_another_file_and_a_newer_version_are_told_apart(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "1.block"
    path.write_bytes(b"\x7fELF" + content[4:])
    with pytest.raises(BlockDamaged, match="does not begin like a block"):
        Block.open(path)
    path.write_bytes(HEADER.pack(MAGIC, 99) + content[HEADER.size :])
    with pytest.raises(BlockDamaged, match="version 99, and this program reads version 1"):
        Block.open(path)


def test_a_file_that_is_not_there_is_no_damage(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Block.open(tmp_path / "1.block")
