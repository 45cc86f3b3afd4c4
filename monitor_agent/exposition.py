"""Prometheus text format, version 0.0.4, with timestamps in milliseconds.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Union

LabelPairs = tuple[tuple[str, str], ...]
# A number, or the digits of one as the kernel wrote them.
Value = Union[float, str]


class Family(NamedTuple):
    """One metric with all its series. `samples` are (labels, value); `kind` is counter, gauge or untyped."""

    name: str
    kind: str
    help: str
    samples: Sequence[tuple[LabelPairs, Value]]


def escape_label_value(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def format_value(value: Value) -> str:
    """The shortest text that parses back to the same number."""
    if isinstance(value, str):
        return value
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "+Inf" if value > 0 else "-Inf"
    return repr(value)


class Renderer:
    """Turns families into text; the part of a line before the value is made once for each series.

    `labels` are added to every series and give way to a series' own labels of the same name.
    """

    def __init__(self, labels: dict[str, str]) -> None:
        self._labels = labels
        self._prefixes: dict[tuple[str, LabelPairs], str] = {}

    def batch(self, families: Iterable[Family], timestamp_ms: int) -> bytes:
        """The samples alone, each with the timestamp: what is pushed."""
        lines: list[str] = []
        end = f" {timestamp_ms}\n"
        for family in families:
            for labels, value in family.samples:
                lines.append(self._prefix(family.name, labels) + format_value(value) + end)
        return "".join(lines).encode("utf-8", "replace")

    def page(self, families: Iterable[Family]) -> str:
        """The samples with HELP and TYPE and without timestamps: what people and scrapers read."""
        lines = []
        for family in families:
            lines.append(f"# HELP {family.name} {family.help}\n# TYPE {family.name} {family.kind}\n")
            lines += [
                self._prefix(family.name, labels) + format_value(value) + "\n" for labels, value in family.samples
            ]
        return "".join(lines)

    def _prefix(self, name: str, labels: LabelPairs) -> str:
        prefix = self._prefixes.get((name, labels))
        if prefix is None:
            pairs = sorted({**self._labels, **dict(labels)}.items())
            text = ",".join(f'{key}="{escape_label_value(value)}"' for key, value in pairs)
            prefix = self._prefixes[(name, labels)] = f"{name}{{{text}}} " if text else f"{name} "
        return prefix
