"""Numbers for people; against the real Prometheus they are compared in tests/integration."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from monitor_collector.go_template import TemplateError
from monitor_collector.humanized import (
    humanize,
    humanize_1024,
    humanize_duration,
    humanize_percentage,
    humanize_timestamp,
    moment,
)


@pytest.mark.parametrize(
    ("call", "value", "expected"),
    [
        (humanize, 0, "0"),
        (humanize, 1, "1"),
        (humanize, 1234567, "1.235M"),
        (humanize, 0.0123, "12.3m"),
        (humanize, -2500, "-2.5k"),
        (humanize, math.inf, "+Inf"),
        (humanize, "1234", "1.234k"),
        (humanize_1024, 1048576, "1Mi"),
        (humanize_1024, 1024, "1ki"),
        (humanize_1024, 0.5, "0.5"),
        (humanize_duration, 0, "0s"),
        (humanize_duration, 1, "1s"),
        (humanize_duration, 60, "1m 0s"),
        (humanize_duration, 3725, "1h 2m 5s"),
        (humanize_duration, 86400, "1d 0h 0m 0s"),
        (humanize_duration, -86400, "-1d 0h 0m 0s"),
        (humanize_duration, 0.1, "100ms"),
        (humanize_duration, 12.345, "12.35s"),
        (humanize_duration, math.nan, "NaN"),
        (humanize_percentage, 1, "100%"),
        (humanize_percentage, 0.2345, "23.45%"),
        (humanize_timestamp, 1435065584.128, "2015-06-23 13:19:44.128 +0000 UTC"),
        (humanize_timestamp, math.nan, "NaN"),
    ],
)
def test_numbers_are_humanized_as_in_prometheus(call: Callable[[object], str], value: object, expected: str) -> None:
    assert call(value) == expected


@pytest.mark.parametrize("value", ["", "abc", " 1", "1_0", "1e999", True, None, {}])
def test_what_is_no_number_is_an_error(value: object) -> None:
    with pytest.raises(TemplateError, match="is no number"):
        humanize(value)


@pytest.mark.parametrize("value", [1e10, -1e10, math.nan, math.inf])
def test_a_time_that_go_cannot_hold_is_an_error(value: float) -> None:
    with pytest.raises(TemplateError):
        moment(value)
