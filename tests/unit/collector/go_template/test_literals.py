"""Literals of Go."""

from __future__ import annotations

import pytest

from monitor_collector.go_template import TemplateError
from monitor_collector.go_template.literals import number, quote, unquote


@pytest.mark.parametrize(
    ("literal", "text"),
    [
        (r'"a\tb\"\\"', 'a\tb"\\'),
        (r'"é\xc3\xa9\303\251"', "ééé"),
        (r"'\''", "'"),
        (r"`a\n`", r"a\n"),
        ('"plain €"', "plain €"),
    ],
)
def test_quoted_texts_are_read(literal: str, text: str) -> None:
    assert unquote(literal) == text


@pytest.mark.parametrize("literal", [r'"\d"', r'"\x4"', r'"\u12"', r'"\'"', r'"\ud800"', r'"\777"'])
def test_an_escape_that_go_does_not_know_is_refused(literal: str) -> None:
    with pytest.raises(TemplateError, match="no escape"):
        unquote(literal)


@pytest.mark.parametrize(
    ("literal", "value"),
    [("5", 5), ("-5", -5), ("0x1F", 31), ("017", 15), ("0b101", 5), ("1_000", 1000), ("'a'", 97)],
)
def test_whole_numbers_are_ints(literal: str, value: int) -> None:
    assert number(literal) == value
    assert isinstance(number(literal), int)


@pytest.mark.parametrize(("literal", "value"), [("1.0", 1.0), ("1e3", 1000.0), (".5", 0.5), ("-1.5e-3", -0.0015)])
def test_a_point_or_an_exponent_makes_a_float(literal: str, value: float) -> None:
    assert number(literal) == value
    assert isinstance(number(literal), float)


@pytest.mark.parametrize("literal", ["08", "1__0", "0x", "1a", "1e400", "99999999999999999999", "'ab'", "1i"])
def test_what_is_no_number_is_refused(literal: str) -> None:
    with pytest.raises(TemplateError):
        number(literal)


def test_texts_are_quoted_so_that_they_can_be_printed() -> None:
    assert quote('a"\n\x00é€\u200b') == '"a\\"\\n\\x00é€\\u200b"'
    assert quote("é😀", is_ascii=True) == '"\\u00e9\\U0001f600"'
