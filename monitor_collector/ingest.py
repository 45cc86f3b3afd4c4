"""Takes pushes: `POST /api/v1/import/prometheus`, Prometheus text format, as it is or gzip-compressed.

The promise: 204 means that the batch is on disk and in memory; any other answer means that nothing of it is on disk.
The one exception is told in the answer: samples more than a day old, or from the future, are left out and counted in
the header `X-Monitor-Dropped-Samples`, since a host whose clock is wrong must not lose the rest.

While the disk is full batches are answered with 503, but rules see them in memory, so that alarms go on.
"""

from __future__ import annotations

import hashlib
import logging
import zlib
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, NamedTuple

from monitor_collector.exposition import ExpositionError, Parser
from monitor_collector.head import Head
from monitor_collector.metrics import Metrics
from monitor_collector.samples import Batch
from monitor_collector.wal import Encoding, Record, Wal, WalBusy, WalError

log = logging.getLogger(__name__)

PATH = "/api/v1/import/prometheus"
BODY_MAX_BYTES = 16 * 1024 * 1024
TEXT_MAX_BYTES = 64 * 1024 * 1024
OLDEST_SAMPLE_MS = 24 * 3600 * 1000
FUTURE_SAMPLE_MS = 10 * 60 * 1000
# So much may be in memory that no block has, before batches that cannot be stored are not even kept there.
UNACKNOWLEDGED_MAX_BYTES = 512 * 1024 * 1024

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Refusal(Exception):
    """The answer to a push that is not taken."""

    def __init__(self, status: int, reason: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.headers = headers or {}


class Intake(NamedTuple):
    """A batch as it is stored, and how many samples were left out of it for their time."""

    batch: Batch
    dropped: int


class Ingest:
    """An ASGI application. `arrivals` tells when the last batch of each instance arrived, in ms, by `now_ms`.

    `credentials` is sha256 of a token in hex -> instance; None takes pushes from anybody. While `is_open` is False,
    before the log has been replayed, pushes are put off.
    """

    def __init__(self, head: Head, wal: Wal, metrics: Metrics, now_ms: Callable[[], int]) -> None:
        self.credentials: Mapping[str, str] | None = None
        self.is_open = False
        self.arrivals: dict[str, int] = {}
        self.parser = Parser()
        self._head = head
        self._wal = wal
        self._metrics = metrics
        self._now_ms = now_ms

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            dropped = await self._take(scope, receive)
        except Refusal as refusal:
            self._metrics.add("monitor_ingest_refused_batches_total", code=str(refusal.status))
            await _answer(send, refusal.status, refusal.headers, f"{refusal.reason}\n".encode())
            return
        await _answer(send, 204, {"X-Monitor-Dropped-Samples": str(dropped)} if dropped else {}, b"")

    async def _take(self, scope: Scope, receive: Receive) -> int:
        """Stores a push and returns how many of its samples were dropped. Raises Refusal."""
        if scope["method"] != "POST":
            raise Refusal(405, "metrics are pushed with POST", {"Allow": "POST"})
        if not self.is_open:
            raise Refusal(503, "the collector is starting", {"Retry-After": "1"})
        headers = dict(scope["headers"])
        instance = self._authenticate(headers)
        encoding = _encoding(headers)
        body = await _read_body(headers, receive)
        arrived_ms = self._now_ms()
        intake = self._understand(Record(arrived_ms, encoding, body))
        if instance is not None and intake.batch.layout.instances - {instance}:
            strange = sorted(intake.batch.layout.instances - {instance})[0]
            raise Refusal(403, f"this token is {instance}'s, and the batch has a series with instance={strange!r}")
        try:
            if body:
                await self._wal.append(Record(arrived_ms, encoding, body))
        except WalBusy:
            raise Refusal(429, "too many batches wait for the disk", {"Retry-After": "1"}) from None
        except WalError as error:
            # The host is alive and its alarms are judged, from memory; it sends the batch again until that is durable.
            if self._head.unstored_bytes < UNACKNOWLEDGED_MAX_BYTES:
                self._store(intake, arrived_ms)
            raise Refusal(503, f"the collector cannot store batches: {error}", {"Retry-After": "5"}) from None
        self._store(intake, arrived_ms)
        self._metrics.add("monitor_ingest_batches_total")
        self._metrics.add("monitor_ingest_bytes_total", len(body))
        self._metrics.add("monitor_ingest_samples_total", len(intake.batch))
        if intake.dropped:
            self._metrics.add("monitor_ingest_dropped_samples_total", intake.dropped)
        return intake.dropped

    def restore(self, record: Record) -> None:
        """Stores a push of an earlier run again."""
        try:
            self._store(self._understand(record), record.arrived_ms)
        except Refusal as refusal:
            # It was taken once, so only a newer version that is stricter gets here.
            log.error("a batch of an earlier run cannot be read any more: %s", refusal.reason)

    def _authenticate(self, headers: Mapping[bytes, bytes]) -> str | None:
        """The instance whose token came with the request; None where nobody needs one."""
        if self.credentials is None:
            return None
        scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
        instance = self.credentials.get(hashlib.sha256(token.strip()).hexdigest())
        if scheme.lower() != b"bearer" or instance is None:
            raise Refusal(401, "the token is missing or unknown", {"WWW-Authenticate": "Bearer"})
        return instance

    def _understand(self, record: Record) -> Intake:
        text = _decompressed(record.body) if record.encoding is Encoding.TEXT_GZIP else record.body
        try:
            whole = self.parser.parse(text, record.arrived_ms)
        except ExpositionError as error:
            raise Refusal(400, str(error)) from None
        batch = whole.between(record.arrived_ms - OLDEST_SAMPLE_MS, record.arrived_ms + FUTURE_SAMPLE_MS)
        return Intake(batch, len(whole) - len(batch))

    def _store(self, intake: Intake, arrived_ms: int) -> None:
        self._head.append(intake.batch)
        for instance in intake.batch.layout.instances:
            self.arrivals[instance] = max(arrived_ms, self.arrivals.get(instance, 0))


def _encoding(headers: Mapping[bytes, bytes]) -> Encoding:
    encoding = headers.get(b"content-encoding", b"identity").strip().lower()
    if encoding not in (b"gzip", b"identity", b""):
        raise Refusal(415, f"Content-Encoding {encoding.decode('latin-1')!r} is not known here; use gzip or none")
    return Encoding.TEXT_GZIP if encoding == b"gzip" else Encoding.TEXT


async def _read_body(headers: Mapping[bytes, bytes], receive: Receive) -> bytes:
    too_large = Refusal(413, f"a body may have {BODY_MAX_BYTES} bytes", {"Connection": "close"})
    length = headers.get(b"content-length", b"")
    if length.isdigit() and int(length) > BODY_MAX_BYTES:
        raise too_large
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refusal(400, "the body ended early")
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > BODY_MAX_BYTES:
            raise too_large
        if not message.get("more_body", False):
            return b"".join(chunks)


def _decompressed(body: bytes) -> bytes:
    """The text of a gzip body, which may have several members. Never holds more than `TEXT_MAX_BYTES`."""
    texts: list[bytes] = []
    room = TEXT_MAX_BYTES
    while body:
        decompressor = zlib.decompressobj(wbits=31)
        try:
            texts.append(decompressor.decompress(body, room + 1))
        except zlib.error as error:
            raise Refusal(400, f"the body is no gzip: {error}") from None
        room -= len(texts[-1])
        if room < 0:
            raise Refusal(413, f"a body may have {TEXT_MAX_BYTES} bytes when decompressed")
        if not decompressor.eof:
            raise Refusal(400, "the body is no gzip: it ends early")
        body = decompressor.unused_data
    return texts[0] if len(texts) == 1 else b"".join(texts)


async def _answer(send: Send, status: int, headers: Mapping[str, str], body: bytes) -> None:
    lines = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    if body:
        lines.append((b"content-type", b"text/plain; charset=utf-8"))
    if status != 204:
        lines.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": body})
