"""Evaluation of everything, over time and over restarts."""

from __future__ import annotations

import asyncio
import json
import sqlite3

import pytest

from monitor_collector.engine import next_on_grid
from monitor_collector.rule_files import Rule
from monitor_collector.state import StateDatabase
from tests.unit.collector.conftest import Bench

HIGH = 'load{instance="web-1"} 3'
LOW = 'load{instance="web-1"} 1'
OTHER = 'load{instance="web-2"} 1'


def with_receivers(bench: Bench) -> Bench:
    """Nobody listens there, so what is to be told stays in the outbox."""
    receivers = [{"name": "team", "webhook": {"url": "http://127.0.0.1:9/"}}]
    bench.write("receivers", receivers=receivers)
    return bench


def outbox(bench: Bench) -> list[tuple[str, str]]:
    """Alert name and status of what waits to be told, in order."""
    database = sqlite3.connect(bench.directory / "data" / "state.sqlite")
    messages = [json.loads(body) for (body,) in database.execute("SELECT body FROM outbox ORDER BY id")]
    database.close()
    return [(alert["labels"]["alertname"], alert["status"]) for message in messages for alert in message["alerts"]]


def test_rules_see_what_arrived_what_is_recorded_and_the_thresholds(bench: Bench) -> None:
    async def work() -> None:
        await bench.second(HIGH, OTHER)
        assert await bench.value('load:double{instance="web-1"}') == ["6"]
        assert await bench.value('monitor_threshold{instance="web-1",name="load"}') == ["2"]
        assert await bench.value('up{instance="web-1",job="host",env="lab"}') == ["1"]
        assert await bench.value('ALERTS{alertname="High",alertstate="pending"}') == ["1"]
        assert await bench.value("monitor_last_batch_age_seconds < 1") == ["0", "0"]
        assert await bench.value('monitor_ingest_batches_total{job="monitor_collector"}') == ["1"]

    bench.run(work)


def test_an_alert_fires_and_is_resolved_and_each_is_told_once(bench: Bench) -> None:
    async def work() -> None:
        for line in (HIGH, HIGH, HIGH, HIGH, LOW, LOW):
            await bench.second(line, OTHER)

    with_receivers(bench).run(work)
    assert outbox(bench) == [("High", "firing"), ("High", "resolved")]


def test_a_silent_host_is_down_after_three_intervals_and_up_with_its_next_batch(bench: Bench) -> None:
    async def work() -> None:
        for _ in range(5):
            await bench.second(LOW, OTHER)
        for _ in range(2):
            await bench.second(LOW)
        assert await bench.value('up{instance="web-2"}') == ["1"]
        await bench.second(LOW)
        assert await bench.value('up{instance="web-2"}') == ["0"]
        assert await bench.value('ALERTS{alertname="HostDown",instance="web-2",alertstate="firing"}') == ["1"]
        await bench.second(LOW, OTHER)
        assert await bench.value('up{instance="web-2"}') == ["1"]

    bench.run(work)


def test_a_host_that_never_reported_is_an_alarm_after_the_grace(bench: Bench) -> None:
    async def work() -> None:
        await bench.second(LOW)
        await bench.second(LOW)
        assert await bench.value('up{instance="web-2"}') == []
        await bench.second(LOW)
        assert await bench.value('ALERTS{alertname="HostDown",alertstate="firing"}') == ["1"]

    bench.run(work)


def test_a_restart_neither_forgets_a_firing_alert_nor_tells_of_it_again(bench: Bench) -> None:
    async def fire() -> None:
        for _ in range(4):
            await bench.second(HIGH, OTHER)

    async def go_on() -> None:
        assert await bench.value('ALERTS{alertname="High",alertstate="firing"}') == ["1"]
        # Hosts come back one after the other, and until they had the time to, nothing is called resolved.
        await bench.second()
        await bench.second()
        assert len((await bench.data("alerts"))["alerts"]) == 1
        await bench.second(HIGH, OTHER)
        await bench.second(LOW, OTHER)

    with_receivers(bench).run(fire)
    bench.now_ms += 20_000
    bench.run(go_on)
    assert outbox(bench) == [("High", "firing"), ("High", "resolved")]


