"""Plays the rules of one test through time, from 0 to the last moment that one of its cases asks about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from monitor_collector import rules
from monitor_collector.promql import EvaluationError, Labels, QueryError, Scalar, Vector, parse
from monitor_collector.rule_files import AlertingRule, RuleGroup
from monitor_collector.rule_tests.cases import RuleTest
from monitor_collector.rule_tests.storage import DuplicateSample, SimulatedStorage
from monitor_collector.rules import RuleError, RuleState


class Simulation:
    """A test being played. Every group is evaluated at each step, whatever its own interval is, as promtool does."""

    def __init__(self, test: RuleTest, groups: tuple[RuleGroup, ...], step_ms: int) -> None:
        self._groups = groups
        self._step_ms = step_ms
        self._test = test
        self._storage = SimulatedStorage()
        self._states: dict[tuple[int, int], RuleState] = {}
        for series in test.series:
            samples = [(number * test.interval_ms, value) for number, value in enumerate(series.values)]
            there = [(at_ms, value) for at_ms, value in samples if value is not None]
            self._storage.give(series.labels, [at_ms for at_ms, _ in there], [value for _, value in there])

    def steps(self) -> Iterator[tuple[int, list[str]]]:
        """Each moment that has been evaluated, with what went wrong with rules then; the first that has ends it."""
        times = [case.at_ms for case in (*self._test.alert_cases, *self._test.query_cases)]
        for at_ms in range(0, max(times, default=0) + 1, self._step_ms):
            self._storage.now_ms = at_ms
            errors = [error for number, group in enumerate(self._groups) for error in self._evaluate(number, group)]
            yield at_ms, errors
            if errors:
                return

    def _evaluate(self, number: int, group: RuleGroup) -> Iterator[str]:
        for position, rule in enumerate(group.rules):
            state = self._states.get((number, position), rules.NOTHING_YET)
            try:
                outcome = rules.evaluate(
                    rule,
                    self._storage,
                    self._storage.now_ms,
                    state,
                    self._test.external_url,
                    external_labels=self._test.external_labels,
                    limit=group.limit,
                    query_offset_ms=group.query_offset_ms,
                )
                self._storage.add(outcome.samples, self._storage.now_ms - group.query_offset_ms)
            except (QueryError, RuleError, DuplicateSample) as error:
                yield f"rule {rule.name} of group {group.name}: {error}"
                continue
            self._states[number, position] = outcome.state

    def firing(self, name: str) -> list[tuple[Mapping[str, str], Mapping[str, str]]]:
        """Labels and annotations of the alerts of that name that fire now."""
        return [
            (dict(alert.labels), dict(alert.annotations))
            for number, group in enumerate(self._groups)
            for position, rule in enumerate(group.rules)
            if isinstance(rule, AlertingRule) and rule.name == name
            for alert in self._states.get((number, position), rules.NOTHING_YET).alerts.values()
            if alert.state == "firing"
        ]

    def query(self, query: str, at_ms: int) -> list[tuple[Labels, float]]:
        """What a query gives at a moment, of the samples up to the last step. QueryError where there is no answer."""
        value = parse(query).evaluate(self._storage, at_ms)
        if isinstance(value, Scalar):
            return [((), value.value)]
        if isinstance(value, Vector):
            return list(zip(value.labels, value.values.tolist(), strict=True))
        raise EvaluationError("gives neither a vector nor a number")
