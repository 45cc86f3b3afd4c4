"""Notifications as the rest of the collector sees them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

from monitor_collector.metrics import Metrics
from monitor_collector.notifications.advance import Dispatch
from monitor_collector.notifications.delivery import Delivery
from monitor_collector.notifications.dispatcher import Dispatcher
from monitor_collector.notifications.heartbeat import Heartbeat
from monitor_collector.notifications.known_alerts import KnownAlert
from monitor_collector.notifications.outbox import Outbox
from monitor_collector.notifications.payload import Payload
from monitor_collector.notifications.policy import Policy
from monitor_collector.notifications.receivers import HeartbeatSettings
from monitor_collector.notifications.silence_store import SilenceStore
from monitor_collector.notifications.silences import Silence
from monitor_collector.notifications.store import Store
from monitor_collector.notifications.suppression import Suppression, muting_intervals
from monitor_collector.promql import Labels
from monitor_collector.state import StateDatabase

Result = TypeVar("Result")


class AlertStatus(NamedTuple):
    """A firing alert: whom it goes to, and what keeps it from being told. `muted_by` are time intervals, named where
    they mute it for all of its receivers."""

    alert: KnownAlert
    receivers: tuple[str, ...]
    suppression: Suppression
    muted_by: tuple[str, ...]

    @property
    def is_suppressed(self) -> bool:
        return bool(self.suppression or self.muted_by)


class Notifications:
    """`configure` begins; `wake` says that events were stored, `evaluated` that an evaluation went well."""

    def __init__(self, database: StateDatabase, metrics: Metrics, now_ms: Callable[[], int]) -> None:
        self.policy = Policy()
        self._metrics = metrics
        self._now_ms = now_ms
        # A thread of its own: what others do in the common ones, such as looking up names, may hang.
        self._executor = ThreadPoolExecutor(1, "notifications")
        self._outbox = Outbox(database)
        self._silences = SilenceStore(database)
        self._delivery = Delivery(self._outbox, metrics, now_ms, self._executor, self._still_firing)
        self._dispatcher = Dispatcher(
            Store(database, self._outbox), self._silences, metrics, now_ms, self._executor, self._delivery.wake
        )
        self._dispatch = Dispatch(self.policy, "")
        self._heartbeat: Heartbeat | None = None
        self._heartbeat_settings: HeartbeatSettings | None = None
        # Receiver and kind of those that there are figures of.
        self._observed: set[tuple[str, str]] = set()

    async def configure(self, policy: Policy, external_url: str) -> None:
        """Takes up a configuration; what it does not change goes on undisturbed. Raises sqlite3.Error."""
        self.policy = policy
        self._dispatch = Dispatch(policy, external_url)
        await self._dispatcher.configure(self._dispatch)
        await self._delivery.configure(each for receiver in policy.receivers for each in receiver.integrations)
        if policy.heartbeat != self._heartbeat_settings:
            if self._heartbeat is not None:
                await self._heartbeat.close()
            self._heartbeat_settings = policy.heartbeat
            settings = policy.heartbeat
            self._heartbeat = Heartbeat(settings, self._metrics, self._now_ms) if settings is not None else None

    def wake(self) -> None:
        self._dispatcher.wake()

    def evaluated(self) -> None:
        """The heart beats only while alarms are raised and passed on too."""
        if self._heartbeat is not None and self._dispatcher.is_well:
            self._heartbeat.evaluated()

    async def close(self) -> None:
        """What was not delivered is delivered after the next start."""
        if self._heartbeat is not None:
            await self._heartbeat.close()
        await self._dispatcher.close()
        await self._delivery.close()
        self._executor.shutdown()

    def statuses(self) -> list[AlertStatus]:
        """The firing alerts as of the last step."""
        return [self._status(alert) for alert in list(self._dispatcher.state.alerts.values()) if alert.ended_ms is None]

    def suppressions(self) -> dict[Labels, AlertStatus]:
        """Those of the firing alerts that are suppressed, by their labels."""
        return {status.alert.labels: status for status in self.statuses() if status.is_suppressed}

    async def silences(self) -> list[Silence]:
        return await self._in_executor(self._silences.all)

    async def set_silence(self, silence: Silence) -> str:
        """Adds a silence (without id), or changes the one that has its id; returns its id. Raises InvalidSilence,
        SilenceNotFound."""
        number = await self._in_executor(lambda: self._silences.set(silence, self._now_ms()))
        self.wake()
        return number

    async def expire_silence(self, number: str) -> None:
        """Ends a silence now. Raises SilenceNotFound."""
        await self._in_executor(lambda: self._silences.expire(number, self._now_ms()))
        self.wake()

    async def observe(self) -> None:
        """Brings the figures that are read, not counted, up to date."""
        now_ms = self._now_ms()
        queues, silences = await self._in_executor(lambda: (self._outbox.queues(), self._silences.all()))
        integrations = [each for receiver in self.policy.receivers for each in receiver.integrations]
        configured = {(each.receiver, each.kind) for each in integrations}
        for receiver, kind in self._observed - configured:
            self._metrics.forget(receiver=receiver, integration=kind)
        self._observed = configured
        for receiver, kind in configured:
            channels = [each.channel for each in integrations if (each.receiver, each.kind) == (receiver, kind)]
            found = [queues[channel] for channel in channels if channel in queues]
            labels = {"receiver": receiver, "integration": kind}
            oldest_ms = min((queue.oldest_ms for queue in found), default=now_ms)
            self._metrics.set("monitor_notifications_outbox", sum(queue.length for queue in found), **labels)
            self._metrics.set(
                "monitor_notifications_outbox_oldest_seconds", max(now_ms - oldest_ms, 0) / 1000, **labels
            )
        states = Counter(silence.state(now_ms) for silence in silences)
        for state in ("active", "pending"):
            self._metrics.set("monitor_silences", states[state], state=state)
        statuses = self.statuses()
        silenced = sum(bool(each.suppression.silenced_by) for each in statuses)
        inhibited = sum(bool(each.suppression.inhibited_by) for each in statuses)
        muted = sum(bool(each.muted_by) for each in statuses)
        for reason, count in (("silence", silenced), ("inhibition", inhibited), ("time_interval", muted)):
            self._metrics.set("monitor_alerts_suppressed", count, reason=reason)

    def _status(self, alert: KnownAlert) -> AlertStatus:
        places = self._dispatch.places(alert)
        intervals = self.policy.time_intervals
        muting = [muting_intervals(place.route, intervals, self._now_ms()) for place in places]
        muted_by = tuple(dict.fromkeys(name for names in muting for name in names)) if all(muting) else ()
        receivers = tuple(dict.fromkeys(place.key.receiver for place in places))
        suppression = self._dispatcher.suppressions.get(alert.key, Suppression())
        return AlertStatus(alert, receivers, suppression, muted_by)

    def _still_firing(self, receiver: str) -> Payload | None:
        return self._dispatch.still_firing(self._dispatcher.state, receiver)

    async def _in_executor(self, call: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._executor, call)
