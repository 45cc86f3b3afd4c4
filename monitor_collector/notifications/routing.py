"""The routing tree: which receivers an alert goes to, and which group it belongs to there.

https://prometheus.io/docs/alerting/latest/configuration/#route
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from monitor_collector.notifications.flapping import Flapping
from monitor_collector.notifications.matchers import quoted
from monitor_collector.promql import Labels
from monitor_collector.promql.matchers import Matcher, all_match

_REMEMBERED = 20_000


class Route(NamedTuple):
    """A node of the tree, with everything that it inherits filled in.

    `id` is the path of matchers down to it. `group_by` None stands for all labels ('...'). A node without a receiver
    tells nobody.
    """

    id: str
    receiver: str
    matchers: tuple[Matcher, ...] = ()
    group_by: tuple[str, ...] | None = ("alertname",)
    group_wait_ms: int = 0
    group_interval_ms: int = 0
    repeat_interval_ms: int = 4 * 3_600_000
    continues: bool = False
    mute_time_intervals: tuple[str, ...] = ()
    active_time_intervals: tuple[str, ...] = ()
    flapping: Flapping | None = None
    routes: tuple[Route, ...] = ()


class GroupKey(NamedTuple):
    """What tells a group from all others. `text` is Alertmanager's groupKey."""

    receiver: str
    text: str


class Place(NamedTuple):
    """The group that a route puts an alert into."""

    key: GroupKey
    route: Route
    group_labels: Labels


def matching(route: Route, labels: Labels) -> tuple[Route, ...]:
    """The routes that take an alert: depth first, and of siblings the first that matches, and those after it as long
    as they say `continue`. A node takes what none of its children does."""
    if not all_match(route.matchers, labels):
        return ()
    found: list[Route] = []
    for child in route.routes:
        matched = matching(child, labels)
        found += matched
        if matched and not child.continues:
            break
    return tuple(found) or (route,)


def place(route: Route, labels: Labels) -> Place:
    by = route.group_by
    group_labels = tuple(pair for pair in labels if by is None or pair[0] in by)
    pairs = ",".join(f"{name}={quoted(value)}" for name, value in group_labels)
    return Place(GroupKey(route.receiver, f"{route.id}:{{{pairs}}}"), route, group_labels)


class Router:
    """Remembers where alerts go, since most are asked for again and again."""

    def __init__(self, root: Route) -> None:
        self.root = root
        self.places = lru_cache(_REMEMBERED)(self._places)

    def _places(self, labels: Labels) -> tuple[Place, ...]:
        """One place for each group, in the tree's order."""
        places = [place(route, labels) for route in matching(self.root, labels) if route.receiver]
        return tuple({each.key: each for each in reversed(places)}.values())[::-1]


def routes_of(route: Route) -> list[Route]:
    """The node and all below it."""
    return [route, *(each for child in route.routes for each in routes_of(child))]
