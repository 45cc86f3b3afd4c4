"""Calls that may hang, each in a thread that nobody waits for longer than a limit."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress

from monitor_collector.notifications.senders import DeliveryError


class Attempts:
    """One call at a time: while one still hangs the next is refused, so nothing is overtaken and threads do not pile
    up. The threads belong to nobody else's pool, which calls that hang would fill, and do not keep the process alive.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._thread: threading.Thread | None = None

    async def run(self, call: Callable[[], None], limit_seconds: float) -> None:
        """Raises what the call raises, DeliveryError when it takes longer than the limit."""
        if self._thread is not None and self._thread.is_alive():
            # A thread ends a moment after it has said that it is done.
            await asyncio.sleep(0.05)
            if self._thread.is_alive():
                raise DeliveryError("the attempt before hangs still")
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[None] = loop.create_future()

        def finish(error: Exception | None) -> None:
            if outcome.done():
                return
            if error is None:
                outcome.set_result(None)
            else:
                outcome.set_exception(error)

        def work() -> None:
            error = None
            try:
                call()
            except Exception as reason:
                error = reason
            with suppress(RuntimeError):  # the loop is closed: the collector has stopped meanwhile
                loop.call_soon_threadsafe(finish, error)

        self._thread = threading.Thread(target=work, name=self._name, daemon=True)
        self._thread.start()
        try:
            async with asyncio.timeout(limit_seconds):
                await outcome
        except TimeoutError:
            raise DeliveryError(f"no answer within {limit_seconds:g} s") from None
