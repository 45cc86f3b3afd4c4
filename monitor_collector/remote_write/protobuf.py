"""The wire format of protocol buffers, as far as messages with numbers, strings and messages in them need it.

https://protobuf.dev/programming-guides/encoding/

Everything is read in place: a message is a span of the bytes it came in, so that errors can say where they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

_VARINT_MAX_BYTES = 10
_SIZES = {1: 8, 5: 4}


class Malformed(Exception):
    """The bytes are no such message; `position` counts them from 0."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(f"byte {position}: {reason}")
        self.position = position
        self.reason = reason


class Wire(IntEnum):
    """How a field is written."""

    VARINT = 0
    EIGHT_BYTES = 1
    SPAN = 2
    FOUR_BYTES = 5


class Field(NamedTuple):
    """A field of a message: `start` to `end` is its content. Of a varint, `number_value` is what it says."""

    number: int
    wire: Wire
    start: int
    end: int
    number_value: int

    def expect(self, wire: Wire) -> Field:
        """Itself. Raises Malformed if it is written in another way."""
        if self.wire is not wire:
            raise Malformed(self.start, f"field {self.number} is of wire type {self.wire}, not {int(wire)}")
        return self


_WIRES = {int(wire): wire for wire in Wire}


def read_varint(data: bytes, position: int, end: int) -> tuple[int, int]:
    """A number from 0 to 2**64 - 1, and the position after it. Raises Malformed."""
    if position < end and data[position] < 0x80:  # most are small
        return data[position], position + 1
    result = shift = 0
    for at in range(position, min(end, position + _VARINT_MAX_BYTES)):
        byte = data[at]
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            if result >> 64:
                raise Malformed(position, "a number has more than 64 bits")
            return result, at + 1
        shift += 7
    if end - position >= _VARINT_MAX_BYTES:
        raise Malformed(position, "a number has more than 64 bits")
    raise Malformed(position, "a number ends early")


def fields(data: bytes, start: int, end: int) -> Iterator[Field]:
    """The fields of the message between two positions, as they come, also those with unknown numbers. Raises
    Malformed."""
    position = start
    while position < end:
        tag, content = read_varint(data, position, end)
        number, wire = tag >> 3, _WIRES.get(tag & 7)
        if not 0 < number < 1 << 29:
            raise Malformed(position, f"{number} is no field number")
        if wire is None:
            raise Malformed(position, f"field {number} is of wire type {tag & 7}, which is not used any more")
        number_value = 0
        if wire is Wire.VARINT:
            number_value, after = read_varint(data, content, end)
        elif wire is Wire.SPAN:
            size, content = read_varint(data, content, end)
            after = content + size
        else:
            after = content + _SIZES[wire]
        if after > end:
            raise Malformed(position, f"field {number} has {after - content} bytes, and only {end - content} are left")
        yield Field(number, wire, content, after, number_value)
        position = after


def signed(number: int) -> int:
    """The int64 that a varint stands for."""
    return number - (1 << 64) if number >> 63 else number


def text(data: bytes, field: Field) -> str:
    """The string in a field. Raises Malformed."""
    field.expect(Wire.SPAN)
    try:
        return data[field.start : field.end].decode()
    except UnicodeDecodeError as error:
        raise Malformed(field.start + error.start, "a string is not UTF-8") from None
