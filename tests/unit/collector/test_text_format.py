"""Pushes in the text format, compressed or not."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor_collector.exposition import Parser
from monitor_collector.push_format import Refusal
from monitor_collector.text_format import TextFormat, decompressed
from monitor_collector.wal_records import Encoding, Record

MAX_BYTES = 1000
MAX_LINES = 300


def outcome(body: bytes) -> object:
    """The metric names of a gzip body, or why it is refused."""
    try:
        batch = TextFormat(Parser(), MAX_BYTES, MAX_LINES).batch(Record(0, Encoding.TEXT_GZIP, body))
    except Refusal as refusal:
        return refusal.status, refusal.reason
    return [dict(labels)["__name__"] for labels in batch.layout.series]


@pytest.mark.parametrize(
    ("text", "status"), [(b"a 1\n" * 250, None), (b"a 1\n" * 250 + b"\n", 413), (bytes(10_000_000), 413)]
)
def test_a_body_that_grows_too_large_is_refused(text: bytes, status: int | None) -> None:
    found = outcome(gzip.compress(text))
    assert found == ["a"] * 250 if status is None else found[0] == status


def test_a_body_of_very_many_lines_is_refused_before_they_are_read() -> None:
    assert outcome(gzip.compress(b"#\n" * 300)) == []
    assert outcome(gzip.compress(b"?\n" * 301)) == (413, "a body may have 300 lines")


def test_members_are_too_large_together() -> None:
    assert outcome(gzip.compress(b"a 1\n" * 200) * 2)[0] == 413


def test_a_body_that_grows_too_large_is_never_decompressed_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    largest = 0
    real = zlib.decompressobj

    class Watched:
        def __init__(self, wbits: int) -> None:
            self._real = real(wbits)

        def decompress(self, data: bytes, limit: int) -> bytes:
            nonlocal largest
            text = self._real.decompress(data, limit)
            largest = max(largest, len(text))
            return text

        def __getattr__(self, name: str) -> object:
            return getattr(self._real, name)

    monkeypatch.setattr(zlib, "decompressobj", Watched)
    with pytest.raises(Refusal, match="1000 bytes when decompressed"):
        decompressed(gzip.compress(bytes(10_000_000)), MAX_BYTES)
    assert largest == MAX_BYTES + 1


def test_a_text_larger_than_the_room_that_is_kept_is_read_too() -> None:
    text = b"a 1\n" * 500_000
    batch = TextFormat(Parser(), 64 * 1024 * 1024, 500_000).batch(Record(0, Encoding.TEXT_GZIP, gzip.compress(text)))
    assert len(batch) == 500_000


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_damaged_bodies_are_judged_as_zlib_judges_them(data: st.DataObject) -> None:
    body = bytearray(gzip.compress(b"a 1\nb 2\n") * data.draw(st.integers(1, 2)))
    for _ in range(data.draw(st.integers(0, 3))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    body = body[: data.draw(st.integers(0, len(body)))] + data.draw(st.binary(max_size=4))
    try:
        expected: object = [line[:1].decode() for line in decompressed(bytes(body), MAX_BYTES).splitlines()]
    except Refusal as refusal:
        expected = (refusal.status, refusal.reason)
    found = outcome(bytes(body))
    assert found == expected or (
        isinstance(found, tuple) and found[1].startswith("line ") and isinstance(expected, list)
    )
