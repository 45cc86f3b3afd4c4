"""Dates in headers, against the standard library's."""

from __future__ import annotations

import email.utils

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor_agent.http_date import parse_http_date


@given(st.integers(0, 2**33))
def test_every_date_since_1970_is_the_second_that_it_names(seconds: int) -> None:
    assert parse_http_date(email.utils.formatdate(seconds, usegmt=True)) == seconds


@pytest.mark.parametrize("text", ["", "soon", "Sun, 06 Foo 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"])
def test_what_is_no_date_is_none(text: str) -> None:
    assert parse_http_date(text) is None
