"""The alerts that somebody has been told of or is to be told of, as the events about them say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from monitor_collector.notifications.flapping import Flapping
from monitor_collector.promql import Labels
from monitor_collector.rules import Alert
from monitor_collector.state import Event


class AlertKey(NamedTuple):
    """What tells an alert from all others: two rules may give alerts with the same labels."""

    rule: str
    labels: Labels


class KnownAlert(NamedTuple):
    """An alert that fires, or has ended and somebody is still to be told so. `changed_ms` are the last times it began
    or ceased to fire, as far back as is needed to know whether it flaps."""

    rule: str
    labels: Labels
    annotations: Labels
    query: str
    started_ms: int
    ended_ms: int | None = None
    changed_ms: tuple[int, ...] = ()

    @property
    def key(self) -> AlertKey:
        return AlertKey(self.rule, self.labels)


KnownAlerts = Mapping[AlertKey, KnownAlert]


def known(rule: str, alert: Alert, query: str) -> KnownAlert:
    """A firing alert."""
    started_ms = alert.active_at_ms if alert.fired_at_ms is None else alert.fired_at_ms
    return KnownAlert(rule, alert.labels, alert.annotations, query, started_ms)


def after(alerts: KnownAlerts, events: Iterable[Event], limits: Iterable[Flapping]) -> dict[AlertKey, KnownAlert]:
    """The alerts after what has happened; remembers as many changes as the flapping limits need."""
    window_ms = max((limit.window_ms for limit in limits), default=0)
    count = max((limit.changes for limit in limits), default=-1) + 1
    found = dict(alerts)
    for event in events:
        alert = known(event.rule, event.alert, event.query)
        before = found.get(alert.key)
        changes = (*(before.changed_ms if before else ()), event.at_ms)
        recent = tuple(moment for moment in changes if moment > event.at_ms - window_ms)[-count:] if count else ()
        ended_ms = None if event.is_firing else event.at_ms
        found[alert.key] = alert._replace(ended_ms=ended_ms, changed_ms=recent)
    return found
