"""Alertmanager's matchers as text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor_collector.notifications.matchers import parse_matchers, text_of
from monitor_collector.promql.matchers import Matcher


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('severity="critical"', [("severity", "=", "critical")]),
        ("severity=critical", [("severity", "=", "critical")]),
        (" a != b ", [("a", "!=", "b")]),
        ('{a="b", c=~"d,e{2}",f!~g.+}', [("a", "=", "b"), ("c", "=~", "d,e{2}"), ("f", "!~", "g.+")]),
        (r'a="x\"y\\z\n\d"', [("a", "=", 'x"y\\z\n\\d')]),
        ('a=""', [("a", "=", "")]),
        ("a=", [("a", "=", "")]),
        ('a="b",', [("a", "=", "b")]),
    ],
)
def test_matchers_are_read_as_alertmanager_reads_them(text: str, expected: list[tuple[str, str, str]]) -> None:
    assert list(parse_matchers(text)) == expected


@pytest.mark.parametrize("text", ["", "{}", "a", "a>b", '="b"', 'a="b" c="d"', 'a="b', "1a=b", 'a=~"("', 'a=b"c'])
def test_what_is_no_matcher_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_matchers(text)


@settings(deadline=None)
@given(st.sampled_from(["=", "!="]), st.text())
def test_what_is_printed_is_read_as_the_same(op: str, value: str) -> None:
    matchers = (Matcher("a", op, value), Matcher("b", "=", "c"))  # type: ignore[arg-type]
    assert parse_matchers(text_of(matchers)) == matchers
