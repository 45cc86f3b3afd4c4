r"""The notation of promtool's tests for series: `up{job="host"}` and its values `1+2x3 _x2 stale`.

https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/#series
"""

from __future__ import annotations

import re

from monitor_collector.go_template.errors import TemplateError
from monitor_collector.go_template.literals import unquote
from monitor_collector.promql import METRIC_NAME, STALE_MARKER, Labels
from monitor_collector.samples import labels_from

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_STRING = r"""(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)"""
_LABEL = re.compile(rf"\s*(?P<name>[a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*(?P<value>{_STRING})\s*(?P<comma>,?)\s*")
_NUMBER = r"(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|(?i:inf|nan)(?![a-z]))"
_ITEM = re.compile(
    rf"_(?:x(?P<blanks>\d+))?|(?P<value>[+-]?{_NUMBER}|stale(?![a-z]))(?:(?P<step>[+-]{_NUMBER})?x(?P<times>\d+))?",
    re.ASCII,
)
_MOST_VALUES = 10_000_000


def read_labels(text: str) -> Labels:
    """The labels of `name{label="value", …}`, the metric's name among them. ValueError where it is none."""
    text = text.strip()
    name = _NAME.match(text)
    rest = text[name.end() :].strip() if name else text
    labels = {METRIC_NAME: name[0]} if name else {}
    if rest:
        if not (rest.startswith("{") and rest.endswith("}")):
            raise ValueError(f'{text!r} is no series; write for example up{{job="host"}}')
        labels |= _read_pairs(rest[1:-1], text)
    elif not name:
        raise ValueError("names no series")
    return labels_from(labels)


def _read_pairs(inside: str, text: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    position, is_open = 0, True
    while inside[position:].strip():
        found = _LABEL.match(inside, position)
        if found is None or not is_open:
            raise ValueError(f"{text!r} is no series: {inside[position:].strip()!r} is no label with a value in quotes")
        try:
            pairs[found["name"]] = unquote(found["value"])
        except TemplateError as error:
            raise ValueError(str(error)) from None
        position, is_open = found.end(), bool(found["comma"])
    return pairs


def read_values(text: str) -> list[float | None]:
    """The values one after the other, None where one is left out. ValueError where they cannot be read.

    `1+2x3` is 1 3 5 7, `1x3` is four times 1, `_x3` leaves out three, `stale` ends the series.
    """
    values: list[float | None] = []
    for item in text.split():
        found = _ITEM.fullmatch(item)
        if "{{" in item:
            raise ValueError("native histograms are not supported here")
        if found is None:
            raise ValueError(f"{item!r} is no value; there are 1, -0.5, 1+2x3, 1x3, _, _x3 and stale")
        times = int(found["times"] or found["blanks"] or 0)
        if len(values) + times > _MOST_VALUES:
            raise ValueError(f"gives more than {_MOST_VALUES} values")
        if found["value"] is None:
            values += [None] * (times if found["blanks"] else 1)
            continue
        value = float(STALE_MARKER) if found["value"] == "stale" else float(found["value"])
        step = float(found["step"] or 0)
        for _ in range(times + 1):
            values.append(value)
            # Added up one by one, with the rounding that this brings, as promtool does.
            value = value + step if found["step"] else value
    return values
