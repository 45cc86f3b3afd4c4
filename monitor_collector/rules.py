"""Evaluates rules: what an expression gives now, together with what was, makes new samples and alerts.

Alerts go inactive → pending → firing → resolved exactly as in Prometheus (rules/alerting.go): pending for `for`,
firing on for `keep_firing_for` after the expression has ceased to give them. Everything here is a function of its
arguments; whoever calls it stores the samples and keeps the state.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Literal, NamedTuple

from monitor_collector.descriptions import Described, describe
from monitor_collector.promql import (
    DEFAULT_LOOKBACK_MS,
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
from monitor_collector.templates import Samples, Surroundings

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


class Recorded(NamedTuple):
    """The labels of an expression's results, and those under which a recording rule stores them."""

    results: list[Labels]
    series: list[Labels]


class RuleState(NamedTuple):
    """What a rule remembers between two evaluations: its alerts, and the series it gave a sample to last time.

    The others say how it got to those, since results are nearly the same every time: `recorded` for a recording rule,
    `described` for an alerting rule by the labels of the result. They hold for the same `context`: the rule and what it
    was told of the configuration.
    """

    alerts: Mapping[Labels, Alert]
    series: frozenset[Labels]
    recorded: Recorded = Recorded([], [])
    described: Mapping[Labels, Described] = MappingProxyType({})
    context: tuple[object, ...] = ()


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
    lookback_ms: int = DEFAULT_LOOKBACK_MS,
) -> Outcome:
    """Evaluates one rule at one moment; a sample counts as current for `lookback_ms`.

    The expression is evaluated `query_offset_ms` earlier, which is when the samples belong too; alerts count their
    time from `at_ms`. The alerts `held` stay as they are when the expression does not give them: soon after a start,
    when a host has not reported again yet, that nothing is known is no reason to call its alerts resolved.

    A template that does not suit the data leaves the reason in its text, as in Prometheus: an alert that cannot be
    described still rings. Raises QueryError when the data does not allow the expression, RuleError when two results
    have the same labels or there are more than `limit`, where that is not 0.
    """
    data_ms = at_ms - query_offset_ms
    results = _results(rule.expression, storage, data_ms, lookback_ms)
    if isinstance(rule, RecordingRule):
        return _record(rule, results, state, limit)
    query = TemplateQuery(storage, data_ms, lookback_ms)
    surroundings = Surroundings(external_url, external_labels or {}, query, data_ms)
    return _alert(rule, results, at_ms, state, surroundings, held, limit)


class _Results(NamedTuple):
    labels: list[Labels]
    values: list[float]


def _results(expression: Expression, storage: Storage, at_ms: int, lookback_ms: int) -> _Results:
    value = expression.evaluate(storage, at_ms, lookback_ms)
    if isinstance(value, Scalar):
        return _Results([()], [value.value])
    if isinstance(value, Vector):
        return _Results(value.labels, value.values.tolist())
    raise QueryError("a rule needs a vector or a number")


class TemplateQuery:
    """The function `query` of templates: evaluates PromQL at the moment of the rule. Series come sorted by labels."""

    def __init__(self, storage: Storage, at_ms: int, lookback_ms: int) -> None:
        self._storage = storage
        self._at_ms = at_ms
        self._lookback_ms = lookback_ms

    def __call__(self, query: str) -> Samples:
        results = _results(_parsed(query), self, self._at_ms, self._lookback_ms)
        return [(dict(labels), value) for labels, value in zip(*results, strict=True)]

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Series]:
        return sorted(self._storage.select(matchers, start_ms, end_ms), key=lambda series: series.labels)


@lru_cache(maxsize=256)
def _parsed(query: str) -> Expression:
    return parse(query)


def _record(rule: RecordingRule, results: _Results, state: RuleState, limit: int) -> Outcome:
    if 0 < limit < len(results.labels):
        raise RuleError(f"gives {len(results.labels)} series; its group has the limit {limit}")
    recorded, series, context = state.recorded, state.series, (rule,)
    if context != state.context or recorded.results != results.labels:
        own = [labels_from({**dict(labels), **rule.labels, METRIC_NAME: rule.name}) for labels in results.labels]
        series = frozenset(own)
        if len(series) < len(own):
            raise RuleError("two results have the same labels once the rule's labels are applied")
        recorded = Recorded(results.labels, own)
    samples = list(zip(recorded.series, results.values, strict=True))
    if series is not state.series:
        samples += _stale_markers(state.series - series)
    return Outcome(RuleState(state.alerts, series, recorded, context=context), samples, [])


def _alert(
    rule: AlertingRule,
    results: _Results,
    at_ms: int,
    state: RuleState,
    surroundings: Surroundings,
    held: Collection[Labels],
    limit: int,
) -> Outcome:
    context = (rule, surroundings.external_url, surroundings.external_labels)
    before = state.described if state.context == context else {}
    described = describe(rule, zip(*results, strict=True), surroundings, before)
    given = {one.labels: one for one in described.values()}
    if len(given) < len(described):
        raise RuleError("two results have the same labels once the rule's labels are applied")
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
    for labels, (value, _, texts) in given.items():
        before = state.alerts.get(labels) or Alert(labels, texts, "pending", value, at_ms)
        alert = Alert(labels, texts, before.state, value, before.active_at_ms, before.fired_at_ms)
        if alert.state == "pending" and at_ms - alert.active_at_ms >= rule.for_ms:
            alert = alert._replace(state="firing", fired_at_ms=at_ms)
            transitions.append(Transition(alert, at_ms, is_firing=True))
        alerts[labels] = alert
    if 0 < limit < len(alerts):
        raise RuleError(f"gives {len(alerts)} alerts; its group has the limit {limit}")
    outcome = _with_stale_markers(_samples(alerts.values()), state, alerts, transitions)
    return outcome._replace(state=outcome.state._replace(described=described, context=context))


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
        own, for_state = _series_about(alert.labels, alert.state)
        samples[own] = 1.0
        samples[for_state] = float(alert.active_at_ms // 1000)
    return samples


@lru_cache(maxsize=2**15)
def _series_about(labels: Labels, state: AlertState) -> tuple[Labels, Labels]:
    plain = dict(labels)
    return (
        labels_from({**plain, METRIC_NAME: "ALERTS", "alertstate": state}),
        labels_from({**plain, METRIC_NAME: "ALERTS_FOR_STATE"}),
    )


def _with_stale_markers(
    samples: Mapping[Labels, float],
    state: RuleState,
    alerts: Mapping[Labels, Alert],
    transitions: list[Transition],
) -> Outcome:
    """Ends the series that had a sample last time and have none now."""
    ended = _stale_markers(state.series - samples.keys())
    return Outcome(RuleState(alerts, frozenset(samples)), [*samples.items(), *ended], transitions)


def _stale_markers(series: Iterable[Labels]) -> list[tuple[Labels, float]]:
    return [(labels, STALE_MARKER) for labels in sorted(series)]


def end(state: RuleState, at_ms: int) -> Outcome:
    """What the end of a rule gives, when the configuration does not have it any more: all is resolved."""
    firing = [alert for alert in state.alerts.values() if alert.state == "firing"]
    transitions = [Transition(alert, at_ms, is_firing=False) for alert in firing]
    return _with_stale_markers({}, state, {}, transitions)
