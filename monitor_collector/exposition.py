"""Reads the Prometheus text format (0.0.4): strictly, and fast where the same series come again.

https://prometheus.io/docs/instrumenting/exposition_formats/

The text in front of a sample's value is parsed once and remembered, and so is the whole order of a host's series:
a batch like the one before costs one split and one comparison. What is remembered is bounded.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import orjson

from monitor_collector.promql import Labels
from monitor_collector.push_limits import LABELS_MAX
from monitor_collector.samples import Batch, Layout, labels_from

KINDS = ("counter", "gauge", "histogram", "summary", "untyped", "unknown", "info", "stateset", "gaugehistogram")

_NAME = re.compile(rb"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(rb'[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\\n]|\\.)*)"[ \t]*')
_NUMBER = re.compile(rb"[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|(?i:inf(inity)?|nan))")
_TIMESTAMP = re.compile(rb"-?\d{1,18}")
_ESCAPE = re.compile(rb"\\(.)")
_ESCAPED = {b"n": b"\n", b"\\": b"\\", b'"': b'"'}
_SPACE = b" \t"
# Everything that a number in the usual spelling consists of, and the comma that separates them here. float() takes a
# few spellings more than the format does (1_000, surrounding white space); a batch with another character in a value
# goes the careful way.
_NUMBER_CHARACTERS = b"0123456789+-.eENaInf,"
# Texts longer than this are parsed each time that they come, so that what is remembered has an end in bytes too.
_REMEMBERED_TEXT_BYTES = 1024


class ExpositionError(Exception):
    """The text is malformed; `line` counts from 1."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


class Metadata(NamedTuple):
    """What HELP and TYPE said about a metric; "" and "unknown" where they said nothing."""

    kind: str
    help: str


class _Known:
    """The texts of the series of a layout, in the order in which they come."""

    def __init__(self, texts: tuple[bytes, ...], layout: Layout) -> None:
        self.texts = texts
        self.layout = layout
        # Where the values are when the lines are split at blanks, of which the texts may have some. The timestamp of a
        # line is in one piece with what begins the next line.
        self._positions: list[int] | None = None
        if any(b" " in text for text in texts):
            counts = [text.count(b" ") for text in texts]
            self._positions = [sum(counts[: number + 1]) + 2 * number + 1 for number in range(len(texts))]

    def fields(self, body: bytes) -> Sequence[bytes] | None:
        """The values of a body with these series; whatever is in their places, or None, if it has others."""
        pieces = body.split(b" ")
        if self._positions is None:
            return pieces[1::2] if len(pieces) == 2 * len(self.texts) + 1 else None
        return [pieces[i] for i in self._positions] if len(pieces) == self._positions[-1] + 2 else None

    def body(self, fields: Sequence[bytes], timestamp: bytes) -> bytes:
        """The lines of these series with these values, all with the same timestamp."""
        count = len(self.texts)
        parts = [b" "] * (4 * count)
        parts[::4] = self.texts
        parts[2::4] = fields
        parts[3::4] = [b" " + timestamp + b"\n"] * count
        return b"".join(parts)


