"""What a remote-write message holds, and the reading of a sample, which is the same in both versions."""

from __future__ import annotations

from array import array
from typing import NamedTuple

import numpy as np

from monitor_collector.promql import Labels
from monitor_collector.push_format import Refusal
from monitor_collector.push_limits import ELEMENTS_MAX
from monitor_collector.remote_write.protobuf import Wire, fields, signed
from monitor_collector.remote_write.series import SeriesMemory
from monitor_collector.samples import Batch

# Both messages number the types alike.
KINDS = ("unknown", "counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset")

_VALUE, _TIMESTAMP = 1, 2
_VALUE_TAG, _TIMESTAMP_TAG = _VALUE << 3 | Wire.EIGHT_BYTES, _TIMESTAMP << 3 | Wire.VARINT
# value and a timestamp in ms of the years 1971 to 2109, which takes six bytes
_USUAL_SAMPLE_BYTES = 1 + 8 + 1 + 6
_ZERO = bytes(8)


class Description(NamedTuple):
    """What a message says about a metric."""

    name: str
    kind: str
    help: str


class Samples:
    """Samples as they are read out of a message; `series` has the labels of each."""

    def __init__(self) -> None:
        self.series: list[Labels] = []
        # The bytes of the numbers, so that stale markers and other NaNs stay what they are.
        self._values = bytearray()
        self._timestamps_ms = array("q")
        # Most samples of a message are of one of a few moments.
        self._times: dict[bytes, int] = {}

    def read(self, labels: Labels, data: bytes, start: int, end: int) -> None:
        """Adds the sample whose message is between two positions. Raises Malformed, and Refusal for too many."""
        if len(self.series) >= ELEMENTS_MAX:
            raise Refusal(413, f"a message may have {ELEMENTS_MAX} samples")
        timestamp_ms = None
        if end - start == _USUAL_SAMPLE_BYTES and data[start] == _VALUE_TAG and data[start + 9] == _TIMESTAMP_TAG:
            timestamp_ms = self._times.get(data[start + 10 : end])
        if timestamp_ms is not None:
            value = data[start + 1 : start + 9]
        else:
            value, timestamp_ms = self._read_carefully(data, start, end)
        self.series.append(labels)
        self._values += value
        self._timestamps_ms.append(timestamp_ms)

    def _read_carefully(self, data: bytes, start: int, end: int) -> tuple[bytes, int]:
        value, timestamp_ms = _ZERO, 0
        for field in fields(data, start, end):
            if field.number == _VALUE:
                field.expect(Wire.EIGHT_BYTES)
                value = data[field.start : field.end]
            elif field.number == _TIMESTAMP:
                timestamp_ms = signed(field.expect(Wire.VARINT).number_value)
                self._times[data[field.start : field.end]] = timestamp_ms
        return value, timestamp_ms

    def batch(self, memory: SeriesMemory) -> Batch:
        layout = memory.layout(self.series)
        values = np.frombuffer(self._values, "<f8")
        times = np.frombuffer(self._timestamps_ms, np.int64)
        if len(times) and (times == times[0]).all():
            return Batch(layout, values, int(times[0]))
        return Batch(layout, values, times)


class Contents(NamedTuple):
    """All that a message holds; of histograms and exemplars, which are not stored, how many there are."""

    samples: Samples
    descriptions: list[Description]
    histograms: int = 0
    exemplars: int = 0


def kind(number: int) -> str:
    """The name of a type; a number that a newer version may have is unknown."""
    return KINDS[number] if number < len(KINDS) else KINDS[0]
