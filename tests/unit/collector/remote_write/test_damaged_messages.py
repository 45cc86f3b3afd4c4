"""Whatever comes instead of a message: it is read, or refused with a reason, and nothing else happens."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import cramjam
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor_collector.push_format import Refusal
from monitor_collector.remote_write.format import RemoteWriteFormat
from monitor_collector.wal_records import Encoding, Record
from tests.unit.collector.remote_write.messages import (
    NOW_MS,
    STALE,
    One,
    compressed,
    label,
    metadata_1,
    span,
    varint,
    version_1,
    version_2,
)

MAX_BYTES = 100_000
SERIES = [
    One([("__name__", "load"), ("instance", "web-1")], [(0.5, NOW_MS)], metadata=(2, "The load.")),
    One([("__name__", "cpu_total"), ("core", "1"), ("instance", "web-1")], [(0, NOW_MS), (STALE, NOW_MS + 1)]),
    One([("__name__", "h_bucket"), ("le", "+Inf")], [(-1, -1)], histograms=1, exemplars=1, metadata=(3, "ü")),
]
MESSAGES = {
    Encoding.REMOTE_WRITE_1: version_1(*SERIES, metadata={"load": (2, "The load.")}),
    Encoding.REMOTE_WRITE_2: version_2(*SERIES),
}
ENCODINGS = st.sampled_from(list(MESSAGES))
BOUNDED = settings(max_examples=200, deadline=None)

# The cut from one place to another, and what is put there.
Change = tuple[float, int, bytes]
CHANGES = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 4), st.binary(max_size=4)), min_size=1, max_size=4)


def outcome(form: RemoteWriteFormat, encoding: Encoding, body: bytes) -> tuple[object, ...]:
    """What was read, or what the answer is. Fails for any other end."""
    try:
        batch = form.batch(Record(NOW_MS, encoding, body))
    except Refusal as refusal:
        assert refusal.status in (400, 413)
        assert 10 < len(refusal.reason) < 500
        return refusal.status, refusal.reason
    times = batch.timestamps_ms
    listed = [times] * len(batch) if isinstance(times, int) else times.tolist()
    assert len(batch.layout) == len(batch.values) == len(listed)
    return batch.layout.series, batch.values.tobytes(), listed


@given(ENCODINGS, CHANGES)
@BOUNDED
def test_a_damaged_message_means_the_same_to_who_knows_its_series(encoding: Encoding, changes: list[Change]) -> None:
    message = MESSAGES[encoding]
    for place, length, content in changes:
        at = round(place * len(message))
        message = message[:at] + content + message[at + length :]
    knowing = RemoteWriteFormat({}, MAX_BYTES)
    outcome(knowing, encoding, compressed(MESSAGES[encoding]))
    first = outcome(RemoteWriteFormat({}, MAX_BYTES), encoding, compressed(message))
    assert first == outcome(knowing, encoding, compressed(message)) == outcome(knowing, encoding, compressed(message))


@given(ENCODINGS, st.binary(max_size=200))
@example(Encoding.REMOTE_WRITE_1, b"\x0a\x00")
@example(Encoding.REMOTE_WRITE_2, b"\x22\x00\x2a\x00")
@BOUNDED
def test_random_bytes_are_no_message(encoding: Encoding, message: bytes) -> None:
    outcome(RemoteWriteFormat({}, MAX_BYTES), encoding, compressed(message))


@given(ENCODINGS, st.binary(max_size=200))
@BOUNDED
def test_random_bytes_are_no_body(encoding: Encoding, body: bytes) -> None:
    outcome(RemoteWriteFormat({}, MAX_BYTES), encoding, body)


def test_a_sound_message_is_read() -> None:
    for encoding, message in MESSAGES.items():
        series, _, times = outcome(RemoteWriteFormat({}, MAX_BYTES), encoding, compressed(message))
        assert (len(series), times) == (4, [NOW_MS, NOW_MS, NOW_MS + 1, -1])


NAME_1 = span(1, label("__name__", "a"))
SYMBOLS_2 = span(4, b"") + span(4, b"__name__") + span(4, b"a")
SIZE = 64 * 1024


@pytest.mark.parametrize(
    ("encoding", "message"),
    [
        (Encoding.REMOTE_WRITE_1, span(1, b"") * (SIZE // 2)),
        (Encoding.REMOTE_WRITE_1, span(1, span(1, b"") * (SIZE // 2))),
        (Encoding.REMOTE_WRITE_1, span(1, NAME_1 + span(1, label("a", "")) * (SIZE // 7))),
        (Encoding.REMOTE_WRITE_1, span(1, NAME_1 + span(9, b"") * (SIZE // 2))),
        (Encoding.REMOTE_WRITE_1, metadata_1("", 1, "") * (SIZE // 15)),
        (Encoding.REMOTE_WRITE_2, span(5, b"") * (SIZE // 20)),
        (Encoding.REMOTE_WRITE_2, SYMBOLS_2 + span(5, span(1, bytes(SIZE)))),
        (Encoding.REMOTE_WRITE_2, SYMBOLS_2 + span(5, span(1, b"\x80" * SIZE))),
        (Encoding.REMOTE_WRITE_2, SYMBOLS_2 + span(5, span(1, bytes([1, 2])) + span(3, b"") * (SIZE // 2))),
    ],
    ids=["series", "labels", "same", "unknown", "metadata", "series 2", "refs", "long number", "histograms"],
)
def test_a_message_of_very_many_small_parts_takes_little_memory(encoding: Encoding, message: bytes) -> None:
    body = compressed(message)
    form = RemoteWriteFormat({}, 2 * SIZE)
    tracemalloc.start()
    try:
        outcome(form, encoding, body)
        assert tracemalloc.get_traced_memory()[1] < 16 * SIZE
    finally:
        tracemalloc.stop()


def long_label(number: int) -> One:
    return One([("__name__", "a"), ("number", str(number)), ("text", "x" * SIZE)], [(1, NOW_MS)])


@pytest.mark.parametrize(
    ("encoding", "message"),
    [
        (Encoding.REMOTE_WRITE_1, lambda number: version_1(long_label(number))),
        (Encoding.REMOTE_WRITE_1, lambda number: version_1(metadata={f"a_{number}": (1, "x" * SIZE)})),
        (Encoding.REMOTE_WRITE_1, lambda number: version_1(metadata={f"a_{number}" + "x" * SIZE: (1, "")})),
        (Encoding.REMOTE_WRITE_2, lambda number: version_2(long_label(number))),
        (Encoding.REMOTE_WRITE_2, lambda number: version_2(long_label(number)._replace(metadata=(1, "x" * SIZE)))),
    ],
    ids=["labels", "help", "name", "labels 2", "help 2"],
)
def test_of_messages_with_long_texts_nothing_stays(encoding: Encoding, message: Callable[[int], bytes]) -> None:
    form = RemoteWriteFormat({}, 4 * SIZE)
    outcome(form, encoding, compressed(message(0)))
    tracemalloc.start()
    try:
        for number in range(1, 11):
            outcome(form, encoding, compressed(message(number)))
        assert tracemalloc.get_traced_memory()[0] < SIZE
    finally:
        tracemalloc.stop()


def test_a_reason_is_short_whatever_it_is_about() -> None:
    name = "a" * 4000
    symbols = b"".join(span(4, symbol) for symbol in (b"", b"__name__", name.encode()))
    unknown_help = symbols + span(5, span(1, bytes([1, 2])) + span(5, b"\x08\x01\x18\x09"))
    status, reason = outcome(RemoteWriteFormat({}, MAX_BYTES), Encoding.REMOTE_WRITE_2, compressed(unknown_help))
    assert (status, "is symbol 9 of 3" in str(reason)) == (400, True)


def test_a_small_body_that_claims_to_be_large_takes_little_memory() -> None:
    form = RemoteWriteFormat({}, MAX_BYTES)
    assert outcome(form, Encoding.REMOTE_WRITE_1, varint(2**40) + bytes(100))[0] == 413
    bomb = bytes(cramjam.snappy.compress_raw(bytes(MAX_BYTES + 1)))
    assert outcome(form, Encoding.REMOTE_WRITE_1, bomb)[0] == 413
