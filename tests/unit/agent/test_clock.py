"""How far two clocks are apart, by dates without fractions."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from monitor_agent.clock import clock_offset_seconds

SECONDS = st.floats(0, 1e6)


@given(SECONDS, st.floats(0, 10), st.floats(0, 1), st.floats(0, 1))
def test_clocks_that_agree_have_no_offset(sent: float, took: float, share: float, age: float) -> None:
    date = float(math.floor(sent + share * took - age))
    assert clock_offset_seconds(sent, sent + took, date) == 0


@given(SECONDS, st.floats(0, 1), st.floats(0, 1), st.floats(-1e5, 1e5))
def test_an_offset_is_known_to_two_seconds_and_the_time_that_the_answer_took(
    sent: float, took: float, age: float, offset: float
) -> None:
    date = float(math.floor(sent + took / 2 + offset - age))
    found = clock_offset_seconds(sent, sent + took, date)
    assert abs(found) <= abs(offset) + 1e-6
    assert abs(found - offset) <= 2 + took + 1e-6
