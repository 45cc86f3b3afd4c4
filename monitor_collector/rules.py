"""Evaluates rules: what an expression gives now, together with what was, makes new samples and alerts.

Alerts go inactive → pending → firing → resolved exactly as in Prometheus (rules/alerting.go): pending for `for`,
firing on for `keep_firing_for` after the expression has ceased to give them. Everything here is a function of its
arguments; whoever calls it stores the samples and keeps the state.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Literal, NamedTuple

from monitor_collector.promql import STALE_MARKER, Labels, Matrix, Scalar, Storage, Vector
from monitor_collector.rule_files import AlertingRule, RecordingRule, Rule
from monitor_collector.samples import labels_from

AlertState = Literal["pending", "firing"]


class RuleError(Exception):
    """The results of a rule contradict each other."""


class Alert(NamedTuple):
    """One alert of a rule, identified by its labels (`alertname` among them). Times are Unix milliseconds."""

    labels: Labels
    annotations: Labels
    state: AlertState
    value: float
    active_at_ms: int
    fired_at_ms: int | None = None
    keep_firing_since_ms: int | None = None


class RuleState(NamedTuple):
    """What a rule remembers between two evaluations: its alerts, and the series it gave a sample to last time."""

    alerts: Mapping[Labels, Alert]
    series: frozenset[Labels]


NOTHING_YET = RuleState({}, frozenset())


class Transition(NamedTuple):
    """An alert has begun or ceased to fire."""

    alert: Alert
    at_ms: int
    is_firing: bool


class Outcome(NamedTuple):
    """What an evaluation gives: the new state, samples to store at the same moment, and who is to be told."""

    state: RuleState
    samples: list[tuple[Labels, float]]
    transitions: list[Transition]


def evaluate(
    rule: Rule, storage: Storage, at_ms: int, state: RuleState, external_url: str, held: Collection[Labels] = ()
) -> Outcome:
    """Evaluates one rule at one moment.

    The alerts `held` stay as they are when the expression does not give them: soon after a start, when a host has not
    reported again yet, that nothing is known is no reason to call its alerts resolved.

    Raises QueryError when the data does not allow the expression, RuleError when two results have the same labels,
    TemplateError when a label or annotation cannot be rendered.
    """
    results = _results(rule, storage, at_ms)
    if isinstance(rule, RecordingRule):
        return _with_stale_markers(_record(rule, results), state, state.alerts, [])
    return _alert(rule, results, at_ms, state, external_url, held)


def _results(rule: Rule, storage: Storage, at_ms: int) -> list[tuple[Labels, float]]:
    value = rule.expression.evaluate(storage, at_ms)
    if isinstance(value, Scalar):
        return [((), value.value)]
    if isinstance(value, str | Matrix):
        raise RuleError("a rule needs a vector or a number")
    assert isinstance(value, Vector)
    return list(zip(value.labels, value.values.tolist(), strict=True))


def _record(rule: RecordingRule, results: Iterable[tuple[Labels, float]]) -> dict[Labels, float]:
    samples: dict[Labels, float] = {}
    for labels, value in results:
        own = labels_from({**dict(labels), **rule.labels, "__name__": rule.name})
        if own in samples:
            raise RuleError("two results have the same labels once the rule's labels are applied")
        samples[own] = value
    return samples


def _alert(
    rule: AlertingRule,
    results: Iterable[tuple[Labels, float]],
    at_ms: int,
    state: RuleState,
    external_url: str,
    held: Collection[Labels],
) -> Outcome:
    given = _instances(rule, results, external_url)
    alerts: dict[Labels, Alert] = {}
    transitions: list[Transition] = []
    for labels, before in state.alerts.items():
        if labels in given:
            continue
        if labels in held:
            alerts[labels] = before
            continue
        since = before.keep_firing_since_ms if before.keep_firing_since_ms is not None else at_ms
        if before.state == "firing" and at_ms - since < rule.keep_firing_for_ms:
            alerts[labels] = before._replace(keep_firing_since_ms=since)
        elif before.state == "firing":
            transitions.append(Transition(before, at_ms, is_firing=False))
    for labels, (value, texts) in given.items():
        before = state.alerts.get(labels) or Alert(labels, texts, "pending", value, at_ms)
        alert = before._replace(value=value, annotations=texts, keep_firing_since_ms=None)
        if alert.state == "pending" and at_ms - alert.active_at_ms >= rule.for_ms:
            alert = alert._replace(state="firing", fired_at_ms=at_ms)
            transitions.append(Transition(alert, at_ms, is_firing=True))
        alerts[labels] = alert
    return _with_stale_markers(_samples(alerts.values()), state, alerts, transitions)


def not_later_than(now_ms: int, state: RuleState) -> RuleState:
    """The same state when the clock was set back: what is known of an alert did not happen later than now."""

    def earlier(at_ms: int | None) -> int | None:
        return None if at_ms is None else min(at_ms, now_ms)

    alerts = {
        labels: alert._replace(
            active_at_ms=min(alert.active_at_ms, now_ms),
            fired_at_ms=earlier(alert.fired_at_ms),
            keep_firing_since_ms=earlier(alert.keep_firing_since_ms),
        )
        for labels, alert in state.alerts.items()
    }
    return state._replace(alerts=alerts)


def restored(alerts: Mapping[Labels, Alert]) -> Outcome:
    """The state of a rule whose alerts come from before a restart, and the samples that expressions may refer to."""
    samples = _samples(alerts.values())
    return Outcome(RuleState(alerts, frozenset(samples)), list(samples.items()), [])


def _samples(alerts: Iterable[Alert]) -> dict[Labels, float]:
    samples = {}
    for alert in alerts:
        plain = dict(alert.labels)
        samples[labels_from({**plain, "__name__": "ALERTS", "alertstate": alert.state})] = 1.0
        samples[labels_from({**plain, "__name__": "ALERTS_FOR_STATE"})] = float(alert.active_at_ms // 1000)
    return samples


def _instances(
    rule: AlertingRule, results: Iterable[tuple[Labels, float]], external_url: str
) -> dict[Labels, tuple[float, Labels]]:
    """The alerts that the expression gives: labels -> value and annotations."""
    found: dict[Labels, tuple[float, Labels]] = {}
    for series, value in results:
        plain = dict(series)
        plain.pop("__name__", None)
        own = {name: template.render(plain, value, external_url) for name, template in rule.labels.items()}
        labels = labels_from({**plain, **own, "alertname": rule.name})
        if labels in found:
            raise RuleError("two results have the same labels once the rule's labels are applied")
        texts = {name: template.render(plain, value, external_url) for name, template in rule.annotations.items()}
        found[labels] = (value, tuple(sorted(texts.items())))
    return found


def _with_stale_markers(
    samples: Mapping[Labels, float],
    state: RuleState,
    alerts: Mapping[Labels, Alert],
    transitions: list[Transition],
) -> Outcome:
    """Ends the series that had a sample last time and have none now."""
    ended = [(labels, STALE_MARKER) for labels in sorted(state.series - samples.keys())]
    return Outcome(RuleState(alerts, frozenset(samples)), [*samples.items(), *ended], transitions)


def end(state: RuleState, at_ms: int) -> Outcome:
    """What the end of a rule gives, when the configuration does not have it any more: all is resolved."""
    firing = [alert for alert in state.alerts.values() if alert.state == "firing"]
    transitions = [Transition(alert, at_ms, is_firing=False) for alert in firing]
    return _with_stale_markers({}, state, {}, transitions)
