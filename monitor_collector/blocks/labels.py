"""The labels of a frame's series, kept small, so that the history of many hosts can be open at once.

What all series of a frame have in common, its instance above all, is split off; what remains, the *layout*, is the same
for all hosts of a kind, and is stored and remembered once. Series are found in it without making their labels.
"""

from __future__ import annotations

import json
import sys
from bisect import bisect_left
from collections.abc import Iterable, Sequence

import numpy as np

from monitor_collector.promql import Labels, Matcher

_BYTES_PER_STRING = 80


def split(series: Sequence[Labels]) -> tuple[Labels, list[Labels]]:
    """The labels that all series have, and what remains of each. At least one series."""
    common = set(series[0]).intersection(*series[1:])
    rest = [tuple(pair for pair in labels if pair not in common) for labels in series]
    return tuple(sorted(common)), rest


def encode_layout(series: Sequence[Labels]) -> bytes:
    """Strings, and for each series the numbers of its names and values by turns."""
    strings = sorted({text for labels in series for pair in labels for text in pair})
    numbers = {text: number for number, text in enumerate(strings)}
    content = {
        "strings": strings,
        "series": [[numbers[text] for pair in labels for text in pair] for labels in series],
    }
    return json.dumps(content, separators=(",", ":")).encode()


class LabelLayout:
    """Series by number, in the order that they were encoded in."""

    def __init__(self, content: bytes) -> None:
        decoded = json.loads(content)
        series = decoded["series"]
        self._strings = tuple(map(sys.intern, decoded["strings"]))
        # The pairs of all series, one after the other: numbers of strings.
        flat = np.array([number for one in series for number in one], np.int32).reshape(-1, 2)
        self._names, self._values = flat.T
        lengths = [len(one) // 2 for one in series]
        self._starts = np.concatenate(([0], np.cumsum(lengths, dtype=np.int32)))
        self._series = np.repeat(np.arange(len(series), dtype=np.int32), lengths)

    def __len__(self) -> int:
        return len(self._starts) - 1

    @property
    def size_bytes(self) -> int:
        arrays = (self._names, self._values, self._starts, self._series)
        return sum(array.nbytes for array in arrays) + len(self._strings) * _BYTES_PER_STRING

    def find(self, matchers: Iterable[Matcher]) -> np.ndarray:
        """The numbers of the series that all matchers match."""
        matched = np.ones(len(self), bool)
        for matcher in matchers:
            is_named = self._names == self._number(matcher.name)
            distinct, which = np.unique(self._values[is_named], return_inverse=True)
            verdicts = np.array([matcher.matches(self._strings[number]) for number in distinct], bool)
            verdict = np.full(len(self), matcher.matches(""))
            verdict[self._series[is_named]] = verdicts[which]
            matched &= verdict
        return np.flatnonzero(matched)

    def _number(self, text: str) -> int:
        """Of a string; -1 where no label has it."""
        number = bisect_left(self._strings, text)
        return number if number < len(self._strings) and self._strings[number] == text else -1

    def labels(self, numbers: Iterable[int]) -> list[Labels]:
        """Of the series with these numbers."""
        strings = self._strings
        found = []
        for i in numbers:
            pairs = slice(self._starts[i], self._starts[i + 1])
            names, values = self._names[pairs].tolist(), self._values[pairs].tolist()
            found.append(tuple((strings[name], strings[value]) for name, value in zip(names, values, strict=True)))
        return found
