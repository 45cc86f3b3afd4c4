"""Takes pushes: each path of `Ingest.formats` takes bodies of one format, by `POST`.

The promise: 204 means that the batch is on disk and in memory; any other answer means that nothing of it is on disk.
The one exception is told in the answer: samples more than a day old, or from the future, are left out and counted in
the header `X-Monitor-Dropped-Samples`, since a host whose clock is wrong must not lose the rest.

While the disk is full batches are answered with 503, but rules see them in memory, so that alarms go on.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, NamedTuple

from monitor_collector.awaited import Awaited
from monitor_collector.exposition import Parser
from monitor_collector.head import Head
from monitor_collector.metrics import Metrics
from monitor_collector.push_format import Answer, Format, Refusal
from monitor_collector.push_limits import Limits, SeriesRefusal, check_series
from monitor_collector.remote_write.format import RemoteWriteFormat
from monitor_collector.remote_write.series import SeriesMemory
from monitor_collector.samples import Batch
from monitor_collector.text_format import TextFormat
from monitor_collector.wal import Wal, WalBusy, WalError
from monitor_collector.wal_records import Encoding, Record

log = logging.getLogger(__name__)

PATH = "/api/v1/import/prometheus"
REMOTE_WRITE_PATH = "/api/v1/write"
# The statuses that pushes are refused with, counted from the start.
REFUSALS = (400, 401, 403, 405, 413, 415, 429, 503)
OLDEST_SAMPLE_MS = 24 * 3600 * 1000
FUTURE_SAMPLE_MS = 10 * 60 * 1000
# So much may be in memory that no block has, before batches that cannot be stored are not even kept there.
UNACKNOWLEDGED_MAX_BYTES = 512 * 1024 * 1024
# What was taken once is read again at a start, whatever the limits are then.
ANY_SIZE = 1 << 40

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Push(NamedTuple):
    """A push whose body may come; `instance` is whose token it has, None where nobody needs one."""

    format: Format
    encoding: Encoding
    instance: str | None


class Intake(NamedTuple):
    """A batch as it is stored, how many samples were left out of it for their time, and what is answered then."""

    batch: Batch
    dropped: int
    answer: Answer


class Ingest:
    """An ASGI application, and `handle` for a server that can do without. `arrivals` tells when the last batch of each
    instance arrived, in ms, by `now_ms`; `awaited` is told of each.

    `formats` is path -> format. `credentials` is sha256 of a token in hex -> instance; None takes pushes from anybody.
    While `is_open` is False, before the log has been replayed, pushes are put off.
    """

    def __init__(
        self, head: Head, wal: Wal, metrics: Metrics, now_ms: Callable[[], int], limits: Limits | None = None
    ) -> None:
        self.credentials: Mapping[str, str] | None = None
        self.is_open = False
        self.arrivals: dict[str, int] = {}
        self.awaited = Awaited()
        self.limits = limits or Limits()
        self.parser = Parser()
        self._series_memory = SeriesMemory()
        self.formats = self._formats(self.limits.text_bytes, self.limits.lines)
        readers = self._formats(ANY_SIZE, ANY_SIZE)
        self._readers = {encoding: one for one in readers.values() for encoding in one.encodings}
        self._head = head
        self._wal = wal
        self._metrics = metrics
        self._now_ms = now_ms
        self._batches = metrics.counter("monitor_ingest_batches_total")
        self._bytes = metrics.counter("monitor_ingest_bytes_total")
        self._samples = metrics.counter("monitor_ingest_samples_total")
        self._dropped_samples = metrics.counter("monitor_ingest_dropped_samples_total")
        self._refused_for_series = metrics.counter("monitor_ingest_series_refused_batches_total")
        for status in REFUSALS:
            metrics.add("monitor_ingest_refused_batches_total", 0, code=str(status))
        self._seconds = metrics.counter("monitor_ingest_duration_seconds_sum")
        self._durations = metrics.counter("monitor_ingest_duration_seconds_count")

    def _formats(self, text_bytes: int, lines: int) -> Mapping[str, Format]:
        return {
            PATH: TextFormat(self.parser, text_bytes, lines),
            REMOTE_WRITE_PATH: RemoteWriteFormat(self.parser.metadata, text_bytes, self._series_memory),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

        def answer(found: Answer) -> None:
            if not answered.done():  # the client has gone
                answered.set_result(found)

        try:
            push = self._admit(scope["method"], scope["path"], headers)
            self._take(push, await _read_body(headers, receive, self.limits.body_bytes), answer)
        except Refusal as refusal:
            answer(self._refused(refusal))
        await _send(send, await answered)

    def handle(
        self, method: str, path: str, headers: Mapping[bytes, bytes], body: bytes, answer: Callable[[Answer], None]
    ) -> None:
        """Calls `answer` when the push has been taken or refused, which may be before this returns."""
        try:
            self._take(self._admit(method, path, headers), body, answer)
        except Refusal as refusal:
            answer(self._refused(refusal))

    def _admit(self, method: str, path: str, headers: Mapping[bytes, bytes]) -> Push:
        """What can be said before there is a body. Raises Refusal."""
        if method != "POST":
            raise Refusal(405, "metrics are pushed with POST", {"Allow": "POST"})
        if not self.is_open:
            raise Refusal(503, "the collector is starting", {"Retry-After": "1"})
        instance = self._authenticate(headers)
        form = self.formats[path]
        return Push(form, form.encoding(headers), instance)

    def _take(self, push: Push, body: bytes, answer: Callable[[Answer], None]) -> None:
        """Stores a push and calls `answer` then. Raises Refusal."""
        started = time.perf_counter()
        record = Record(self._now_ms(), push.encoding, body)
        intake = self._understand(push.format, record)
        layout = intake.batch.layout
        if push.instance is not None and layout.instances - {push.instance}:
            strange = sorted(layout.instances - {push.instance})[0]
            raise Refusal(403, f"this token is {push.instance}'s, and the batch has a series with instance={strange!r}")
        if not self._head.knows(layout):
            check_series(layout, self._head, self.limits)

        def written(error: WalError | None) -> None:
            try:
                found = self._keep(intake, record, error)
            except Refusal as refusal:
                found = self._refused(refusal)
            except Exception:
                # Others have waited for the same fsync: they get their answers whatever this batch has met.
                log.exception("a batch could not be put into memory; it is in the log")
                found = Answer(500, {}, b"the batch could not be stored in memory; see the collector's log\n")
            else:
                self._seconds.value += time.perf_counter() - started
                self._durations.value += 1
            answer(found)

        if not body:
            written(None)
            return
        try:
            self._wal.append_then(record, written)
        except WalBusy:
            raise Refusal(429, "too many batches wait for the disk", {"Retry-After": "1"}) from None

    def _keep(self, intake: Intake, record: Record, error: WalError | None) -> Answer:
        """Puts a batch into memory that is on disk, or that could not get there. Raises Refusal for the latter."""
        if error is not None:
            # The host is alive and its alarms are judged, from memory; it sends the batch again until that is durable.
            if self._head.unstored_bytes < UNACKNOWLEDGED_MAX_BYTES:
                self._store(intake, record.arrived_ms)
            raise Refusal(503, f"the collector cannot store batches: {error}", {"Retry-After": "1"}) from None
        self._store(intake, record.arrived_ms)
        self._batches.value += 1
        self._bytes.value += len(record.body)
        self._samples.value += len(intake.batch)
        self._dropped_samples.value += intake.dropped
        return intake.answer

    def restore(self, record: Record) -> None:
        """Stores a push of an earlier run again, whatever the limits are now."""
        try:
            self._store(self._understand(self._readers[record.encoding], record), record.arrived_ms)
        except Refusal as refusal:
            # It was taken once, so only a newer version that is stricter gets here.
            log.error("a batch of an earlier run cannot be read any more: %s", refusal.reason)

    def _refused(self, refusal: Refusal) -> Answer:
        self._metrics.add("monitor_ingest_refused_batches_total", code=str(refusal.status))
        if isinstance(refusal, SeriesRefusal):
            self._refused_for_series.value += 1
        return Answer(refusal.status, refusal.headers, f"{refusal.reason}\n".encode())

    def _authenticate(self, headers: Mapping[bytes, bytes]) -> str | None:
        """The instance whose token came with the request; None where nobody needs one."""
        if self.credentials is None:
            return None
        scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
        instance = self.credentials.get(hashlib.sha256(token.strip()).hexdigest())
        if scheme.lower() != b"bearer" or instance is None:
            raise Refusal(401, "the token is missing or unknown", {"WWW-Authenticate": "Bearer"})
        return instance

    def _understand(self, form: Format, record: Record) -> Intake:
        whole = form.batch(record)
        batch = whole.between(record.arrived_ms - OLDEST_SAMPLE_MS, record.arrived_ms + FUTURE_SAMPLE_MS)
        dropped = len(whole) - len(batch)
        return Intake(batch, dropped, form.answer(whole, dropped))

    def _store(self, intake: Intake, arrived_ms: int) -> None:
        self._head.append(intake.batch)
        newest_ms = intake.batch.newest_ms
        for instance in intake.batch.layout.instances:
            self.arrivals[instance] = max(arrived_ms, self.arrivals.get(instance, 0))
            self.awaited.heard(instance, newest_ms)


async def _read_body(headers: Mapping[bytes, bytes], receive: Receive, max_bytes: int) -> bytes:
    too_large = Refusal(413, f"a body may have {max_bytes} bytes", {"Connection": "close"})
    length = headers.get(b"content-length", b"")
    if length.isdigit() and int(length) > max_bytes:
        raise too_large
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refusal(400, "the body ended early")
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > max_bytes:
            raise too_large
        if not message.get("more_body", False):
            return b"".join(chunks)


async def _send(send: Send, answer: Answer) -> None:
    lines = [(name.lower().encode(), value.encode()) for name, value in answer.headers.items()]
    if answer.body:
        lines.append((b"content-type", b"text/plain; charset=utf-8"))
    if answer.status != 204:
        lines.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": lines})
    await send({"type": "http.response.body", "body": answer.body})
