"""Messages of remote write 2.0."""

from __future__ import annotations

import pytest

from monitor_collector.promql import Labels
from monitor_collector.push_format import Refusal
from monitor_collector.remote_write import version_2 as version_2_module
from monitor_collector.remote_write.contents import Description
from monitor_collector.remote_write.protobuf import Malformed
from monitor_collector.remote_write.series import SeriesMemory
from monitor_collector.remote_write.version_2 import read_version_2
from monitor_collector.samples import metric
from tests.unit.collector.remote_write.messages import NOW_MS, STALE, One, number, sample, span, varint, version_2

LOAD = [("__name__", "load"), ("instance", "web-1")]
CPU = [("__name__", "cpu"), ("core", "1"), ("instance", "web-1")]
SYMBOLS = b"".join(span(4, symbol) for symbol in (b"", b"__name__", b"load", b"a"))

Row = tuple[Labels, float, int]


def rows(message: bytes, memory: SeriesMemory) -> list[Row]:
    batch = read_version_2(message, memory).samples.batch(memory)
    times = batch.timestamps_ms
    listed = [times] * len(batch) if isinstance(times, int) else times.tolist()
    return list(zip(batch.layout.series, batch.values.tolist(), listed, strict=True))


@pytest.fixture
def memory() -> SeriesMemory:
    return SeriesMemory()


@pytest.mark.parametrize("is_packed", [True, False])
def test_samples_of_several_series_are_read_the_first_time_and_again(is_packed: bool, memory: SeriesMemory) -> None:
    load, cpu = metric("load", instance="web-1"), metric("cpu", instance="web-1", core="1")
    for shift in range(3):
        at = NOW_MS + shift * 1000
        series = [One(LOAD, [(0.5 + shift, at)]), One(CPU, [(0.0, at), (1.5, at + 5)])]
        expected = [(load, 0.5 + shift, at), (cpu, 0, at), (cpu, 1.5, at + 5)]
        assert rows(version_2(*series, is_packed=is_packed), memory) == expected
        # The same series by other numbers.
        assert sorted(rows(version_2(*series[::-1], is_packed=is_packed), memory)) == sorted(expected)


def test_a_message_may_have_many_symbols(memory: SeriesMemory) -> None:
    series = [One([("__name__", "a"), ("number", str(each))], [(each, NOW_MS)]) for each in range(5_000)]
    found = rows(version_2(*series), memory)
    assert found == [(metric("a", number=str(each)), each, NOW_MS) for each in range(5_000)]


