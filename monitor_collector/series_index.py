"""Finds the series of the head by matchers.

What has been found is kept, and when there are more series only those are looked at: a rule asks for the same thousands
of series every second, and somewhere in a large fleet a new one appears all the time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from monitor_collector.frame import Frame
from monitor_collector.promql import METRIC_NAME, Labels, Matcher

_ANSWERS_KEPT = 1000


class Place(NamedTuple):
    """Where a series is."""

    frame: Frame
    column: int


class Match(NamedTuple):
    """The series of one frame that matchers have found: their columns (int64) and their labels."""

    frame: Frame
    columns: np.ndarray
    labels: list[Labels]


class _Answer(NamedTuple):
    """`seen` is how many series had been looked at, in their order."""

    seen: int
    matches: list[Match]


_Entry = tuple[Labels, Place]


class SeriesIndex:
    """Series by metric name. A new index takes its place when series go away.

    One thread adds while any number find, without locks: lists of series are only ever added to.
    """

    def __init__(self) -> None:
        self._all: list[_Entry] = []
        self._by_name: defaultdict[str, list[_Entry]] = defaultdict(list)
        self._answers: dict[tuple[Matcher, ...], _Answer] = {}

    def add(self, labels: Labels, place: Place) -> None:
        """Each series once."""
        entry = (labels, place)
        self._all.append(entry)
        self._by_name[_name_of(labels)].append(entry)

    def find(self, matchers: tuple[Matcher, ...]) -> list[Match]:
        """Each frame with such series once. The identical list as before while no others have been found."""
        by_name = next((one for one in matchers if one.name == METRIC_NAME and one.op == "="), None)
        series = self._all if by_name is None else self._by_name.get(by_name.value, ())
        seen, matches = self._answers.get(matchers, _NOTHING)
        if seen == len(series):
            return matches
        more = series[seen:]
        found = more
        for matcher in matchers:
            if matcher is not by_name:
                found = _meeting(matcher, found)
        answer = _Answer(seen + len(more), _joined(matches, found) if found else matches)
        if len(self._answers) >= _ANSWERS_KEPT and not seen:
            self._answers = {}
        self._answers[matchers] = answer
        return answer.matches


_NOTHING = _Answer(0, [])


def _name_of(labels: Labels) -> str:
    return next((value for name, value in labels if name == METRIC_NAME), "")


def _meeting(matcher: Matcher, series: Iterable[_Entry]) -> list[_Entry]:
    """Those that meet a condition. Thousands of hosts have the same few values, so each is tried once."""
    verdicts: dict[str, bool] = {}
    found = []
    for entry in series:
        value = next((value for name, value in entry[0] if name == matcher.name), "")
        if value not in verdicts:
            verdicts[value] = matcher.matches(value)
        if verdicts[value]:
            found.append(entry)
    return found


def _joined(matches: Sequence[Match], found: Iterable[_Entry]) -> list[Match]:
    by_frame: dict[Frame, list[tuple[int, Labels]]] = defaultdict(list)
    for labels, place in found:
        by_frame[place.frame].append((place.column, labels))
    joined = {match.frame: match for match in matches}
    for frame, pairs in by_frame.items():
        known = joined.get(frame)
        columns = np.array([column for column, _ in pairs], dtype=np.int64)
        labels = [one for _, one in pairs]
        joined[frame] = (
            Match(frame, np.concatenate((known.columns, columns)), known.labels + labels)
            if known
            else Match(frame, columns, labels)
        )
    return list(joined.values())
