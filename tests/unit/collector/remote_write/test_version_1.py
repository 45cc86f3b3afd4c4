"""Messages of remote write 1.0."""

from __future__ import annotations

import math
import struct

import pytest

from monitor_collector.promql import Labels
from monitor_collector.push_format import Refusal
from monitor_collector.remote_write import contents
from monitor_collector.remote_write import version_1 as version_1_module
from monitor_collector.remote_write.contents import Description
from monitor_collector.remote_write.protobuf import Malformed
from monitor_collector.remote_write.series import SeriesMemory
from monitor_collector.remote_write.version_1 import read_version_1
from monitor_collector.samples import metric
from tests.unit.collector.remote_write.messages import (
    NOW_MS,
    STALE,
    One,
    label,
    metadata_1,
    number,
    sample,
    series_1,
    span,
    version_1,
)

LOAD = [("__name__", "load"), ("instance", "web-1")]
CPU = [("__name__", "cpu"), ("core", "1"), ("instance", "web-1")]

Row = tuple[Labels, float, int]


def rows(message: bytes, memory: SeriesMemory) -> list[Row]:
    batch = read_version_1(message, memory).samples.batch(memory)
    times = batch.timestamps_ms
    listed = [times] * len(batch) if isinstance(times, int) else times.tolist()
    return list(zip(batch.layout.series, batch.values.tolist(), listed, strict=True))


@pytest.fixture
def memory() -> SeriesMemory:
    return SeriesMemory()


def test_samples_of_several_series_are_read_the_first_time_and_again(memory: SeriesMemory) -> None:
    for shift in range(3):
        at = NOW_MS + shift * 1000
        message = version_1(One(LOAD, [(0.5 + shift, at)]), One(CPU, [(0.0, at), (-0.0, at + 5), (math.inf, at + 10)]))
        load, cpu = metric("load", instance="web-1"), metric("cpu", instance="web-1", core="1")
        assert rows(message, memory) == [
            (load, 0.5 + shift, at),
            (cpu, 0, at),
            (cpu, 0, at + 5),
            (cpu, math.inf, at + 10),
        ]


def test_a_batch_of_one_moment_says_so_and_shares_its_layout(memory: SeriesMemory) -> None:
    first, second = (
        read_version_1(version_1(One(LOAD, [(1, at)]), One(CPU, [(2, at)])), memory).samples.batch(memory)
        for at in (NOW_MS, NOW_MS + 1)
    )
    assert (first.timestamps_ms, second.timestamps_ms) == (NOW_MS, NOW_MS + 1)
    assert first.layout is second.layout


