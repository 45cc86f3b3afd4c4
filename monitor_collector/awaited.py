"""Whose samples of a moment are still to come, so that an evaluation begins as soon as all are here."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextlib import suppress


class Awaited:
    """`begin` before the moment, `wait` after it; `heard` for each batch. All in the event loop's thread."""

    def __init__(self) -> None:
        self._moment_ms = 0
        self._missing: set[str] = set()
        self._none_missing = asyncio.Event()

    def begin(self, moment_ms: int, instances: Collection[str]) -> None:
        """`instances` are those that have samples of this moment or a later one to send."""
        self._moment_ms = moment_ms
        self._missing = set(instances)
        self._none_missing.clear()

    def heard(self, instance: str, newest_ms: int) -> None:
        """A batch is in memory, with samples up to `newest_ms`."""
        if newest_ms >= self._moment_ms and instance in self._missing:
            self._missing.discard(instance)
            if not self._missing:
                self._none_missing.set()

    async def wait(self, seconds: float) -> None:
        """Until the last one is heard, and no longer than this. With nobody to wait for, for all of it."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._none_missing.wait(), seconds)
