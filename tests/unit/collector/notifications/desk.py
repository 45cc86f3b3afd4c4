"""A dispatcher without its task: a real database, a clock that stands until it is moved, steps when a test says so."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from monitor_collector.metrics import Metrics
from monitor_collector.notifications.advance import Dispatch
from monitor_collector.notifications.configuration import read_policy
from monitor_collector.notifications.dispatcher import Dispatcher
from monitor_collector.notifications.outbox import Outbox
from monitor_collector.notifications.policy import Policy
from monitor_collector.notifications.silence_store import SilenceStore
from monitor_collector.notifications.silences import Silence
from monitor_collector.notifications.store import Store
from monitor_collector.promql import Labels
from monitor_collector.promql.matchers import Matcher
from monitor_collector.rules import Alert
from monitor_collector.state import Event, StateDatabase

START_MS = 1_700_000_000_000
SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE

TEAM = "receivers: [{name: team, webhook: {url: 'http://team.example.org/'}}]\n"


def labels(name: str, instance: str = "web-1", **others: str) -> Labels:
    return tuple(sorted({"alertname": name, "instance": instance, **others}.items()))


def policy_from(directory: Path, text: str) -> Policy:
    file = directory / "receivers.yml"
    file.write_text(textwrap.dedent(text))
    return read_policy(file)


def told(payload: dict[str, Any]) -> list[str]:
    """A message in short: `High web-1 firing` for each of its alerts."""
    return [
        " ".join(
            part
            for part in (
                alert["labels"]["alertname"],
                alert["labels"].get("instance"),
                "flapping" if alert["annotations"].get("flapping") else alert["status"],
            )
            if part
        )
        for alert in payload["alerts"]
    ]


class Desk:
    def __init__(self, directory: Path, configuration: str = TEAM) -> None:
        self.directory = directory
        self.now_ms = START_MS
        self.metrics = Metrics()
        self._executor = ThreadPoolExecutor(1)
        self.configuration = configuration
        self.started: dict[tuple[str, Labels], Alert] = {}
        self.open()

    def open(self) -> None:
        """Also what another process finds."""
        self.database = StateDatabase(self.directory / "state.sqlite")
        self.outbox = Outbox(self.database)
        self.silences = SilenceStore(self.database)
        self.dispatcher = Dispatcher(
            Store(self.database, self.outbox),
            self.silences,
            self.metrics,
            lambda: self.now_ms,
            self._executor,
            lambda: None,
        )
        self.configure(self.configuration)
        self.dispatcher._restore()

    def configure(self, configuration: str) -> None:
        self.configuration = configuration
        self.dispatcher._dispatch = Dispatch(policy_from(self.directory, configuration), "http://monitor")

    def restart(self) -> None:
        self.database.close()
        self.open()

    def close(self) -> None:
        self.database.close()
        self._executor.shutdown()

    def store(self, *changes: str, rule: str = "rule") -> None:
        """What the engine does: `+High web-1` has begun to fire, `-High web-1` has ceased to."""
        changed, ended, events = [], [], []
        for change in changes:
            name, *instance = change[1:].split()
            key = (rule, labels(name, *instance))
            if change[0] == "+":
                self.started[key] = Alert(key[1], (("summary", "x"),), "firing", 1.0, self.now_ms, self.now_ms)
                changed.append((rule, self.started[key]))
            else:
                ended.append((rule, self.started[key]))
            events.append(Event(self.now_ms, change[0] == "+", rule, "up == 0", self.started[key]))
        self.database.store(changed, ended, events)

    def happens(self, *changes: str) -> None:
        self.store(*changes)
        self.dispatcher.step()

    def later(self, milliseconds: int) -> None:
        """Time passes, step by step as the dispatcher wants it."""
        end_ms = self.now_ms + milliseconds
        while (next_ms := self.dispatcher.step()) is not None and next_ms <= end_ms:
            assert next_ms > self.now_ms, "the dispatcher would never sleep"
            self.now_ms = next_ms
        self.now_ms = end_ms
        self.dispatcher.step()

    def silence(self, matcher: Matcher, length_ms: int = HOUR, delay_ms: int = 0) -> str:
        starts_ms = self.now_ms + delay_ms
        silence = Silence("", (matcher,), starts_ms, starts_ms + length_ms, 0, "me", "because")
        return self.silences.set(silence, self.now_ms)

    def messages(self, channel: str = "team") -> list[list[str]]:
        """What waits in the outbox for a channel, in short."""
        return [told(payload) for payload in self.payloads(channel)]

    def payloads(self, channel: str = "team") -> list[dict[str, Any]]:
        query = "SELECT body FROM outbox WHERE receiver = ? ORDER BY id"
        return [json.loads(body) for (body,) in self.database.rows(query, (channel,))]

    def forget(self) -> None:
        """As if everything had been delivered."""
        with self.database.transaction() as connection:
            connection.execute("DELETE FROM outbox")


def route(**keys: Any) -> str:
    """The configuration with one receiver and this root route."""
    return TEAM + f"route: {json.dumps({'receiver': 'team', 'group_by': ['alertname'], **keys})}\n"


def flat(messages: Iterable[list[str]]) -> list[str]:
    return [alert for message in messages for alert in message]
