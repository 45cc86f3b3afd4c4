"""What `receivers.yml` says, as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from monitor_collector.notifications.inhibition import InhibitRule
from monitor_collector.notifications.receivers import HeartbeatSettings, Receiver
from monitor_collector.notifications.routing import Route
from monitor_collector.notifications.time_intervals import TimeInterval


class Policy(NamedTuple):
    """The receivers, and the way to them. By default nobody is told."""

    receivers: tuple[Receiver, ...] = ()
    route: Route = Route("{}", "")
    inhibit_rules: tuple[InhibitRule, ...] = ()
    time_intervals: Mapping[str, tuple[TimeInterval, ...]] = {}
    heartbeat: HeartbeatSettings | None = None
