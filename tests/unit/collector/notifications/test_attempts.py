"""Calls that hang."""

from __future__ import annotations

import asyncio
import threading

import pytest

from monitor_collector.notifications.attempts import Attempts
from monitor_collector.notifications.senders import DeliveryError


def test_what_a_call_raises_is_raised() -> None:
    async def work() -> None:
        with pytest.raises(LookupError):
            await Attempts("test").run(lambda: {}["x"], 10)

    asyncio.run(work())


def test_a_call_that_hangs_is_not_waited_for_and_no_other_is_begun_until_it_ends() -> None:
    may_end = threading.Event()
    calls: list[int] = []

    async def work() -> None:
        attempts = Attempts("test")
        with pytest.raises(DeliveryError, match="no answer within"):
            await attempts.run(may_end.wait, 0.01)
        with pytest.raises(DeliveryError, match="hangs still"):
            await attempts.run(lambda: calls.append(1), 10)
        may_end.set()
        async with asyncio.timeout(10):
            while not calls:
                try:
                    await attempts.run(lambda: calls.append(2), 10)
                except DeliveryError:
                    await asyncio.sleep(0.01)

    asyncio.run(work())
    assert calls == [2]


def test_the_loop_goes_on_while_a_call_hangs_and_may_be_gone_when_it_ends() -> None:
    may_end = threading.Event()

    async def work() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await Attempts("test hanging").run(may_end.wait, 10)

    asyncio.run(work())
    (hanging,) = [thread for thread in threading.enumerate() if thread.name == "test hanging"]
    assert hanging.daemon, "the process can end meanwhile"
    may_end.set()
    hanging.join(10)
    assert not hanging.is_alive()
