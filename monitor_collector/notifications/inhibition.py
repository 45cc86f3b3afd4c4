"""Inhibition: while one alert fires, others are not told of. A host that is down mutes its other alerts.

https://prometheus.io/docs/alerting/latest/configuration/#inhibition-related-settings
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from monitor_collector.promql import Labels
from monitor_collector.promql.matchers import Matcher, all_match


class InhibitRule(NamedTuple):
    """Alerts that match `target` are muted while one fires that matches `source` and has the same values of the
    labels `equal`; a label that is absent on both sides is equal."""

    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...] = ()


class Inhibitor:
    """Knows what is inhibited while these alerts fire. Silenced alerts inhibit too, as in Alertmanager."""

    def __init__(self, rules: Iterable[InhibitRule], firing: Iterable[Labels]) -> None:
        self._rules = tuple(rules)
        alerts = list(firing) if self._rules else []
        self._sources: list[dict[tuple[str, ...], list[tuple[Labels, bool]]]] = []
        for rule in self._rules:
            sources: dict[tuple[str, ...], list[tuple[Labels, bool]]] = {}
            for labels in alerts:
                if all_match(rule.source, labels):
                    is_target_too = all_match(rule.target, labels)
                    sources.setdefault(_values(rule, labels), []).append((labels, is_target_too))
            self._sources.append(sources)

    def inhibitors(self, labels: Labels) -> tuple[Labels, ...]:
        """The first alert that inhibits this one by each rule; none for most.

        An alert that matches both sides of a rule is inhibited only by one that does not, so none by itself.
        """
        found = []
        for rule, sources in zip(self._rules, self._sources, strict=True):
            if not sources or not all_match(rule.target, labels):
                continue
            is_source_too = all_match(rule.source, labels)
            for source, is_target_too in sources.get(_values(rule, labels), ()):
                if not (is_source_too and is_target_too):
                    found.append(source)
                    break
        return tuple(dict.fromkeys(found))


def _values(rule: InhibitRule, labels: Labels) -> tuple[str, ...]:
    values = dict(labels)
    return tuple(values.get(name, "") for name in rule.equal)
