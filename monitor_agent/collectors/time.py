"""The host's own clock, its zone, and what the kernel counts it with."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable

from monitor_agent.collectors.attributes import Attributes
from monitor_agent.collectors.collector import Collector, register
from monitor_agent.collectors.options import Options
from monitor_agent.exposition import Columns, Metric, Row

COLUMNS = Columns(Metric("node_time_seconds", "gauge", "System time in seconds since epoch (1970)."))
ZONE = Columns(Metric("node_time_zone_offset_seconds", "gauge", "System time zone offset in seconds."))
AVAILABLE = Columns(
    Metric(
        "node_time_clocksource_available_info",
        "gauge",
        "Available clocksources read from '/sys/devices/system/clocksource'.",
    )
)
CURRENT = Columns(
    Metric(
        "node_time_clocksource_current_info",
        "gauge",
        "Current clocksource read from '/sys/devices/system/clocksource'.",
    )
)
DIRECTORY = "sys/devices/system/clocksource"
PREFIX = "clocksource"


@register("time")
class Time(Collector):
    def __init__(self, root: str, options: Options) -> None:
        super().__init__(root, options)
        self._attributes = Attributes(root)
        self._devices = self._find_devices()
        self._current: dict[str, str] = {}
        self._clock_sources: list[Row] = []

    def update(self) -> Iterable[Row]:
        now = time.time()
        local = time.localtime(now)
        yield Row(COLUMNS, (), (now,))
        yield Row(ZONE, (("time_zone", local.tm_zone),), (local.tm_gmtoff,))
        # When the kernel stops trusting a clock it takes another one: only then the list of all may be another one too.
        current = {device: self._read_names(device, "current") for device in self._devices}
        if current != self._current:
            self._clock_sources = [row for device in self._devices for row in self._make_rows(device, current[device])]
            self._current = current
        yield from self._clock_sources

    def _find_devices(self) -> list[str]:
        try:
            found = os.listdir(f"{self.root}/{DIRECTORY}")
        except OSError:
            return []
        return sorted(name[len(PREFIX) :] for name in found if name.startswith(PREFIX))

    def _read_names(self, device: str, which: str) -> str:
        return self._attributes.read(f"{DIRECTORY}/{PREFIX}{device}/{which}_clocksource")

    def _make_rows(self, device: str, current: str) -> Iterable[Row]:
        for name in self._read_names(device, "available").split():
            yield Row(AVAILABLE, (("clocksource", name), ("device", device)), ("1",))
        yield Row(CURRENT, (("clocksource", current), ("device", device)), ("1",))
