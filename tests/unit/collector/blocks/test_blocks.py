"""Blocks: what was written is read, bit for bit, or the block says that it is damaged."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor_collector.blocks import Block, BlockDamaged, merge_blocks, select_all, write_block
from monitor_collector.frame import MISSING, MISSING_BITS, FrameRows
from monitor_collector.promql import STALE_MARKER, Labels, Matcher
from monitor_collector.samples import metric

A = metric("a", instance="web-1", path='/with "quotes"\n')
B = metric("b", instance="wéb-1")
C = metric("c", instance="web-2")
ALL = (Matcher("__name__", "!=", ""),)
FOREVER = (-(2**60), 2**60)

Model = dict[Labels, list[tuple[int, bytes]]]


def frame(name: str, times: list[int], **columns: list[float]) -> FrameRows:
    labels = {"a": A, "b": B, "c": C}
    values = np.array(list(columns.values()), dtype=np.float64).reshape(len(columns), len(times))
    return FrameRows(name, tuple(labels[one] for one in columns), np.array(times, np.int64), values)


def samples(frames: list[FrameRows]) -> Model:
    found: Model = {}
    for one in frames:
        for labels, values in zip(one.series, one.values, strict=True):
            pairs = zip(one.timestamps.tolist(), values, strict=True)
            kept = [(at, value.tobytes()) for at, value in pairs if value.view(np.uint64) != MISSING_BITS]
            if kept:
                found.setdefault(labels, []).extend(kept)
    return found


def selected(
    block: Block, matchers: tuple[Matcher, ...] = ALL, start: int = FOREVER[0], end: int = FOREVER[1]
) -> Model:
    return {
        one.labels: [(at, value.tobytes()) for at, value in zip(one.timestamps.tolist(), one.values, strict=True)]
        for one in block.select(matchers, start, end)
    }


numbers = st.one_of(
    st.floats(width=64),
    st.integers(0, 2**64 - 1).map(lambda bits: struct.unpack("<d", struct.pack("<Q", bits))[0]),
    st.sampled_from([MISSING, MISSING, STALE_MARKER, 0.0, -0.0, 0.1]),
)


@st.composite
def frames_of(draw: st.DrawFn, name: str, letters: str) -> FrameRows:
    times = sorted(draw(st.sets(st.integers(-(10**6), 10**13), min_size=1, max_size=20)))
    columns = draw(st.sets(st.sampled_from(letters), min_size=1))
    column = st.one_of(
        st.lists(numbers, min_size=len(times), max_size=len(times)), numbers.map(lambda x: [x] * len(times))
    )
    return frame(name, times, **{one: draw(column) for one in sorted(columns)})


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frames_of("first", "ab"), frames_of("second", "c"))
def test_every_sample_is_read_as_it_was_written(tmp_path: Path, first: FrameRows, second: FrameRows) -> None:
    block = write_block(tmp_path / "1.block", [first, second], {"first": 1})
    expected = samples([first, second])
    for one in (block, Block.open(block.path)):
        assert selected(one) == expected
        assert one.sample_count == sum(map(len, expected.values()))
        assert one.series_count == len(expected)
        assert set(one.labels()) == set(expected)
        assert samples(list(one.frames())) == expected
        assert one.meta == {"first": 1}
        one.check()
        one.close()


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frames_of("x", "abc"), frames_of("x", "abc"), frames_of("y", "abc"), st.integers(0, 10**13))
def test_merged_blocks_hold_the_samples_of_all_once_and_the_first_counts(
    tmp_path: Path, first: FrameRows, second: FrameRows, third: FrameRows, edge: int
) -> None:
    blocks = [write_block(tmp_path / f"{i}.block", [one], {}) for i, one in enumerate((first, second, third))]
    expected: dict[Labels, dict[int, bytes]] = {}
    for one in (first, second, third):
        for labels, pairs in samples([one]).items():
            for at, value in pairs:
                expected.setdefault(labels, {}).setdefault(at, value)
    merged = merge_blocks(tmp_path / "merged.block", blocks, {})
    assert selected(merged) == {labels: sorted(pairs.items()) for labels, pairs in expected.items()}
    window = {
        labels: [(at, value) for at, value in sorted(pairs.items()) if edge < at <= edge + 10**12]
        for labels, pairs in expected.items()
    }
    window = {labels: pairs for labels, pairs in window.items() if pairs}
    assert selected(merged, ALL, edge, edge + 10**12) == window
    together = select_all(blocks, ALL, edge, edge + 10**12)
    assert {
        one.labels: [(at, value.tobytes()) for at, value in zip(one.timestamps.tolist(), one.values, strict=True)]
        for one in together
    } == window
    for block in (*blocks, merged):
        block.close()


def test_matchers_choose_series(tmp_path: Path) -> None:
    block = write_block(tmp_path / "1.block", [frame("x", [1, 2], a=[1, 2], b=[3, 3], c=[MISSING, 5])], {})
    assert set(selected(block, (Matcher("__name__", "=~", "a|c"),))) == {A, C}
    assert set(selected(block, (Matcher("instance", "=", "web-2"),))) == {C}
    assert set(selected(block, (Matcher("nothing", "=", ""), Matcher("__name__", "=", "b")))) == {B}
    assert selected(block, ALL, 0, 1).keys() == {A, B}
    assert selected(block, ALL, 2, 9) == {}
    block.close()


def test_series_without_a_sample_are_left_out(tmp_path: Path) -> None:
    frames = [frame("x", [1], a=[1], b=[MISSING]), frame("y", [1], c=[MISSING])]
    block = write_block(tmp_path / "1.block", frames, {})
    assert set(block.labels()) == {A}
    assert block.frame_names() == ["x"]
    block.close()


def test_an_empty_block_is_a_block(tmp_path: Path) -> None:
    block = write_block(tmp_path / "1.block", [], {"wal": 3})
    assert (block.sample_count, block.newest_ms, selected(block), block.meta) == (0, -1, {}, {"wal": 3})
    block.close()


@pytest.fixture
def content(tmp_path: Path) -> bytes:
    times = list(range(0, 60_000, 1000))
    noise = np.random.default_rng(1).random(60)
    gaps = np.where(np.arange(60) % 7 == 0, MISSING, 2.5)
    block = write_block(tmp_path / "sound.block", [frame("x", times, a=noise, b=gaps, c=[1.0] * 60)], {"first": 1})
    block.close()
    return block.path.read_bytes()


def read_everything(path: Path) -> Model:
    block = Block.open(path)
    try:
        block.check()
        return selected(block)
    finally:
        block.close()


def test_a_changed_bit_anywhere_is_told_and_never_gives_a_wrong_answer(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "damaged.block"
    for position in range(len(content)):
        damaged = bytearray(content)
        damaged[position] ^= 1 << position % 8
        path.write_bytes(damaged)
        with pytest.raises(BlockDamaged, match=str(path)):
            read_everything(path)


def test_a_block_that_was_cut_short_or_grew_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "damaged.block"
    for length in range(0, len(content), 7):
        path.write_bytes(content[:length])
        with pytest.raises(BlockDamaged):
            read_everything(path)
    path.write_bytes(content + b"\0")
    with pytest.raises(BlockDamaged):
        read_everything(path)


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(OSError, match="No space"):
        write_block(tmp_path / "1.block", [frame("x", [1], a=[1])], {})
    assert list(tmp_path.iterdir()) == []
