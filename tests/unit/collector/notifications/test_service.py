"""Notifications within the collector."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest

from monitor_collector.notifications.policy import Policy
from monitor_collector.notifications.receivers import HeartbeatSettings
from monitor_collector.notifications.secret_files import Secret
from monitor_collector.samples import metric
from tests.unit.collector.conftest import Bench
from tests.unit.collector.notifications.test_http_senders import Echo, echo  # noqa: F401 - a fixture
from tests.unit.collector.webhooks import Listener


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.close()


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.005)


def with_rule(bench: Bench, *urls: str) -> Bench:
    bench.write("rules.d/rules", groups=[{"name": "g", "rules": [{"alert": "High", "expr": "load > 2"}]}])
    receivers = [{"name": f"team {number}", "webhook": {"url": url}} for number, url in enumerate(urls)]
    bench.write("receivers", receivers=receivers)
    return bench


def test_an_alarm_is_heard_and_so_is_its_end_while_all_common_threads_and_another_receiver_hang(
    bench: Bench, listener: Listener
) -> None:
    """As when looking up names hangs, which happens in those threads."""
    hanging = Listener()
    hanging.may_answer.clear()
    may_end = threading.Event()

    async def work() -> None:
        for load, states in ((3, ["firing"]), (1, ["firing", "resolved"])):
            await bench.push(f"load {load}")
            blocked = [asyncio.get_running_loop().run_in_executor(None, may_end.wait) for _ in range(64)]
            bench.now_ms += 1
            async with asyncio.timeout(20):
                await bench.collector.engine.evaluate(bench.now_ms)
            await until(lambda states=states: listener.alerts("High") == states)
            may_end.set()
            await asyncio.gather(*blocked)
            may_end.clear()

    with_rule(bench, hanging.url, listener.url).run(work)
    hanging.close()


def test_a_reload_changes_who_is_told_from_then_on(bench: Bench, listener: Listener) -> None:
    other = Listener()

    async def work() -> None:
        await bench.second("load 3")
        await until(lambda: listener.alerts("High") == ["firing"])
        # Until its answer has been read, the message would go to the new receiver again.
        sent = metric("monitor_notifications_sent_total", receiver="team 0", integration="webhook")
        await until(lambda: dict(bench.collector.metrics.samples())[sent] == 1)
        with_rule(bench, other.url)
        await bench.collector.reload()
        await bench.second("load 1")
        await until(lambda: other.alerts("High") == ["resolved"])

    with_rule(bench, listener.url).run(work)
    other.close()
    assert listener.alerts("High") == ["firing"]


def test_figures_end_with_the_receiver_and_the_heartbeat_that_they_are_about(
    bench: Bench,
    listener: Listener,
    echo: Echo,  # noqa: F811
) -> None:
    """Else an alarm about what was removed would ring until the collector is restarted."""
    listener.may_answer.clear()
    echo.status = 503
    late = 'monitor_notifications_outbox_oldest_seconds{receiver="team 0"} > 0'

    def beaten() -> bool:
        bench.collector.notifications.evaluated()
        return metric("monitor_heartbeat_success") in dict(bench.collector.metrics.samples())

    async def observed_second() -> None:
        await bench.collector.observe()
        await bench.second()

    async def work() -> None:
        policy = bench.collector.configuration.notifications
        heartbeat = HeartbeatSettings(Secret(echo.url), interval_ms=1)
        await bench.collector.notifications.configure(policy._replace(heartbeat=heartbeat), "")
        await bench.second("load 3")
        await until(lambda: listener.messages)
        await until(beaten)
        await bench.second()
        await observed_second()
        assert len(await bench.value(late)) == 1
        assert await bench.value("monitor_heartbeat_success") == ["0"]
        bench.write("receivers", receivers=[])
        await bench.collector.reload()
        await observed_second()
        assert await bench.value('{__name__=~"monitor_notifications.*",receiver="team 0"}') == []
        assert await bench.value("monitor_heartbeat_success") == []

    with_rule(bench, listener.url).run(work)


def test_the_heartbeat_comes_and_goes_with_the_configuration(bench: Bench, echo: Echo) -> None:  # noqa: F811
    async def work() -> None:
        notifications = bench.collector.notifications
        heartbeat = HeartbeatSettings(Secret(echo.url), interval_ms=1)
        await notifications.configure(Policy(heartbeat=heartbeat), "")
        await until(lambda: notifications._dispatcher.is_well)
        notifications.evaluated()
        await until(lambda: len(echo.requests) == 1)
        notifications._dispatcher.is_well = False
        notifications.evaluated()
        await asyncio.sleep(0.05)
        assert len(echo.requests) == 1, "nobody would hear of an alarm"
        notifications._dispatcher.is_well = True
        notifications.evaluated()
        await until(lambda: len(echo.requests) == 2)
        await notifications.configure(Policy(), "")
        notifications.evaluated()
        await asyncio.sleep(0.05)
        assert len(echo.requests) == 2

    bench.run(work)
