"""Pushes in Prometheus' text format, as they are or gzip-compressed."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

import cramjam

from monitor_collector.exposition import ExpositionError, Parser
from monitor_collector.push_format import Answer, Refusal, taken
from monitor_collector.samples import Batch
from monitor_collector.wal_records import Encoding, Record

# Of this size a text usually is not, so it costs no memory worth mentioning to keep room for it.
_ROOM_BYTES = 1024 * 1024


class TextFormat:
    """A text may have `max_bytes` when it is decompressed, and `max_lines`."""

    encodings = frozenset({Encoding.TEXT, Encoding.TEXT_GZIP})

    def __init__(self, parser: Parser, max_bytes: int, max_lines: int) -> None:
        self._parser = parser
        self._max_bytes = max_bytes
        self._max_lines = max_lines
        self._room = bytearray(min(_ROOM_BYTES, max_bytes))

    def encoding(self, headers: Mapping[bytes, bytes]) -> Encoding:
        name = headers.get(b"content-encoding", b"identity")
        if name == b"gzip":
            return Encoding.TEXT_GZIP
        name = name.strip().lower()
        if name not in (b"gzip", b"identity", b""):
            raise Refusal(415, f"Content-Encoding {name.decode('latin-1')!r} is not known here; use gzip or none")
        return Encoding.TEXT_GZIP if name == b"gzip" else Encoding.TEXT

    def batch(self, record: Record) -> Batch:
        text = self._decompressed(record.body) if record.encoding is Encoding.TEXT_GZIP else record.body
        if text.count(b"\n") > self._max_lines:
            raise Refusal(413, f"a body may have {self._max_lines} lines")
        try:
            return self._parser.parse(text, record.arrived_ms)
        except ExpositionError as error:
            raise Refusal(400, str(error)) from None

    def answer(self, whole: Batch, dropped: int) -> Answer:
        return taken(dropped)

    def _decompressed(self, body: bytes) -> bytes:
        try:
            # Faster than zlib, but it cannot tell too much from too damaged, nor end where the text has become too
            # long, other than by the room that it has.
            size = cramjam.gzip.decompress_into(body, self._room)
        except cramjam.DecompressionError:
            return decompressed(body, self._max_bytes)
        return bytes(memoryview(self._room)[:size])


def decompressed(body: bytes, max_bytes: int) -> bytes:
    """The text of a gzip body, which may have several members. Never holds more than `max_bytes`. Raises Refusal."""
    texts: list[bytes] = []
    room = max_bytes
    while body:
        decompressor = zlib.decompressobj(wbits=31)
        try:
            texts.append(decompressor.decompress(body, room + 1))
        except zlib.error as error:
            raise Refusal(400, f"the body is no gzip: {error}") from None
        room -= len(texts[-1])
        if room < 0:
            raise Refusal(413, f"a body may have {max_bytes} bytes when decompressed")
        if not decompressor.eof:
            raise Refusal(400, "the body is no gzip: it ends early")
        body = decompressor.unused_data
    return texts[0] if len(texts) == 1 else b"".join(texts)
