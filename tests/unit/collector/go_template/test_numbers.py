"""Numbers in digits; against the real Prometheus they are compared in tests/integration."""

from __future__ import annotations

import math

import pytest

from monitor_collector.go_template.numbers import hexadecimal, plain, shortest, with_precision


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.0, "1"),
        (0.1, "0.1"),
        (123456.0, "123456"),
        (1234567.0, "1.234567e+06"),
        (1e-5, "1e-05"),
        (-0.5, "-0.5"),
        (-0.0, "-0"),
        (1e100, "1e+100"),
        (math.inf, "+Inf"),
        (math.nan, "NaN"),
    ],
)
def test_a_value_alone_is_printed_as_go_does(value: float, expected: str) -> None:
    assert shortest(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1e21, "1" + 21 * "0"), (1e-7, "0.0000001"), (3.0, "3"), (math.nan, "NaN"), (-math.inf, "-Inf")],
)
def test_the_api_prints_numbers_without_exponents(value: float, expected: str) -> None:
    assert plain(value) == expected


def test_a_precision_is_kept() -> None:
    assert with_precision(0.125, "f", 2) == "0.12"
    assert with_precision(1234567, "g", 4) == "1.235e+06"


@pytest.mark.parametrize(
    ("value", "precision", "expected"),
    [(0.1, None, "0x1.999999999999ap-04"), (1.0, None, "0x1p+00"), (0.1, 2, "0x1.9ap-04"), (-0.0, None, "-0x0p+00")],
)
def test_hexadecimal_digits_are_the_mantissas(value: float, precision: int | None, expected: str) -> None:
    assert hexadecimal(value, precision) == expected
