"""Reads `io.prometheus.write.v2.Request`, the message of remote write 2.0.

Its strings are in one table, `symbols`, and everything else refers to them by their position. Exemplars and native
histograms are counted, since the sender is told how many of them were stored: none. Units and the times when counters
began are skipped.
"""

from __future__ import annotations

from collections.abc import Sequence

from monitor_collector.promql import METRIC_NAME, Labels
from monitor_collector.push_format import Refusal
from monitor_collector.push_limits import ELEMENTS_MAX, LABELS_MAX, SHOWN_CHARACTERS
from monitor_collector.remote_write.contents import Contents, Description, Samples, kind
from monitor_collector.remote_write.protobuf import Field, Malformed, Wire, fields, text
from monitor_collector.remote_write.series import SeriesMemory, checked_labels

# Of Request
_SYMBOLS, _TIMESERIES = 4, 5
# Of TimeSeries
_LABELS_REFS, _SAMPLES, _HISTOGRAMS, _EXEMPLARS, _METADATA = 1, 2, 3, 4, 5
# Of Metadata
_TYPE, _HELP_REF = 1, 3

# Of the numbers of two symbols for each label; a uint32 has at most five bytes.
_REFS_MAX_BYTES = 2 * LABELS_MAX * 5

# The series of these types have the name of their metric and an ending.
_ENDINGS = {"histogram": ("_bucket", "_count", "_sum"), "summary": ("_count", "_sum")}


def read_version_2(data: bytes, memory: SeriesMemory) -> Contents:
    """All of a message. Raises Malformed, and Refusal for one that is too large."""
    symbols: list[str] = []
    spans: list[Field] = []
    for count, field in enumerate(fields(data, 0, len(data)), 1):
        if count > ELEMENTS_MAX:
            raise Refusal(413, f"a message may have {ELEMENTS_MAX} symbols and series")
        if field.number == _SYMBOLS:
            symbols.append(text(data, field))
        elif field.number == _TIMESERIES:
            spans.append(field.expect(Wire.SPAN))
    if spans and (not symbols or symbols[0]):
        raise Malformed(0, "the first of the symbols is not the empty string")
    reader = _Reader(data, symbols, memory)
    for number, series in enumerate(spans, 1):
        reader.read(number, series)
    return Contents(reader.samples, reader.descriptions, reader.histograms, reader.exemplars)


class _Reader:
    """Reads the series of a message, and keeps what they hold."""

    def __init__(self, data: bytes, symbols: Sequence[str], memory: SeriesMemory) -> None:
        self.samples = Samples()
        self.descriptions: list[Description] = []
        self.histograms = 0
        self.exemplars = 0
        self._data = data
        self._symbols = symbols
        self._memory = memory
        # All series of a metric say the same about it.
        self._described: set[tuple[str, bytes]] = set()

    def read(self, number: int, series: Field) -> None:
        refs: list[int] = []
        samples: list[tuple[int, int]] = []
        metadata = None
        for field in fields(self._data, series.start, series.end):
            if field.number == _LABELS_REFS:
                self._read_refs(field, refs)
            elif field.number == _SAMPLES:
                field.expect(Wire.SPAN)
                samples.append((field.start, field.end))
            elif field.number == _HISTOGRAMS:
                field.expect(Wire.SPAN)
                self.histograms += 1
            elif field.number == _EXEMPLARS:
                field.expect(Wire.SPAN)
                self.exemplars += 1
            elif field.number == _METADATA:
                metadata = field.expect(Wire.SPAN)
            if len(samples) > ELEMENTS_MAX:
                raise Refusal(413, f"a message may have {ELEMENTS_MAX} samples")
        try:
            labels = self._labels(refs)
        except ValueError as error:
            raise Malformed(series.start, f"series {number}: {error}") from None
        for start, end in samples:
            self.samples.read(labels, self._data, start, end)
        if metadata is not None:
            self._describe(labels, metadata)

    def _read_refs(self, field: Field, refs: list[int]) -> None:
        """Adds the numbers of a packed field, or the one of a field that is not packed."""
        if field.wire is Wire.VARINT:
            refs.append(field.number_value)
        elif field.end - field.start <= _REFS_MAX_BYTES:
            field.expect(Wire.SPAN)
            content = self._data[field.start : field.end]
            refs += content if content.isascii() else _numbers(content, field.start)
        if field.end - field.start > _REFS_MAX_BYTES or len(refs) > 2 * LABELS_MAX:
            raise Malformed(field.start, f"a series has at most {LABELS_MAX} labels")

    def _labels(self, refs: list[int]) -> Labels:
        """The labels that pairs of numbers stand for. Raises ValueError."""
        try:
            words = tuple(map(self._symbols.__getitem__, refs))
        except IndexError:
            raise ValueError(f"it refers to symbol {max(refs)} of {len(self._symbols)}") from None
        labels = self._memory.known(words)
        if labels is None:
            if len(words) % 2:
                raise ValueError("a label has a name, and no value")
            labels = checked_labels(zip(words[::2], words[1::2], strict=True))
            self._memory.remember(words, sum(map(len, words)), labels)
        return labels

    def _describe(self, labels: Labels, metadata: Field) -> None:
        name = dict(labels)[METRIC_NAME]
        what = name, self._data[metadata.start : metadata.end]
        if what in self._described:
            return
        self._described.add(what)
        number = help_ref = 0
        for field in fields(self._data, metadata.start, metadata.end):
            if field.number == _TYPE:
                number = field.expect(Wire.VARINT).number_value
            elif field.number == _HELP_REF:
                help_ref = field.expect(Wire.VARINT).number_value
        if help_ref >= len(self._symbols):
            shown = name[:SHOWN_CHARACTERS]
            raise Malformed(metadata.start, f"the help of {shown} is symbol {help_ref} of {len(self._symbols)}")
        if number or help_ref:
            self.descriptions.append(Description(_family(name, kind(number)), kind(number), self._symbols[help_ref]))


def _numbers(packed: bytes, position: int) -> list[int]:
    """The varints in some bytes, which begin at a position of the message. Raises Malformed."""
    numbers: list[int] = []
    number = shift = 0
    for byte in packed:
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            numbers.append(number)
            number = shift = 0
        else:
            shift += 7
            if shift > 63:
                raise Malformed(position, "a number has more than 64 bits")
    if shift:
        raise Malformed(position, "a number ends early")
    return numbers


def _family(series_name: str, of_kind: str) -> str:
    """The name of the metric that a series is of."""
    for ending in _ENDINGS.get(of_kind, ()):
        if series_name.endswith(ending) and series_name != ending:
            return series_name.removesuffix(ending)
    return series_name
