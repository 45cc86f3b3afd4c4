"""A column comes back bit for bit, and what is regular in it takes little room."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor_collector.blocks.columns import (
    GAPS,
    ColumnDamaged,
    Kind,
    decode,
    decode_times,
    encode,
    encode_times,
)
from monitor_collector.frame import MISSING, MISSING_BITS
from monitor_collector.promql import STALE_MARKER
from tests.unit.collector.blocks.frames import columns_of

NOISE = np.random.default_rng(1).random(1000)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 50).flatmap(columns_of))
def test_every_bit_comes_back(numbers: list[float]) -> None:
    values = np.array(numbers)
    column = encode(values)
    if column is None:
        assert (values.view(np.uint64) == MISSING_BITS).all()
        return
    decoded = decode(column.kind, column.constant, column.content, len(values))
    assert decoded.tobytes() == values.tobytes()
    assert column.samples == (values.view(np.uint64) != MISSING_BITS).sum()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=50))
def test_every_time_comes_back(numbers: list[int]) -> None:
    times = np.array(numbers, np.int64)
    assert (decode_times(encode_times(times)) == times).all()


@pytest.mark.parametrize("constant", [0.0, -0.0, 1.5, STALE_MARKER, float("nan"), float("inf")])
def test_a_constant_column_needs_no_bytes_of_its_own(constant: float) -> None:
    column = encode(np.full(1000, constant))
    assert (column.kind, column.content) == (Kind.CONSTANT, b"")


@pytest.mark.parametrize("places", [0, 1, 2, 3, 6, 9])
def test_decimals_are_written_as_integers_and_take_less_than_other_numbers(places: int) -> None:
    column = encode(np.rint(NOISE * 10_000) / 10.0**places)
    assert column.kind == Kind.DECIMALS
    assert len(column.content) < len(encode(NOISE * 10_000).content) / 2


@pytest.mark.parametrize("odd", [STALE_MARKER, -0.0, float("inf"), 2.0**53, 1e300, 0.1 + 0.2, 1e-10])
def test_one_value_that_is_no_such_decimal_makes_them_floats(odd: float) -> None:
    values = np.rint(NOISE * 100)
    values[700] = odd
    column = encode(values)
    assert column.kind == Kind.FLOATS
    assert decode(column.kind, column.constant, column.content, 1000).tobytes() == values.tobytes()


def test_a_constant_with_gaps_stays_a_constant() -> None:
    values = np.where(NOISE < 0.5, 3.0, MISSING)
    column = encode(values)
    assert column.kind == Kind.CONSTANT + GAPS
    assert len(column.content) < 200


def test_a_column_of_gaps_alone_is_none() -> None:
    assert encode(np.full(3, MISSING)) is None


def test_a_changed_bit_is_told() -> None:
    column = encode(np.where(NOISE < 0.1, MISSING, NOISE))
    for position in range(0, len(column.content), 97):
        content = bytearray(column.content)
        content[position] ^= 16
        with pytest.raises(ColumnDamaged):
            decode(column.kind, column.constant, bytes(content), 1000)


def test_another_number_of_rows_is_told() -> None:
    column = encode(NOISE)
    with pytest.raises(ColumnDamaged, match="1000 samples, not 999"):
        decode(column.kind, column.constant, column.content, 999)


def test_a_kind_of_a_newer_version_is_told() -> None:
    with pytest.raises(ColumnDamaged, match="newer version"):
        decode(17, 0.0, encode(NOISE).content, 1000)
