import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor_collector.promql import Matcher, QueryError, all_match
from monitor_collector.promql.matchers import labels_of_absence


def test_equality_and_inequality_compare_the_whole_value() -> None:
    assert Matcher("job", "=", "host").matches("host")
    assert not Matcher("job", "=", "host").matches("hosts")
    assert Matcher("job", "!=", "host").matches("hosts")
    assert not Matcher("job", "!=", "host").matches("host")


def test_regular_expressions_are_anchored_at_both_ends() -> None:
    assert Matcher("job", "=~", "a|b").matches("a")
    assert not Matcher("job", "=~", "a|b").matches("ab")
    assert not Matcher("job", "=~", "a|bc").matches("b")
    assert Matcher("job", "!~", "a|b").matches("ab")
    assert not Matcher("job", "!~", "a|b").matches("b")


def test_an_absent_label_is_matched_as_the_empty_string() -> None:
    labels = (("__name__", "up"), ("job", "host"))
    assert all_match([Matcher("env", "=", ""), Matcher("env", "!=", "x"), Matcher("env", "=~", ".*")], labels)
    assert not all_match([Matcher("env", "!=", "")], labels)
    assert not all_match([Matcher("env", "=~", ".+")], labels)


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        (".", "\n", ""),
        (r"\d+", "42", "٤٢"),
        (r"\w", "a", "ä"),
        ("[[:alpha:]_]+", "a_b", "a1"),
        ("[^[:digit:]]", "x", "7"),
        (r"a\z", "a", "a\n"),
        ("a$", "a", "a\n"),
        ("(?i)up", "UP", "DOWN"),
        ("(?i:u)p", "Up", "uP"),
        ("(?P<first>a)b", "ab", "b"),
        ("(?<first>a)b", "ab", "b"),
        (r"\x{41}", "A", "x"),
        ("a{,3}", "a{,3}", "aa"),
        ("[]a]+", "]a", "["),
        ("a+?", "aa", "b"),
        ("[[&&]", "[", "x"),
        (r"\pL+", "ü", "1"),
        ("a(?i)b", "aB", "Ab"),
        ("(?U)a+", "aa", "b"),
    ],
)
def test_syntax_that_python_reads_differently_means_what_it_means_in_re2(
    pattern: str, matching: str, other: str
) -> None:
    matcher = Matcher("x", "=~", pattern)
    assert matcher.matches(matching)
    assert not matcher.matches(other)


@pytest.mark.parametrize(
    "pattern",
    [
        "a**",
        r"(a)\1",
        "(?=a)",
        "(?!a)",
        "(?<=a)b",
        "(?>a)",
        r"\Z",
        "[",
    ],
)
def test_what_re2_does_not_know_is_refused(pattern: str) -> None:
    with pytest.raises(QueryError):
        Matcher("x", "=~", pattern).check()


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|a)*b", "a?" * 100 + "a" * 100])
def test_no_pattern_takes_more_than_linear_time(pattern: str) -> None:
    # Matching by trying, as Python does, would take longer than anybody waits.
    assert not Matcher("x", "=~", pattern).matches("a" * 99)


@given(st.text(max_size=20))
def test_a_quoted_text_matches_itself_as_a_regular_expression(text: str) -> None:
    quoted = re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", text)
    assert Matcher("x", "=~", quoted).matches(text)
    assert not Matcher("x", "=~", quoted).matches(text + "x")


@given(st.lists(st.text(alphabet="ab0", max_size=3), min_size=1, max_size=4), st.text(alphabet="ab0", max_size=3))
def test_an_alternation_matches_exactly_its_alternatives(alternatives: list[str], value: str) -> None:
    pattern = "|".join(alternatives)
    assert Matcher("x", "=~", pattern).matches(value) == (value in alternatives)
    assert Matcher("x", "!~", pattern).matches(value) == (value not in alternatives)


def test_absence_takes_labels_from_equality_matchers_named_once() -> None:
    matchers = [
        Matcher("__name__", "=", "up"),
        Matcher("job", "=", "host"),
        Matcher("env", "=~", "prod"),
        Matcher("role", "=", "a"),
        Matcher("role", "=", "a"),
        Matcher("empty", "=", ""),
    ]
    assert labels_of_absence(matchers) == (("job", "host"),)
