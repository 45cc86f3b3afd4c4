"""Groups, waits, repetitions, silences, inhibition and flapping over time; and what a crash leaves."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from monitor_collector.notifications.advance import Dispatch
from monitor_collector.promql.matchers import Matcher
from monitor_collector.rules import Alert
from monitor_collector.samples import metric
from monitor_collector.state import StateDatabase
from tests.unit.collector.notifications.desk import (
    HOUR,
    MINUTE,
    SECOND,
    START_MS,
    TEAM,
    Desk,
    flat,
    labels,
    policy_from,
    route,
)

HOST_DOWN = """
inhibit_rules:
  - {source_matchers: [alertname="Down"], target_matchers: [alertname!="Down"], equal: [instance]}
"""


def test_without_a_route_every_receiver_hears_every_change_at_once(desk: Desk) -> None:
    desk.configure("receivers: [{name: team, webhook: {url: 'http://a/'}}, {name: boss, webhook: {url: 'http://b/'}}]")
    desk.happens("+High")
    desk.now_ms += 5
    desk.happens("-High", "+Low")
    for channel in ("team", "boss"):
        assert desk.messages(channel) == [["High web-1 firing"], ["High web-1 resolved"], ["Low web-1 firing"]]


def test_alerts_that_come_within_the_wait_are_told_in_one_message(desk: Desk) -> None:
    desk.configure(route(group_wait="30s", group_interval="5m"))
    desk.happens("+High web-1")
    desk.later(29 * SECOND)
    desk.happens("+High web-2")
    assert desk.messages() == []
    desk.later(1 * SECOND)
    assert desk.messages() == [["High web-1 firing", "High web-2 firing"]]


def test_what_joins_a_group_later_is_told_at_the_next_interval_with_all_that_fires(desk: Desk) -> None:
    desk.configure(route(group_wait="0s", group_interval="5m"))
    desk.happens("+High web-1")
    desk.later(6 * MINUTE)
    desk.happens("+High web-2")
    desk.later(4 * MINUTE - 1)
    assert len(desk.messages()) == 1
    desk.later(1)
    assert desk.messages()[1:] == [["High web-1 firing", "High web-2 firing"]]


def test_a_group_that_was_told_to_have_ended_begins_anew(desk: Desk) -> None:
    desk.configure(route(group_wait="10s", group_interval="5m"))
    desk.happens("+High")
    desk.later(10 * SECOND)
    desk.happens("-High")
    desk.later(5 * MINUTE)
    desk.happens("+High")
    desk.later(10 * SECOND)
    assert desk.messages() == [["High web-1 firing"], ["High web-1 resolved"], ["High web-1 firing"]]


def test_what_has_ended_before_it_was_told_is_never_told(desk: Desk) -> None:
    desk.configure(route(group_wait="30s"))
    desk.happens("+High web-1", "+High web-2")
    desk.later(10 * SECOND)
    desk.happens("-High web-1")
    desk.later(HOUR)
    assert desk.messages() == [["High web-2 firing"]]


def test_what_fires_is_repeated_at_its_interval_until_it_ends(desk: Desk) -> None:
    desk.configure(route(repeat_interval="4h"))
    desk.happens("+High")
    desk.later(4 * HOUR - 1)
    assert len(desk.messages()) == 1
    desk.later(4 * HOUR + 1)
    assert desk.messages() == [["High web-1 firing"]] * 3
    desk.happens("-High")
    desk.later(24 * HOUR)
    assert desk.messages()[3:] == [["High web-1 resolved"]]


def test_the_drills_receiver_hears_at_once_whatever_the_others_wait_for(desk: Desk) -> None:
    desk.configure("""
        receivers: [{name: team, webhook: {url: 'http://a/'}}, {name: drill, webhook: {url: 'http://b/'}}]
        route:
          receiver: team
          group_wait: 1m
          routes:
            - {receiver: drill, group_wait: 0s, group_interval: 0s, continue: true}
            - {receiver: team}
    """)
    desk.happens("+High")
    desk.happens("-High")
    assert desk.messages("drill") == [["High web-1 firing"], ["High web-1 resolved"]]
    assert desk.messages("team") == []


def test_a_silenced_alert_is_told_when_the_silence_ends_and_it_still_fires(desk: Desk) -> None:
    desk.silence(Matcher("alertname", "=", "High"), HOUR)
    desk.happens("+High web-1", "+High web-2", "+Low")
    assert desk.messages() == [["Low web-1 firing"]]
    desk.later(30 * MINUTE)
    desk.happens("-High web-2")
    desk.later(30 * MINUTE)
    assert desk.messages()[1:] == [["High web-1 firing"]]


def test_a_silence_that_is_ended_early_takes_effect_with_the_next_step(desk: Desk) -> None:
    number = desk.silence(Matcher("instance", "=~", "web-."))
    desk.happens("+High")
    desk.later(MINUTE)
    desk.silences.expire(number, desk.now_ms)
    desk.later(0)
    assert desk.messages() == [["High web-1 firing"]]


def test_the_end_of_an_alert_that_was_told_waits_for_the_end_of_its_silence(desk: Desk) -> None:
    desk.happens("+High")
    desk.silence(Matcher("alertname", "=", "High"), HOUR)
    desk.happens()
    desk.later(10 * MINUTE)
    desk.happens("-High")
    desk.later(50 * MINUTE - 1)
    assert desk.messages() == [["High web-1 firing"]]
    desk.later(1)
    assert desk.messages()[1:] == [["High web-1 resolved"]]


def test_an_alert_that_was_told_and_then_silenced_is_told_again_when_the_silence_ends(desk: Desk) -> None:
    desk.happens("+High")
    desk.silence(Matcher("alertname", "=", "High"), HOUR)
    desk.later(HOUR)
    assert desk.messages() == [["High web-1 firing"]] * 2


def test_a_silence_does_not_repeat(desk: Desk) -> None:
    desk.happens("+High")
    desk.silence(Matcher("alertname", "=", "High"), 24 * HOUR)
    desk.later(23 * HOUR)
    assert len(desk.messages()) == 1


def test_a_host_that_is_down_mutes_its_other_alerts_and_no_other_hosts(desk: Desk) -> None:
    desk.configure(TEAM + HOST_DOWN)
    desk.happens("+Down web-1", "+High web-1", "+High web-2")
    assert sorted(flat(desk.messages())) == ["Down web-1 firing", "High web-2 firing"]
    desk.forget()
    desk.later(MINUTE)
    desk.happens("-Down web-1")
    assert flat(desk.messages()) == ["Down web-1 resolved", "High web-1 firing", "High web-2 firing"]


def test_a_time_interval_mutes_its_route_and_lets_go_at_its_end(desk: Desk) -> None:
    # START_MS is Tuesday, 14 November 2023, 22:13:20 UTC.
    desk.configure(
        route(routes=[{"receiver": "team", "mute_time_intervals": ["night"]}])
        + "time_intervals: [{name: night, time_intervals: [{times: [{start_time: '22:00', end_time: '23:00'}]}]}]"
    )
    desk.happens("+High")
    desk.later(46 * MINUTE)
    assert desk.messages() == []
    desk.later(40 * SECOND)
    assert desk.messages() == [["High web-1 firing"]]


def test_an_active_time_interval_mutes_whenever_it_does_not_hold(desk: Desk) -> None:
    desk.configure(
        route(routes=[{"receiver": "team", "active_time_intervals": ["late"]}])
        + "time_intervals: [{name: late, time_intervals: [{times: [{start_time: '23:00', end_time: '24:00'}]}]}]"
    )
    desk.happens("+High")
    desk.later(46 * MINUTE)
    assert desk.messages() == []
    desk.later(40 * SECOND)
    assert desk.messages() == [["High web-1 firing"]]


def test_a_flapping_alert_is_told_once_and_then_when_it_is_calm(desk: Desk) -> None:
    desk.configure(TEAM + "flapping: {changes: 4, window: 10m}")
    for _ in range(10):
        desk.happens("+High")
        desk.later(SECOND)
        desk.happens("-High")
        desk.later(SECOND)
    firing_and_resolved = [["High web-1 firing"], ["High web-1 resolved"]]
    assert desk.messages() == [*firing_and_resolved * 2, ["High web-1 flapping"]]
    desk.later(10 * MINUTE)
    assert desk.messages()[5:] == [["High web-1 resolved"]]
    desk.later(24 * HOUR)
    assert desk.dispatcher.state.alerts == {}
    desk.happens("+High")
    assert desk.messages()[6:] == [["High web-1 firing"]]


def test_a_flapping_alert_that_goes_on_firing_is_told_to_do_so(desk: Desk) -> None:
    desk.configure(TEAM + "flapping: {changes: 2, window: 1m}")
    for change in ("+High", "-High", "+High"):
        desk.happens(change)
        desk.later(SECOND)
    desk.later(MINUTE)
    assert desk.messages()[2:] == [["High web-1 flapping"], ["High web-1 firing"]]


def test_two_rules_with_alerts_of_the_same_labels_are_kept_apart(desk: Desk) -> None:
    desk.store("+High", rule="one")
    desk.store("+High", rule="two")
    desk.dispatcher.step()
    desk.forget()
    desk.store("-High", rule="one")
    desk.dispatcher.step()
    assert sorted(flat(desk.messages())) == ["High web-1 firing", "High web-1 resolved"]


def test_what_happened_at_different_moments_is_told_apart_however_late_it_is_worked_on(desk: Desk) -> None:
    desk.store("+High web-1", "+High web-2")
    desk.now_ms += SECOND
    desk.store("-High web-1")
    desk.now_ms += SECOND
    desk.store("+High web-1")
    desk.now_ms += HOUR
    desk.dispatcher.step()
    assert desk.messages() == [
        ["High web-1 firing", "High web-2 firing"],
        ["High web-2 firing", "High web-1 resolved"],
        ["High web-1 firing", "High web-2 firing"],
    ]


def test_an_integration_that_wants_no_ends_gets_none(desk: Desk) -> None:
    desk.configure("receivers: [{name: team, webhook: {url: 'http://a/', send_resolved: false}}]")
    desk.happens("+High web-1", "+High web-2")
    desk.now_ms += SECOND
    desk.happens("-High web-1")
    desk.now_ms += SECOND
    desk.happens("+High web-3")
    assert desk.messages() == [
        ["High web-1 firing", "High web-2 firing"],
        ["High web-2 firing", "High web-3 firing"],
    ]


def test_every_integration_of_a_receiver_has_a_queue_of_its_own(desk: Desk) -> None:
    desk.configure("""
        receivers:
          - name: team
            webhook_configs: [{url: 'http://a/'}, {url: 'http://b/', max_alerts: 1}]
            alertmanager: {url: 'http://c/'}
    """)
    desk.happens("+High web-1", "+High web-2")
    assert desk.messages("team") == desk.messages("team/alertmanager/0") == [["High web-1 firing", "High web-2 firing"]]
    (short,) = desk.payloads("team/webhook/1")
    assert (len(short["alerts"]), short["truncatedAlerts"]) == (1, 1)
    desk.later(5 * HOUR)
    assert len(desk.messages("team")) == 2
    assert len(desk.messages("team/alertmanager/0")) == 1, "an Alertmanager is reminded by other means"


def test_a_restart_begins_no_wait_and_no_repetition_anew(desk: Desk) -> None:
    desk.configure(route(group_wait="30s", group_interval="5m", repeat_interval="1h"))
    desk.happens("+High web-1")
    desk.later(20 * SECOND)
    desk.restart()
    desk.later(10 * SECOND)
    assert len(desk.messages()) == 1
    desk.happens("+High web-2")
    desk.later(4 * MINUTE)
    desk.restart()
    desk.later(MINUTE)
    assert len(desk.messages()) == 2
    desk.later(59 * MINUTE)
    desk.restart()
    desk.later(MINUTE - 1)
    assert len(desk.messages()) == 2
    desk.later(1)
    assert len(desk.messages()) == 3


def test_a_clock_that_is_set_back_delays_nothing_and_repeats_nothing(desk: Desk) -> None:
    desk.configure(route(group_wait="10s", group_interval="1m", repeat_interval="4h"))
    desk.happens("+High web-1")
    desk.later(10 * SECOND)
    desk.happens("+High web-2")
    desk.now_ms -= HOUR
    desk.later(MINUTE)
    assert desk.messages()[1:] == [["High web-1 firing", "High web-2 firing"]]
    desk.happens("+Low")
    desk.later(10 * SECOND)
    assert len(desk.messages()) == 3


def test_a_group_whose_route_is_gone_is_forgotten_and_its_alerts_are_told_by_the_new_one(desk: Desk) -> None:
    desk.happens("+High")
    desk.configure(route(group_by=["..."]))
    desk.later(MINUTE)
    assert desk.messages() == [["High web-1 firing"]] * 2
    assert [key.text for key in desk.dispatcher.state.groups] == ['{}:{alertname="High",instance="web-1"}']


class Killed(BaseException):
    """The process ends here."""


@contextmanager
def killed_at_transaction(number: int, is_durable: bool) -> Iterator[None]:
    """Ends the process at the n-th transaction from now, right before it is durable or right after."""
    original = StateDatabase.transaction
    count = 0

    @contextmanager
    def transaction(database: StateDatabase) -> Iterator[sqlite3.Connection]:
        nonlocal count
        count += 1
        with original(database) as connection:
            yield connection
            if count == number and not is_durable:
                raise Killed
        if count == number:
            raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StateDatabase, "transaction", transaction)
        yield


STORY = (("+High web-1",), ("+High web-2", "+Low"), ("-High web-1",), ("+High web-1",), ("-High web-1", "-Low"))


def told_story(directory: Path, configuration: str, kill: int, is_durable: bool) -> tuple[list[list[str]], bool]:
    """All messages of the story when the process is killed at one transaction, and whether it was."""
    directory.mkdir()
    desk = Desk(directory, configuration)
    todo = list(STORY)
    was_killed = False
    with killed_at_transaction(kill, is_durable):
        while todo:
            desk.now_ms += SECOND
            try:
                if not was_stored(desk, todo[0]):
                    desk.store(*todo[0])
                todo.pop(0)
                desk.dispatcher.step()
            except Killed:
                was_killed = True
                desk.restart()
        for _ in range(2):
            try:
                desk.later(HOUR)
            except Killed:
                was_killed = True
                desk.restart()
        messages = desk.messages()
    desk.close()
    return messages, was_killed


def was_stored(desk: Desk, changes: tuple[str, ...]) -> bool:
    """Whether the changes are part of what the rules remember, which then do not tell of them again."""
    firing = {alert for alerts in desk.database.alerts().values() for alert in alerts}
    return all((labels(*change[1:].split()) in firing) == (change[0] == "+") for change in changes)


@pytest.mark.parametrize("is_durable", [False, True])
def test_a_kill_at_any_transaction_loses_no_change_and_doubles_none(tmp_path: Path, is_durable: bool) -> None:
    expected, _ = told_story(tmp_path / "calm", TEAM, 0, is_durable)
    assert len(expected) == 7
    for kill in range(1, 100):
        messages, was_killed = told_story(tmp_path / str(kill), TEAM, kill, is_durable)
        assert messages == expected, f"killed at transaction {kill}"
        if not was_killed:
            break
    assert kill == 2 * len(STORY) + 1, "a store and a step for each part of the story"


@pytest.mark.parametrize("is_durable", [False, True])
def test_a_kill_at_any_transaction_leaves_everybody_knowing_how_it_stands(tmp_path: Path, is_durable: bool) -> None:
    for kill in range(1, 100):
        configuration = route(group_wait="2s", group_interval="5s", repeat_interval="10h")
        messages, was_killed = told_story(tmp_path / str(kill), configuration, kill, is_durable)
        last = {alert.rpartition(" ")[0]: alert.rpartition(" ")[2] for alert in flat(messages)}
        assert last["High web-2"] == "firing"
        assert last.get("High web-1", "resolved") == last["Low web-1"] == "resolved"
        if not was_killed:
            break
    assert kill > 10


def test_a_step_that_cannot_be_stored_is_taken_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.store("+High")

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(desk.dispatcher._store, "commit", full)
        with pytest.raises(sqlite3.OperationalError):
            desk.dispatcher.step()
    desk.dispatcher.step()
    assert desk.messages() == [["High web-1 firing"]]


def test_what_a_version_without_events_has_told_is_taken_up(desk: Desk) -> None:
    """The previous version writes alerts and messages of its own, and no events."""
    desk.happens("+Old web-1", "+Both web-1")
    desk.forget()
    desk.database.store([], [("rule", desk.started["rule", labels("Old")])], [])
    new = Alert(labels("New"), (), "firing", 1.0, START_MS, START_MS)
    desk.database.store([("rule", new)], [], [])
    desk.started["rule", labels("New")] = new
    desk.restart()
    desk.dispatcher.step()
    assert desk.messages() == [], "the previous version has told of it"
    desk.happens("-New", "-Both")
    assert sorted(flat(desk.messages())) == ["Both web-1 resolved", "New web-1 resolved"]


def test_a_restart_with_events_that_wait_takes_nothing_for_told(desk: Desk) -> None:
    desk.store("+High web-1")
    desk.restart()
    desk.dispatcher.step()
    desk.store("-High web-1")
    desk.restart()
    desk.dispatcher.step()
    assert desk.messages() == [["High web-1 firing"], ["High web-1 resolved"]]


def test_the_task_steps_when_it_is_woken_and_when_something_is_due_and_goes_on_after_a_failure(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor_collector.notifications.dispatcher._PAUSE_AFTER_FAILURE_SECONDS", 0.01)
    dispatch = Dispatch(policy_from(desk.directory, route(group_wait="50ms")), "http://monitor")

    async def until(holds: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not holds():
                await asyncio.sleep(0.005)

    def failures() -> float:
        return dict(desk.metrics.samples()).get(metric("monitor_notifications_dispatch_failures_total"), 0)

    async def work() -> None:
        await desk.dispatcher.configure(dispatch)
        with monkeypatch.context() as broken:
            broken.setattr(desk.silences, "all", lambda: 1 / 0)
            desk.store("+High")
            desk.dispatcher.wake()
            await until(lambda: failures() >= 2)
            assert not desk.dispatcher.is_well
        await until(lambda: desk.dispatcher.state.alerts)
        assert desk.messages() == []
        desk.now_ms += 50
        await until(desk.messages)
        assert desk.dispatcher.is_well
        desk.store("-High")
        await desk.dispatcher.close()

    asyncio.run(work())
    assert desk.messages() == [["High web-1 firing"], ["High web-1 resolved"]]