class Parser:
    """Parses bodies, remembering series it has seen: at most `limit` texts, then it starts afresh."""

    def __init__(self, limit: int = 1_000_000) -> None:
        self.metadata: dict[str, Metadata] = {}
        self._limit = limit
        # A text is kept with its labels too, so that layouts can share it.
        self._series: dict[bytes, tuple[bytes, Labels]] = {}
        self._layouts: dict[bytes, _Known] = {}
        self._layouts_size = 0
        self._comments: set[bytes] = set()

    def parse(self, body: bytes, received_ms: int) -> Batch:
        """The samples of a body, those without a timestamp at `received_ms`. Raises ExpositionError."""
        batch = self._parse_as_before(body)
        if batch is None and b"#" in body:
            batch = self._parse_as_before(self._without_known_comments(body))
        return batch or self._parse_carefully(body, received_ms)

    def _without_known_comments(self, body: bytes) -> bytes:
        return b"\n".join([line for line in body.split(b"\n") if line.strip(_SPACE) not in self._comments])

    def _parse_as_before(self, body: bytes) -> Batch | None:
        """The batch, if every line is `series value timestamp`, the timestamps are the same and the series known in
        this order; else None."""
        first_line = body[: body.find(b"\n")].rsplit(b" ", 2)
        known = self._layouts.get(first_line[0])
        if known is None or len(first_line) != 3 or not _TIMESTAMP.fullmatch(first_line[2]):
            return None
        fields = known.fields(body)
        # What is read is what was known if it makes the same body again.
        if fields is None or known.body(fields, first_line[2]) != body:
            return None
        values = _numbers(fields)
        return None if values is None else Batch(known.layout, values, int(first_line[2]))

    def _parse_carefully(self, body: bytes, received_ms: int) -> Batch:
        texts: list[bytes] = []
        series: list[Labels] = []
        values: list[float] = []
        timestamps: list[int] = []
        for number, line in enumerate(body.split(b"\n"), 1):
            line = line.strip(_SPACE)
            if not line:
                continue
            try:
                if line.startswith(b"#"):
                    self._read_comment(line)
                    continue
                text, value, timestamp = self._read_sample(line)
                text, labels = self._series.get(text) or self._remember_series(text)
            except ValueError as error:
                raise ExpositionError(number, str(error)) from None
            texts.append(text)
            series.append(labels)
            values.append(value)
            timestamps.append(received_ms if timestamp is None else timestamp)
        if not texts:
            return Batch(Layout([]), np.empty(0), received_ms)
        layout = self._layout(tuple(texts), series)
        if timestamps.count(timestamps[0]) == len(timestamps):
            return Batch(layout, np.array(values), timestamps[0])
        return Batch(layout, np.array(values), np.array(timestamps, dtype=np.int64))

    def _layout(self, texts: tuple[bytes, ...], series: list[Labels]) -> Layout:
        known = self._layouts.get(texts[0])
        if known is not None and known.texts == texts:
            return known.layout
        layout = Layout(series)
        if max(map(len, texts)) > _REMEMBERED_TEXT_BYTES:
            return layout
        self._layouts_size += len(texts) - (len(known.texts) if known is not None else 0)
        if self._layouts_size > self._limit:
            self._layouts.clear()
            self._layouts_size = len(texts)
        self._layouts[texts[0]] = _Known(texts, layout)
        return layout

    def _remember_series(self, text: bytes) -> tuple[bytes, Labels]:
        found = text, parse_series(text)
        if len(text) > _REMEMBERED_TEXT_BYTES:
            return found
        if len(self._series) >= self._limit:
            self._series.clear()
        self._series[text] = found
        return found

    def _read_sample(self, line: bytes) -> tuple[bytes, float, int | None]:
        """The text of the series, the value, and the timestamp in ms if there is one."""
        # Labels may contain blanks and braces, so the series ends after the last brace, if it has labels.
        end = line.rfind(b"}") + 1
        if not end:
            found = _NAME.match(line)
            end = found.end() if found else 0
        text, fields = line[:end], line[end:].split()
        if not text:
            raise ValueError(f"{shown(line)} does not begin with a metric name")
        if len(fields) not in (1, 2):
            raise ValueError(f"{shown(line)}: a series is followed by a value and possibly a timestamp in ms")
        value = _number(fields[0])
        if len(fields) == 1:
            return text, value, None
        if not _TIMESTAMP.fullmatch(fields[1]):
            raise ValueError(f"{shown(fields[1])} is no timestamp in milliseconds")
        return text, value, int(fields[1])

    def _read_comment(self, line: bytes) -> None:
        if line in self._comments:
            return
        words = line[1:].split(None, 2)
        if words and words[0] in (b"HELP", b"TYPE"):
            if len(words) < 2 or not _NAME.fullmatch(words[1]):
                raise ValueError(f"{shown(line)}: {words[0].decode()} is followed by a metric name")
            name = words[1].decode()
            rest = words[2].decode("utf-8", "replace") if len(words) == 3 else ""
            known = self.metadata.get(name, Metadata("unknown", ""))
            if words[0] == b"HELP":
                known = known._replace(help=rest.replace("\\n", "\n").replace("\\\\", "\\"))
            elif rest in KINDS:
                known = known._replace(kind=rest)
            else:
                raise ValueError(f"{shown(line)}: the type is one of {', '.join(KINDS)}")
            if len(self.metadata) < self._limit and len(line) <= _REMEMBERED_TEXT_BYTES:
                self.metadata[name] = known
        if len(line) > _REMEMBERED_TEXT_BYTES:
            return
        if len(self._comments) >= self._limit // 10:
            self._comments.clear()
        self._comments.add(line)


