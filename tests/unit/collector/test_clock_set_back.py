"""A collector whose system clock is set back by an hour."""

from __future__ import annotations

from tests.unit.collector.conftest import START_MS, Bench

HOUR_MS = 3_600_000


async def states(bench: Bench) -> dict[tuple[str, str], str]:
    """The active alerts: name and instance -> state."""
    alerts = (await bench.data("alerts"))["alerts"]
    return {(one["labels"]["alertname"], one["labels"]["instance"]): one["state"] for one in alerts}


async def second(bench: Bench, load: int) -> None:
    """A second in which hosts, whose clocks are right, push, and the collector evaluates by its own clock."""
    bench.now_ms += 1000
    await bench.push(f'load{{instance="web-1"}} {load}', 'load{instance="web-2"} 1')
    await bench.collector.engine.evaluate(bench.collector.now_ms())
    bench.clock.settle(bench.collector.storage.head.host_times_ms)


def test_alerts_of_the_past_are_not_raised_again_and_those_of_now_go_on(bench: Bench) -> None:
    async def work() -> None:
        for _ in range(10):
            await second(bench, load=9)
        assert await states(bench) == {("High", "web-1"): "firing"}
        for _ in range(10):
            await second(bench, load=0)
        assert await states(bench) == {}
        # Now the system would have it be the time at which the alert fired.
        bench.set_by_ms = -15_000
        for _ in range(20):
            await second(bench, load=0)
            assert await states(bench) == {}
        for _ in range(3):
            await second(bench, load=9)
        assert await states(bench) == {("High", "web-1"): "firing"}
        assert bench.collector.now_ms() == bench.now_ms == START_MS + 43_000

    bench.run(work)


def test_a_clock_that_was_wrong_before_is_followed_and_alerts_go_on(bench: Bench) -> None:
    bench.set_by_ms = HOUR_MS

    async def work() -> None:
        for _ in range(10):
            await second(bench, load=9)
        # Everything that is pushed is an hour late, so nothing is known of now.
        assert await states(bench) == {}
        bench.set_by_ms = 0
        seen = []
        for _ in range(30):
            await second(bench, load=9)
            seen.append(await states(bench))
        assert bench.collector.now_ms() == bench.now_ms
        assert seen[-1] == {("High", "web-1"): "firing"}
        assert all(alerts.keys() <= {("High", "web-1")} for alerts in seen), "no other alarm"

    bench.run(work)
