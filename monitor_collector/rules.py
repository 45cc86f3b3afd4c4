"""Evaluates rules: what an expression gives now, together with what was, makes new samples and alerts.

Alerts go inactive → pending → firing → resolved exactly as in Prometheus (rules/alerting.go): pending for `for`,
firing on for `keep_firing_for` after the expression has ceased to give them. Everything here is a function of its
arguments; whoever calls it stores the samples and keeps the state.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from monitor_collector.promql import (
    METRIC_NAME,
    STALE_MARKER,
    Expression,
    Labels,
    Matcher,
    QueryError,
    Scalar,
    Series,
    Storage,
    Vector,
    parse,
)
from monitor_collector.rule_files import AlertingRule, RecordingRule, Rule
from monitor_collector.samples import labels_from
from monitor_collector.templates import Samples, Surroundings, Template, TemplateError

AlertState = Literal["pending", "firing"]


class RuleError(Exception):
    """The results of a rule contradict each other, or are too many."""


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
    rule: Rule,
    storage: Storage,
    at_ms: int,
    state: RuleState,
    external_url: str,
    held: Collection[Labels] = (),
    *,
    external_labels: Mapping[str, str] | None = None,
    limit: int = 0,
    query_offset_ms: int = 0,
) -> Outcome:
    """Evaluates one rule at one moment.

    The expression is evaluated `query_offset_ms` earlier, which is when the samples belong too; alerts count their
    time from `at_ms`. The alerts `held` stay as they are when the expression does not give them: soon after a start,
    when a host has not reported again yet, that nothing is known is no reason to call its alerts resolved.

    A template that does not suit the data leaves the reason in its text, as in Prometheus: an alert that cannot be
    described still rings. Raises QueryError when the data does not allow the expression, RuleError when two results
    have the same labels or there are more than `limit`, where that is not 0.
    """
    data_ms = at_ms - query_offset_ms
    results = _results(rule.expression, storage, data_ms)
    if isinstance(rule, RecordingRule):
        return _with_stale_markers(_record(rule, results, limit), state, state.alerts, [])
    query = TemplateQuery(storage, data_ms)
    surroundings = Surroundings(external_url, external_labels or {}, query, data_ms)
    return _alert(rule, results, at_ms, state, surroundings, held, limit)


def _results(expression: Expression, storage: Storage, at_ms: int) -> list[tuple[Labels, float]]:
    value = expression.evaluate(storage, at_ms)
    if isinstance(value, Scalar):
        return [((), value.value)]
    if isinstance(value, Vector):
        return list(zip(value.labels, value.values.tolist(), strict=True))
    raise QueryError("a rule needs a vector or a number")


class TemplateQuery:
    """The function `query` of templates: evaluates PromQL at the moment of the rule. Series come sorted by labels."""

    def __init__(self, storage: Storage, at_ms: int) -> None:
        self._storage = storage
        self._at_ms = at_ms

    def __call__(self, query: str) -> Samples:
        return [(dict(labels), value) for labels, value in _results(_parsed(query), self, self._at_ms)]

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Series]:
        return sorted(self._storage.select(matchers, start_ms, end_ms), key=lambda series: series.labels)


@lru_cache(maxsize=256)
def _parsed(query: str) -> Expression:
    return parse(query)


def _record(rule: RecordingRule, results: Iterable[tuple[Labels, float]], limit: int) -> dict[Labels, float]:
    samples: dict[Labels, float] = {}
    for labels, value in results:
        own = labels_from({**dict(labels), **rule.labels, "__name__": rule.name})
        if own in samples:
            raise RuleError("two results have the same labels once the rule's labels are applied")
        samples[own] = value
    if 0 < limit < len(samples):
        raise RuleError(f"gives {len(samples)} series; its group has the limit {limit}")
    return samples


def _alert(
    rule: AlertingRule,
    results: Iterable[tuple[Labels, float]],
    at_ms: int,
    state: RuleState,
    surroundings: Surroundings,
    held: Collection[Labels],
    limit: int,
) -> Outcome:
    given = _instances(rule, results, surroundings)
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
    if 0 < limit < len(alerts):
        raise RuleError(f"gives {len(alerts)} alerts; its group has the limit {limit}")
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
    rule: AlertingRule, results: Iterable[tuple[Labels, float]], surroundings: Surroundings
) -> dict[Labels, tuple[float, Labels]]:
    """The alerts that the expression gives: labels -> value and annotations."""
    found: dict[Labels, tuple[float, Labels]] = {}
    for series, value in results:
        known = dict(series)
        own = {name: _text(rule, one, known, value, surroundings) for name, one in rule.labels.items()}
        labels = labels_from({**known, **own, "alertname": rule.name, METRIC_NAME: ""})
        if labels in found:
            raise RuleError("two results have the same labels once the rule's labels are applied")
        texts = {name: _text(rule, one, known, value, surroundings) for name, one in rule.annotations.items()}
        found[labels] = (value, tuple(sorted(texts.items())))
    return found


def _text(
    rule: AlertingRule, template: Template, labels: Mapping[str, str], value: float, surroundings: Surroundings
) -> str:
    try:
        return template.render(labels, value, surroundings)
    except TemplateError as error:
        return f"<error expanding template: error executing template __alert_{rule.name}: {error}>"


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
