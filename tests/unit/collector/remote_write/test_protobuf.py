"""The wire format of protocol buffers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor_collector.remote_write.protobuf import Field, Malformed, Wire, fields, read_varint, signed, text
from tests.unit.collector.remote_write.messages import number, span, varint


@given(st.integers(0, 2**64 - 1))
@settings(deadline=None)
def test_a_number_is_read_as_it_was_written(value: int) -> None:
    written = varint(value)
    assert read_varint(b"\xff" + written + b"\xff", 1, len(written) + 2) == (value, 1 + len(written))


@given(st.integers(-(2**63), 2**63 - 1))
@settings(deadline=None)
def test_a_signed_number_is_read_as_it_was_written(value: int) -> None:
    assert signed(read_varint(varint(value), 0, 10)[0]) == value


def test_fields_come_in_order_with_their_places() -> None:
    data = b"?" + number(1, 300) + span(2, b"ab") + b"\x19" + bytes(8) + b"\x25" + bytes(4) + b"?"
    assert list(fields(data, 1, len(data) - 1)) == [
        Field(1, Wire.VARINT, 2, 4, 300),
        Field(2, Wire.SPAN, 6, 8, 0),
        Field(3, Wire.EIGHT_BYTES, 9, 17, 0),
        Field(4, Wire.FOUR_BYTES, 18, 22, 0),
    ]


@pytest.mark.parametrize(
    ("data", "position", "reason"),
    [
        (b"\x80", 0, "ends early"),
        (b"\x80" * 10, 0, "more than 64 bits"),
        (b"\xff" * 9 + b"\x02", 0, "more than 64 bits"),
        (b"\x08", 1, "ends early"),
        (b"\x00\x01", 0, "0 is no field number"),
        (b"\x08\x01\x0b\x0c", 2, "wire type 3"),
        (b"\x0a\x03ab", 0, "field 1 has 3 bytes, and only 2 are left"),
        (b"\x09\x01", 0, "field 1 has 8 bytes, and only 1 are left"),
        (b"\x0d\x01", 0, "field 1 has 4 bytes, and only 1 are left"),
    ],
)
def test_a_damaged_message_is_refused_with_the_place_and_the_reason(data: bytes, position: int, reason: str) -> None:
    with pytest.raises(Malformed, match=reason) as caught:
        list(fields(data, 0, len(data)))
    assert caught.value.position == position


def test_a_message_ends_where_the_one_around_it_ends() -> None:
    data = span(1, b"abc")
    with pytest.raises(Malformed, match="only 2 are left"):
        list(fields(data, 0, len(data) - 1))


def test_a_string_is_utf_8() -> None:
    (field,) = fields(span(1, "ü".encode()), 0, 4)
    assert text(span(1, "ü".encode()), field) == "ü"
    with pytest.raises(Malformed, match="byte 3: a string is not UTF-8"):
        text(b"\x0a\x02a\xff", field)


def test_a_field_of_another_type_is_no_string() -> None:
    (field,) = fields(number(1, 5), 0, 2)
    with pytest.raises(Malformed, match="field 1 is of wire type 0, not 2"):
        text(number(1, 5), field)
