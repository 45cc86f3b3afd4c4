"""What the templates of an alerting rule make of its results: the labels and annotations of alerts.

Of thousands of alerts most have the value that they had a second ago, and then nothing is written anew.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from monitor_collector.promql import METRIC_NAME, Labels
from monitor_collector.rule_files import AlertingRule
from monitor_collector.samples import labels_from
from monitor_collector.templates import Surroundings, Template, TemplateError

# The functions that look at more than the alert and the configuration.
_LOOKS_AROUND = re.compile(r"\b(query|now)\b")


class Described(NamedTuple):
    """A result's value, and the labels and annotations of the alert that it is."""

    value: float
    labels: Labels
    annotations: Labels


def describe(
    rule: AlertingRule,
    results: Iterable[tuple[Labels, float]],
    surroundings: Surroundings,
    before: Mapping[Labels, Described],
) -> dict[Labels, Described]:
    """The alerts by the labels of their results. `before` is what this gave last time, for the same rule and the same
    configuration.

    A template that does not suit the data leaves the reason in its text.
    """
    templates = [*rule.labels.values(), *rule.annotations.values()]
    if any(_LOOKS_AROUND.search(template.text) for template in templates):
        before = {}
    found: dict[Labels, Described] = {}
    for series, value in results:
        known = before.get(series)
        if known is None or not _is_same(known.value, value):
            known = _described(rule, series, value, surroundings)
        found[series] = known
    return found


def _is_same(one: float, other: float) -> bool:
    """Also as a text, in which a zero has a sign."""
    return one == other and (one != 0 or math.copysign(1, one) == math.copysign(1, other))


def _described(rule: AlertingRule, series: Labels, value: float, surroundings: Surroundings) -> Described:
    known = dict(series)
    own = {name: _text(rule, one, known, value, surroundings) for name, one in rule.labels.items()}
    texts = {name: _text(rule, one, known, value, surroundings) for name, one in rule.annotations.items()}
    labels = labels_from({**known, **own, "alertname": rule.name, METRIC_NAME: ""})
    return Described(value, labels, tuple(sorted(texts.items())))


def _text(
    rule: AlertingRule, template: Template, labels: Mapping[str, str], value: float, surroundings: Surroundings
) -> str:
    try:
        return template.render(labels, value, surroundings)
    except TemplateError as error:
        return f"<error expanding template: error executing template __alert_{rule.name}: {error}>"
