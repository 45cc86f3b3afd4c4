"""A block is there whole or not at all."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor_collector.blocks import Block, write_block
from monitor_collector.frame import MISSING, FrameRows
from tests.unit.collector.blocks.frames import ALL, END, START, A, B, C, frame, samples_in, samples_of

FRAME = frame("x", [1, 2], {A: [1, 2], B: [3, MISSING]})


def test_what_the_owner_keeps_in_a_block_is_there_again(tmp_path: Path) -> None:
    write_block(tmp_path / "1.block", [FRAME], {"wal": 2**62, "first": -1}).close()
    block = Block.open(tmp_path / "1.block")
    assert block.meta == {"wal": 2**62, "first": -1}
    block.close()


def test_series_and_frames_without_a_sample_are_left_out(tmp_path: Path) -> None:
    frames = [frame("x", [1], {A: [1], B: [MISSING]}), frame("y", [1], {C: [MISSING]}), frame("z", [], {})]
    block = write_block(tmp_path / "1.block", frames, {})
    assert list(block.labels()) == [A]
    assert block.frame_names() == ["x"]
    assert (block.series_count, block.sample_count) == (1, 1)
    block.close()


def test_a_block_without_a_sample_is_a_block(tmp_path: Path) -> None:
    block = write_block(tmp_path / "1.block", [], {"wal": 3})
    assert (block.sample_count, block.oldest_ms, block.newest_ms) == (0, 0, -1)
    assert block.select(ALL, START, END) == []
    block.check()
    block.close()


def test_one_frame_at_a_time_is_asked_for(tmp_path: Path) -> None:
    sizes: list[int] = []

    def frames() -> Iterator[FrameRows]:
        for number in range(3):
            # What came before has left the memory, but for what the file object holds back.
            sizes.append((tmp_path / "1.block.tmp").stat().st_size)
            times = list(range(5000))
            yield frame(str(number), times, {A: [(at * 7919 % 10007) ** 0.5 for at in times]})

    write_block(tmp_path / "1.block", frames(), {}).close()
    assert sizes[0] < sizes[1] < sizes[2]


@pytest.mark.parametrize("call", ["fsync", "rename"])
def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os if call == "fsync" else Path, call, fail)
    with pytest.raises(OSError, match="No space left"):
        write_block(tmp_path / "1.block", [FRAME], {})
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "1.block.tmp").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        write_block(tmp_path / "1.block", [FRAME], {})
    assert list(tmp_path.iterdir()) == []


def test_killed_while_writing_leaves_the_blocks_as_they_were(tmp_path: Path) -> None:
    write_block(tmp_path / "1.block", [FRAME], {}).close()
    before = (tmp_path / "1.block").read_bytes()

    def frames() -> Iterator[FrameRows]:
        yield FRAME
        os.kill(os.getpid(), signal.SIGKILL)

    for name in ("1.block", "2.block"):
        child = os.fork()
        if not child:
            try:
                write_block(tmp_path / name, frames(), {})
            finally:
                os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert [path.name for path in tmp_path.glob("*.block")] == ["1.block"]
    assert (tmp_path / "1.block").read_bytes() == before


def test_what_a_killed_writer_has_left_does_not_disturb_the_next(tmp_path: Path) -> None:
    (tmp_path / "1.block.tmp").write_bytes(b"half a block" * 1000)
    block = write_block(tmp_path / "1.block", [FRAME], {})
    assert samples_of(block.select(ALL, START, END)) == samples_in([FRAME])
    assert [path.name for path in tmp_path.iterdir()] == ["1.block"]
    block.close()
