"""Where all samples are: the newest in memory and in the write-ahead log, the others in blocks on disk.

The promises: a sample that was acknowledged is on disk, and is found by `select` once and with its first value,
whatever moment the machine has stopped at. Now and then the head is *cut*: what no block has yet is written to one,
and only when that is on disk the log's segments that held the same are deleted.

Appending, cutting and forgetting are for one event loop's thread; `select` is for any thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from monitor_collector.blocks import BlockDamaged, together
from monitor_collector.head import Head
from monitor_collector.history import History
from monitor_collector.lock import Lock
from monitor_collector.own_log import OwnReader, OwnWriter
from monitor_collector.promql import EvaluationError, Labels, Matcher, Series
from monitor_collector.promql.values import is_stale
from monitor_collector.wal import Wal, WalBusy
from monitor_collector.wal_records import Encoding, Record

log = logging.getLogger(__name__)

CUT_INTERVAL_MS = 2 * 3600 * 1000
# A cut comes earlier when this much would have to be read again after a crash (20 s), or is in memory only for want of
# one. Each host costs some milliseconds in a cut, however little there is of it, so cuts should not come too often.
WAL_MAX_BYTES = 256 * 1024 * 1024
UNSTORED_MAX_BYTES = 256 * 1024 * 1024
_TIDY_SECONDS = 5
_OWN = (Encoding.OWN_SERIES, Encoding.OWN_VALUES)
_LATEST_MS = 300_000


class Limits(NamedTuple):
    """How long samples stay in memory, and how long or how many bytes of them on disk (None: as many as there are)."""

    head_window_seconds: int
    retention_seconds: int
    retention_bytes: int | None


class Storage:
    """Raises OSError if the directory cannot be used, Locked if another process does, HistoryDamaged if a block in it
    cannot be read."""

    def __init__(self, directory: Path, limits: Limits, now_ms: Callable[[], int]) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._lock = Lock(directory)
        self.head = Head(limits.head_window_seconds)
        try:
            self.history = History(directory / "blocks")
            self.wal = Wal(directory / "wal", self.history.stored_through)
        except BaseException:
            self._lock.release()
            raise
        self.failed_cuts = 0
        self._limits = limits
        self._now_ms = now_ms
        # The head holds nothing yet of what the run before has put into blocks.
        self.head.forgotten_ms = self.history.newest_ms
        self._own_reader = OwnReader()
        self._own_writer = OwnWriter(0)
        self._cut_ms = now_ms()
        self._cutting = asyncio.Lock()
        self._executor = ThreadPoolExecutor(1, "storage")

    def replay(self) -> Iterator[Record]:
        """The pushes of the run before that no block has. The collector's own samples are taken up on the way, and
        before, what rules look back at is read from blocks."""
        self._warm_up()
        for record in self.wal.replay():
            if record.encoding in _OWN:
                batch = self._own_reader.batch(record)
                if batch is not None:
                    self.head.append(batch)
            else:
                yield record
        self._own_writer = OwnWriter(self._own_reader.last_number + 1)

    def _warm_up(self) -> None:
        """As if the run before had gone on: rules ask for the last minutes every second."""
        newest_ms = self.history.newest_ms
        since_ms = max(newest_ms, self._now_ms()) - self._limits.head_window_seconds * 1000
        if newest_ms <= since_ms:
            return
        try:
            for rows in self.history.frames(since_ms):
                self.head.restore(rows)
        except BlockDamaged as error:
            # Whoever asks for what is in it is told the same.
            log.error("%s", error)
        else:
            self.head.forgotten_ms = since_ms
        self.head.cut()

    def append_own(self, frame: str, samples: Sequence[tuple[Labels, float]], at_ms: int) -> None:
        """Stores series that the collector makes itself, all at one moment. They are on disk soon after."""
        batch = self.head.append_own(frame, samples, at_ms)
        if not len(batch):
            return
        try:
            for record in self._own_writer.records(batch):
                self.wal.enqueue(record).add_done_callback(self._on_own_written)
        except WalBusy:
            self._own_writer.begin_anew()

    def _on_own_written(self, written: asyncio.Future[None]) -> None:
        # The log has said why. Until it can be written again these samples are in memory only.
        if not written.cancelled() and written.exception() is not None:
            self._own_writer.begin_anew()

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Series]:
        """The samples with start_ms < t <= end_ms of the series that all matchers match.

        Raises EvaluationError, which names the file, where a block turns out to be damaged.
        """
        # In this order: what the head forgets in between is in a block by then.
        recent = self.head.select(matchers, start_ms, end_ms)
        edge_ms = min(end_ms, self.head.forgotten_ms)
        if start_ms >= edge_ms:
            return recent
        try:
            return together((self.history.select(matchers, start_ms, edge_ms), recent))
        except BlockDamaged as error:
            raise EvaluationError(str(error)) from None

    def labels(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> set[Labels]:
        """Of the series that all matchers match with a sample of start_ms < t <= end_ms. Of what only blocks have,
        those count too of which some other series of their host has such a sample; no samples are read for that.

        Raises EvaluationError as `select` does.
        """
        # In this order, as in `select`.
        recent = self.head.labels(matchers, start_ms, end_ms)
        edge_ms = min(end_ms, self.head.forgotten_ms)
        if start_ms >= edge_ms:
            return recent
        try:
            return recent | self.history.labels(matchers, start_ms, edge_ms)
        except BlockDamaged as error:
            raise EvaluationError(str(error)) from None

    def latest(self, name: str) -> dict[Labels, float]:
        """The last value of each series of that name that had one shortly before the newest sample of all, and has not
        ended since."""
        newest_ms = max(self.head.newest_ms, self.history.newest_ms)
        found = self.select((Matcher("__name__", "=", name),), newest_ms - _LATEST_MS, newest_ms)
        return {series.labels: float(series.values[-1]) for series in found if not is_stale(series.values[-1:])[0]}

    async def keep_tidy(self) -> None:
        """Cuts, merges and deletes when it is time to, for ever."""
        while True:
            await asyncio.sleep(_TIDY_SECONDS)
            try:
                await self.tidy()
            except Exception:
                # Whatever it was, nothing was deleted before it was stored elsewhere, and the next time may go well.
                log.exception("the storage could not be tidied")

    async def tidy(self) -> None:
        now_ms = self._now_ms()
        if self._is_cut_due(now_ms):
            await self.cut()
        self.head.forget(now_ms)
        await asyncio.get_running_loop().run_in_executor(self._executor, self._tidy_history, now_ms)

    def _is_cut_due(self, now_ms: int) -> bool:
        return (
            now_ms // CUT_INTERVAL_MS != self._cut_ms // CUT_INTERVAL_MS
            or self.wal.size_bytes > WAL_MAX_BYTES
            or self.head.unstored_bytes > UNSTORED_MAX_BYTES
        )

    def _tidy_history(self, now_ms: int) -> None:
        self.history.close_retired()
        self.history.merge(now_ms)
        self.history.retain(now_ms - self._limits.retention_seconds * 1000, self._limits.retention_bytes)

    async def cut(self) -> bool:
        """Writes what no block has yet to one; False if that was not possible, and the log keeps it."""
        async with self._cutting:
            segment = await self.wal.rotate()
            cut = self.head.cut()
            self._own_writer.begin_anew()
            self._cut_ms = self._now_ms()
            try:
                if cut:
                    loop = asyncio.get_running_loop()
                    await loop.run_in_executor(self._executor, self.history.add, cut.frames(), segment)
            except BaseException as error:
                cut.undo()
                if not isinstance(error, OSError):
                    raise
                self.failed_cuts += 1
                log.error("cannot write a block, trying again: %s", error.strerror or error)
                return False
            await self.wal.drop_through(segment)
            return True

    async def close(self) -> None:
        """Leaves everything in blocks, so that the next run starts at once."""
        if self.head.unstored_bytes:
            await self.cut()
        await self.wal.close()
        self._executor.shutdown()
        self.history.close()
        self._lock.release()