def test_the_labels_of_series_that_have_come_before_are_not_read_again(
    memory: SeriesMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    series = [One(LOAD, [(1, NOW_MS), (0, NOW_MS + 1)]), One(CPU, [(0, NOW_MS)])]
    expected = rows(version_2(*series), memory)
    monkeypatch.setattr(version_2_module, "checked_labels", None)
    assert rows(version_2(*series), memory) == expected


def test_a_stale_marker_stays_what_it_is(memory: SeriesMemory) -> None:
    batch = read_version_2(version_2(One(LOAD, [(STALE, NOW_MS)])), memory).samples.batch(memory)
    assert batch.values.tobytes() == STALE


def test_symbols_may_come_after_the_series_that_refer_to_them(memory: SeriesMemory) -> None:
    series = span(5, span(1, bytes([1, 2])) + span(2, sample(1, NOW_MS)))
    assert rows(series + SYMBOLS, memory) == [(metric("load"), 1, NOW_MS)]


def test_histograms_and_exemplars_are_counted(memory: SeriesMemory) -> None:
    message = version_2(One(LOAD, [(1, NOW_MS)], exemplars=2), One(CPU, histograms=3, exemplars=1))
    contents = read_version_2(message, memory)
    assert (len(contents.samples.series), contents.histograms, contents.exemplars) == (1, 3, 3)


def test_metadata_belong_to_the_metric_that_a_series_is_of(memory: SeriesMemory) -> None:
    names = {"a_total": 1, "b_bucket": 3, "b_count": 3, "c_sum": 5, "c_bucket": 5, "d": 0, "e": 2, "_sum": 3}
    series = [One([("__name__", name)], metadata=(kind, f"about {name}")) for name, kind in names.items()]
    silent = [One([("__name__", "f")], metadata=(0, "")), One([("__name__", "g")])]
    assert read_version_2(version_2(*series, *silent, *series[:1]), memory).descriptions == [
        Description("a_total", "counter", "about a_total"),
        Description("b", "histogram", "about b_bucket"),
        Description("b", "histogram", "about b_count"),
        Description("c", "summary", "about c_sum"),
        Description("c_bucket", "summary", "about c_bucket"),
        Description("d", "unknown", "about d"),
        Description("e", "gauge", "about e"),
        Description("_sum", "histogram", "about _sum"),
    ]


def test_messages_without_series_are_taken(memory: SeriesMemory) -> None:
    assert rows(b"", memory) == []
    assert rows(version_2(), memory) == []


def test_a_message_of_version_1_has_no_series_here(memory: SeriesMemory) -> None:
    assert rows(span(1, span(1, b"\x0a\x01a")), memory) == []


@pytest.mark.parametrize(
    ("series", "reason"),
    [
        (span(1, bytes([1, 2, 3])), "byte 23: series 1: a label has a name, and no value"),
        (span(1, bytes([1, 9])), "byte 23: series 1: it refers to symbol 9 of 4"),
        (span(1, varint(2**63) * 2), "byte 23: series 1: it refers to symbol 9223372036854775808 of 4"),
        (span(1, bytes([3, 3])), "byte 23: series 1: the label __name__ is missing"),
        (span(1, bytes([1, 2, 3, 3, 3, 2])), "byte 23: series 1: load: the label a is there twice"),
        (span(1, bytes([1, 2, 0, 2])), "byte 23: series 1: load: '' is no label name"),
        (span(1, bytes([1, 0x80])), "byte 25: a number ends early"),
        (span(1, b"\x80" * 10 + b"\x01"), "byte 25: a number has more than 64 bits"),
        (span(1, bytes([1, 2] * 1025)), "a series has at most 1024 labels"),
        (span(1, bytes(20_000)), "a series has at most 1024 labels"),
        (span(1, bytes([1, 2])) + number(2, 5), "field 2 is of wire type 0, not 2"),
        (span(1, bytes([1, 2])) + number(3, 5), "field 3 is of wire type 0, not 2"),
        (span(1, bytes([1, 2])) + number(4, 5), "field 4 is of wire type 0, not 2"),
        (span(1, bytes([1, 2])) + span(5, number(1, 1) + number(3, 4)), "the help of load is symbol 4 of 4"),
        (b"\x0d" + bytes(4), "field 1 is of wire type 5, not 2"),
    ],
)
def test_a_malformed_message_is_refused_with_the_place_and_the_reason(
    series: bytes, reason: str, memory: SeriesMemory
) -> None:
    with pytest.raises(Malformed) as caught:
        read_version_2(SYMBOLS + span(5, series), memory)
    assert reason in str(caught.value)


def test_the_first_symbol_is_empty(memory: SeriesMemory) -> None:
    for symbols in (b"", SYMBOLS[2:]):
        with pytest.raises(Malformed, match="the first of the symbols is not the empty string"):
            read_version_2(symbols + span(5, span(1, bytes([0, 1]))), memory)


@pytest.mark.parametrize(
    "message",
    [
        SYMBOLS + span(4, b"") * 3,
        SYMBOLS + span(5, span(1, bytes([1, 2]))) * 3,
        span(9, b"") * 7,
        SYMBOLS + span(5, span(1, bytes([1, 2])) + span(2, b"") * 7),
    ],
    ids=["symbols", "series", "unknown", "samples"],
)
def test_a_message_with_millions_of_empty_parts_is_refused(
    message: bytes, memory: SeriesMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(version_2_module, "ELEMENTS_MAX", 6)
    with pytest.raises(Refusal) as caught:
        read_version_2(message, memory)
    assert caught.value.status == 413
