"""What systemd says about its units, over D-Bus.

node_exporter gives five series for each of a few hundred units, nearly all of which never change. Here a unit has them
once it has failed, and from then on as long as the agent runs, so that its recovery is seen too; or when its name
matches `systemd_unit_include`. The counts by state are of all units.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable

from monitor_agent.collectors.collector import Collector, NoData, register
from monitor_agent.collectors.options import Options
from monitor_agent.dbus import PROPERTIES, SYSTEM_BUS, Bus, CallFailed
from monitor_agent.exposition import Columns, Metric, Row

SERVICE = "org.freedesktop.systemd1"
OBJECT = "/org/freedesktop/systemd1"
MANAGER = f"{SERVICE}.Manager"
LIMIT_SECONDS = 0.5  # it is usually a few milliseconds
GONE_LIMIT = 50
VERSION_NUMBER = re.compile(r"[0-9]{3,}(\.[0-9]+)?")

# The bus's own words for a service that is not there.
ABSENT = tuple(f"org.freedesktop.DBus.Error.{name}" for name in ("NameHasNoOwner", "ServiceUnknown", "SpawnFailed"))
UNIT_STATES = ("active", "activating", "deactivating", "failed", "inactive")
# What a unit's `type` is: the property Type of this interface, by the end of the unit's name.
TYPED = {"service": "Service", "mount": "Mount"}

RUNNING = Columns(
    Metric(
        "node_systemd_system_running", "gauge", "Whether the system is operational (see 'systemctl is-system-running')"
    )
)
VERSION = Columns(Metric("node_systemd_version", "gauge", "Detected systemd version"))
UNITS = Columns(Metric("node_systemd_units", "gauge", "Summary of systemd unit states"))
UNIT = Columns(
    *(Metric("node_systemd_unit_state", "gauge", "Systemd unit", (("state", state),)) for state in UNIT_STATES)
)


@register("systemd")
class Systemd(Collector):
    interval_seconds = 15.0

    def __init__(self, root: str, options: Options) -> None:
        super().__init__(root, options)
        self._bus = Bus(root + SYSTEM_BUS)
        include = options.systemd_unit_include
        self._is_included = re.compile(include).search if include else lambda _: None
        self._once_failed: dict[str, None] = {}  # in the order in which they failed
        self._types: dict[str, str] = {}
        self._deadline = 0.0

    def update(self) -> Iterable[Row]:
        self._deadline = time.monotonic() + LIMIT_SECONDS
        try:
            return self._read()
        except FileNotFoundError:
            raise NoData from None  # a machine without a bus
        except CallFailed as error:
            if error.name in ABSENT:
                raise NoData from None  # a machine with a bus, but another init
            raise

    def _read(self) -> list[Row]:
        units = self._ask(OBJECT, MANAGER, "ListUnits")
        version = self._ask(OBJECT, PROPERTIES, "Get", MANAGER, "Version")
        is_running = self._ask(OBJECT, PROPERTIES, "Get", MANAGER, "SystemState") == "running"
        counts = dict.fromkeys(UNIT_STATES, 0)
        reported = {}
        for name, _, load_state, state, _, _, path, *_ in units:
            counts[state] = counts.get(state, 0) + 1
            if state == "failed":
                self._once_failed[name] = None
            if name in self._once_failed or (load_state == "loaded" and self._is_included(name)):
                reported[name] = (state, path)
        self._forget(reported)
        number = VERSION_NUMBER.search(version)
        return [
            Row(RUNNING, (), (int(is_running),)),
            Row(VERSION, (("version", version),), (number[0] if number else "0",)),
            *(Row(UNITS, (("state", state),), (count,)) for state, count in sorted(counts.items())),
            *self._unit_rows(reported),
        ]

    def _unit_rows(self, reported: dict[str, tuple[str, str]]) -> Iterable[Row]:
        """One that systemd has unloaded since it failed is inactive."""
        names = sorted({*reported, *self._once_failed})
        self._types = {name: self._types[name] for name in names if name in self._types}
        for name in names:
            state, path = reported.get(name, ("inactive", ""))
            if path and name not in self._types:
                self._types[name] = self._type(name, path)
            labels = (("name", name), ("type", self._types.get(name, "")))
            yield Row(UNIT, labels, tuple("1" if state == each else "0" for each in UNIT_STATES))

    def _type(self, name: str, path: str) -> str:
        """What starting a service means, or a mount's file system; "" for everything else."""
        interface = TYPED.get(name.rpartition(".")[2])
        if interface is None:
            return ""
        try:
            return self._ask(path, PROPERTIES, "Get", f"{SERVICE}.{interface}", "Type")
        except CallFailed:
            return ""  # it is gone since it was listed

    def _forget(self, reported: dict[str, tuple[str, str]]) -> None:
        """Of the units that are unloaded, those that failed first: some hosts make units with ever new names."""
        gone = [name for name in self._once_failed if name not in reported]
        for name in gone[: max(0, len(gone) - GONE_LIMIT)]:
            del self._once_failed[name]

    def _ask(self, path: str, interface: str, member: str, *arguments: str) -> object:
        return self._bus.call(self._deadline, SERVICE, path, interface, member, *arguments)[0]