def test_a_restart_does_not_restart_the_waiting_time_of_a_pending_alert(bench: Bench) -> None:
    async def begin() -> None:
        await bench.second(HIGH)

    async def go_on() -> None:
        await bench.second(HIGH)

    with_receivers(bench).run(begin)
    assert outbox(bench) == []
    bench.now_ms += 1000
    bench.run(go_on)
    assert outbox(bench) == [("High", "firing")]


def test_a_host_that_was_down_before_a_restart_stays_down_and_is_not_told_twice(bench: Bench) -> None:
    async def fall_silent() -> None:
        for _ in range(4):
            await bench.second(LOW)

    async def go_on() -> None:
        for _ in range(5):
            await bench.second(LOW)

    with_receivers(bench).run(fall_silent)
    assert outbox(bench) == [("HostDown", "firing")]
    bench.run(go_on)
    assert outbox(bench) == [("HostDown", "firing")]


def test_an_alert_whose_rule_is_gone_after_a_reload_is_resolved(bench: Bench) -> None:
    async def work() -> None:
        for _ in range(4):
            await bench.second(HIGH, OTHER)
        bench.write("rules.d/rules", groups=[])
        await bench.collector.reload()
        await bench.second(HIGH, OTHER)
        assert await bench.value("ALERTS") == []

    with_receivers(bench).run(work)
    assert outbox(bench) == [("High", "firing"), ("High", "resolved")]


def test_an_alert_goes_on_over_a_reload_that_changes_its_level(bench: Bench) -> None:
    async def work() -> None:
        for _ in range(4):
            await bench.second(HIGH, OTHER)
        bench.write("thresholds", thresholds={"web-1": {"load": 2.5}})
        await bench.collector.reload()
        await bench.second(HIGH, OTHER)
        assert await bench.value('monitor_threshold{name="load"}') == ["2.5"]

    with_receivers(bench).run(work)
    assert outbox(bench) == [("High", "firing")]


def test_what_the_configuration_has_no_more_ends_at_once(bench: Bench) -> None:
    bench.write("thresholds", thresholds={"web-1": {"load": 2}, "web-2": {"load": 3}})

    async def work() -> None:
        await bench.second(LOW, OTHER)
        bench.write("thresholds", thresholds={"web-1": {"load": 2}})
        bench.write("targets", targets=[{"instance": "web-1", "interval_seconds": 1}])
        await bench.collector.reload()
        await bench.second(LOW)
        assert await bench.value('{__name__=~"up|monitor_last_batch.*", instance="web-2"}') == []
        assert await bench.value('up{instance="web-1"}') == ["1"]
        assert await bench.value("monitor_threshold") == ["2"]

    bench.run(work)


@pytest.mark.parametrize("is_killed", [False, True])
def test_a_collector_starts_again_after_a_host_was_taken_from_the_configuration(bench: Bench, is_killed: bool) -> None:
    async def take_away() -> None:
        await bench.second(LOW, OTHER)
        bench.write("targets", targets=[{"instance": "web-1", "interval_seconds": 1}])
        await bench.collector.reload()
        # What the first of them evaluates is on disk when the second's push is.
        await bench.second(LOW)
        await bench.second(LOW)

    async def arrivals() -> dict[str, int]:
        return bench.collector.ingest.arrivals

    bench.run(take_away, is_killed=is_killed)
    # When hosts pushed is in the log after a kill, and after a stop in what was stored about the hosts alone.
    assert bench.run(arrivals).keys() == ({"web-1", "web-2"} if is_killed else {"web-1"})


@pytest.mark.parametrize("value", ["NaN", "+Inf", "1e306", "-1e306", "1e12"])
def test_a_collector_starts_again_whatever_a_host_says_of_its_last_batch(bench: Bench, value: str) -> None:
    async def push() -> None:
        await bench.second(f'monitor_last_batch_timestamp_seconds{{instance="web-7"}} {value}')

    async def arrivals() -> dict[str, int]:
        return bench.collector.ingest.arrivals

    bench.run(push)
    assert "web-7" not in bench.run(arrivals)


def test_rules_look_back_as_long_as_queries_do_and_levels_are_there_all_the_time(bench: Bench) -> None:
    settings = {"external_url": "http://monitor:9430", "query_lookback_seconds": 6}
    bench.write("collector", **settings, data_directory=str(bench.directory / "data"))

    async def work() -> None:
        await bench.second(LOW, OTHER)
        for second in range(1, 20):
            await bench.second(LOW)
            assert len(await bench.value("load:double")) == (2 if second < 6 else 1)
            assert await bench.value("monitor_threshold") == ["2"]

    bench.run(work)


