"""Writes remote-write messages by their specifications, independently of what reads them."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import cramjam

NOW_MS = 1_700_000_000_000
STALE = struct.pack("<Q", 0x7FF0000000000002)


class One(NamedTuple):
    """A series: labels in the order in which they are written, and (value or its bytes, time in ms) of each sample."""

    labels: Sequence[tuple[str, str]]
    samples: Sequence[tuple[float | bytes, int]] = ()
    histograms: int = 0
    exemplars: int = 0
    metadata: tuple[int, str] | None = None


def varint(number: int) -> bytes:
    number &= 2**64 - 1
    groups = [number >> shift & 0x7F for shift in range(0, max(number.bit_length(), 1), 7)]
    return bytes([group | 0x80 for group in groups[:-1]] + groups[-1:])


def span(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def sample(value: float | bytes, timestamp_ms: int) -> bytes:
    """As it is usual in proto3, a zero is not written; a negative zero is."""
    packed = value if isinstance(value, bytes) else struct.pack("<d", value)
    return (b"\x09" + packed if any(packed) else b"") + (number(2, timestamp_ms) if timestamp_ms else b"")


def label(name: str, value: str) -> bytes:
    return span(1, name.encode()) + span(2, value.encode())


def series_1(one: One) -> bytes:
    labels = b"".join(span(1, label(name, value)) for name, value in one.labels)
    return span(1, labels + b"".join(span(2, sample(*each)) for each in one.samples))


def metadata_1(name: str, kind: int, text: str) -> bytes:
    return span(3, number(1, kind) + span(2, name.encode()) + span(4, text.encode()) + span(5, b"seconds"))


def version_1(*series: One, metadata: Mapping[str, tuple[int, str]] | None = None) -> bytes:
    described = [metadata_1(name, *what) for name, what in (metadata or {}).items()]
    return b"".join([*map(series_1, series), *described])


def version_2(*series: One, is_packed: bool = True) -> bytes:
    symbols = {"": 0}

    def refs(words: Iterable[str]) -> list[int]:
        return [symbols.setdefault(word, len(symbols)) for word in words]

    written = []
    for one in series:
        numbers = refs(word for pair in one.labels for word in pair)
        packed = span(1, b"".join(map(varint, numbers)))
        parts = [packed] if is_packed else [number(1, each) for each in numbers]
        parts += [span(2, sample(*each)) for each in one.samples]
        parts += [span(3, number(15, NOW_MS))] * one.histograms
        parts += [span(4, number(3, NOW_MS))] * one.exemplars
        if one.metadata is not None:
            kind, text = one.metadata
            (help_ref,) = refs([text])
            parts.append(span(5, number(1, kind) + number(3, help_ref) + number(4, 0)))
        parts.append(number(6, NOW_MS - 1000))
        written.append(span(5, b"".join(parts)))
    return b"".join([*(span(4, symbol.encode()) for symbol in symbols), *written])


def compressed(message: bytes) -> bytes:
    return bytes(cramjam.snappy.compress_raw(message))