def _number(text: bytes) -> float:
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{shown(text)} is no number")
    value = float(text)
    if math.isinf(value) and b"n" not in text.lower():
        raise ValueError(f"{shown(text)} is too large a number")
    return value


def _numbers(fields: Sequence[bytes]) -> np.ndarray | None:
    """float64 of numbers in the usual spellings; None where they are not, or have to be looked at one by one."""
    joined = b",".join(fields)
    if joined.translate(None, _NUMBER_CHARACTERS):
        return None
    # As JSON they are read several times faster. It knows no NaN and no infinity, and takes -0 for 0.
    if b",-0," not in b"," + joined + b",":
        try:
            numbers = orjson.loads(b"[" + joined + b"]")
        except orjson.JSONDecodeError:
            pass
        else:
            # More of them means that there are commas inside of the fields.
            return np.fromiter(numbers, np.float64, len(numbers)) if len(numbers) == len(fields) else None
    try:
        values = np.fromiter(map(float, fields), np.float64, len(fields))
    except ValueError:
        return None
    # Of what is too large for a float, float() makes an infinity that nobody wrote.
    return values if np.isinf(values).sum() <= joined.count(b"I") else None


def parse_series(text: bytes) -> Labels:
    """The labels of `name{label="value",…}`. Raises ValueError saying what is wrong."""
    found = _NAME.match(text)
    if not found:
        raise ValueError(f"{shown(text)} does not begin with a metric name")
    labels = {"__name__": sys.intern(found[0].decode())}
    rest = text[found.end() :].strip(_SPACE)
    if rest:
        if not (rest.startswith(b"{") and rest.endswith(b"}")):
            raise ValueError(f"{shown(text)}: the labels of a series are in braces")
        position, end = 1, len(rest) - 1
        while rest[position:end].strip(_SPACE):
            pair = _LABEL.match(rest, position, end)
            if not pair:
                raise ValueError(f'{shown(rest[position:end])}: a label is written name="value"')
            if len(labels) > LABELS_MAX:
                raise ValueError(f"{shown(text)}: a series has at most {LABELS_MAX} labels")
            name = pair[1].decode()
            if name in labels:
                raise ValueError(f"{shown(text)}: the label {name} is there twice")
            # Many series have the same: without sharing them, labels would take most of the memory.
            labels[sys.intern(name)] = sys.intern(_unescape(pair[2]))
            position = pair.end()
            if position < end:
                if rest[position : position + 1] != b",":
                    raise ValueError(f"{shown(rest[position:end])}: labels are separated by commas")
                position += 1
    return labels_from(labels)


def _unescape(text: bytes) -> str:
    def replacement(found: re.Match[bytes]) -> bytes:
        if found[1] not in _ESCAPED:
            raise ValueError(f'{shown(found[0])}: only \\\\, \\" and \\n are escapes')
        return _ESCAPED[found[1]]

    try:
        return (_ESCAPE.sub(replacement, text) if b"\\" in text else text).decode()
    except UnicodeDecodeError:
        raise ValueError(f"{shown(text)} is not UTF-8") from None


def shown(text: bytes) -> str:
    """As it is shown in an error: quoted and not too long."""
    cut = text[:80].decode("utf-8", "replace")
    return repr(cut if len(text) <= 80 else cut + "…")
