"""One step of the dispatcher as a function of data: state, events and a moment give the next state and messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from monitor_collector.durations import duration_text
from monitor_collector.notifications.groups import Decision, Group, Status, Told, decide
from monitor_collector.notifications.known_alerts import AlertKey, KnownAlert, KnownAlerts, after
from monitor_collector.notifications.payload import Payload, alert_entry, payload
from monitor_collector.notifications.policy import Policy
from monitor_collector.notifications.receivers import Integration
from monitor_collector.notifications.routing import GroupKey, Place, Router, routes_of
from monitor_collector.notifications.silences import Silence, next_change_ms
from monitor_collector.notifications.suppression import Suppression, Suppressor, muting_intervals
from monitor_collector.notifications.time_intervals import RESOLUTION_MS
from monitor_collector.state import Event


class State(NamedTuple):
    """What the dispatcher remembers, and what survives a restart."""

    alerts: KnownAlerts = MappingProxyType({})
    groups: Mapping[GroupKey, Group] = MappingProxyType({})


class Message(NamedTuple):
    """A message for an integration's place in the outbox."""

    channel: str
    payload: Payload


class Step(NamedTuple):
    """`next_ms` is when to step again if nothing happens; None for never."""

    state: State
    messages: tuple[Message, ...]
    suppressions: Mapping[AlertKey, Suppression]
    next_ms: int | None


class Dispatch:
    """The step under one configuration."""

    def __init__(self, policy: Policy, external_url: str) -> None:
        self.policy = policy
        self._router = Router(policy.route)
        self._external_url = external_url
        self._integrations = {receiver.name: receiver.integrations for receiver in policy.receivers}
        self._limits = {route.flapping for route in routes_of(policy.route) if route.flapping is not None}

    def places(self, alert: KnownAlert) -> tuple[Place, ...]:
        return self._router.places(alert.labels)

    def step(self, state: State, events: Iterable[Event], silences: Sequence[Silence], now_ms: int) -> Step:
        """Applies what has happened, and tells what is due at the moment."""
        alerts = after(state.alerts, events, self._limits)
        suppressor = Suppressor(self.policy.inhibit_rules, silences, alerts.values(), now_ms)
        suppressions = {key: found for key in alerts if (found := suppressor.suppression(key.labels))}
        groups: dict[GroupKey, Group] = {}
        messages: list[Message] = []
        moments = [next_change_ms(silences, now_ms)] if alerts else []
        for place, members in self._groups(alerts).items():
            intervals = muting_intervals(place.route, self.policy.time_intervals, now_ms)
            muted = {member.key for member in members if intervals or member.key in suppressions}
            before = state.groups.get(place.key, Group(now_ms))
            decision = decide(before, place.route, members, muted, now_ms)
            messages += self._messages(place, decision)
            if decision.group.told or any(member.ended_ms is None for member in members):
                groups[place.key] = decision.group
                moments.append(decision.next_ms)
                if place.route.mute_time_intervals or place.route.active_time_intervals:
                    moments.append((now_ms // RESOLUTION_MS + 1) * RESOLUTION_MS)
        next_ms = min((moment for moment in moments if moment is not None), default=None)
        kept = self._still_needed(alerts, groups, now_ms)
        return Step(State(kept, groups), tuple(messages), suppressions, next_ms)

    def still_firing(self, state: State, receiver: str) -> Payload | None:
        """A message about all that a receiver was told of and that has not ended; None if that is nothing."""
        entries: dict[AlertKey, dict[str, Any]] = {}
        last: Place | None = None
        for key, alert in state.alerts.items():
            for place in self.places(alert) if alert.ended_ms is None else ():
                told = state.groups[place.key].told.get(key) if place.key in state.groups else None
                if place.key.receiver == receiver and told is not None:
                    entries[key] = alert_entry(alert, self._external_url, _flapping(told, place))
                    last = place
        return payload(last, list(entries.values()), self._external_url) if last is not None else None

    def adopt(self, state: State, firing: KnownAlerts) -> State:
        """Takes up what another version of the collector, which knows nothing of groups, has told in the meantime: the
        alerts that fire count as told, those that do not as told to have ended."""
        alerts = {key: alert for key, alert in state.alerts.items() if key in firing or alert.ended_ms is not None}
        groups = dict(state.groups)
        for key, alert in firing.items():
            if key in alerts and alerts[key].ended_ms is None:
                continue
            alerts[key] = alert
            for place in self.places(alert):
                group = groups.get(place.key, Group(alert.started_ms, alert.started_ms))
                groups[place.key] = group._replace(told={**group.told, key: "firing"})
        return State(alerts, groups)

    def _groups(self, alerts: KnownAlerts) -> dict[Place, list[KnownAlert]]:
        members: dict[GroupKey, tuple[Place, list[KnownAlert]]] = {}
        for alert in alerts.values():
            for place in self.places(alert):
                members.setdefault(place.key, (place, []))[1].append(alert)
        return dict(members.values())

    def _still_needed(
        self, alerts: KnownAlerts, groups: Mapping[GroupKey, Group], now_ms: int
    ) -> dict[AlertKey, KnownAlert]:
        """Without those that have ended, when everybody knows, and whose changes are too old to make them flap."""
        told = {key for group in groups.values() for key in group.told}
        window_ms = max((limit.window_ms for limit in self._limits), default=0)
        return {
            key: alert
            for key, alert in alerts.items()
            if alert.ended_ms is None or key in told or max(alert.changed_ms, default=0) > now_ms - window_ms
        }

    def _messages(self, place: Place, decision: Decision) -> list[Message]:
        if not decision.alerts:
            return []
        messages = []
        for integration in self._integrations[place.key.receiver]:
            chosen = _chosen(integration, decision)
            if chosen:
                entries = [alert_entry(one, self._external_url, _flapping(how, place)) for one, how in chosen]
                message = payload(place, entries, self._external_url, integration.max_alerts)
                messages.append(Message(integration.channel, message))
        return messages


def _chosen(integration: Integration, decision: Decision) -> list[tuple[KnownAlert, Status]]:
    """What of a message an integration is to get."""
    if integration.repeats_by_itself and not decision.news:
        return []
    if integration.send_resolved:
        return list(decision.alerts)
    firing = [(alert, status) for alert, status in decision.alerts if status != "resolved"]
    is_new = not decision.news or any(alert.key in decision.news for alert, _ in firing)
    return firing if is_new else []


def _flapping(status: Status | Told, place: Place) -> str:
    limit = place.route.flapping
    if status != "flapping" or limit is None:
        return ""
    return f"it changed more than {limit.changes} times within {duration_text(limit.window_ms)}"
