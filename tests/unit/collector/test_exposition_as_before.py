"""Whatever a host sends, a parser that remembers its series says the same of it as one that sees it first."""

from __future__ import annotations

import struct

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor_collector.exposition import ExpositionError, Parser

RECEIVED_MS = 1_700_000_000_000
VALID = (
    b'# TYPE a counter\na{x="1"} 1 1000\nb 2.5 1000\nc{x="a b",y="}{,"} -3e7 1000\nd{x="\\"\\\\\\n"} 1e300 1000\n',
    b"a 1 1000\nb 2 1000\nc 3 1000\n",
    b'x{v="1 2"} 1 1000\ny{v="1 2 3"} 2 1000\nz 3 1000\n',
    b"a 1\nb 2\n",
    b"a 1 1000\nb 2 2000\na 3 3000\n",
)
NUMBERS = (
    *(b"+Inf", b"-Inf", b"NaN", b"-nan", b"nan", b"inf", b"Infinity", b"-0", b"-0.0", b"+1", b"5.", b".5", b"007"),
    *(b"1e5", b"1E-5", b"1e400", b"18446744073709551616", b"9007199254740993", b"1_0", b"0x1", b"1,2", b"", b"e", b"-"),
    *(b"true", b"null", b'"1"', b"[1]", b"1000", b"-9223372036854775809", b"2.2250738585072011e-308", b"0.1e1_"),
)
PIECES = (b" ", b"  ", b"\t", b"\n", b"\r\n", b"{", b"}", b'"', b"\\", b",", b"#", b" 1000\n", b" 1000", b"\xff", b"\0")


def outcome(parser: Parser, body: bytes) -> object:
    """Series, the bits of the values (a NaN equals nothing) and times; or line and reason."""
    try:
        batch = parser.parse(body, RECEIVED_MS)
    except ExpositionError as error:
        return error.line, error.reason
    stamps = batch.timestamps_ms
    times = [stamps] * len(batch) if isinstance(stamps, int) else stamps.tolist()
    return batch.layout.series, [struct.pack("<d", value) for value in batch.values], times


def says_the_same(first: bytes, second: bytes) -> None:
    parser = Parser()
    outcome(parser, first)
    expected = outcome(Parser(), second)
    assert outcome(parser, second) == expected
    assert outcome(parser, second) == expected


@st.composite
def changed(draw: st.DrawFn, valid: bytes) -> bytes:
    """A body with up to three things in it that are not as they were."""
    body = valid
    for _ in range(draw(st.integers(1, 3))):
        lines = body.splitlines(keepends=True) or [b""]
        at, line = draw(st.integers(0, len(body))), draw(st.integers(0, len(lines) - 1))
        kind = draw(st.sampled_from(("byte", "cut", "insert", "number", "twice", "swap", "timestamp")))
        if kind == "byte":
            body = body[:at] + draw(st.binary(min_size=1, max_size=1)) + body[at + 1 :]
        elif kind == "cut":
            body = body[:at] + body[at + draw(st.integers(1, 9)) :]
        elif kind == "insert":
            body = body[:at] + draw(st.sampled_from((*PIECES, *NUMBERS))) + body[at:]
        elif kind == "twice":
            body = b"".join([*lines[: line + 1], *lines[line:]])
        elif kind == "swap":
            body = b"".join([*lines[line:], *lines[:line]])
        else:
            fields = lines[line].rstrip(b"\n").rsplit(b" ", 2)
            new = draw(st.sampled_from(NUMBERS) if kind == "number" else st.sampled_from((b"1000", b"7", b"1.5", b"")))
            fields[-2 if kind == "number" and len(fields) == 3 else -1] = new
            body = b"".join([*lines[:line], b" ".join(fields) + b"\n", *lines[line + 1 :]])
    return body


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_changed_bodies_are_judged_as_if_never_seen_before(data: st.DataObject) -> None:
    valid = data.draw(st.sampled_from(VALID))
    says_the_same(valid, data.draw(changed(valid)))


@given(st.lists(st.sampled_from(NUMBERS), min_size=3, max_size=3), st.sampled_from((b"1000", b"-5", b"01")))
@settings(max_examples=200, deadline=None)
def test_numbers_in_every_spelling_are_judged_as_if_never_seen_before(numbers: list[bytes], timestamp: bytes) -> None:
    lines = zip((b"a", b"b", b"c"), numbers, strict=True)
    says_the_same(VALID[1], b"".join(b"%b %b %b\n" % (name, number, timestamp) for name, number in lines))


@given(st.lists(st.one_of(st.floats(), st.integers(-(2**80), 2**80)), min_size=1, max_size=9))
@example([-0.0, 2.2250738585072011e-308, 5e-324, 1.7976931348623157e308])
@settings(max_examples=200, deadline=None)
def test_every_value_that_python_writes_is_read_to_the_last_bit(values: list[float]) -> None:
    def body(timestamp: int) -> bytes:
        return b"".join(b"a%d %r %d\n" % (number, value, timestamp) for number, value in enumerate(values))

    says_the_same(body(1), body(2))


@given(st.lists(st.sampled_from((*PIECES, b"a", b"b", b"1", b"1000")), max_size=12).map(b"".join))
@settings(max_examples=200, deadline=None)
def test_lines_that_only_look_like_known_ones_are_judged_as_if_never_seen_before(body: bytes) -> None:
    says_the_same(b"a 1 1000\nb 1 1000\n", body)
    says_the_same(b"a 1 1000\nb 1 1000\n", b"a 1 1000\nb" + body + b" 1000\n")


@pytest.mark.parametrize(
    "body",
    [b"# TYPE a gauge\r\na 1 1000\n", b"# x\ra 1 1000\n", b" # x\t\na 1 1000\n", b"a 1 1000\n# x", b"a 1 1000 # x\n"],
)
def test_a_line_is_a_known_comment_only_as_a_whole(body: bytes) -> None:
    says_the_same(b"# TYPE a gauge\n# x\na 1 1000\n", body)


def test_texts_that_are_very_long_are_not_remembered() -> None:
    parser = Parser()
    long = b"y" * 100_000
    body = b'# HELP a %b\n# %b\na{x="%b"} 1 1\n' % (long, long, long)
    for _ in range(2):
        parser.parse(body, RECEIVED_MS)
    assert not parser._series
    assert not parser._layouts
    assert not parser._comments
    assert not parser.metadata
