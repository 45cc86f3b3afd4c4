"""Prometheus text format, version 0.0.4, with timestamps in milliseconds.

https://prometheus.io/docs/instrumenting/exposition_formats/

Collectors hand over tables: the columns are metrics, the rows are devices, processors, mounts. The part of a line in
front of its value depends on column and row only, so it is made once and kept as long as the row keeps coming.
"""

from __future__ import annotations

import re
from collections import namedtuple

INFINITY = float("inf")
LARGEST_COUNTER = 1 << 128
FORGET_FACTOR = 3  # how many more rows than those of one batch are remembered: not all come with every batch
is_metric_name = re.compile("[a-zA-Z_:][a-zA-Z0-9_:]*").fullmatch


class Metric:
    """A column. `kind` is counter, gauge or untyped; `labels` are (name, value) pairs the same in every row.

    Raises ValueError for a name that no metric may have: some are made of what stands in the kernel's files.
    """

    __slots__ = ("help", "kind", "labels", "name")

    def __init__(self, name: str, kind: str, help_text: str, labels: tuple[tuple[str, str], ...] = ()) -> None:
        if not is_metric_name(name):
            raise ValueError(f"{name!r} is no name for a metric")
        self.name = name
        self.kind = kind
        self.help = help_text
        self.labels = labels


class Columns:
    """Metrics that are read together, in this order. Made once and used for every row: it is known by identity."""

    __slots__ = ("metrics",)

    def __init__(self, *metrics: Metric) -> None:
        self.metrics = metrics


# One value for each column, or fewer where the kernel is older than the last columns. A value is a number, or the
# digits of one as the kernel wrote them.
Row = namedtuple("Row", ("columns", "labels", "values"))


def escape_label_value(text: str) -> str:
    """A label's value as it stands between quotes; what came from bytes that are no UTF-8 is replaced by U+FFFD."""
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def escape_help(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def format_value(value: str | float) -> str:
    """The shortest text that parses back to the same number; the nearest float where no counter is as large."""
    if value.__class__ is str:
        return value
    if value.__class__ is int:
        if -LARGEST_COUNTER < value < LARGEST_COUNTER:
            return str(value)
        value = nearest_float(value)
    if value != value:
        return "NaN"
    if value in (INFINITY, -INFINITY):
        return "+Inf" if value > 0 else "-Inf"
    text = repr(value)
    return text[:-2] if text.endswith(".0") else text


def nearest_float(number: int) -> float:
    """Infinite for those that are too large: what nonsense in a file may come to."""
    try:
        return float(number)
    except OverflowError:
        return INFINITY if number > 0 else -INFINITY


def shift_decimal(digits: str, places: int) -> str:
    """The number in `digits` divided by 10 to the power of `places`: exact, and cheaper than dividing and printing."""
    if len(digits) <= places:
        digits = digits.zfill(places + 1)
    return f"{digits[:-places]}.{digits[-places:]}"


class Renderer:
    """Turns rows into text. `labels` go on every series and give way to a series' own labels of the same name."""

    def __init__(self, labels: dict[str, str]) -> None:
        self._labels = labels
        self._prefixes: dict[tuple[Columns, tuple[tuple[str, str], ...]], list[str]] = {}
        self._layout: list[tuple[Columns, tuple[tuple[str, str], ...], int]] = []
        self._parts: list[str] = []  # prefix, value and end of each line, one after another

    def batch(self, rows: list[Row], timestamp_ms: int) -> bytes:
        """The samples alone, each with the timestamp: what is pushed. The order of the rows is kept."""
        layout = []
        values: list[str | float] = []
        for columns, labels, row_values in rows:
            count = min(len(row_values), len(columns.metrics))
            layout.append((columns, labels, count))
            values += row_values if count == len(row_values) else row_values[:count]
        if layout != self._layout:
            self._lay_out(layout)
        parts = self._parts
        parts[1::3] = [value if value.__class__ is str else format_value(value) for value in values]
        parts[2::3] = [f" {timestamp_ms}\n"] * len(values)
        return "".join(parts).encode("utf-8", "replace")

    def _lay_out(self, layout: list[tuple[Columns, tuple[tuple[str, str], ...], int]]) -> None:
        """Puts the prefixes in their places; as long as the same rows come, only values and ends are exchanged."""
        known = self._prefixes
        if len(known) > FORGET_FACTOR * len(layout):  # devices come and go
            self._prefixes = {}
        self._parts = []
        for columns, labels, count in layout:
            key = (columns, labels)
            prefixes = self._prefixes[key] = known.get(key) or self._make_prefixes(columns, labels)
            for prefix in prefixes[:count]:
                self._parts += (prefix, "", "")
        self._layout = layout

    def page(self, rows: list[Row]) -> str:
        """The samples by metric, with HELP and TYPE and without timestamps: what people and scrapers read."""
        blocks: dict[str, list[str]] = {}
        for columns, labels, values in rows:
            for metric, prefix, value in zip(columns.metrics, self._make_prefixes(columns, labels), values):
                block = blocks.setdefault(metric.name, [describe(metric)])
                block.append(f"{prefix}{format_value(value)}\n")
        return "".join(line for block in blocks.values() for line in block)

    def _make_prefixes(self, columns: Columns, labels: tuple[tuple[str, str], ...]) -> list[str]:
        return [self._make_prefix(metric, labels) for metric in columns.metrics]

    def _make_prefix(self, metric: Metric, labels: tuple[tuple[str, str], ...]) -> str:
        pairs = sorted({**self._labels, **dict(labels), **dict(metric.labels)}.items())
        text = ",".join(f'{name}="{escape_label_value(value)}"' for name, value in pairs)
        return f"{metric.name}{{{text}}} " if text else f"{metric.name} "


def describe(metric: Metric) -> str:
    return f"# HELP {metric.name} {escape_help(metric.help)}\n# TYPE {metric.name} {metric.kind}\n"


def describe_all(rows: list[Row]) -> bytes:
    """HELP and TYPE of every metric in the rows, once each."""
    metrics = {metric.name: metric for row in rows for metric in row.columns.metrics}
    return "".join(map(describe, metrics.values())).encode()
