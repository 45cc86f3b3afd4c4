"""The routing tree, as Alertmanager's documentation describes it."""

from __future__ import annotations

import pytest

from monitor_collector.notifications.matchers import parse_matchers
from monitor_collector.notifications.routing import GroupKey, Route, Router, matching, place
from tests.unit.collector.notifications.desk import labels


def node(receiver: str, *routes: Route, match: str = "", continues: bool = False) -> Route:
    matchers = parse_matchers(match) if match else ()
    return Route(f"/{receiver}", receiver, matchers, continues=continues, routes=routes)


# The tree of Alertmanager's documentation, in short.
TREE = node(
    "default",
    node("database", match='service=~"mysql|cassandra"'),
    node("frontend", node("critical", match='severity="critical"'), match='team="frontend"'),
    node("audit", match='team="backend"', continues=True),
    node("backend", match='team="backend"'),
    node("never", match='team="backend"'),
)


@pytest.mark.parametrize(
    ("others", "receivers"),
    [
        ({}, ["default"]),
        ({"service": "cassandra"}, ["database"]),
        ({"service": "mysql2"}, ["default"]),
        ({"service": "mysql", "team": "frontend"}, ["database"]),
        ({"team": "frontend"}, ["frontend"]),
        ({"team": "frontend", "severity": "critical"}, ["critical"]),
        ({"team": "backend"}, ["audit", "backend"]),
    ],
)
def test_an_alert_goes_to_the_deepest_routes_that_match(others: dict[str, str], receivers: list[str]) -> None:
    assert [route.receiver for route in matching(TREE, labels("A", **others))] == receivers


def test_groups_are_made_by_the_labels_that_the_route_names() -> None:
    route = Route("{}", "team", group_by=("alertname", "env", "missing"))
    found = place(route, labels("A", env='a"b\\'))
    assert found.group_labels == (("alertname", "A"), ("env", 'a"b\\'))
    assert found.key == GroupKey("team", '{}:{alertname="A",env="a\\"b\\\\"}')
    assert place(route._replace(group_by=()), labels("A")).key.text == "{}:{}"


def test_all_labels_make_every_alert_a_group_of_its_own() -> None:
    route = Route("{}", "team", group_by=None)
    assert place(route, labels("A", "web-1")).key != place(route, labels("A", "web-2")).key


def test_an_alert_is_in_a_group_once_though_two_routes_lead_there_and_nowhere_without_a_receiver() -> None:
    leaf = Route("{}", "team", continues=True)
    places = Router(Route("{}", "", routes=(leaf, leaf, leaf._replace(receiver="boss")))).places(labels("A"))
    assert [each.key.receiver for each in places] == ["team", "boss"]
    assert Router(Route("{}", "")).places(labels("A")) == ()
