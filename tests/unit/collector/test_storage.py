"""Memory, log and blocks together: what was acknowledged is found once, whatever happens in between."""

from __future__ import annotations

import asyncio
import errno
import shutil
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor_collector import history, storage
from monitor_collector.blocks import Block, BlockDamaged
from monitor_collector.blocks.format import HEADER
from monitor_collector.history import HistoryDamaged
from monitor_collector.promql import STALE_MARKER, EvaluationError, Labels, Matcher
from monitor_collector.reserve import Room
from monitor_collector.samples import Batch, Layout, metric
from monitor_collector.storage import Limits, Storage
from monitor_collector.wal_records import Encoding, Record

A = metric("a", instance="web-1")
B = metric("b", instance="web-1")
OTHER = metric("a", instance="web-2")
UP = metric("up", instance="web-1")
ALL = (Matcher("__name__", "!=", ""),)
HOUR_MS = 3_600_000
START_MS = 1_700_000_000_000 // (24 * HOUR_MS) * 24 * HOUR_MS

LIMITS = Limits(head_window_seconds=60, retention_seconds=30 * 86400, retention_bytes=None)

Result = TypeVar("Result")


class Bench:
    """A storage with a clock that stands until it is moved. The log holds numbers of `batches`, not their text."""

    def __init__(self, directory: Path, limits: Limits = LIMITS) -> None:
        self.directory = directory
        self.limits = limits
        self.now_ms = START_MS
        self.batches: list[Batch] = []
        self.storage: Storage

    def run(self, work: Callable[[], Awaitable[Result]], is_killed: bool = False) -> Result:
        """Opens the storage, reads its log, and works. When killed, nothing is written any more after the work."""

        async def everything() -> Result:
            self.storage = Storage(self.directory, self.limits, lambda: self.now_ms)
            for record in self.storage.replay():
                self.storage.head.append(self.batches[int(record.body)])
            result = await work()
            if is_killed:
                copy = self.directory.with_name("as killed")
                shutil.copytree(self.directory, copy)
                await self.storage.close()
                shutil.rmtree(self.directory)
                copy.rename(self.directory)
            else:
                await self.storage.close()
            return result

        return asyncio.run(everything())

    async def push(self, at_ms: int, values: dict[Labels, float]) -> None:
        self.batches.append(Batch(Layout(values), np.array(list(values.values()), float), at_ms))
        number = str(len(self.batches) - 1).encode()
        await self.storage.wal.append(Record(self.now_ms, Encoding.TEXT, number))
        self.storage.head.append(self.batches[-1])

    def read(self, labels: Labels, start_ms: int = -1, end_ms: int = 2**60) -> list[tuple[int, float]]:
        matchers = [Matcher(name, "=", value) for name, value in labels]
        found = self.storage.select(matchers, start_ms, end_ms)
        assert len(found) <= 1
        return [pair for one in found for pair in zip(one.timestamps.tolist(), one.values.tolist(), strict=True)]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "data")


def at(second: int) -> int:
    return START_MS + second * 1000


def test_samples_are_found_once_wherever_they_are(bench: Bench) -> None:
    async def work() -> None:
        for second in range(300):
            await bench.push(at(second), {A: second, B: -second})
            if second in (100, 200):
                bench.now_ms = at(second)
                assert await bench.storage.cut()
                bench.storage.head.forget(bench.now_ms)
        assert bench.storage.head.forgotten_ms > 0, "nothing was forgotten, so the test says nothing"
        assert bench.read(A) == [(at(second), second) for second in range(300)]
        assert bench.read(B, at(50), at(250)) == [(at(second), -second) for second in range(51, 251)]

    bench.run(work)


@pytest.mark.parametrize("is_killed", [True, False])
def test_a_run_finds_what_the_one_before_has_left(bench: Bench, is_killed: bool) -> None:
    async def first() -> None:
        for second in range(10):
            await bench.push(at(second), {A: second})
        await bench.storage.cut()
        for second in range(10, 20):
            await bench.push(at(second), {A: second})
            bench.storage.append_own("targets", [(UP, 1.0)], at(second))

    async def second() -> list[list[tuple[int, float]]]:
        return [bench.read(A), bench.read(UP)]

    bench.run(first, is_killed)
    expected = [(at(second), second) for second in range(20)]
    # The own samples of the last moments are on disk soon, not at once.
    for _ in range(2):
        found, own = bench.run(second)
        assert found == expected
        assert own == [(at(second), 1.0) for second in range(10, 10 + len(own))]
        assert is_killed or len(own) == 10


