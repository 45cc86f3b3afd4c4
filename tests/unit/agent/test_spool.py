"""Batches stay until they are acknowledged, within their bounds, whatever was left lying about."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from monitor_agent.compression import compress
from monitor_agent.spool import MEMORY_MAX_BYTES, REJECTED_MAX_BATCHES, Spool, is_whole, waiting_bytes

ROOMY, LONG = 10**7, 10**7
BATCH = compress(b"m 1 1000\n")


def spool_of(directory: Path, max_bytes: int = ROOMY, max_age_seconds: float = LONG) -> Spool:
    return Spool(str(directory), max_bytes, max_age_seconds)


def times(spool: Spool) -> list[int]:
    return [batch.taken_ms for batch in spool.oldest(ROOMY)]


def test_a_batch_survives_the_agent(tmp_path: Path) -> None:
    spool_of(tmp_path).add(BATCH, 1000)
    spool = spool_of(tmp_path)
    newest = spool.newest()
    assert newest is not None
    assert newest.taken_ms == 1000
    assert spool.read(newest) == BATCH
    assert spool.size_bytes == len(BATCH)


def test_an_acknowledged_batch_is_gone(tmp_path: Path) -> None:
    spool = spool_of(tmp_path)
    spool.add(BATCH, 1000)
    spool.remove(spool.oldest(1)[0])
    assert len(spool) == len(spool_of(tmp_path)) == spool.size_bytes == spool.dropped == 0


def test_batches_come_back_in_the_order_of_their_time(tmp_path: Path) -> None:
    for taken_ms in (3000, 10_000, 2000):
        spool_of(tmp_path).add(BATCH, taken_ms)
    assert times(spool_of(tmp_path)) == [2000, 3000, 10_000]


def test_a_full_spool_drops_the_oldest_and_counts_them(tmp_path: Path) -> None:
    spool = spool_of(tmp_path, max_bytes=2 * len(BATCH))
    for taken_ms in (1000, 2000, 3000):
        spool.add(BATCH, taken_ms)
    assert times(spool) == [2000, 3000]
    assert spool.dropped == 1


def test_what_is_too_old_is_dropped(tmp_path: Path) -> None:
    spool = spool_of(tmp_path, max_age_seconds=60)
    spool.add(BATCH, 1000)
    spool.add(BATCH, 62_000)
    assert times(spool) == [62_000]
    assert spool.dropped == 1


def test_a_torn_batch_is_dropped_and_is_no_error(tmp_path: Path) -> None:
    spool_of(tmp_path)
    for taken_ms, content in ((1000, BATCH[:-5]), (2000, b""), (3000, b"no gzip"), (4000, BATCH)):
        (tmp_path / f"{taken_ms:014d}.gz").write_bytes(content)
    spool = spool_of(tmp_path)
    assert [spool.read(batch) for batch in spool.oldest(ROOMY)] == [None, None, None, BATCH]
    assert times(spool) == [4000]
    assert spool.dropped == 3


def test_what_a_killed_agent_was_writing_is_removed_and_what_others_put_there_is_not(tmp_path: Path) -> None:
    (tmp_path / "00000000002000.gz.999999999.tmp").write_bytes(b"half")
    (tmp_path / "readme").write_text("?")
    (tmp_path / "newest-999999999-1").write_bytes(b"half")
    assert len(spool_of(tmp_path)) == 0
    left = sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith(f"newest-{os.getpid()}-"))
    assert left == ["readme", "rejected"]


def test_another_agent_may_hand_over_a_batch_first(tmp_path: Path) -> None:
    ours, theirs = spool_of(tmp_path), spool_of(tmp_path)
    for spool in (ours, theirs):
        spool.add(BATCH, 1000)
        spool.add(BATCH, 2000)
    theirs.remove(theirs.oldest(1)[0])
    assert ours.read(ours.oldest(1)[0]) is None
    assert len(ours) == 1
    assert ours.dropped == 0


def test_the_newest_batch_of_a_living_agent_is_left_to_it_and_that_of_a_dead_one_is_not(tmp_path: Path) -> None:
    living = spool_of(tmp_path)
    living.add(BATCH, 1000)
    assert len(spool_of(tmp_path)) == 0
    del living
    assert times(spool_of(tmp_path)) == [1000]


def test_a_torn_newest_batch_is_dropped_and_is_no_error(tmp_path: Path) -> None:
    spool_of(tmp_path).add(BATCH, 1000)
    (newest,) = tmp_path.glob("newest-*")
    newest.write_bytes(newest.read_bytes()[:-3])
    spool = spool_of(tmp_path)
    assert spool.read(spool.oldest(1)[0]) is None
    assert spool.dropped == 1


def test_acknowledged_batches_leave_one_small_file_behind_and_make_no_others(tmp_path: Path) -> None:
    spool = spool_of(tmp_path)
    for taken_ms in range(1000, 2000, 100):
        spool.add(BATCH, taken_ms)
        spool.remove(spool.oldest(1)[0])
    assert len([path for path in tmp_path.iterdir() if path.is_file()]) == 1
    assert not waiting_bytes(str(tmp_path))


def test_a_batch_that_gets_a_file_while_it_is_sent_is_gone_when_it_is_acknowledged(tmp_path: Path) -> None:
    spool = spool_of(tmp_path)
    spool.add(BATCH, 1000)
    under_way = spool.oldest(1)[0]
    spool.add(BATCH, 2000)
    spool.remove(under_way)
    assert waiting_bytes(str(tmp_path)) == {2000: len(BATCH)}
    assert times(spool) == [2000]


def test_a_host_whose_disk_is_full_keeps_its_newest_batches_in_memory(tmp_path: Path) -> None:
    spool = spool_of(tmp_path / "spool")
    spool.add(BATCH, 1000)
    spool.add(BATCH, 1500)
    (tmp_path / "spool").rename(tmp_path / "away")  # root may write anywhere but into what is not there
    half = b"x" * (MEMORY_MAX_BYTES // 2)
    for taken_ms in (2000, 3000, 4000):
        with pytest.raises(OSError, match="No such file"):
            spool.add(half, taken_ms)
    assert times(spool) == [1000, 3000, 4000], "1000 has a file, 1500 and 2000 had to make room"
    newest = spool.newest()
    assert newest is not None
    assert spool.read(newest) == half
    spool.remove(newest)
    assert times(spool) == [1000, 3000]


def test_a_rejected_batch_is_kept_aside_with_its_answer(tmp_path: Path) -> None:
    spool = spool_of(tmp_path)
    spool.add(BATCH, 1000)
    spool.reject(spool.oldest(1)[0], "400 line 1")
    assert len(spool) == len(spool_of(tmp_path)) == 0
    assert (tmp_path / "rejected/00000000001000.gz").read_bytes() == BATCH
    assert (tmp_path / "rejected/00000000001000.gz.answer").read_text() == "400 line 1"


def test_rejected_batches_are_bounded(tmp_path: Path) -> None:
    spool = spool_of(tmp_path)
    for taken_ms in range(REJECTED_MAX_BATCHES + 3):
        spool.add(BATCH, taken_ms)
        spool.reject(spool.oldest(1)[0], "400")
    kept = sorted(path.name for path in (tmp_path / "rejected").iterdir())
    assert len(kept) == 2 * REJECTED_MAX_BATCHES
    assert kept[0] == "00000000000003.gz"


def test_joined_batches_are_whole_and_cut_ones_are_not() -> None:
    assert is_whole(BATCH + BATCH)
    assert not any(is_whole(BATCH + BATCH[:length]) for length in range(1, len(BATCH)))
