"""The live picture: all hosts with their columns, and the alarms, as of the last evaluation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from monitor_collector import __version__
from monitor_collector.config import Configuration
from monitor_collector.dashboard.columns import DEFAULT_COLUMNS
from monitor_collector.dashboard.feed import Feed, Picture
from monitor_collector.dashboard.table import Liveness, Row, Table, host_table
from monitor_collector.engine import Engine
from monitor_collector.notifications.payload import fingerprint
from monitor_collector.notifications.service import AlertStatus, Notifications
from monitor_collector.promql import Labels
from monitor_collector.recent import Recent
from monitor_collector.rule_files import AlertingRule
from monitor_collector.rules import Alert
from monitor_collector.storage import Storage


class Live:
    """`configure` first; `wake` after each evaluation."""

    def __init__(
        self,
        storage: Storage,
        engine: Engine,
        notifications: Notifications,
        arrivals: Mapping[str, int],
    ) -> None:
        self._storage = storage
        self._engine = engine
        self._notifications = notifications
        self._arrivals = arrivals
        self._configuration: Configuration
        self._recent: Recent
        self._executor = ThreadPoolExecutor(1, "dashboard")
        self._feed = Feed(self._look)

    def configure(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._recent = Recent(self._storage.head, self._storage.select)
        self.wake()

    @property
    def viewers(self) -> int:
        return self._feed.viewers

    def wake(self) -> None:
        self._feed.wake()

    def events(self) -> AsyncGenerator[bytes, None]:
        """As `Feed.events`: `all` is the whole picture, `change` what of it has changed. Raises TooManyViewers."""
        return self._feed.events()

    def end(self) -> None:
        """Lets all viewers go."""
        self._feed.end()

    async def close(self) -> None:
        await self._feed.close()
        self._executor.shutdown()

    async def _look(self) -> Picture:
        configuration = self._configuration
        active = list(self._engine.active_alerts())
        suppressions = self._notifications.suppressions()
        loop = asyncio.get_running_loop()
        table = await loop.run_in_executor(
            self._executor,
            host_table,
            self._recent,
            (*DEFAULT_COLUMNS, *configuration.columns),
            configuration.targets,
            Liveness(dict(self._arrivals), self._engine.started_ms),
            [alert for _, alert in active],
            self._engine.present_ms,
            round(configuration.settings.query_lookback_seconds * 1000),
        )
        return Picture(
            table.at_ms,
            {"version": __version__, "columns": _columns(table), "targets": _targets(configuration)},
            {
                "hosts": {row.instance: _host(row) for row in table.rows},
                "alarms": {fingerprint(alert.labels): _alarm(rule, alert, suppressions) for rule, alert in active},
            },
        )


def _columns(table: Table) -> list[dict[str, str | None]]:
    return [{**column._asdict(), "error": error} for column, error in zip(table.columns, table.errors, strict=True)]


def _targets(configuration: Configuration) -> dict[str, Any]:
    return {
        target.instance: {"interval": target.interval_seconds, "groups": target.groups, "labels": target.labels}
        for target in configuration.targets
    }


def _host(row: Row) -> dict[str, Any]:
    return {
        "state": row.state,
        "heard": row.heard_ms,
        "values": row.values,
        "firing": row.firing,
        "pending": row.pending,
    }


def _alarm(rule: AlertingRule, alert: Alert, suppressions: Mapping[Labels, AlertStatus]) -> dict[str, Any]:
    status = suppressions.get(alert.labels)
    return {
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "state": alert.state,
        "value": alert.value if abs(alert.value) < float("inf") else None,
        "since": alert.active_at_ms if alert.fired_at_ms is None else alert.fired_at_ms,
        "query": rule.query,
        "silencedBy": status.suppression.silenced_by if status else (),
        "inhibitedBy": [dict(labels) for labels in status.suppression.inhibited_by] if status else (),
        "mutedBy": status.muted_by if status else (),
    }
