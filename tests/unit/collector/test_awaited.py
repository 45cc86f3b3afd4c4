"""An evaluation waits for those that have something to send, and for nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from monitor_collector.awaited import Awaited

MOMENT = 1_000_000
LONG_SECONDS = 60.0


def run(test: Callable[[Awaited], Coroutine[Any, Any, None]]) -> None:
    async def within_a_loop() -> None:
        await test(Awaited())

    asyncio.run(within_a_loop())


async def is_waited_for(awaited: Awaited) -> bool:
    """Whether a wait that may take long does not end by itself at once."""
    waiting = asyncio.create_task(awaited.wait(LONG_SECONDS))
    for _ in range(5):
        await asyncio.sleep(0)
    is_over = waiting.done()
    waiting.cancel()
    return not is_over


def test_the_last_one_ends_it() -> None:
    async def test(awaited: Awaited) -> None:
        awaited.begin(MOMENT, ["web-1", "web-2"])
        awaited.heard("web-1", MOMENT)
        assert await is_waited_for(awaited)
        awaited.heard("web-3", MOMENT)
        assert await is_waited_for(awaited)
        awaited.heard("web-2", MOMENT + 500)
        assert not await is_waited_for(awaited)

    run(test)


def test_a_batch_from_before_counts_for_nothing() -> None:
    async def test(awaited: Awaited) -> None:
        awaited.begin(MOMENT, ["web-1"])
        awaited.heard("web-1", MOMENT - 1)
        assert await is_waited_for(awaited)

    run(test)


def test_each_moment_is_waited_for_anew() -> None:
    async def test(awaited: Awaited) -> None:
        awaited.begin(MOMENT, ["web-1"])
        awaited.heard("web-1", MOMENT)
        awaited.begin(MOMENT + 1000, ["web-1"])
        assert await is_waited_for(awaited)

    run(test)


def test_with_nobody_to_wait_for_it_takes_its_time() -> None:
    async def test(awaited: Awaited) -> None:
        awaited.begin(MOMENT, [])
        awaited.heard("web-1", MOMENT)
        assert await is_waited_for(awaited)

    run(test)


def test_it_takes_no_longer_than_it_may() -> None:
    async def test(awaited: Awaited) -> None:
        awaited.begin(MOMENT, ["web-1"])
        await asyncio.wait_for(awaited.wait(0.01), LONG_SECONDS)

    run(test)
