"""The templates in the labels and annotations of alerting rules, with everything that Prometheus gives them.

The language is Go's (`go_template`), the functions are Prometheus' (`template_functions`); here are the data that an
alert brings: `$labels`, `$value` … https://prometheus.io/docs/prometheus/latest/configuration/template_reference/
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from monitor_collector.go_template import Structure, TemplateError, parse
from monitor_collector.template_functions import FUNCTIONS

__all__ = ["Samples", "Surroundings", "Template", "TemplateError"]

# What a query gives: labels (the metric's name among them) and value of each series.
Samples = list[tuple[Mapping[str, str], float]]

_VARIABLES = {
    "$labels": "Labels",
    "$externalLabels": "ExternalLabels",
    "$externalURL": "ExternalURL",
    "$value": "Value",
}


def _no_data(_: str) -> Samples:
    return []


class Surroundings(NamedTuple):
    """What templates know beside the alert. `query` evaluates PromQL at the moment of the evaluation; it may raise
    QueryError."""

    external_url: str = ""
    external_labels: Mapping[str, str] = {}
    query: Callable[[str], Samples] = _no_data
    now_ms: int = 0


class Template:
    """A text with actions. TemplateError where its syntax is wrong or it uses what is not supported here."""

    def __init__(self, text: str) -> None:
        self.text = text
        # Most labels and many annotations are plain words.
        self._parsed = parse(text, FUNCTIONS, _VARIABLES) if "{{" in text else None

    def render(self, labels: Mapping[str, str], value: float, surroundings: Surroundings) -> str:
        """The text for an alert with these labels and this value. A label that is not there is empty.

        TemplateError where the template does not suit the data, for example `first` of a query without results.
        """
        if self._parsed is None:
            return self.text
        fields = {
            "Labels": dict(labels),
            "ExternalLabels": dict(surroundings.external_labels),
            "ExternalURL": surroundings.external_url,
            "Value": value,
        }
        data = Structure("template.data", fields, is_pointer=False)
        variables = {variable: fields[name] for variable, name in _VARIABLES.items()}
        return self._parsed.render(data, variables, surroundings)