def test_the_labels_of_series_that_have_come_before_are_not_read_again(
    memory: SeriesMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    series = [One(LOAD, [(1, NOW_MS), (0, NOW_MS + 1)]), One(CPU, [(0, NOW_MS)])]
    expected = rows(version_1(*series), memory)
    monkeypatch.setattr(version_1_module, "checked_labels", None)
    assert rows(version_1(*series), memory) == expected


def test_a_stale_marker_and_every_other_nan_stay_what_they_are(memory: SeriesMemory) -> None:
    other = struct.pack("<Q", 0xFFF8_0000_0000_1234)
    for _ in range(2):
        message = version_1(One(LOAD, [(STALE, NOW_MS), (other, NOW_MS + 1)]))
        assert read_version_1(message, memory).samples.batch(memory).values.tobytes() == STALE + other


@pytest.mark.parametrize("at", [0, 1, -1, 2**63 - 1, -(2**63)])
def test_every_timestamp_is_read(at: int, memory: SeriesMemory) -> None:
    for _ in range(2):
        assert rows(version_1(One(LOAD, [(1, at)])), memory) == [(metric("load", instance="web-1"), 1, at)]


def test_labels_that_are_not_sorted_are_the_same_series(memory: SeriesMemory) -> None:
    assert rows(version_1(One(CPU[::-1], [(1, NOW_MS)])), memory)[0][0] == metric("cpu", core="1", instance="web-1")


def test_fields_may_come_in_any_order(memory: SeriesMemory) -> None:
    labels = [span(1, span(2, value.encode()) + span(1, name.encode())) for name, value in LOAD]
    swapped = span(2, number(2, NOW_MS) + b"\x09" + struct.pack("<d", 2.5))
    usual = span(2, sample(1.5, NOW_MS + 1))
    for order in ([usual, *labels, swapped], [labels[0], usual, labels[1], swapped], [*labels, usual, swapped]):
        for _ in range(2):
            found = rows(span(1, b"".join(order)), memory)
            assert sorted(found) == [
                (metric("load", instance="web-1"), 1.5, NOW_MS + 1),
                (metric("load", instance="web-1"), 2.5, NOW_MS),
            ]


def test_known_labels_with_a_further_label_behind_the_samples_are_another_series(memory: SeriesMemory) -> None:
    rows(version_1(One(LOAD, [(1, NOW_MS)])), memory)
    content = series_1(One(LOAD, [(1, NOW_MS)]))[2:] + span(1, label("job", "node"))
    assert rows(span(1, content), memory) == [(metric("load", instance="web-1", job="node"), 1, NOW_MS)]


def test_a_label_whose_value_looks_like_a_sample_is_a_label(memory: SeriesMemory) -> None:
    disguise = span(2, sample(struct.pack("<Q", 0x4141414141414141), 0x41)).decode()
    labels = [*LOAD, ("text", disguise + span(2, b"\x10\x41ABCDE").decode())]
    for _ in range(2):
        found = rows(version_1(One(LOAD, [(1, NOW_MS)]), One(labels, [(2, NOW_MS)]), One(labels)), memory)
        assert [(dict(series).get("text"), value) for series, value, _ in found] == [(None, 1), (labels[2][1], 2)]


def test_what_is_not_known_is_skipped(memory: SeriesMemory) -> None:
    unknown = span(3, b"exemplar") + span(4, b"histogram") + number(99, 5)
    content = series_1(One(LOAD, [(1, NOW_MS)]))[2:] + unknown
    assert rows(span(2, b"cortex") + span(1, content) + unknown[10:], memory) == [
        (metric("load", instance="web-1"), 1, NOW_MS)
    ]


def test_series_without_samples_and_messages_without_series_are_taken(memory: SeriesMemory) -> None:
    assert rows(b"", memory) == []
    assert rows(version_1(One(LOAD)), memory) == []


def test_metadata_are_read(memory: SeriesMemory) -> None:
    metadata = {"a": (1, "Text\nwith lines"), "b": (7, ""), "c": (0, "x"), "d": (99, "")}
    found = read_version_1(version_1(metadata=metadata) + metadata_1("", 1, "no name"), memory).descriptions
    assert found == [
        Description("a", "counter", "Text\nwith lines"),
        Description("b", "stateset", ""),
        Description("c", "unknown", "x"),
        Description("d", "unknown", ""),
    ]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (series_1(One([*LOAD, ("a", "1"), ("a", "2")])), "byte 39: series 2: load: the label a is there twice"),
        (series_1(One([("a", "1")], [(1, NOW_MS)])), "byte 39: series 2: the label __name__ is missing"),
        (series_1(One([("__name__", "a b")])), "byte 39: series 2: a b: a metric name has"),
        (span(1, span(1, b"\x0a\x02\xff\xff")), "byte 43: a string is not UTF-8"),
        (span(1, span(1, label("__name__", "a")) + number(2, 1)), "byte 55: field 2 is of wire type 0"),
        (span(1, span(1, label("__name__", "a")) + span(2, number(1, 1))), "field 1 is of wire type 0"),
        (number(1, 5), "byte 38: field 1 is of wire type 0"),
        (span(3, span(1, b"")), "field 1 is of wire type 2"),
        (b"\x0a\x7f", "byte 37: field 1 has 127 bytes, and only 0 are left"),
    ],
)
def test_a_malformed_message_is_refused_with_the_place_and_the_reason(
    wrong: bytes, reason: str, memory: SeriesMemory
) -> None:
    sound = series_1(One([("__name__", "sound"), ("a", "")], [(0, NOW_MS)]))
    assert len(sound) == 37
    with pytest.raises(Malformed) as caught:
        read_version_1(sound + wrong, memory)
    assert reason in str(caught.value)


def test_a_new_series_with_many_samples_is_not_looked_up_for_each(
    memory: SeriesMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up: list[bytes] = []
    monkeypatch.setattr(memory, "known", lambda key: looked_up.append(key))
    assert len(rows(version_1(One(LOAD, [(1, NOW_MS + shift) for shift in range(2000)])), memory)) == 2000
    assert sum(map(len, looked_up)) < 100_000


def test_series_share_the_texts_of_their_labels(memory: SeriesMemory) -> None:
    message = version_1(*(One([("__name__", name), LOAD[1]], [(1, NOW_MS)]) for name in ("cpu", "load")))
    first, second = (labels[-1] for labels, _, _ in rows(message, memory))
    assert first == second == LOAD[1]
    assert (first[0] is second[0], first[1] is second[1]) == (True, True)


@pytest.mark.parametrize("field", [3, 9], ids=["metadata", "unknown"])
def test_a_message_with_millions_of_empty_parts_is_refused(
    field: int, memory: SeriesMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(version_1_module, "ELEMENTS_MAX", 3)
    assert not rows(span(field, b"") * 3, memory)
    with pytest.raises(Refusal) as caught:
        read_version_1(span(field, b"") * 4, memory)
    assert caught.value.status == 413


def test_a_message_with_millions_of_empty_samples_is_refused(
    memory: SeriesMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "ELEMENTS_MAX", 3)
    assert len(rows(version_1(One(LOAD, [(0, 0)] * 3)), memory)) == 3
    with pytest.raises(Refusal) as caught:
        read_version_1(version_1(One(LOAD, [(0, 0)] * 4)), memory)
    assert caught.value.status == 413
