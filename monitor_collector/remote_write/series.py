"""The series that remote-write messages name: checked once, and remembered, as senders name the same ones all the time.

What is remembered is bounded: series by their number, then all are forgotten; those with long labels are not kept.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Hashable, Iterable, Mapping, Sequence

from monitor_collector.promql import METRIC_NAME, Labels
from monitor_collector.push_limits import LABELS_MAX, SHOWN_CHARACTERS
from monitor_collector.samples import Layout, labels_from

REMEMBERED_KEY_SIZE = 1024
# As long as a metric name may be by default. Names are matched each time they come: long ones would make that slow.
NAME_MAX_CHARACTERS = 4096

_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


def checked_labels(pairs: Iterable[tuple[str, str]]) -> Labels:
    """The labels sorted by name, without those that are empty. Raises ValueError with the metric and what is wrong."""
    labels: dict[str, str] = {}
    try:
        for name, value in pairs:
            _check_label(name, labels)
            # Many series have the same: without sharing them, labels would take most of the memory.
            labels[sys.intern(name)] = sys.intern(value)
        _check_metric(labels.get(METRIC_NAME, ""))
    except ValueError as error:
        metric = labels.get(METRIC_NAME, "")[:SHOWN_CHARACTERS]
        raise ValueError(f"{metric}: {error}" if metric else str(error)) from None
    return labels_from(labels)


def _check_label(name: str, labels: Mapping[str, str]) -> None:
    shown = name[:SHOWN_CHARACTERS]
    if name in labels:
        raise ValueError(f"the label {shown} is there twice")
    _check_length(name)
    if not _LABEL.fullmatch(name):
        raise ValueError(f"{shown!r} is no label name, which has letters, digits and underscores, no digit first")
    if len(labels) >= LABELS_MAX:
        raise ValueError(f"a series has at most {LABELS_MAX} labels")


def _check_metric(name: str) -> None:
    if not name:
        raise ValueError("the label __name__ is missing")
    _check_length(name)
    if not _METRIC.fullmatch(name):
        raise ValueError("a metric name has letters, digits, underscores and colons, no digit first")


def _check_length(name: str) -> None:
    if len(name) > NAME_MAX_CHARACTERS:
        raise ValueError(
            f"a name has at most {NAME_MAX_CHARACTERS} characters, and {name[:SHOWN_CHARACTERS]}… has more"
        )


class SeriesMemory:
    """Labels by what stands for them in a message, and layouts by their series; at most `limit` of each."""

    def __init__(self, limit: int = 1_000_000) -> None:
        self._limit = limit
        self._labels: dict[Hashable, Labels] = {}
        self.known = self._labels.get
        self._layouts: dict[Labels, Layout] = {}
        self._layouts_size = 0

    def remember(self, key: Hashable, key_size: int, labels: Labels) -> None:
        if key_size > REMEMBERED_KEY_SIZE:
            return
        if len(self._labels) >= self._limit:
            self._labels.clear()
        self._labels[key] = labels

    def layout(self, series: Sequence[Labels]) -> Layout:
        """The same layout as before if it has the same series in the same order as the last that began like this."""
        if not series:
            return Layout([])
        known = self._layouts.get(series[0])
        wanted = tuple(series)
        if known is not None and known.series == wanted:
            return known
        if len(wanted) > self._limit or any(map(_is_long, wanted)):
            return Layout(wanted)
        self._layouts_size += len(wanted) - (len(known) if known is not None else 0)
        if self._layouts_size > self._limit:
            self._layouts.clear()
            self._layouts_size = len(wanted)
        layout = self._layouts[wanted[0]] = Layout(wanted)
        return layout


def _is_long(labels: Labels) -> bool:
    return sum(len(name) + len(value) for name, value in labels) > REMEMBERED_KEY_SIZE
