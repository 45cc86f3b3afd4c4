"""Whatever text arrives: an answer or a QueryError, never another exception, a crash or a hang."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor_collector.promql import QueryError, parse
from monitor_collector.promql.aggregations import AGGREGATIONS
from monitor_collector.promql.functions import FUNCTIONS
from tests.unit.collector.promql import generated_queries, prometheus_corpus
from tests.unit.collector.promql.storages import MemoryStorage

STORAGE = MemoryStorage(
    {
        'x{a="1",le="1"}': {n: n * 0.5 for n in range(0, 200, 7)},
        'x{a="1",le="+Inf"}': {n: float(n % 50) for n in range(3, 200, 10)},
        'y{a="2"}': {50: float("nan"), 60: float("inf"), 70: -1.0},
    }
)
VALID = [*prometheus_corpus.QUERIES, *generated_queries.queries()]
WORDS = [
    *FUNCTIONS,
    *AGGREGATIONS,
    *("limitk", "holt_winters", "info", "start", "end", "step", "by", "without", "on", "ignoring", "group_left"),
    *("group_right", "bool", "and", "or", "unless", "atan2", "offset", "fill", "anchored", "smoothed", "Inf", "NaN"),
    *("x", "y", "x", "x[5m]", "x[1m:7s]", "x[30s:]", "le", "a", "__name__", '"a"', "'1'", "`h(.)`", '"("', '"$1"', '"'),
    *("(", ")", "(", ")", "{", "}", "[", "]", ",", ",", "+", "-", "*", "/", "%", "^", "==", "!=", ">", "<", "</", ">/"),
    *("=", "=~", "!~", "@", ":", "#", "\n", "0", "-1", "1e3", "1e+400", "0x1f", "5m", "0s", "1y2w", "99999999y", "1e"),
    *("\0", "é", "\\", "$", "0.5", "100", "1e-400", "9223372036854775808", "253402300800"),
]

soups = st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join)


@st.composite
def mutations(draw: st.DrawFn) -> str:
    """A valid query in which pieces have been removed, doubled, swapped for others, or put in."""
    text = draw(st.sampled_from(VALID))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 12)))
        piece = draw(st.one_of(st.just(""), st.just(text[start:end] * 2), st.sampled_from(WORDS), st.text(max_size=3)))
        text = text[:start] + piece + text[end:]
    return text


class Exhausted(Exception):
    """More than this test wants to compute."""


class FewSamples:
    def __init__(self) -> None:
        self.left = 200_000

    def allow(self, samples: int) -> None:
        self.left -= samples
        if self.left < 0:
            raise Exhausted


def _ask(text: str) -> None:
    with contextlib.suppress(QueryError, Exhausted):
        expression = parse(text)
        expression.evaluate(STORAGE, 150_500, limits=FewSamples())
        expression.evaluate_range(STORAGE, 10_000, 300_000, 33_000, limits=FewSamples())


@given(soups)
@settings(max_examples=200, deadline=None)
def test_a_soup_of_tokens_gives_an_answer_or_a_query_error(text: str) -> None:
    _ask(text)


@given(mutations())
@settings(max_examples=200, deadline=None)
def test_a_damaged_query_gives_an_answer_or_a_query_error(text: str) -> None:
    _ask(text)


@given(st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_any_text_gives_an_answer_or_a_query_error(text: str) -> None:
    _ask(text)


@pytest.mark.parametrize("at", ["1e+12", "-1e+5", "1e400", "300000000000", "-0.5", "NaN", "-Inf", "9e15", "9000y"])
def test_a_time_that_the_parser_cannot_carry_is_refused(at: str) -> None:
    with pytest.raises(QueryError):
        parse(f"x @ {at}")
