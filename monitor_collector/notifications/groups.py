"""When a group of alerts is told of, and what: Alertmanager's `group_wait`, `group_interval`, `repeat_interval`.

Everything here is a function of its arguments. What differs from Alertmanager: an end is told only of what was told
to have begun; and an alert that was muted after it had been told is told again when it is muted no longer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Literal, NamedTuple

from monitor_collector.notifications.flapping import flaps, next_look_ms
from monitor_collector.notifications.known_alerts import AlertKey, KnownAlert
from monitor_collector.notifications.routing import Route

# What the receiver knows of an alert: that it fires, or flaps; hushed is one of both that has been muted since.
Told = Literal["firing", "flapping", "hushed"]
Status = Literal["firing", "flapping", "resolved"]


class Group(NamedTuple):
    """What is remembered of a group. `notified_ms` is None until its first message, `due_ms` is when what has changed
    is told. An alert that is not in `told` is one the receiver does not know, or knows to have ended."""

    created_ms: int
    notified_ms: int | None = None
    due_ms: int | None = None
    told: Mapping[AlertKey, Told] = {}


class Decision(NamedTuple):
    """What comes of looking at a group: its new state, and the alerts to tell of now (none: nothing is sent).

    `news` are those of them that have changed; a message without news is a repetition. `next_ms` is when to look
    again if nothing happens.
    """

    group: Group
    alerts: tuple[tuple[KnownAlert, Status], ...]
    news: frozenset[AlertKey]
    next_ms: int | None


def decide(
    group: Group, route: Route, members: Sequence[KnownAlert], muted: Collection[AlertKey], now_ms: int
) -> Decision:
    """Looks at a group at a moment. Moments in the future, which a clock that was set back leaves, count as now."""
    created_ms = min(group.created_ms, now_ms)
    notified_ms = None if group.notified_ms is None else min(group.notified_ms, now_ms)
    told = {member.key: group.told[member.key] for member in members if member.key in group.told}
    statuses = {member.key: _status(member, route, told.get(member.key), now_ms) for member in members}
    for key in told.keys() & set(muted):
        told[key] = "hushed"
    audible = [member for member in members if member.key not in muted]
    news = frozenset(member.key for member in audible if _is_news(told.get(member.key), statuses[member.key]))
    active = [member.key for member in audible if statuses[member.key] != "resolved"]
    if not news:
        is_due = notified_ms is not None and bool(active) and now_ms >= notified_ms + route.repeat_interval_ms
        due_ms = None
    else:
        due_ms = _due_ms(group, route, created_ms, notified_ms, now_ms)
        is_due = now_ms >= due_ms
    if not is_due:
        repeat_ms = notified_ms + route.repeat_interval_ms if notified_ms is not None and active else None
        state = Group(created_ms, notified_ms, due_ms, told)
        return Decision(
            state, (), frozenset(), _earliest(due_ms, repeat_ms, *_calmer_ms(route, members, statuses, now_ms))
        )
    for key in news:
        if (status := statuses[key]) == "resolved":
            del told[key]
        else:
            told[key] = status
    chosen = [member for member in audible if member.key in news or member.key in active]
    chosen.sort(key=lambda member: (statuses[member.key] == "resolved", member.labels))
    alerts = tuple((member, statuses[member.key]) for member in chosen)
    next_ms = _earliest(now_ms + route.repeat_interval_ms, *_calmer_ms(route, members, statuses, now_ms))
    return Decision(Group(created_ms, now_ms, None, told), alerts, news, next_ms)


def _status(member: KnownAlert, route: Route, told: Told | None, now_ms: int) -> Status:
    if flaps(member.changed_ms, route.flapping, told == "flapping", now_ms):
        return "flapping"
    return "firing" if member.ended_ms is None else "resolved"


def _is_news(told: Told | None, status: Status) -> bool:
    if status == "resolved":
        return told is not None
    return told != status


def _due_ms(group: Group, route: Route, created_ms: int, notified_ms: int | None, now_ms: int) -> int:
    """When the news is told: after the group's first wait, then at the ticks of its interval."""
    longest_ms = max(route.group_wait_ms, route.group_interval_ms)
    if group.due_ms is not None:
        return min(group.due_ms, now_ms + longest_ms)
    if notified_ms is None:
        return created_ms + route.group_wait_ms
    if not route.group_interval_ms:
        return now_ms
    ticks = -((notified_ms - now_ms) // route.group_interval_ms)
    return notified_ms + max(ticks, 1) * route.group_interval_ms


def _calmer_ms(
    route: Route, members: Sequence[KnownAlert], statuses: Mapping[AlertKey, Status], now_ms: int
) -> list[int | None]:
    if route.flapping is None:
        return []
    flapping = [member for member in members if statuses[member.key] == "flapping"]
    return [next_look_ms(member.changed_ms, route.flapping, now_ms) for member in flapping]


def _earliest(*moments: int | None) -> int | None:
    return min((moment for moment in moments if moment is not None), default=None)