def test_a_rule_that_fails_is_reported_and_counted_and_the_others_go_on(bench: Bench) -> None:
    rules = [{"alert": "Bad", "expr": "load * on (job) load"}, {"record": "good", "expr": "load + 1"}]
    bench.write("rules.d/rules", groups=[{"name": "g", "rules": rules}])

    async def work() -> None:
        await bench.second(HIGH, OTHER)
        bad, good = (await bench.data("rules"))["groups"][0]["rules"]
        assert (bad["health"], good["health"]) == ("err", "ok")
        assert "many-to-many" in bad["lastError"]
        assert sorted(await bench.value("good")) == ["2", "4"]
        await bench.second(HIGH, OTHER)
        assert await bench.value("monitor_rule_evaluation_failures_total") == ["1"]

    bench.run(work)


def test_a_change_that_cannot_be_stored_is_told_later_and_not_lost(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    async def work() -> None:
        await bench.second(HIGH, OTHER)
        with monkeypatch.context() as broken:
            broken.setattr(StateDatabase, "store", full)
            for _ in range(3):
                await bench.second(HIGH, OTHER)
        await bench.second(HIGH, OTHER)

    with_receivers(bench).run(work)
    assert outbox(bench) == [("High", "firing")]


def test_a_group_with_an_interval_of_its_own_is_evaluated_that_often(bench: Bench) -> None:
    rules = [{"record": "seen", "expr": "timestamp(load)"}]
    bench.write("rules.d/rules", groups=[{"name": "g", "interval": "3s", "rules": rules}])

    async def work() -> None:
        for _ in range(7):
            await bench.second(HIGH)
        assert await bench.value("count_over_time(seen[1m])") == ["3"]

    bench.run(work)


def test_the_limit_and_the_offset_of_a_group_hold(bench: Bench) -> None:
    late = {"name": "late", "query_offset": "2s", "rules": [{"record": "load:late", "expr": "load"}]}
    few = {"name": "few", "limit": 1, "rules": [{"record": "load:few", "expr": "load"}]}
    bench.write("rules.d/rules", groups=[late, few])

    async def work() -> None:
        for line in (HIGH, LOW, LOW):
            await bench.second(line)
        # What was true two seconds ago is stored as of then.
        assert await bench.value("load:late") == ["3"]
        assert await bench.value(f"timestamp(load:late) - {bench.now_ms / 1000}") == ["-2"]
        await bench.second(LOW, OTHER)
        errors = {rule.name: bench.collector.engine.health[rule.key].error for rule in rules()}
        assert errors == {"load:late": "", "load:few": "gives 2 series; its group has the limit 1"}

    def rules() -> list[Rule]:
        return [rule for group in bench.collector.configuration.groups for rule in group.rules]

    bench.run(work)


def test_an_evaluation_begins_when_the_last_host_has_sent_and_what_it_finds_is_seen_at_once(bench: Bench) -> None:
    interval_seconds = 400  # so that it would begin by itself only after a minute
    bench.write(
        "collector",
        external_url="http://monitor",
        data_directory=str(bench.directory / "data"),
        evaluation_interval_seconds=interval_seconds,
    )
    assert bench.now_ms % (interval_seconds * 1000) == 0

    async def work() -> None:
        evaluated = asyncio.Event()

        async def on_evaluated() -> None:
            evaluated.set()

        await bench.push(LOW, OTHER)
        running = asyncio.create_task(bench.collector.engine.run(on_evaluated))
        await asyncio.sleep(0)  # it waits now
        await bench.push(LOW)
        assert not evaluated.is_set()
        await bench.push(OTHER)
        await asyncio.wait_for(evaluated.wait(), 30)
        running.cancel()
        assert await bench.value("timestamp(load:double)") == [str(bench.now_ms // 1000 + 60)] * 2

    bench.run(work)


@pytest.mark.parametrize(
    ("now_ms", "interval_ms", "expected"),
    [(0, 1000, 150), (150, 1000, 150), (151, 1000, 1150), (5050, 5000, 5750), (5751, 5000, 10_750)],
)
def test_evaluations_lie_a_little_after_whole_intervals(now_ms: int, interval_ms: int, expected: int) -> None:
    assert next_on_grid(now_ms, interval_ms) == expected
