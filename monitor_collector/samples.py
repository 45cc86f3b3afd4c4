"""The words that ingest, storage and rules share: labels, layouts and batches.

A *layout* is the list of series that a batch carries, in order. A host sends the same layout every time, so whoever
keeps something per layout (where its columns are, whose it is) looks it up once per batch, not once per sample.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

import numpy as np

from monitor_collector.promql import Labels


def labels_from(pairs: Mapping[str, str]) -> Labels:
    """Sorted by name; a label with an empty value is the same as no label, so it is left out."""
    return tuple(sorted((name, value) for name, value in pairs.items() if value != ""))


def metric(name: str, /, **labels: str) -> Labels:
    """The labels of the series `name{labels…}`."""
    return labels_from({"__name__": name, **labels})


class Layout:
    """Series in a fixed order, compared by identity.

    `frame` names the frame that new series of this layout go to; without one, each series goes to the frame of its
    `instance`.
    """

    def __init__(self, series: Iterable[Labels], frame: str | None = None) -> None:
        self.series = tuple(series)
        self.frame = frame

    @cached_property
    def instances(self) -> frozenset[str]:
        """The values of the label `instance`, "" for series without."""
        return frozenset(instance_of(labels) for labels in self.series)

    def __len__(self) -> int:
        return len(self.series)


def instance_of(labels: Labels) -> str:
    return next((value for name, value in labels if name == "instance"), "")


class Batch:
    """One value and one timestamp for each series of a layout.

    `values` is float64 (series,). `timestamps_ms` is one int where all samples have the same, which is the rule, else
    int64 (series,). A layout may name a series several times, with different timestamps.
    """

    __slots__ = ("layout", "timestamps_ms", "values")

    def __init__(self, layout: Layout, values: np.ndarray, timestamps_ms: int | np.ndarray) -> None:
        self.layout = layout
        self.values = values
        self.timestamps_ms = timestamps_ms

    def __len__(self) -> int:
        return len(self.values)

    @property
    def newest_ms(self) -> int:
        """-1 where there is no sample."""
        return self.timestamps_ms if isinstance(self.timestamps_ms, int) else int(self.timestamps_ms.max(initial=-1))

    def between(self, oldest_ms: int, newest_ms: int) -> Batch:
        """The samples with oldest_ms <= t <= newest_ms; this same batch where that is all of them."""
        if isinstance(self.timestamps_ms, int):
            if oldest_ms <= self.timestamps_ms <= newest_ms:
                return self
            return Batch(Layout([], self.layout.frame), self.values[:0], self.timestamps_ms)
        inside = (self.timestamps_ms >= oldest_ms) & (self.timestamps_ms <= newest_ms)
        if inside.all():
            return self
        layout = Layout((self.layout.series[i] for i in np.flatnonzero(inside)), self.layout.frame)
        return Batch(layout, self.values[inside], self.timestamps_ms[inside])
