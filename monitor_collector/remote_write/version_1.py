"""Reads `prometheus.WriteRequest`, the message of remote write 1.0.

Prometheus writes metadata too, in a field that the specification reserves, and so it is read; exemplars and native
histograms are no part of 1.0, and skipped like every unknown field.

A series whose labels have come before, with samples of the usual form after them, costs one look-up: the bytes of its
labels are complete fields, which the look-up proves, so what follows can be read by itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from monitor_collector.push_format import Refusal
from monitor_collector.push_limits import ELEMENTS_MAX
from monitor_collector.remote_write.contents import Contents, Description, Samples, kind
from monitor_collector.remote_write.protobuf import Field, Malformed, Wire, fields, text
from monitor_collector.remote_write.series import REMEMBERED_KEY_SIZE, SeriesMemory, checked_labels

# Of WriteRequest
_TIMESERIES, _METADATA = 1, 3
# Of TimeSeries
_LABELS, _SAMPLES = 1, 2
# Of Label
_NAME, _VALUE = 1, 2
# Of MetricMetadata
_TYPE, _FAMILY, _HELP = 1, 2, 4

# The beginnings of samples: with a value and a timestamp, and without the value, which is zero then.
_SAMPLE = bytes([_SAMPLES << 3 | Wire.SPAN, 16])
_ZERO_SAMPLE = bytes([_SAMPLES << 3 | Wire.SPAN, 7])
_SAMPLE_BYTES, _ZERO_SAMPLE_BYTES = 18, 9


def read_version_1(data: bytes, memory: SeriesMemory) -> Contents:
    """All of a message. Raises Malformed, and Refusal for one that is too large."""
    samples = Samples()
    descriptions: list[Description] = []
    number = 0
    for count, field in enumerate(fields(data, 0, len(data)), 1):
        if count > ELEMENTS_MAX:
            raise Refusal(413, f"a message may have {ELEMENTS_MAX} series and metadata")
        if field.number == _TIMESERIES:
            field.expect(Wire.SPAN)
            number += 1
            if not _read_known(data, field.start, field.end, memory, samples):
                _read_series(data, field, number, memory, samples)
        elif field.number == _METADATA:
            description = _description(data, field.expect(Wire.SPAN))
            if description.name:
                descriptions.append(description)
    return Contents(samples, descriptions)


def _read_known(data: bytes, start: int, end: int, memory: SeriesMemory, samples: Samples) -> bool:
    """Reads a series of known labels with samples after them; False if it has another form."""
    position = end
    labels = None
    while labels is None:
        if data[position - _SAMPLE_BYTES : position - _SAMPLE_BYTES + 2] == _SAMPLE:
            position -= _SAMPLE_BYTES
        elif data[position - _ZERO_SAMPLE_BYTES : position - _ZERO_SAMPLE_BYTES + 2] == _ZERO_SAMPLE:
            position -= _ZERO_SAMPLE_BYTES
        else:
            return False
        if position <= start:
            return False
        # Longer ones are not remembered, and looking them up before each of many samples would take very long.
        if position - start <= REMEMBERED_KEY_SIZE:
            labels = memory.known(data[start:position])
    while position < end:
        content = position + 2
        position = content + data[position + 1]
        samples.read(labels, data, content, position)
    return True


def _read_series(data: bytes, series: Field, number: int, memory: SeriesMemory, samples: Samples) -> None:
    try:
        labels = checked_labels(_labels(data, series))
    except ValueError as error:
        raise Malformed(series.start, f"series {number}: {error}") from None
    labels_end, samples_start = series.start, series.end
    for field in fields(data, series.start, series.end):
        if field.number == _LABELS:
            labels_end = field.end
        elif field.number == _SAMPLES:
            field.expect(Wire.SPAN)
            samples_start = min(samples_start, field.start)
            samples.read(labels, data, field.start, field.end)
    if labels_end < samples_start:
        memory.remember(data[series.start : labels_end], labels_end - series.start, labels)


def _labels(data: bytes, series: Field) -> Iterator[tuple[str, str]]:
    for field in fields(data, series.start, series.end):
        if field.number == _LABELS:
            yield _label(data, field.expect(Wire.SPAN))


def _label(data: bytes, label: Field) -> tuple[str, str]:
    name = value = ""
    for field in fields(data, label.start, label.end):
        if field.number == _NAME:
            name = text(data, field)
        elif field.number == _VALUE:
            value = text(data, field)
    return name, value


def _description(data: bytes, metadata: Field) -> Description:
    name, number, help_text = "", 0, ""
    for field in fields(data, metadata.start, metadata.end):
        if field.number == _TYPE:
            number = field.expect(Wire.VARINT).number_value
        elif field.number == _FAMILY:
            name = text(data, field)
        elif field.number == _HELP:
            help_text = text(data, field)
    return Description(name, kind(number), help_text)
