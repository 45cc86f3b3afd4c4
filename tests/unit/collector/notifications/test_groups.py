"""When a group is due; the rest is tested over time with the dispatcher."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor_collector.notifications.groups import Group, decide
from monitor_collector.notifications.known_alerts import KnownAlert
from monitor_collector.notifications.routing import Route
from tests.unit.collector.notifications.desk import labels

ALERT = KnownAlert("rule", labels("A"), (), "", 1000)
ROUTE = Route("{}", "team", group_wait_ms=30_000, group_interval_ms=300_000, repeat_interval_ms=3_600_000)


def test_a_new_group_waits_first_and_is_looked_at_again_then() -> None:
    waiting = decide(Group(1000), ROUTE, [ALERT], (), 1000)
    assert (waiting.alerts, waiting.next_ms) == ((), 31_000)
    told = decide(waiting.group, ROUTE, [ALERT], (), 31_000)
    assert told.alerts == ((ALERT, "firing"),)
    assert told.group.told == {ALERT.key: "firing"}
    assert told.next_ms == 31_000 + 3_600_000


def test_news_are_told_at_the_ticks_of_the_interval() -> None:
    group = Group(0, notified_ms=0)
    assert decide(group, ROUTE, [ALERT], (), 1).next_ms == 300_000
    assert decide(group, ROUTE, [ALERT], (), 300_001).next_ms == 600_000
    assert decide(group, ROUTE, [ALERT], (), 600_000).alerts


def test_an_alert_that_is_muted_is_remembered_as_hushed_and_told_when_it_is_not() -> None:
    group = Group(0, notified_ms=0, told={ALERT.key: "firing"})
    hushed = decide(group, ROUTE, [ALERT], {ALERT.key}, 10)
    assert (hushed.alerts, hushed.group.told, hushed.next_ms) == ((), {ALERT.key: "hushed"}, None)
    assert decide(hushed.group, ROUTE, [ALERT], (), 300_000).alerts == ((ALERT, "firing"),)


def test_what_is_no_member_any_more_is_forgotten() -> None:
    group = Group(0, notified_ms=0, told={ALERT.key: "firing"})
    assert decide(group, ROUTE, [], (), 10).group.told == {}


@settings(deadline=None)
@given(
    created=st.integers(0, 10**6),
    notified=st.none() | st.integers(0, 10**6),
    due=st.none() | st.integers(0, 10**7),
    now=st.integers(0, 10**6),
    wait=st.integers(0, 10**4),
    interval=st.integers(0, 10**4),
)
def test_whatever_the_clock_did_news_are_told_within_the_longest_wait(
    created: int, notified: int | None, due: int | None, now: int, wait: int, interval: int
) -> None:
    route = ROUTE._replace(group_wait_ms=wait, group_interval_ms=interval)
    decision = decide(Group(created, notified, due), route, [ALERT], (), now)
    if not decision.alerts:
        assert decision.next_ms is not None and now < decision.next_ms <= now + max(wait, interval)
        assert decide(decision.group, route, [ALERT], (), decision.next_ms).alerts