def test_own_samples_survive_a_kill_once_the_log_has_been_written(bench: Bench) -> None:
    async def first() -> None:
        for second in range(5):
            bench.storage.append_own("targets", [(UP, second)], at(second))
            await bench.push(at(second), {A: second})
            if second == 2:
                await bench.storage.cut()

    async def second() -> list[tuple[int, float]]:
        return bench.read(UP)

    bench.run(first, is_killed=True)
    assert bench.run(second) == [(at(second), second) for second in range(5)]


def test_a_batch_sent_again_after_it_went_to_a_block_changes_nothing(bench: Bench) -> None:
    async def work() -> None:
        await bench.push(at(0), {A: 1, B: 2})
        await bench.storage.cut()
        bench.storage.head.forget(at(1000))
        await bench.push(at(0), {A: 99, B: 99, OTHER: 3})
        for _ in range(2):
            assert (bench.read(A), bench.read(B), bench.read(OTHER)) == ([(at(0), 1)], [(at(0), 2)], [(at(0), 3)])
            await bench.storage.cut()
            bench.storage.head.forget(at(1000))

    bench.run(work)


def test_samples_that_come_a_day_late_are_found_in_order(bench: Bench) -> None:
    async def work() -> None:
        for second in (0, 10, 20):
            await bench.push(at(second), {A: second})
        await bench.storage.cut()
        bench.now_ms = at(86_000)
        await bench.push(at(86_000), {A: 86_000})
        bench.storage.head.forget(bench.now_ms)
        for second in (15, 5):
            await bench.push(at(second), {A: second})
        expected = [(at(second), second) for second in (0, 5, 10, 15, 20, 86_000)]
        assert bench.read(A) == expected
        await bench.storage.cut()
        bench.storage.head.forget(bench.now_ms)
        assert bench.read(A) == expected

    bench.run(work)


