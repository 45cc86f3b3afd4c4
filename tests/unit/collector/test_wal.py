"""The write-ahead log."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from pathlib import Path

import pytest

from monitor_collector import wal
from monitor_collector.wal import Record, Wal, WalBusy, WalError


def record(number: int, arrived_ms: int = 1_000_000) -> Record:
    return Record(arrived_ms + number, number % 2 == 0, f"body {number}".encode() * 20)


def write(directory: Path, *groups: list[Record], keep_seconds: int = 3600) -> None:
    """Each group is appended by tasks that wait at the same time."""

    async def work() -> None:
        log = Wal(directory, keep_seconds)
        for group in groups:
            await asyncio.gather(*map(log.append, group))
        await log.close()

    asyncio.run(work())


def replay(directory: Path) -> list[Record]:
    return list(Wal(directory, 3600).replay())


def test_what_was_appended_is_replayed_in_order_with_all_that_came_with_it(tmp_path: Path) -> None:
    records = [record(number) for number in range(5)]
    write(tmp_path, records[:3], records[3:])
    assert replay(tmp_path) == records


def test_a_later_run_adds_to_the_log_and_never_to_an_old_segment(tmp_path: Path) -> None:
    write(tmp_path, [record(0)])
    (before,) = tmp_path.iterdir()
    content = before.read_bytes()
    write(tmp_path, [record(1)])
    assert replay(tmp_path) == [record(0), record(1)]
    assert before.read_bytes() == content


def test_pushes_that_wait_together_share_an_fsync(tmp_path: Path) -> None:
    async def work() -> int:
        log = Wal(tmp_path, 3600)
        await asyncio.gather(*(log.append(record(number)) for number in range(100)))
        await log.close()
        return log.fsyncs

    assert asyncio.run(work()) < 100 / 10


def test_append_returns_only_after_the_fsync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    may_sync, is_syncing = threading.Event(), threading.Event()
    real = os.fdatasync

    def waiting_sync(descriptor: int) -> None:
        is_syncing.set()
        assert may_sync.wait(10)
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", waiting_sync)

    async def work() -> None:
        log = Wal(tmp_path, 3600)
        append = asyncio.create_task(log.append(record(0)))
        await asyncio.to_thread(is_syncing.wait, 10)
        assert not append.done()
        may_sync.set()
        await append
        await log.close()

    asyncio.run(work())


@pytest.mark.parametrize("lost", [1, 50, 130])
def test_a_record_torn_by_a_crash_is_dropped_with_one_line_and_the_others_stay(
    tmp_path: Path, lost: int, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path, [record(0)], [record(1)])
    (segment,) = tmp_path.iterdir()
    os.truncate(segment, segment.stat().st_size - lost)
    assert replay(tmp_path) == [record(0)]
    assert [line.levelname for line in caplog.records] == ["WARNING"]
    assert "torn by a crash" in caplog.text


def test_a_damaged_record_is_skipped_up_to_the_next_segment_and_said_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path, [record(0)], [record(1)], [record(2)])
    (segment,) = tmp_path.iterdir()
    content = bytearray(segment.read_bytes())
    content[content.index(b"body 1")] ^= 1
    segment.write_bytes(content)
    write(tmp_path, [record(3)])
    assert replay(tmp_path) == [record(0), record(3)]
    assert [line.levelname for line in caplog.records] == ["ERROR"]
    assert "skipped the" in caplog.text


def test_a_tail_of_zeros_as_a_power_cut_leaves_it_is_no_record(tmp_path: Path) -> None:
    write(tmp_path, [record(0)])
    (segment,) = tmp_path.iterdir()
    with segment.open("ab") as file:
        file.write(bytes(4096))
    assert replay(tmp_path) == [record(0)]


def test_a_file_of_another_kind_is_not_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "0000000001.wal").write_bytes(b"something else entirely")
    assert replay(tmp_path) == []
    assert "no segment of this version's log" in caplog.text


def test_segments_end_by_size_and_by_age_and_are_deleted_when_all_in_them_is_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wal, "SEGMENT_MAX_BYTES", 500)

    async def work() -> list[int]:
        log = Wal(tmp_path, keep_seconds=80)
        counts = []
        # Four records fill a segment, and what comes ten seconds after a segment's first record goes to the next.
        for arrived_ms in (1000, 1000, 1000, 1000, 2000, 2000, 20_000, 20_000):
            await log.append(record(0, arrived_ms))
        counts.append(len(list(tmp_path.iterdir())))
        await log.forget(84_500)
        counts.append(len(list(tmp_path.iterdir())))
        await log.append(record(0, 84_500))
        await log.forget(200_000)
        counts.append(len(list(tmp_path.iterdir())))
        assert log.size_bytes == sum(path.stat().st_size for path in tmp_path.iterdir())
        await log.close()
        return counts

    before, after, last = asyncio.run(work())
    assert (before, after, last) == (3, 1, 1)
    assert [one.arrived_ms for one in replay(tmp_path)] == [84_500]


def test_records_of_an_earlier_run_are_deleted_by_age_too(tmp_path: Path) -> None:
    write(tmp_path, [record(0, 1000)])

    async def work() -> None:
        log = Wal(tmp_path, 3600)
        list(log.replay())
        await log.forget(1000 + 3600 * 1000 - 1)
        assert len(list(tmp_path.iterdir())) == 1
        await log.forget(1000 + 3600 * 1000 + 1)
        assert list(tmp_path.iterdir()) == []
        await log.close()

    asyncio.run(work())


@pytest.mark.parametrize("lines_before", [0, 1])
def test_a_failing_disk_is_an_error_for_who_waits_and_the_log_recovers_when_the_disk_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines_before: int
) -> None:
    real = os.fdatasync

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async def work() -> None:
        log = Wal(tmp_path, 3600)
        for number in range(lines_before):
            await log.append(record(number))
        monkeypatch.setattr(os, "fdatasync", full)
        for number in (10, 11, 12):
            with pytest.raises(WalError, match="No space left"):
                await log.append(record(number))
        assert len(list(tmp_path.iterdir())) == lines_before
        monkeypatch.setattr(os, "fdatasync", real)
        await log.append(record(20))
        await log.close()

    asyncio.run(work())
    assert replay(tmp_path) == [*(record(number) for number in range(lines_before)), record(20)]


def test_more_than_memory_should_hold_is_put_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wal, "QUEUE_MAX_BYTES", 300)

    async def work() -> list[object]:
        log = Wal(tmp_path, 3600)
        answers = await asyncio.gather(*(log.append(record(n)) for n in range(6)), return_exceptions=True)
        await log.append(record(7))
        await log.close()
        return answers

    answers = asyncio.run(work())
    assert [isinstance(answer, WalBusy) for answer in answers] == [False, False, False, True, True, True]
    assert replay(tmp_path) == [record(0), record(1), record(2), record(7)]


def test_a_client_that_goes_away_does_not_disturb_the_others(tmp_path: Path) -> None:
    async def work() -> None:
        log = Wal(tmp_path, 3600)
        first, second = (asyncio.create_task(log.append(record(number))) for number in range(2))
        await asyncio.sleep(0)
        first.cancel()
        await second
        await log.close()

    asyncio.run(work())
    assert record(1) in replay(tmp_path)
