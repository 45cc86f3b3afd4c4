"""The write-ahead log."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from pathlib import Path

import pytest

from monitor_collector import wal
from monitor_collector.wal import Wal, WalBusy, WalError
from monitor_collector.wal_records import Encoding, Record, encode_record


def record(number: int, arrived_ms: int = 1_000_000) -> Record:
    return Record(arrived_ms + number, Encoding(number % 2), f"body {number}".encode() * 20)


def write(directory: Path, *groups: list[Record]) -> None:
    """Each group is appended by tasks that wait at the same time."""

    async def work() -> None:
        log = Wal(directory)
        for group in groups:
            await asyncio.gather(*map(log.append, group))
        await log.close()

    asyncio.run(work())


def replay(directory: Path) -> list[Record]:
    return list(Wal(directory).replay())


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
        log = Wal(tmp_path)
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
        log = Wal(tmp_path)
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


def test_a_damaged_record_is_skipped_and_said_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(tmp_path, [record(0)], [record(1)], [record(2)])
    (segment,) = tmp_path.iterdir()
    content = bytearray(segment.read_bytes())
    content[content.index(b"body 1")] ^= 1
    segment.write_bytes(content)
    write(tmp_path, [record(3)])
    log = Wal(tmp_path)
    assert list(log.replay()) == [record(0), record(2), record(3)]
    assert [line.levelname for line in caplog.records] == ["ERROR"]
    size = len(encode_record(record(1)))
    assert f"{size} bytes from byte {8 + size} are damaged: skipped" in caplog.text
    assert log.damaged_bytes == size


def test_a_damaged_segment_is_kept_when_its_samples_are_in_a_block(tmp_path: Path) -> None:
    write(tmp_path, [record(0)], [record(1)])
    write(tmp_path, [record(2)])
    segment = tmp_path / "0000000001.wal"
    content = bytearray(segment.read_bytes())
    content[content.index(b"body 0")] ^= 1
    segment.write_bytes(content)

    async def work() -> None:
        log = Wal(tmp_path)
        assert list(log.replay()) == [record(1), record(2)]
        await log.drop_through(2)
        await log.close()

    asyncio.run(work())
    (kept,) = tmp_path.iterdir()
    assert kept.name == "0000000001.damaged"
    assert kept.read_bytes() == content


def test_a_tail_of_zeros_as_a_power_cut_leaves_it_is_no_record(tmp_path: Path) -> None:
    write(tmp_path, [record(0)])
    (segment,) = tmp_path.iterdir()
    with segment.open("ab") as file:
        file.write(bytes(4096))
    log = Wal(tmp_path)
    assert list(log.replay()) == [record(0)]
    assert log.damaged_bytes == 0


def test_a_file_of_another_kind_is_not_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "0000000001.wal").write_bytes(b"something else entirely")
    assert replay(tmp_path) == []
    assert "no segment of this version's log" in caplog.text


def test_segments_end_by_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wal, "SEGMENT_MAX_BYTES", 500)

    async def work() -> None:
        log = Wal(tmp_path)
        for number in range(10):
            await log.append(record(number))
        assert log.size_bytes == sum(path.stat().st_size for path in tmp_path.iterdir())
        await log.close()

    asyncio.run(work())
    assert len(list(tmp_path.iterdir())) == 3
    assert replay(tmp_path) == [record(number) for number in range(10)]


def test_what_was_appended_before_a_rotation_is_dropped_through_it_and_nothing_else(tmp_path: Path) -> None:
    async def work() -> None:
        log = Wal(tmp_path)
        woken: list[int] = []

        async def push(number: int) -> None:
            await log.append(record(number))
            woken.append(number)

        before = [asyncio.create_task(push(number)) for number in range(3)]
        await asyncio.sleep(0)
        segment = await log.rotate()
        assert woken == [0, 1, 2], "who waited has put its samples into the head before the cut"
        await log.append(record(3))
        await log.drop_through(segment)
        await asyncio.gather(*before)
        await log.close()

    asyncio.run(work())
    assert replay(tmp_path) == [record(3)]


def test_a_rotation_of_an_empty_log_drops_nothing_that_comes_later(tmp_path: Path) -> None:
    async def work() -> None:
        log = Wal(tmp_path)
        segment = await log.rotate()
        await log.append(record(0))
        await log.drop_through(segment)
        await log.close()

    asyncio.run(work())
    assert replay(tmp_path) == [record(0)]


def test_segments_that_are_in_blocks_are_not_replayed_and_their_numbers_not_used_again(tmp_path: Path) -> None:
    write(tmp_path, [record(0)])
    assert list(Wal(tmp_path, stored_through=1).replay()) == []

    async def work() -> None:
        log = Wal(tmp_path, stored_through=1)
        await log.append(record(1))
        await log.close()

    asyncio.run(work())
    assert list(Wal(tmp_path, stored_through=1).replay()) == [record(1)]


def test_a_record_of_a_newer_version_is_skipped_and_said_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(tmp_path, [record(0), Record(1, 200, b"from the future"), record(2)])  # type: ignore[arg-type]
    assert replay(tmp_path) == [record(0), record(2)]
    assert "a newer version has written" in caplog.text


@pytest.mark.parametrize("lines_before", [0, 1])
def test_a_failing_disk_is_an_error_for_who_waits_and_the_log_recovers_when_the_disk_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines_before: int
) -> None:
    real = os.fdatasync

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async def work() -> None:
        log = Wal(tmp_path)
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


def test_nothing_is_appended_while_the_disk_is_nearly_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        log = Wal(tmp_path)
        await log.append(record(0))
        monkeypatch.setattr(wal, "FREE_MIN_BYTES", 2**62)
        with pytest.raises(WalError, match="No space left"):
            await log.append(record(1))
        monkeypatch.setattr(wal, "FREE_MIN_BYTES", 0)
        await log.append(record(2))
        await log.close()

    asyncio.run(work())
    assert replay(tmp_path) == [record(0), record(2)]


def test_more_than_memory_should_hold_is_put_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wal, "QUEUE_MAX_BYTES", 300)

    async def work() -> list[object]:
        log = Wal(tmp_path)
        answers = await asyncio.gather(*(log.append(record(n)) for n in range(6)), return_exceptions=True)
        await log.append(record(7))
        await log.close()
        return answers

    answers = asyncio.run(work())
    assert [isinstance(answer, WalBusy) for answer in answers] == [False, False, False, True, True, True]
    assert replay(tmp_path) == [record(0), record(1), record(2), record(7)]


def test_a_client_that_goes_away_does_not_disturb_the_others(tmp_path: Path) -> None:
    async def work() -> None:
        log = Wal(tmp_path)
        first, second = (asyncio.create_task(log.append(record(number))) for number in range(2))
        await asyncio.sleep(0)
        first.cancel()
        await second
        await log.close()

    asyncio.run(work())
    assert record(1) in replay(tmp_path)