def test_a_block_that_cannot_be_written_loses_nothing_and_is_written_later(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async def first() -> None:
        await bench.push(at(0), {A: 1})
        with monkeypatch.context() as patch:
            patch.setattr(history, "write_block", full)
            assert not await bench.storage.cut()
        bench.storage.head.forget(at(10_000))
        assert bench.read(A) == [(at(0), 1)]
        assert bench.storage.failed_cuts == 1
        assert await bench.storage.cut()
        assert bench.storage.wal.size_bytes == 0
        bench.storage.head.forget(at(10_000))
        assert bench.read(A) == [(at(0), 1)]

    bench.run(first)


def test_the_log_is_emptied_only_when_a_block_holds_the_same(bench: Bench) -> None:
    async def first() -> None:
        await bench.push(at(0), {A: 1})
        assert bench.storage.wal.size_bytes > 0
        await bench.storage.cut()
        assert bench.storage.wal.size_bytes == 0
        assert [block.sample_count for block in bench.storage.history.blocks] == [1]

    bench.run(first)


def test_a_cut_is_due_every_two_hours_and_when_much_waits(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def blocks_after(change: Callable[[], None]) -> int:
        await bench.push(bench.now_ms + len(bench.batches), {A: 1})
        change()
        await bench.storage.tidy()
        return len(bench.storage.history.blocks)

    async def work() -> None:
        assert await blocks_after(lambda: None) == 0
        assert await blocks_after(lambda: setattr(bench, "now_ms", at(7201))) == 1
        assert await blocks_after(lambda: setattr(bench, "now_ms", at(7300))) == 1
        assert await blocks_after(lambda: monkeypatch.setattr(storage, "UNSTORED_MAX_BYTES", 0)) == 2
        monkeypatch.undo()
        assert await blocks_after(lambda: monkeypatch.setattr(storage, "WAL_MAX_BYTES", 0)) == 3

    bench.run(work)


def test_small_blocks_become_one_when_their_span_is_over(bench: Bench) -> None:
    async def work() -> None:
        for second in range(0, 24 * 3600, 1800):
            bench.now_ms = at(second)
            await bench.push(at(second), {A: second})
            await bench.storage.cut()
            await bench.storage.tidy()
        spans = [(block.oldest_ms, block.newest_ms) for block in bench.storage.history.blocks]
        assert len(spans) < 24
        bench.now_ms = at(26 * 3600)
        await bench.storage.tidy()
        (block,) = bench.storage.history.blocks
        assert (block.oldest_ms, block.newest_ms) == (at(0), at(24 * 3600 - 1800))
        assert bench.read(A) == [(at(second), second) for second in range(0, 24 * 3600, 1800)]
        bench.storage.history.close_retired()
        assert len(list(bench.directory.glob("blocks/*"))) == 1

    bench.run(work)


def test_a_merge_that_was_interrupted_leaves_nothing_double(bench: Bench) -> None:
    async def first() -> None:
        for second in (0, 1000):
            await bench.push(at(second), {A: second})
            await bench.storage.cut()
        before = [path.read_bytes() for path in sorted(bench.directory.glob("blocks/*"))]
        names = [path.name for path in sorted(bench.directory.glob("blocks/*"))]
        bench.now_ms = at(4 * 3600)
        await bench.storage.tidy()
        assert len(bench.storage.history.blocks) == 1
        # As if the machine had stopped before the merged ones were deleted.
        for name, content in zip(names, before, strict=True):
            (bench.directory / "blocks" / name).write_bytes(content)
        (bench.directory / "blocks" / "0000000009-0000000009.block.tmp").write_bytes(b"half")

    async def second() -> None:
        assert len(bench.storage.history.blocks) == 1
        assert bench.read(A) == [(at(0), 0), (at(1000), 1000)]
        assert len(list(bench.directory.glob("blocks/*"))) == 1

    bench.run(first, is_killed=True)
    bench.run(second)


@pytest.mark.parametrize(
    ("limits", "kept"), [(Limits(60, 3600, None), [9000, 10_000]), (Limits(60, 10**9, 1), [10_000])]
)
def test_history_is_kept_as_long_and_as_large_as_was_asked(tmp_path: Path, limits: Limits, kept: list[int]) -> None:
    bench = Bench(tmp_path, limits)

    async def work() -> list[float]:
        for second in (0, 5000, 9000, 10_000):
            bench.now_ms = at(second)
            await bench.push(at(second), {A: second})
            await bench.storage.cut()
        bench.storage.head.forget(at(20_000))
        await bench.storage.tidy()
        return [value for _, value in bench.read(A)]

    assert bench.run(work) == kept


def test_a_damaged_block_is_named_with_the_way_to_go_on_without_it(bench: Bench) -> None:
    async def first() -> None:
        await bench.push(at(0), {A: 1})

    async def nothing() -> None:
        pass

    bench.run(first)
    (block,) = bench.directory.glob("blocks/*.block")
    content = bytearray(block.read_bytes())
    content[-1] ^= 1
    block.write_bytes(content)
    with pytest.raises(HistoryDamaged, match="storage check --set-aside") as caught:
        bench.run(nothing)
    assert str(block) in str(caught.value)
    block.rename(block.with_suffix(".damaged"))
    bench.run(nothing)


def test_damage_that_shows_when_a_column_is_read_names_the_file_and_spares_other_columns(bench: Bench) -> None:
    async def first() -> None:
        for second in range(50):
            await bench.push(at(second), {A: second**2, B: 1})

    async def second() -> None:
        with pytest.raises(EvaluationError, match=r"0000000001-0000000001\.block is damaged"):
            bench.read(A)
        assert len(bench.read(B)) == 50

    bench.run(first)
    (block,) = bench.directory.glob("blocks/*.block")
    content = bytearray(block.read_bytes())
    # The only column that is no constant follows the compressed head of the frame.
    head = zlib.decompressobj()
    head.decompress(content[HEADER.size :])
    content[-len(head.unused_data)] ^= 1
    block.write_bytes(content)
    bench.run(second)


def test_a_damaged_block_is_left_out_of_merges_and_told_once(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        for second in (0, 1000):
            await bench.push(at(second), {A: second, B: 1})
            await bench.storage.cut()
        block = bench.directory / "blocks" / "0000000002-0000000002.block"
        content = bytearray(block.read_bytes())
        content[20] ^= 1
        block.write_bytes(content)
        for _ in range(3):
            bench.storage.history.merge(at(10**6))
        assert len(bench.storage.history.blocks) == 2
        assert caplog.text.count("0000000002-0000000002.block is damaged") == 1

    bench.run(work)


def test_blocks_are_not_merged_where_there_is_no_room(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        for second in (0, 1000):
            await bench.push(at(second), {A: second})
            await bench.storage.cut()
        with monkeypatch.context() as patch:
            patch.setattr(history, "room", lambda _: Room(10**9, 100))
            bench.storage.history.merge(at(10**6))
            assert len(bench.storage.history.blocks) == 2
        bench.storage.history.merge(at(10**6))
        assert len(bench.storage.history.blocks) == 1

    bench.run(work)


def test_the_latest_value_of_each_series_is_found_in_blocks_too(bench: Bench) -> None:
    async def work() -> None:
        await bench.push(at(0), {A: 1, OTHER: 2})
        await bench.push(at(60), {A: 3})
        await bench.storage.cut()
        bench.storage.head.forget(at(10_000))
        assert bench.storage.latest("a") == {A: 3, OTHER: 2}
        assert bench.storage.latest("nothing") == {}
        await bench.push(at(61), {OTHER: STALE_MARKER})
        assert bench.storage.latest("a") == {A: 3}, "a series that has ended has no latest value"

    bench.run(work)


steps = st.one_of(
    st.tuples(st.just("push"), st.integers(0, 200), st.sampled_from([(A,), (B,), (A, B), (OTHER, A)])),
    st.tuples(st.sampled_from(["cut", "forget", "merge", "kill", "stop"])),
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(steps, max_size=30))
def test_whatever_happens_each_sample_is_found_once_with_its_first_value(tmp_path: Path, happened: list) -> None:
    shutil.rmtree(tmp_path / "data", ignore_errors=True)
    bench = Bench(tmp_path / "data")
    expected: dict[Labels, dict[int, float]] = {A: {}, B: {}, OTHER: {}}
    remaining = list(happened)

    async def work() -> bool:
        """Goes on until the storage ends; whether it was killed."""
        while remaining:
            what, *details = remaining.pop(0)
            if what == "push":
                moment, series = details
                value = float(len(bench.batches))
                await bench.push(at(moment), dict.fromkeys(series, value))
                for labels in series:
                    expected[labels].setdefault(at(moment), value)
            elif what == "cut":
                await bench.storage.cut()
            elif what == "forget":
                bench.storage.head.forget(at(150))
            elif what == "merge":
                bench.storage.history.merge(at(10**6))
            else:
                break
        for labels, samples in expected.items():
            assert bench.read(labels) == sorted(samples.items())
        return False

    while remaining:
        kill_follows = next((step[0] for step in remaining if step[0] in ("kill", "stop")), "stop") == "kill"
        bench.run(work, is_killed=kill_follows)
    bench.run(work)


def test_after_a_clean_stop_the_last_minutes_are_in_memory_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def first() -> None:
        for second in range(201):
            await bench.push(at(second), {A: second, B: -second} if second % 2 else {A: second})
            if second == 100:
                await bench.push(at(second), {OTHER: 1})
                assert await bench.storage.cut()
        bench.now_ms = at(200)

    async def second() -> None:
        assert bench.storage.head.forgotten_ms == at(140)
        assert (bench.storage.head.series_count, bench.storage.head.unstored_bytes) == (2, 0)
        assert bench.read(A) == [(at(second), second) for second in range(201)]
        assert bench.read(OTHER) == [(at(100), 1)]
        await bench.push(at(150), {A: 7, B: 7})
        with monkeypatch.context() as patch:
            patch.setattr(Block, "select", None)
            assert bench.read(A, at(140)) == [(at(second), second) for second in range(141, 201)]
            odd = [(at(second), -second) for second in range(141, 201, 2)]
            assert bench.read(B, at(140)) == sorted([*odd, (at(150), 7)])
        assert bench.storage.head.unstored_bytes > 0

    async def third() -> None:
        assert bench.read(A) == [(at(second), second) for second in range(201)]

    bench.run(first)
    bench.run(second)
    bench.run(third)


def test_labels_are_found_wherever_their_samples_are_and_without_reading_them(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        for second in range(300):
            await bench.push(at(second), {A: second, B: 1} if second < 250 else {A: second})
        await bench.push(at(300), {OTHER: 1})
        bench.now_ms = at(300)
        assert await bench.storage.cut()
        await bench.push(at(400), {UP: 1})
        find = bench.storage.labels
        assert find(ALL, at(10) - 1, at(10)) == {A, B}
        assert find(ALL, at(250), at(300)) == {A, OTHER}
        bench.now_ms = at(1000)
        bench.storage.head.forget(bench.now_ms)
        assert bench.storage.head.forgotten_ms == at(300), "nothing was forgotten, so the test says nothing"
        monkeypatch.setattr(Block, "select", None)
        assert find(ALL, -1, 2**60) == {A, B, OTHER, UP}
        assert find((Matcher("__name__", "=", "a"),), -1, 2**60) == {A, OTHER}
        assert find(ALL, at(300), 2**60) == {UP}
        assert find(ALL, at(299), at(300)) == {OTHER}
        assert find(ALL, -1, START_MS - 1) == set()

    bench.run(work)


def test_labels_of_a_damaged_block_are_an_error_of_the_query(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        await bench.push(at(0), {A: 1})
        await bench.storage.cut()
        bench.storage.head.forget(at(1000))

        def damaged(self: Block, *_: object) -> None:
            raise BlockDamaged(self.path, "it is torn")

        monkeypatch.setattr(Block, "labels_between", damaged)
        with pytest.raises(EvaluationError, match="it is torn"):
            bench.storage.labels(ALL, -1, 2**60)

    bench.run(work)
