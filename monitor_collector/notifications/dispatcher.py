"""Turns events into messages of the outbox, when they are due: the task around `advance`.

The promise: every event leads to the messages that the configuration wants, exactly once each, however often the
collector is killed in between. It never stands in the way of the rules: it works in its own time, in its own thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from itertools import groupby
from typing import TypeVar

from monitor_collector.metrics import Metrics
from monitor_collector.notifications.advance import Dispatch, State
from monitor_collector.notifications.known_alerts import AlertKey
from monitor_collector.notifications.silence_store import SilenceStore
from monitor_collector.notifications.silences import Silence
from monitor_collector.notifications.store import Store
from monitor_collector.notifications.suppression import Suppression
from monitor_collector.state import Event

log = logging.getLogger(__name__)

Result = TypeVar("Result")

# A clock that was set is noticed within so long.
_LONGEST_SLEEP_SECONDS = 60.0
_SHORTEST_SLEEP_SECONDS = 0.01
_PAUSE_AFTER_FAILURE_SECONDS = 1.0


class Dispatcher:
    """`configure` begins. `state` and `suppressions` are replaced as a whole and may be read at any time; `is_well`
    tells whether the last step could be taken."""

    def __init__(
        self,
        store: Store,
        silences: SilenceStore,
        metrics: Metrics,
        now_ms: Callable[[], int],
        executor: Executor,
        on_messages: Callable[[], None],
    ) -> None:
        self.state = State()
        self.suppressions: Mapping[AlertKey, Suppression] = {}
        self.is_well = True
        self._store = store
        self._silences = silences
        self._metrics = metrics
        self._now_ms = now_ms
        self._executor = executor
        self._on_messages = on_messages
        self._news = asyncio.Event()
        self._dispatch: Dispatch
        self._task: asyncio.Task[None] | None = None

    async def configure(self, dispatch: Dispatch) -> None:
        """Takes effect with the next step; the first time, takes up what the run before has left and begins."""
        self._dispatch = dispatch
        if self._task is None:
            await self._in_executor(self._restore)
            self._task = asyncio.create_task(self._run(), name="dispatch notifications")
        self.wake()

    def wake(self) -> None:
        """Says that there are events, or that silences have changed."""
        self._news.set()

    async def close(self) -> None:
        """Works on the events of the last moments too: a previous version, if that is what is started next, knows of
        messages only."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        try:
            await self._in_executor(self.step)
        except Exception as error:
            log.error("the last events are worked on after the next start: %s", error)

    async def _run(self) -> None:
        while True:
            self._news.clear()
            try:
                next_ms = await self._in_executor(self.step)
                self.is_well = True
            except Exception:
                # Whatever it was, it may pass, and nothing is lost: the events are there still.
                self.is_well = False
                log.exception("notifications could not be dispatched, trying again")
                self._metrics.add("monitor_notifications_dispatch_failures_total")
                await asyncio.sleep(_PAUSE_AFTER_FAILURE_SECONDS)
                continue
            self._on_messages()
            seconds = _LONGEST_SLEEP_SECONDS
            if next_ms is not None:
                seconds = min(max((next_ms - self._now_ms()) / 1000, _SHORTEST_SLEEP_SECONDS), seconds)
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._news.wait()

    async def _in_executor(self, call: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._executor, call)

    def _restore(self) -> None:
        stored = self._store.load()
        self.state = self._dispatch.adopt(stored, self._store.firing())
        if self.state != stored:
            self._store.commit(stored, self.state, [], [], self._now_ms())

    def step(self) -> int | None:
        """Works on all events, one evaluation after the other, then on what is due now. Returns when to step again.

        What happened at different moments is not told as one, even if it is worked on late. Raises sqlite3.Error;
        what was done until then is done.
        """
        dispatch, now_ms, silences = self._dispatch, self._now_ms(), self._silences.all()
        for at_ms, events in groupby(self._store.events(), key=lambda event: event.at_ms):
            self._advance(dispatch, list(events), silences, min(at_ms, now_ms))
        return self._advance(dispatch, [], silences, now_ms)

    def _advance(
        self, dispatch: Dispatch, events: Sequence[Event], silences: Sequence[Silence], now_ms: int
    ) -> int | None:
        step = dispatch.step(self.state, events, silences, now_ms)
        if events or step.messages or step.state != self.state:
            self._store.commit(self.state, step.state, events, step.messages, now_ms)
        self.state = step.state
        self.suppressions = step.suppressions
        return step.next_ms
