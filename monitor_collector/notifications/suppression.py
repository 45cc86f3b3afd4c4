"""What keeps alerts from being told: silences, inhibition, and the time intervals of routes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from monitor_collector.notifications.inhibition import Inhibitor, InhibitRule
from monitor_collector.notifications.known_alerts import KnownAlert
from monitor_collector.notifications.routing import Route
from monitor_collector.notifications.silences import Silence, silencing
from monitor_collector.notifications.time_intervals import TimeIntervals, any_contains
from monitor_collector.promql import Labels


class Suppression(NamedTuple):
    """By what an alert is suppressed everywhere: ids of silences, and the labels of alerts that inhibit it."""

    silenced_by: tuple[str, ...] = ()
    inhibited_by: tuple[Labels, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.silenced_by or self.inhibited_by)


class Suppressor:
    """Answers for one moment."""

    def __init__(
        self, rules: Iterable[InhibitRule], silences: Iterable[Silence], alerts: Iterable[KnownAlert], now_ms: int
    ) -> None:
        self._silences: Sequence[Silence] = [each for each in silences if each.state(now_ms) == "active"]
        self._inhibitor = Inhibitor(rules, (alert.labels for alert in alerts if alert.ended_ms is None))

    def suppression(self, labels: Labels) -> Suppression:
        return Suppression(silencing(self._silences, labels), self._inhibitor.inhibitors(labels))


def muting_intervals(route: Route, intervals: TimeIntervals, at_ms: int) -> tuple[str, ...]:
    """The names of the time intervals that mute a route at a moment: one of `mute_time_intervals` that holds, or all
    of `active_time_intervals` when none does."""
    muting = any_contains(intervals, route.mute_time_intervals, at_ms)
    if muting or not route.active_time_intervals:
        return muting
    return () if any_contains(intervals, route.active_time_intervals, at_ms) else route.active_time_intervals
