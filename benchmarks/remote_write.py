"""Writes requests of Prometheus' remote-write protocol 1.0, many samples at a time.

https://prometheus.io/docs/specs/prw/remote_write_spec/: WriteRequest{1: TimeSeries{1: Label{1: name, 2: value},
2: Sample{1: double, 2: int64 milliseconds}}}, compressed with snappy.
"""

from __future__ import annotations

from collections.abc import Iterable

import cramjam
import numpy as np

from benchmarks.host_model import Labels

HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}

# A sample is as long as any other while its milliseconds have 36 to 42 bits: from 1972 to 2109.
_STAMP_BYTES = 6
_SAMPLE = np.dtype(
    [("field", "u1", 2), ("value_tag", "u1"), ("value", "<f8"), ("stamp_tag", "u1"), ("stamp", "u1", _STAMP_BYTES)]
)
_SAMPLES_FIELD, _VALUE_TAG, _STAMP_TAG = 0x12, 0x09, 0x10


def labels_bytes(labels: Labels) -> bytes:
    """The labels of a TimeSeries, which are the same every time."""
    return b"".join(_field(1, _field(1, name.encode()) + _field(2, value.encode())) for name, value in labels)


def request(series: Iterable[bytes], times_ms: np.ndarray, values: np.ndarray) -> bytes:
    """A compressed body. `series` are those of `labels_bytes`; `values` has the shape (series, times)."""
    samples = np.empty(values.shape, _SAMPLE)
    samples["field"] = (_SAMPLES_FIELD, _SAMPLE.itemsize - 2)
    samples["value_tag"], samples["value"] = _VALUE_TAG, values
    samples["stamp_tag"], samples["stamp"] = _STAMP_TAG, _varints(times_ms)
    rows = (row.tobytes() for row in samples)
    message = b"".join(_field(1, labels + row) for labels, row in zip(series, rows, strict=True))
    return bytes(cramjam.snappy.compress_raw(message))


def _varints(numbers: np.ndarray) -> np.ndarray:
    """Seven bits in each byte, the lowest first; all but the last have the highest bit set."""
    shifted = numbers[:, None] >> (7 * np.arange(_STAMP_BYTES))
    found = (shifted & 0x7F).astype(np.uint8)
    found[:, :-1] |= 0x80
    return found


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])
