"""Evaluates everything at the collector's interval: who reports, thresholds, rules; and has the results stored.

Evaluations lie on a grid in time, a little after whole intervals, since hosts sample at those; where all that do have
sent, they begin earlier. A rule that fails is reported and the others go on. Expressions are evaluated in a thread of
their own, so pushes are taken meanwhile and a query that people ask never waits in front of an alarm.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

from monitor_collector import liveness, rules
from monitor_collector.awaited import Awaited
from monitor_collector.config import Configuration
from monitor_collector.metrics import Metrics
from monitor_collector.promql import STALE_MARKER, Labels, QueryError
from monitor_collector.recent import Recent
from monitor_collector.rule_files import AlertingRule, Rule, RuleGroup
from monitor_collector.rules import Alert, Outcome, RuleError, RuleState
from monitor_collector.samples import instance_of, labels_from
from monitor_collector.state import Event, StateDatabase
from monitor_collector.storage import Storage

log = logging.getLogger(__name__)

# After a whole interval, so that what hosts sampled at it has arrived by then at the latest: agents spread their pushes
# over the first tenth of it.
_OFFSET_RATIO = 0.15
OWN_JOB = "monitor_collector"
# Levels hardly ever change, and there are many; an expression finds one that was stored a while ago.
_THRESHOLDS_INTERVAL_MS = 60_000


class Health(NamedTuple):
    """How the last evaluation of a rule went. `error` is "" where it went well."""

    at_ms: int
    duration_seconds: float
    error: str


class Engine:
    """`configure`, `restore` once, then `run`. `on_notifications` is called when events were stored.

    All changes are made by the event loop's thread; whoever reads from it may look at any attribute at any time.
    """

    def __init__(
        self,
        storage: Storage,
        database: StateDatabase,
        metrics: Metrics,
        arrivals: MutableMapping[str, int],
        awaited: Awaited,
        now_ms: Callable[[], int],
        on_notifications: Callable[[], None],
    ) -> None:
        self.started_ms = now_ms()
        self.states: dict[str, RuleState] = {}
        self.health: dict[str, Health] = {}
        self.group_evaluations: dict[tuple[str, str], Health] = {}
        self._storage = storage
        self._database = database
        self._metrics = metrics
        self._arrivals = arrivals
        self._awaited = awaited
        self._now_ms = now_ms
        self._on_notifications = on_notifications
        # Whether the last change of alerts could be stored; while not, nobody is told of it.
        self.is_storing = True
        self._restored: dict[str, frozenset[Labels]] = {}
        self._configuration: Configuration
        self._recent: Recent
        self._watched: list[liveness.Watched] = []
        self._threshold_samples: list[tuple[Labels, float]] = []
        self._thresholds_due_ms = 0
        self._ended_series: list[Labels] = []
        self._own_series: set[Labels] = set()
        self._lookback_ms = 0
        self._executor = ThreadPoolExecutor(1, "rules")
        self._evaluated_ms = 0

    def configure(self, configuration: Configuration) -> None:
        """Takes effect with the next evaluation. Alerts of rules that stay are kept, those of others end."""
        self._configuration = configuration
        # What it has ready is for rules that there may not be any more.
        self._recent = Recent(self._storage.head, self._storage.select)
        self._lookback_ms = round(configuration.settings.query_lookback_seconds * 1000)
        before = self._configured_series()
        self._watched = liveness.watched(configuration.targets)
        self._threshold_samples = liveness.threshold_samples(configuration.thresholds)
        self._ended_series += sorted(before - self._configured_series())
        self._thresholds_due_ms = 0
        keys = {rule.key for group in configuration.groups for rule in group.rules}
        self.health = {key: health for key, health in self.health.items() if key in keys}

    def _configured_series(self) -> set[Labels]:
        """The series that are there because the configuration says so."""
        about_targets = {labels for _, *series in self._watched for labels in series}
        return about_targets | {labels for labels, _ in self._threshold_samples}

    def restore(self) -> None:
        """Takes up the alerts of the run before, and stores their samples, which rules may refer to."""
        now_ms = self._now_ms()
        for key, alerts in self._database.alerts().items():
            outcome = rules.restored(alerts)
            self.states[key] = outcome.state
            self._restored[key] = frozenset(alerts)
            self._storage.append_own(_frame(key), outcome.samples, now_ms)

    def _held(self, rule_key: str) -> set[Labels]:
        """The alerts from before the start whose host may not have had the time to report again."""
        restored = self._restored.get(rule_key)
        if not restored:
            return set()
        patience = {target.instance: liveness.patience_ms(target) for target in self._configuration.targets}
        longest = max(patience.values(), default=0)
        age_ms = self._now_ms() - self.started_ms
        return {labels for labels in restored if age_ms < patience.get(instance_of(labels), longest)}

    async def run(self, on_evaluated: Callable[[], Awaitable[None]]) -> None:
        """Evaluates for ever, and says so each time that it went well."""
        at_ms = 0
        while True:
            interval_ms = round(self._configuration.settings.evaluation_interval_seconds * 1000)
            now_ms = self._now_ms()
            if now_ms < at_ms - interval_ms:
                at_ms = 0  # the clock was set back
            # A sleep may end a moment early, and the same point of the grid must not come twice.
            at_ms = next_on_grid(max(now_ms, at_ms + 1), interval_ms)
            await self._until(at_ms, interval_ms)
            started = time.monotonic()
            try:
                await self.evaluate(at_ms)
                await on_evaluated()
            except Exception:
                # Whatever it was, the next evaluation may well succeed, and a monitor that has stopped tells nobody.
                log.exception("an evaluation failed")
                self._metrics.add("monitor_rule_evaluation_failures_total")
            duration = time.monotonic() - started
            self._metrics.set("monitor_evaluation_duration_seconds", duration)
            missed = int(duration * 1000 // interval_ms)
            if missed:
                self._metrics.add("monitor_evaluations_missed_total", missed)

    async def _until(self, at_ms: int, interval_ms: int) -> None:
        """Waits for a point of the grid, or for the last sample of the whole interval before it. In either case the
        evaluation is one as of the point, so that evaluations are an interval apart."""
        whole_ms = at_ms - _offset_ms(interval_ms)
        expected = liveness.reporting_at(self._configuration.targets, self._arrivals, whole_ms)
        self._awaited.begin(whole_ms, expected)
        await asyncio.sleep((whole_ms - self._now_ms()) / 1000)
        await self._awaited.wait((at_ms - self._now_ms()) / 1000)

    def _go_back_to(self, now_ms: int) -> None:
        """After the clock was set back: nothing that is known can have happened later than now."""
        self.started_ms = min(self.started_ms, now_ms)
        self._thresholds_due_ms = 0
        for instance, arrived_ms in self._arrivals.items():
            self._arrivals[instance] = min(arrived_ms, now_ms)
        self.group_evaluations.clear()
        self.states = {key: rules.not_later_than(now_ms, state) for key, state in self.states.items()}

    @property
    def present_ms(self) -> int:
        """Now, or the time of the last evaluation where it began before that: what it found is seen at once."""
        return max(self._now_ms(), self._evaluated_ms)

    async def close(self) -> None:
        self._executor.shutdown(cancel_futures=True)

    async def evaluate(self, at_ms: int) -> None:
        """Evaluates everything as of a moment and stores what comes of it."""
        if at_ms < self._evaluated_ms:
            self._go_back_to(at_ms)
        self._evaluated_ms = at_ms
        configuration = self._configuration
        own = liveness.samples(self._watched, self._arrivals, self.started_ms, at_ms)
        self._storage.append_own("targets", own, at_ms)
        # A host that is in the inventory no longer is neither up nor down.
        self._storage.append_own("targets", [(labels, STALE_MARKER) for labels in self._ended_series], at_ms)
        self._ended_series = []
        if at_ms >= self._thresholds_due_ms:
            self._storage.append_own("thresholds", self._threshold_samples, at_ms)
            self._thresholds_due_ms = at_ms + min(_THRESHOLDS_INTERVAL_MS, self._lookback_ms // 3)
        self._storage.append_own("collector", self._own_figures(), at_ms)
        outcomes: dict[str, Outcome] = {}
        queries: dict[str, str] = {}
        for group in configuration.groups:
            if self._is_due(group, at_ms):
                async for rule, outcome in self._evaluate_group(group, at_ms):
                    outcomes[rule.key] = outcome
                    queries[rule.key] = rule.query
        configured = {rule.key for group in configuration.groups for rule in group.rules}
        for key in self.states.keys() - configured:
            outcomes[key] = rules.end(self.states[key], at_ms)
            self._storage.append_own(_frame(key), outcomes[key].samples, at_ms)
        if await self._keep(outcomes, queries):
            self.states.update({key: outcome.state for key, outcome in outcomes.items()})
            for key in self.states.keys() - configured:
                del self.states[key]

    def _own_figures(self) -> list[tuple[Labels, float]]:
        """Also the end of those that there are no more, such as a receiver's that was removed."""
        # A host may push figures of the same names; the job tells them apart.
        found = [(labels_from({**dict(labels), "job": OWN_JOB}), value) for labels, value in self._metrics.samples()]
        before, self._own_series = self._own_series, {labels for labels, _ in found}
        return [*found, *((labels, STALE_MARKER) for labels in sorted(before - self._own_series))]

    def _is_due(self, group: RuleGroup, at_ms: int) -> bool:
        last = self.group_evaluations.get((group.file, group.name))
        return not group.interval_ms or last is None or at_ms - last.at_ms >= group.interval_ms

    async def _evaluate_group(self, group: RuleGroup, at_ms: int) -> AsyncIterator[tuple[Rule, Outcome]]:
        """Each rule that did not fail with its outcome. Samples are stored at once, for the next rule."""
        loop = asyncio.get_running_loop()
        external_url = self._configuration.settings.external_url
        group_started = time.monotonic()
        for rule in group.rules:
            state = self.states.get(rule.key, rules.NOTHING_YET)
            started = time.monotonic()
            arguments = (rule, self._recent, at_ms, state, external_url, self._held(rule.key))
            evaluate = partial(
                rules.evaluate,
                *arguments,
                limit=group.limit,
                query_offset_ms=group.query_offset_ms,
                lookback_ms=self._lookback_ms,
            )
            error = ""
            try:
                outcome = await loop.run_in_executor(self._executor, evaluate)
            except (QueryError, RuleError) as reason:
                error = str(reason)
            except Exception as reason:
                error = f"{type(reason).__name__}: {reason}"
                log.exception("rule %s of group %s cannot be evaluated", rule.name, group.name)
            self._metrics.add("monitor_rule_evaluations_total")
            before = self.health.get(rule.key)
            self.health[rule.key] = Health(at_ms, time.monotonic() - started, error)
            if error:
                self._metrics.add("monitor_rule_evaluation_failures_total")
                if before is None or before.error != error:
                    log.error("rule %s of group %s: %s", rule.name, group.name, error)
                continue
            self._storage.append_own(_frame(rule.key), outcome.samples, at_ms - group.query_offset_ms)
            yield rule, outcome
        duration = time.monotonic() - group_started
        self.group_evaluations[(group.file, group.name)] = Health(at_ms, duration, "")

    async def _keep(self, outcomes: Mapping[str, Outcome], queries: Mapping[str, str]) -> bool:
        """Stores what has changed together with the events that tell of it; only then it counts as having happened.

        When that fails the states stay as they were, so the next evaluation comes to the same and tries again.
        """
        changed = [pair for key, outcome in outcomes.items() for pair in self._changed(key, outcome.state)]
        ended = [pair for key, outcome in outcomes.items() for pair in self._ended(key, outcome.state)]
        events = [
            Event(transition.at_ms, transition.is_firing, key, queries.get(key, ""), transition.alert)
            for key, outcome in outcomes.items()
            for transition in outcome.transitions
        ]
        if changed or ended or events:
            loop = asyncio.get_running_loop()
            try:
                # Not among the common threads, which whatever hangs there would keep from this.
                await loop.run_in_executor(self._executor, self._database.store, changed, ended, events)
            except sqlite3.Error as error:
                log.error("cannot store alerts, trying again with the next evaluation: %s", error)
                self.is_storing = False
                return False
        self.is_storing = True
        for event in events:
            words = "fires" if event.is_firing else "is resolved"
            log.info("%s %s", " ".join(f"{name}={value}" for name, value in event.alert.labels), words)
        if events:
            self._on_notifications()
        return True

    def _changed(self, key: str, state: RuleState) -> Iterator[tuple[str, Alert]]:
        before = self.states.get(key, rules.NOTHING_YET).alerts
        for labels, alert in state.alerts.items():
            known = before.get(labels)
            # The value changes all the time, and after a restart the next evaluation gives it anew.
            if known is None or _lasting(known) != _lasting(alert):
                yield key, alert

    def _ended(self, key: str, state: RuleState) -> Iterator[tuple[str, Alert]]:
        before = self.states.get(key, rules.NOTHING_YET).alerts
        return ((key, alert) for labels, alert in before.items() if labels not in state.alerts)

    def active_alerts(self) -> Iterator[tuple[AlertingRule, Alert]]:
        """The pending and firing alerts, with their rules."""
        for group in self._configuration.groups:
            for rule in group.rules:
                if isinstance(rule, AlertingRule):
                    for alert in self.alerts_of(rule):
                        yield rule, alert

    def alerts_of(self, rule: Rule) -> list[Alert]:
        return list(self.states.get(rule.key, rules.NOTHING_YET).alerts.values())


def next_on_grid(now_ms: int, interval_ms: int) -> int:
    """The next moment to evaluate at: a little after a multiple of the interval, and not before now."""
    offset_ms = _offset_ms(interval_ms)
    return -((offset_ms - now_ms) // interval_ms) * interval_ms + offset_ms


def _offset_ms(interval_ms: int) -> int:
    return round(interval_ms * _OFFSET_RATIO)


def _lasting(alert: Alert) -> tuple[object, ...]:
    return alert.state, alert.active_at_ms, alert.fired_at_ms, alert.keep_firing_since_ms


def _frame(rule_key: str) -> str:
    return f"rule {rule_key}"
