"""The index of a block: which frames it has, and which of their series match.

Labels, and what matchers have found among them, are remembered by the digest of the labels, since most blocks have the
same. So a selector costs something in the first block that it is asked of, and next to nothing in the others.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from monitor_collector.blocks.cache import Cache
from monitor_collector.blocks.errors import BlockDamaged
from monitor_collector.blocks.format import (
    FRAMES,
    HEADER,
    LAYOUTS,
    MAGIC,
    TAIL,
    VERSION,
    Part,
    read_bytes,
    read_part,
)
from monitor_collector.blocks.labels import LabelLayout
from monitor_collector.promql import Labels, Matcher

_BYTES_PER_LABEL = 80
_BYTES_PER_MATCH = 300

_memory: Cache[Any] = Cache(96 * 1024 * 1024)

Matchers = tuple[Matcher, ...]


class Entry(NamedTuple):
    """What the index says about a frame, in the order of FRAMES."""

    offset: int
    length: int
    checksum: int
    series: int
    rows: int
    samples: int
    oldest_ms: int
    newest_ms: int
    layout: int
    digest: bytes

    @property
    def head(self) -> Part:
        return Part(self.offset, self.length, self.checksum)


class Found(NamedTuple):
    """Series of a frame: their columns and their labels."""

    columns: list[int]
    labels: list[Labels]


class Names(NamedTuple):
    """Of the frames: their names, the labels that all series of a frame have, and which frames have a name."""

    names: list[str]
    common: list[Labels]
    numbers: dict[str, list[int]]


class Index:
    """Reads and checks the footer and what it refers to. Raises BlockDamaged."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor
        footer = json.loads(read_part(path, descriptor, _footer(path, descriptor)))
        self.meta: dict[str, int] = footer["meta"]
        content = read_part(path, descriptor, Part(*footer["index"]))
        frames_end = footer["frames"] * FRAMES.itemsize
        self.frames = np.frombuffer(content[:frames_end], FRAMES)
        self._layouts = np.frombuffer(content[frames_end:], LAYOUTS)
        self._names_part = Part(*footer["names"])
        self._names_digest = _digest(read_part(path, descriptor, self._names_part))
        self._digest = _digest(self.frames["digest"].tobytes())

    @property
    def starts_at(self) -> int:
        """The byte of the file from which on everything is labels and index, no samples."""
        return int(self._layouts["offset"].min(initial=self._names_part.offset))

    def __len__(self) -> int:
        """How many frames there are."""
        return len(self.frames)

    def entry(self, frame: int) -> Entry:
        return Entry(*self.frames[frame].item())

    @property
    def names(self) -> Names:
        return _memory.get(("names", self._names_digest), self._read_names)

    def labels(self, frame: int) -> tuple[Labels, ...]:
        """Of all series of a frame."""
        layout = self._layout(self.entry(frame).layout)
        return tuple(_joined(self.names.common[frame], layout.labels(range(len(layout)))))

    def find(self, matchers: Matchers) -> list[tuple[int, Found]]:
        """The frames with series that all matchers match, and those series."""
        return _memory.get(("index", self._digest, matchers), partial(self._find, matchers))

    def check(self) -> None:
        """Reads what `__init__` has left out."""
        self._read_names()
        for number in range(len(self._layouts)):
            self._read_layout(number)
        for frame in range(len(self)):
            series = len(self._layout(self.entry(frame).layout))
            if series != self.entry(frame).series:
                raise BlockDamaged(self._path, f"frame {frame} has labels for {series} series")

    def _find(self, matchers: Matchers) -> tuple[list[tuple[int, Found]], int]:
        found = []
        names = self.names
        for frame, digest in enumerate(self.frames["digest"]):
            key = ("frame", digest.tobytes(), matchers)
            of_frame = _memory.get(key, partial(self._find_in_frame, frame, names.common[frame], matchers))
            if of_frame.columns:
                found.append((frame, of_frame))
        return found, len(found) * _BYTES_PER_MATCH

    def _find_in_frame(self, frame: int, common: Labels, matchers: Matchers) -> tuple[Found, int]:
        values = dict(common)
        if not all(matcher.matches(values[matcher.name]) for matcher in matchers if matcher.name in values):
            return Found([], []), _BYTES_PER_MATCH
        others = tuple(matcher for matcher in matchers if matcher.name not in values)
        number = self.entry(frame).layout
        key = ("layout", self._layouts["digest"][number].tobytes(), others)
        of_layout = _memory.get(key, partial(self._find_in_layout, number, others))
        found = Found(of_layout.columns, _joined(common, of_layout.labels))
        return found, _size_of(found)

    def _find_in_layout(self, number: int, matchers: Matchers) -> tuple[Found, int]:
        layout = self._layout(number)
        columns = layout.find(matchers).tolist()
        found = Found(columns, layout.labels(columns))
        return found, _size_of(found)

    def _layout(self, number: int) -> LabelLayout:
        key = ("labels", self._layouts["digest"][number].tobytes())
        return _memory.get(key, partial(self._read_layout, number))

    def _read_layout(self, number: int) -> tuple[LabelLayout, int]:
        offset, length, checksum, _ = self._layouts[number].item()
        layout = LabelLayout(read_part(self._path, self._descriptor, Part(offset, length, checksum)))
        return layout, layout.size_bytes

    def _read_names(self) -> tuple[Names, int]:
        content = read_part(self._path, self._descriptor, self._names_part)
        names, common = [], []
        numbers: dict[str, list[int]] = defaultdict(list)
        for number, (name, pairs) in enumerate(json.loads(content)):
            names.append(name)
            common.append(tuple((label, value) for label, value in pairs))
            numbers[name].append(number)
        return Names(names, common, numbers), len(content) * 8


def _footer(path: Path, descriptor: int) -> Part:
    size = os.fstat(descriptor).st_size
    if size < HEADER.size + TAIL.size:
        raise BlockDamaged(path, f"it has {size} bytes, too few for a block")
    magic, version = HEADER.unpack(read_bytes(path, descriptor, 0, HEADER.size))
    if magic != MAGIC:
        raise BlockDamaged(path, "it does not begin like a block")
    if version != VERSION:
        raise BlockDamaged(path, f"it is of version {version}, and this program reads version {VERSION}")
    offset, length, checksum, magic = TAIL.unpack(read_bytes(path, descriptor, size - TAIL.size, TAIL.size))
    if magic != MAGIC or offset + length + TAIL.size != size:
        raise BlockDamaged(path, "it does not end like a block: it was cut short, or something was added")
    return Part(offset, length, checksum)


def _joined(common: Labels, rest: Sequence[Labels]) -> list[Labels]:
    """In order of the names, as labels are."""
    return [tuple(sorted((*common, *labels))) for labels in rest]


def _size_of(found: Found) -> int:
    return _BYTES_PER_MATCH + sum(map(len, found.labels)) * _BYTES_PER_LABEL


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=16).digest()
