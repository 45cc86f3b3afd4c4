"""What a push may hold, so that no host can fill the memory: checked where series come for the first time, and so for
nothing where the same ones come again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from monitor_collector.head import Head
from monitor_collector.promql import Labels
from monitor_collector.push_format import Refusal
from monitor_collector.samples import Layout

SHOWN_CHARACTERS = 80
# Nothing else is done while a body is read. A message of remote write can be made of millions of empty parts, and a
# series of millions of labels.
ELEMENTS_MAX = 200_000
LABELS_MAX = 1024


class Limits(NamedTuple):
    """Of a body as it comes, of its text and the lines of that; of the series in memory, of one host and in total; of
    the labels of a series, the metric name among the values. Lengths are bytes of UTF-8."""

    body_bytes: int = 16 * 1024 * 1024
    text_bytes: int = 16 * 1024 * 1024
    lines: int = ELEMENTS_MAX
    host_series: int = 20_000
    series: int = 1_000_000  # as many as `exposition.Parser` remembers
    labels: int = 64
    label_name_bytes: int = 256
    label_value_bytes: int = 4096


class SeriesRefusal(Refusal):
    """The batch has a series that is not allowed, or too many."""


def check_series(layout: Layout, head: Head, limits: Limits) -> None:
    """Raises SeriesRefusal if a layout that the head does not know has a series that is not allowed, or too many."""
    for number, labels in enumerate(layout.series, 1):
        for problem in _problems(labels, limits):
            raise SeriesRefusal(400, f"sample {number}, {_shown(labels)}: {problem}")
    counts = head.series_counts_with(layout)
    for instance, count in counts.hosts.items():
        if count > limits.host_series:
            raise SeriesRefusal(
                400,
                f"with this batch instance={instance!r} has {count} series in memory; {limits.host_series} are allowed",
            )
    if counts.total > limits.series:
        reason = f"with this batch there are {counts.total} series in memory; {limits.series} are allowed"
        raise SeriesRefusal(429, reason, {"Retry-After": "60"})


def _problems(labels: Labels, limits: Limits) -> Iterator[str]:
    # The metric name is no label to whoever writes it.
    count = sum(name != "__name__" for name, _ in labels)
    if count > limits.labels:
        yield f"a series may have {limits.labels} labels, and this one has {count}"
    for name, value in labels:
        what = "the metric name" if name == "__name__" else f"the value of the label {name[:SHOWN_CHARACTERS]}"
        if len(name.encode()) > limits.label_name_bytes:
            yield f"a label name may have {limits.label_name_bytes} bytes, and {name[:SHOWN_CHARACTERS]}… has more"
        if len(value.encode()) > limits.label_value_bytes:
            yield f"{what} may have {limits.label_value_bytes} bytes, and has {len(value.encode())}"


def _shown(labels: Labels) -> str:
    return dict(labels).get("__name__", "a series")[:SHOWN_CHARACTERS]
