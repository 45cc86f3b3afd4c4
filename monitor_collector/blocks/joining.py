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

    Where several places have a sample of one series and moment, the first place's counts. Series that share their
    array of timestamps in every place share it in the result.
    """
    return together(place.select(matchers, start_ms, end_ms) for place in places)


def together(selections: Iterable[list[Series]]) -> list[Series]:
    """The same for what was selected already."""
    filled = [selection for selection in selections if selection]
    if len(filled) == 1:
        return filled[0]
    pieces: dict[Labels, list[Series]] = defaultdict(list)
    for selection in filled:
        for series in selection:
            pieces[series.labels].append(series)
    timelines: dict[tuple[int, ...], _Timeline] = {}
    return [_joined(found, timelines) for found in pieces.values()]


def joined(*pieces: Series) -> Series:
    """One series out of pieces of it; of samples of one moment the first counts."""
    return _joined(pieces, {})


class _Timeline:
    """The times of several pieces in order. `choice` says which of all samples belong to them, None where all do, as
    they stand."""

    def __init__(self, pieces: Sequence[Series]) -> None:
        self.timestamps = np.concatenate([piece.timestamps for piece in pieces])
        self.choice: np.ndarray | None = None
        if not all(before.timestamps[-1] < after.timestamps[0] for before, after in pairwise(pieces)):
            # numpy gives the first of those that are equal.
            self.timestamps, self.choice = np.unique(self.timestamps, return_index=True)


def _joined(pieces: Sequence[Series], timelines: dict[tuple[int, ...], _Timeline]) -> Series:
    """`timelines` are those known already, by the identity of the arrays that they were made of."""
    if len(pieces) == 1:
        return pieces[0]
    key = tuple(id(piece.timestamps) for piece in pieces)
    timeline = timelines.get(key)
    if timeline is None:
        timeline = timelines[key] = _Timeline(pieces)
    values = np.concatenate([piece.values for piece in pieces])
    return Series(pieces[0].labels, timeline.timestamps, values if timeline.choice is None else values[timeline.choice])
