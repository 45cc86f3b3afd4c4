"""The Prometheus text format."""

from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor_collector.exposition import ExpositionError, Metadata, Parser, parse_series
from monitor_collector.samples import Batch, metric

RECEIVED_MS = 1_700_000_000_000


def parse(text: str | bytes, parser: Parser | None = None) -> Batch:
    body = text.encode() if isinstance(text, str) else text
    return (parser or Parser()).parse(body, RECEIVED_MS)


def samples(batch: Batch) -> list[tuple[object, float, int]]:
    stamps = batch.timestamps_ms
    times = [stamps] * len(batch) if isinstance(stamps, int) else stamps.tolist()
    return list(zip(batch.layout.series, batch.values.tolist(), times, strict=True))


def test_names_labels_values_and_timestamps_are_read() -> None:
    batch = parse('up 1\nnode_load1{instance="web-1",job="host"} 0.25 1700000000123\n')
    assert samples(batch) == [
        (metric("up"), 1.0, RECEIVED_MS),
        (metric("node_load1", instance="web-1", job="host"), 0.25, 1_700_000_000_123),
    ]


def test_blanks_commas_and_braces_are_read_wherever_the_format_allows_them() -> None:
    batch = parse(' a { x = "1 } , {" , y="2", }  3\t4 \n\n')
    assert samples(batch) == [(metric("a", x="1 } , {", y="2"), 3.0, 4)]


def test_escapes_in_label_values_are_undone() -> None:
    assert parse_series(rb'a{x="\\n \" \n"}') == metric("a", x='\\n " \n')


def test_a_label_with_an_empty_value_is_no_label() -> None:
    assert parse_series(b'a{x="",y="1"}') == metric("a", y="1")


@pytest.mark.parametrize(
    ("text", "value"),
    [("+Inf", math.inf), ("-Inf", -math.inf), ("1e3", 1000.0), ("-1.5E-2", -0.015), (".5", 0.5), ("5.", 5.0)],
)
def test_numbers_are_read_in_every_spelling_of_the_format(text: str, value: float) -> None:
    parser = Parser()
    for _ in range(2):  # carefully, then as before
        assert parse(f"a {text} 1\n", parser).values[0] == value


@pytest.mark.parametrize("others", ["0.5 NaN", "-0 1", "+Inf -Inf", "1 2"])
def test_a_number_that_no_float_can_hold_is_refused_whether_seen_before_or_not(others: str) -> None:
    def body(*values: str) -> str:
        return "".join(f"a{number} {value} 1000\n" for number, value in enumerate(values))

    parser = Parser()
    for values in (others.split(), ["1", "2"], others.split()):
        parse(body(*values, "3"), parser)
        with pytest.raises(ExpositionError, match="line 3: '-1e400' is too large a number") as error:
            parse(body(*values, "-1e400"), parser)
        assert error.value.line == 3


def test_nan_is_a_number() -> None:
    assert math.isnan(parse("a NaN").values[0])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1a 1", "does not begin with a metric name"),
        ("a", "followed by a value"),
        ("a 1 2 3", "followed by a value"),
        ("a one", "'one' is no number"),
        ("a 1_000 1", "'1_000' is no number"),
        ("a 0x10", "is no number"),
        ("a 1e400 1", "'1e400' is too large a number"),
        ("a -1e400", "'-1e400' is too large a number"),
        ("a " + "9" * 400, "is too large a number"),
        ("a 1 1.5", "'1.5' is no timestamp in milliseconds"),
        ("a 1 1_0", "is no timestamp"),
        ("a{x=1} 1", 'a label is written name="value"'),
        ('a{x="1" y="2"} 1', "separated by commas"),
        ('a{x="1",x="2"} 1', "the label x is there twice"),
        ('a{__name__="b"} 1', "the label __name__ is there twice"),
        ('a{x="\\t"} 1', "are escapes"),
        ('a{x="1} 1', 'a label is written name="value"'),
        ('a{9="1"} 1', 'a label is written name="value"'),
        ("a{" + ",".join(f'x{number}="1"' for number in range(1025)) + "} 1", "a series has at most 1024 labels"),
        ("# TYPE a speed", "the type is one of"),
        ("# HELP", "followed by a metric name"),
        ('{x="1"} 1', "does not begin with a metric name"),
    ],
)
def test_a_malformed_line_is_refused_with_its_number_and_the_reason(line: str, reason: str) -> None:
    parser = Parser()
    parse("a 1 1\n", parser)
    with pytest.raises(ExpositionError) as error:
        parse(f"# a comment\na 1 1\n{line}\n", parser)
    assert error.value.line == 3
    assert reason in error.value.reason


def test_a_label_value_that_is_no_utf8_is_refused() -> None:
    with pytest.raises(ExpositionError, match=r"line 1: .* is not UTF-8"):
        parse(b'a{x="\xff"} 1\n')


def test_help_and_type_are_remembered() -> None:
    parser = Parser()
    parse("# HELP a how much\\nof it\n# TYPE a counter\na 1\n# TYPE b gauge\n", parser)
    assert parser.metadata == {"a": Metadata("counter", "how much\nof it"), "b": Metadata("gauge", "")}


def test_an_empty_body_has_no_samples() -> None:
    assert len(parse("")) == 0
    assert len(parse("# a comment\n\n")) == 0


def test_a_host_that_sends_the_same_series_again_gets_the_same_layout() -> None:
    parser = Parser()
    body = '# TYPE a gauge\na{x="1 2"} %s %s\n# TYPE b gauge\nb %s %s\n'
    first, second = (parse(body % (v, t, v + 1, t), parser) for v, t in ((1, 1000), (3, 2000)))
    assert second.layout is first.layout
    assert second.values.tolist() == [3, 4]
    assert second.timestamps_ms == 2000


def test_series_without_timestamps_keep_their_layout_too() -> None:
    parser = Parser()
    assert parse("a 1\nb 2\n", parser).layout is parse("a 5\nb 6\n", parser).layout


def test_samples_of_several_moments_keep_their_own_times() -> None:
    batch = parse("a 1 1000\nb 2 2000\na 3 3000\n")
    assert [time for _, _, time in samples(batch)] == [1000, 2000, 3000]


def test_what_is_remembered_is_bounded() -> None:
    parser = Parser(limit=20)
    for number in range(200):
        parse(f'a{{x="{number}"}} 1 1\n# HELP h{number} x\n', parser)
    kept = (parser._series, parser._layouts, parser._comments, parser.metadata)
    assert all(len(one) <= 20 for one in kept)


values = st.floats(allow_nan=False)
names = st.from_regex(r"[a-z_:][a-z0-9_:]{0,8}", fullmatch=True)
label_values = st.text(max_size=12)


@given(st.lists(st.tuples(names, label_values, values, st.integers(0, 2**41)), max_size=8))
def test_whatever_was_written_is_read_back_whether_seen_before_or_not(lines: list) -> None:
    def escaped(text: str) -> str:
        return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

    text = "".join(f'{name}{{l="{escaped(label)}"}} {value!r} {time}\n' for name, label, value, time in lines)
    expected = [(metric(name, l=label), value, time) for name, label, value, time in lines]
    parser = Parser()
    for _ in range(2):
        assert samples(parse(text, parser)) == expected


@given(st.binary(max_size=60))
def test_no_bytes_make_the_parser_fail_in_any_other_way(body: bytes) -> None:
    parser = Parser()
    parse("a 1 1\n", parser)
    with contextlib.suppress(ExpositionError):
        parser.parse(body, RECEIVED_MS)
