"""The rules and what they have found: `rules` and `alerts`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor_collector.api.answers import BadParameter, Data
from monitor_collector.api.asking import Asked
from monitor_collector.api.parameters import Parameters
from monitor_collector.collector import Collector
from monitor_collector.go_template.numbers import not_finite, scientific
from monitor_collector.notifications.payload import rfc3339
from monitor_collector.promql import Labels, all_match
from monitor_collector.rule_files import AlertingRule, RecordingRule, Rule, RuleGroup
from monitor_collector.rules import Alert

NEVER = "0001-01-01T00:00:00Z"
_KINDS: Mapping[str, Any] = {"": Rule, "alert": AlertingRule, "record": RecordingRule}


async def alerts(asked: Asked) -> Data:
    return Data({"alerts": [_alert(alert) for _, alert in asked.collector.engine.active_alerts()]})


async def rules(asked: Asked) -> Data:
    """The groups, without those of which the parameters leave no rule."""
    is_wanted = _Filter(asked.parameters)
    groups = []
    for group in sorted(asked.collector.configuration.groups, key=lambda group: (group.file, group.name)):
        chosen = [rule for rule in group.rules if is_wanted(group, rule)]
        if chosen:
            rules = [_rule(asked.collector, rule, is_wanted.with_alerts) for rule in chosen]
            groups.append(_group(asked.collector, group, rules))
    return Data({"groups": groups})


class _Filter:
    """Which rules are asked for. Raises BadParameter where that cannot be told."""

    def __init__(self, parameters: Parameters) -> None:
        kind = parameters.text("type").lower()
        if kind not in _KINDS:
            raise BadParameter.named("type", f'not supported value "{kind}"')
        self._kind = _KINDS[kind]
        self._files = parameters.all("file[]")
        self._groups = parameters.all("rule_group[]")
        self._names = parameters.all("rule_name[]")
        self._selectors = parameters.selectors()
        self.with_alerts = not parameters.flag("exclude_alerts")

    def __call__(self, group: RuleGroup, rule: Rule) -> bool:
        return (
            isinstance(rule, self._kind)
            and (not self._files or group.file in self._files)
            and (not self._groups or group.name in self._groups)
            and (not self._names or rule.name in self._names)
            and (not self._selectors or any(all_match(selector, _labels(rule)) for selector in self._selectors))
        )


def _labels(rule: Rule) -> Labels:
    """As the rule's file has them, templates included."""
    if isinstance(rule, AlertingRule):
        return tuple((name, template.text) for name, template in rule.labels.items())
    return tuple(rule.labels.items())


def _group(collector: Collector, group: RuleGroup, rules: list[dict[str, Any]]) -> dict[str, Any]:
    evaluation = collector.engine.group_evaluations.get((group.file, group.name))
    interval_ms = group.interval_ms or collector.configuration.settings.evaluation_interval_seconds * 1000
    return {
        "name": group.name,
        "file": group.file,
        "rules": rules,
        "interval": interval_ms / 1000,
        "limit": group.limit,
        "evaluationTime": evaluation.duration_seconds if evaluation else 0,
        "lastEvaluation": rfc3339(evaluation.at_ms) if evaluation else NEVER,
    }


def _rule(collector: Collector, rule: Rule, with_alerts: bool) -> dict[str, Any]:
    health = collector.engine.health.get(rule.key)
    labels = dict(_labels(rule))
    common = {
        "name": rule.name,
        "query": rule.query,
        "health": "unknown" if health is None else "err" if health.error else "ok",
        "evaluationTime": health.duration_seconds if health else 0,
        "lastEvaluation": rfc3339(health.at_ms) if health else NEVER,
    }
    if health is not None and health.error:
        common["lastError"] = health.error
    if not isinstance(rule, AlertingRule):
        return {**common, **({"labels": labels} if labels else {}), "type": "recording"}
    alerts = collector.engine.alerts_of(rule)
    states = {alert.state for alert in alerts}
    return {
        **common,
        "labels": labels,
        "type": "alerting",
        "state": "firing" if "firing" in states else "pending" if states else "inactive",
        "duration": rule.for_ms / 1000,
        "keepFiringFor": rule.keep_firing_for_ms / 1000,
        "annotations": {name: template.text for name, template in rule.annotations.items()},
        "alerts": [_alert(alert) for alert in alerts] if with_alerts else None,
    }


def _alert(alert: Alert) -> dict[str, Any]:
    found = {
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "state": alert.state,
        "activeAt": rfc3339(alert.active_at_ms),
        "value": _with_exponent(alert.value),
    }
    if alert.keep_firing_since_ms is not None:
        found["keepFiringSince"] = rfc3339(alert.keep_firing_since_ms)
    return found


def _with_exponent(value: float) -> str:
    """Go's %e with as many digits as identify the number, which is how Prometheus shows an alert's value."""
    return scientific(value) if abs(value) < float("inf") else not_finite(value)
