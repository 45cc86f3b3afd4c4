"""Reads the Prometheus text format (0.0.4): strictly, and fast where the same series come again.

https://prometheus.io/docs/instrumenting/exposition_formats/

The text in front of a sample's value is parsed once and remembered, and so is the whole order of a host's series:
a batch like the one before costs a split and a comparison for each line. What is remembered is bounded.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

from monitor_collector.promql import Labels
from monitor_collector.samples import Batch, Layout, labels_from

KINDS = ("counter", "gauge", "histogram", "summary", "untyped", "unknown", "info", "stateset", "gaugehistogram")

_NAME = re.compile(rb"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(rb'[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\\n]|\\.)*)"[ \t]*')
_NUMBER = re.compile(rb"[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|(?i:inf(inity)?|nan))")
_TIMESTAMP = re.compile(rb"-?\d{1,18}")
_ESCAPE = re.compile(rb"\\(.)")
_ESCAPED = {b"n": b"\n", b"\\": b"\\", b'"': b'"'}
_SPACE = b" \t"
# Everything that a number in the usual spelling consists of. float() takes a few spellings more than the format does
# (1_000, surrounding white space); a batch with another character in a value goes the careful way.
_NUMBER_CHARACTERS = b"0123456789+-.eENaInf"


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


class Parser:
    """Parses bodies, remembering series it has seen: at most `limit` texts, then it starts afresh."""

    def __init__(self, limit: int = 1_000_000) -> None:
        self.metadata: dict[str, Metadata] = {}
        self._limit = limit
        self._series: dict[bytes, Labels] = {}
        self._layouts: dict[bytes, tuple[tuple[bytes, ...], Layout]] = {}
        self._layouts_size = 0
        self._comments: set[bytes] = set()

    def parse(self, body: bytes, received_ms: int) -> Batch:
        """The samples of a body, those without a timestamp at `received_ms`. Raises ExpositionError."""
        return self._parse_as_before(body) or self._parse_carefully(body, received_ms)

    def _parse_as_before(self, body: bytes) -> Batch | None:
        """The batch, if every line is `series value timestamp`, the timestamps are the same and the series known in
        this order; else None."""
        if body.startswith(b"#") or b"\n#" in body:
            body = b"".join(line for line in body.splitlines(keepends=True) if line.rstrip() not in self._comments)
        first_end = body.find(b"\n")
        timestamp = body[body.rfind(b" ", 0, first_end) + 1 : first_end]
        if not _TIMESTAMP.fullmatch(timestamp):
            return None
        lines = body.split(b" " + timestamp + b"\n")
        if lines.pop() != b"":
            return None
        try:
            texts, numbers = zip(*[line.rsplit(b" ", 1) for line in lines], strict=True)
            known, layout = self._layouts.get(texts[0], ((), None))
            # Comparing the texts also tells that no two lines hide in one of them.
            if layout is None or known != texts or b"".join(numbers).translate(None, _NUMBER_CHARACTERS):
                return None
            values = np.fromiter(map(float, numbers), np.float64, len(numbers))
        except ValueError:
            return None
        return Batch(layout, values, int(timestamp))

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
                labels = self._series.get(text)
                if labels is None:
                    labels = self._remember_series(text)
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
        known, layout = self._layouts.get(texts[0], ((), None))
        if layout is not None and known == texts:
            return layout
        self._layouts_size += len(texts) - len(known)
        if self._layouts_size > self._limit:
            self._layouts.clear()
            self._layouts_size = len(texts)
        layout = Layout(series)
        self._layouts[texts[0]] = (texts, layout)
        return layout

    def _remember_series(self, text: bytes) -> Labels:
        if len(self._series) >= self._limit:
            self._series.clear()
        labels = self._series[text] = parse_series(text)
        return labels

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
        if not _NUMBER.fullmatch(fields[0]):
            raise ValueError(f"{shown(fields[0])} is no number")
        if len(fields) == 1:
            return text, float(fields[0]), None
        if not _TIMESTAMP.fullmatch(fields[1]):
            raise ValueError(f"{shown(fields[1])} is no timestamp in milliseconds")
        return text, float(fields[0]), int(fields[1])

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
            if len(self.metadata) < self._limit:
                self.metadata[name] = known
        if len(self._comments) >= self._limit // 10:
            self._comments.clear()
        self._comments.add(line)


def parse_series(text: bytes) -> Labels:
    """The labels of `name{label="value",…}`. Raises ValueError saying what is wrong."""
    found = _NAME.match(text)
    if not found:
        raise ValueError(f"{shown(text)} does not begin with a metric name")
    labels = {"__name__": found[0].decode()}
    rest = text[found.end() :].strip(_SPACE)
    if rest:
        if not (rest.startswith(b"{") and rest.endswith(b"}")):
            raise ValueError(f"{shown(text)}: the labels of a series are in braces")
        position, end = 1, len(rest) - 1
        while rest[position:end].strip(_SPACE):
            pair = _LABEL.match(rest, position, end)
            if not pair:
                raise ValueError(f'{shown(rest[position:end])}: a label is written name="value"')
            name = pair[1].decode()
            if name in labels:
                raise ValueError(f"{shown(text)}: the label {name} is there twice")
            labels[name] = _unescape(pair[2])
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
