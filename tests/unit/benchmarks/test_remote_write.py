"""What is written is what the protocol's description says."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import cramjam
import numpy as np

from benchmarks.remote_write import labels_bytes, request


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Numbers and contents of the fields of a protobuf message: https://protobuf.dev/programming-guides/encoding/."""
    position = 0

    def varint() -> int:
        nonlocal position
        number = shift = 0
        while True:
            byte = message[position]
            position += 1
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return number

    while position < len(message):
        tag = varint()
        if tag & 7 == 0:
            yield tag >> 3, varint()
        else:
            length = 8 if tag & 7 == 1 else varint()
            yield tag >> 3, message[position : position + length]
            position += length


def decoded(body: bytes) -> list[tuple[dict[str, str], list[tuple[int, float]]]]:
    found = []
    for _, series in fields(bytes(cramjam.snappy.decompress_raw(body))):
        labels, samples = {}, []
        for number, content in fields(series):
            parts = dict(fields(content))
            if number == 1:
                labels[parts[1].decode()] = parts[2].decode()
            else:
                samples.append((parts[2], struct.unpack("<d", parts[1])[0]))
        found.append((labels, samples))
    return found


def test_labels_times_and_values_come_out_as_they_went_in() -> None:
    series = [(("__name__", "up"), ("instance", "a")), (("__name__", "long"), ("text", "x" * 300))]
    times_ms = np.array([1_700_000_000_000, 1_700_000_015_127])
    values = np.array([[1.0, -2.5], [float("inf"), 1e-300]])
    body = request(map(labels_bytes, series), times_ms, values)
    assert decoded(body) == [
        (dict(labels), list(zip(times_ms.tolist(), row.tolist(), strict=True)))
        for labels, row in zip(series, values, strict=True)
    ]
