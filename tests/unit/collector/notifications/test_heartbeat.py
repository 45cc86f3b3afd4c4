"""The dead man's switch."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from monitor_collector.metrics import Metrics
from monitor_collector.notifications.heartbeat import Heartbeat
from monitor_collector.notifications.receivers import HeartbeatSettings
from monitor_collector.notifications.secret_files import Secret
from monitor_collector.samples import metric
from tests.unit.collector.notifications.test_http_senders import Echo, echo  # noqa: F401 - a fixture

METRICS = Metrics()


def run(url: str, work: Callable[[Heartbeat], Awaitable[None]], **others: object) -> None:
    async def everything() -> None:
        settings = HeartbeatSettings(Secret(url), 10, **others)  # type: ignore[arg-type]
        heartbeat = Heartbeat(settings, METRICS, lambda: 5000)
        try:
            async with asyncio.timeout(20):
                await work(heartbeat)
        finally:
            await heartbeat.close()

    asyncio.run(everything())


def figure(name: str) -> float:
    return dict(METRICS.samples())[metric(name)]


async def heard(echo: Echo, count: int) -> None:  # noqa: F811
    while len(echo.requests) < count:
        await asyncio.sleep(0.005)


async def beats(heartbeat: Heartbeat, echo: Echo, count: int) -> None:  # noqa: F811
    while len(echo.requests) < count:
        heartbeat.evaluated()
        await asyncio.sleep(0.005)


def test_it_beats_while_evaluations_go_well_and_not_when_they_do_not(echo: Echo) -> None:  # noqa: F811
    async def work(heartbeat: Heartbeat) -> None:
        await asyncio.sleep(0.05)
        assert echo.requests == [], "nothing was evaluated yet"
        for count in (1, 2, 3):
            heartbeat.evaluated()
            await heard(echo, count)
        await asyncio.sleep(0.1)
        assert len(echo.requests) == 3, "nothing was evaluated since"
        await beats(heartbeat, echo, 4)
        assert figure("monitor_heartbeat_success") == 1
        assert figure("monitor_heartbeat_last_success_timestamp_seconds") == 5

    run(f"{echo.url}/ping/secret", work)
    assert echo.requests[0][:2] == ("POST", "/ping/secret")


def test_a_beat_that_is_due_waits_for_no_evaluation_where_one_went_well_since_the_last(echo: Echo) -> None:  # noqa: F811
    """Else the time between two beats is the interval and what remains of an evaluation's."""

    async def work(heartbeat: Heartbeat) -> None:
        heartbeat.evaluated()
        await heard(echo, 1)
        heartbeat.evaluated()
        await heard(echo, 2)

    run(echo.url, work)


def test_it_can_be_a_get(echo: Echo) -> None:  # noqa: F811
    run(echo.url, lambda heartbeat: beats(heartbeat, echo, 1), method="GET")
    assert echo.requests[0][0] == "GET"


def test_a_beat_that_does_not_get_through_is_told_once_without_its_secret_and_tried_again(
    echo: Echo,  # noqa: F811
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    echo.status = 503

    async def work(heartbeat: Heartbeat) -> None:
        await beats(heartbeat, echo, 3)
        assert figure("monitor_heartbeat_success") == 0
        echo.status = 200
        await beats(heartbeat, echo, len(echo.requests) + 2)
        assert figure("monitor_heartbeat_success") == 1

    run(f"{echo.url}/secret", work)
    (line,) = [record.getMessage() for record in caplog.records]
    assert line == f"the heartbeat does not get through: {echo.url}: it answered 503"
