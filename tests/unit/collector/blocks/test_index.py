"""Labels are known once, however many blocks have them, and never taken for those of others."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor_collector.blocks import Block, BlockDamaged, write_block
from monitor_collector.blocks.index import Index
from monitor_collector.frame import FrameRows
from monitor_collector.promql import Labels, Matcher
from monitor_collector.samples import metric
from tests.unit.collector.blocks.frames import END, START, frame


def host(instance: str, *names: str, value: float = 1) -> FrameRows:
    return frame(instance, [1], {metric(name, instance=instance): [value] for name in names})


def damage_layouts(block: Block) -> None:
    """Of the file, behind the open block's back."""
    content = bytearray(block.path.read_bytes())
    content[block.size_bytes - block.index_bytes + 8] ^= 1
    block.path.write_bytes(content)


def found(block: Block, *matchers: Matcher) -> dict[Labels, float]:
    return {one.labels: one.values[0] for one in block.select(matchers, START, END)}


def test_labels_that_another_block_has_had_are_not_read_again(tmp_path: Path) -> None:
    first, second, other = (
        write_block(tmp_path / f"{number}.block", [host("shared", *names, value=number)], {})
        for number, names in enumerate((("a", "b"), ("a", "b"), ("a", "c")))
    )
    matcher = Matcher("__name__", "=", "a")
    assert found(first, matcher) == {metric("a", instance="shared"): 0}
    for block in (second, other):
        damage_layouts(block)
    assert found(second, matcher) == {metric("a", instance="shared"): 1}
    with pytest.raises(BlockDamaged):
        found(other, matcher)
    for block in (first, second, other):
        block.close()


def test_hosts_of_one_layout_keep_their_own_labels(tmp_path: Path) -> None:
    block = write_block(tmp_path / "1.block", [host("web-1", "a", "b"), host("web-2", "a", "b", value=2)], {})
    one, other = metric("a", instance="web-1"), metric("a", instance="web-2")
    assert found(block, Matcher("__name__", "=", "a")) == {one: 1, other: 2}
    assert found(block, Matcher("__name__", "=", "a"), Matcher("instance", "=", "web-2")) == {other: 2}
    assert found(block, Matcher("instance", "=", "web-3")) == {}
    assert found(block, Matcher("instance", "=~", "web-.*"), Matcher("__name__", "!=", "b")) == {one: 1, other: 2}
    block.close()


def test_blocks_whose_frames_are_in_another_order_are_not_confused(tmp_path: Path) -> None:
    frames = [host("web-1", "x", "y"), host("web-2", "x", "z", value=2)]
    for written in (frames, frames[::-1]):
        block = write_block(tmp_path / "1.block", written, {})
        assert found(block, Matcher("__name__", "=", "z")) == {metric("z", instance="web-2"): 2}
        block.close()


def test_hosts_of_a_kind_cost_the_index_little_more_than_one(tmp_path: Path) -> None:
    names = [f"metric_{number}" for number in range(300)]
    one = write_block(tmp_path / "1.block", [host("web-1", *names)], {})
    many = write_block(tmp_path / "2.block", [host(f"web-{number}", *names) for number in range(50)], {})
    assert many.index_bytes < one.index_bytes + 50 * 60
    for block in (one, many):
        block.close()


def test_a_block_that_is_opened_has_not_read_its_labels(tmp_path: Path) -> None:
    block = write_block(tmp_path / "1.block", [host("web-1", "never_seen_before", "nor_this")], {"wal": 1})
    block.close()
    damage_layouts(block)
    with block.path.open("rb") as file:
        index = Index(block.path, file.fileno())
        assert (len(index), index.meta) == (1, {"wal": 1})
        with pytest.raises(BlockDamaged):
            index.labels(0)
