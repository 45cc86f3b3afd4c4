"""Puts together what several places have of the same series."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Protocol

import numpy as np

from monitor_collector.promql import Labels, Matcher, Series


class Selectable(Protocol):
    """A block, or anything else that has samples."""

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Series]: ...


def select_all(places: Iterable[Selectable], matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Series]:
    """The samples with start_ms < t <= end_ms of all places, each series ascending in time.

    Where several places have a sample of one series and moment, the first place's counts.
    """
    return together(place.select(matchers, start_ms, end_ms) for place in places)


def together(selections: Iterable[list[Series]]) -> list[Series]:
    """The same for what was selected already."""
    pieces: dict[Labels, list[Series]] = defaultdict(list)
    for selection in selections:
        for series in selection:
            pieces[series.labels].append(series)
    return [joined(*found) for found in pieces.values()]


def joined(*pieces: Series) -> Series:
    """One series out of pieces of it; of samples of one moment the first counts."""
    if len(pieces) == 1:
        return pieces[0]
    timestamps = np.concatenate([piece.timestamps for piece in pieces])
    values = np.concatenate([piece.values for piece in pieces])
    follow_each_other = all(before.timestamps[-1] < after.timestamps[0] for before, after in pairwise(pieces))
    if not follow_each_other:
        # numpy gives the first of those that are equal.
        timestamps, first = np.unique(timestamps, return_index=True)
        values = values[first]
    return Series(pieces[0].labels, timestamps, values)
