"""What systemd says about its units."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor_agent.collectors.collector import NoData
from monitor_agent.collectors.options import Options
from monitor_agent.collectors.systemd import GONE_LIMIT, Systemd
from monitor_agent.dbus import CallFailed
from monitor_agent.exposition import Renderer
from tests.unit.agent.collectors.machine import samples
from tests.unit.agent.recorded_bus import recorded_bus, recorded_turns

UNITS = {"ssh.service": "active", "cron.service": "active", "data.mount": "active", "getty@.service": "inactive"}


class StubBus:
    """A manager with units by name, each with its active state; those in `types` have a property Type."""

    def __init__(self, units: dict[str, str], types: dict[str, str]) -> None:
        self.units = units
        self.types = types
        self.not_loaded: set[str] = set()
        self.asked: list[str] = []
        self.system_state = "running"
        self.version = "252.39-1~deb12u2"

    def call(self, deadline: float, service: str, path: str, interface: str, member: str, *arguments: str) -> list:
        if member == "ListUnits":
            return [
                [
                    (name, "", "not-found" if name in self.not_loaded else "loaded", state, "", "", name, 0, "", "/")
                    for name, state in self.units.items()
                ]
            ]
        if arguments[1] == "Version":
            return [self.version]
        if arguments[1] == "SystemState":
            return [self.system_state]
        self.asked.append(f"{path} {arguments[0]}")
        if path not in self.types:
            raise CallFailed("org.freedesktop.DBus.Error.UnknownObject", "")
        return [self.types[path]]


class Machine:
    def __init__(self, include: str = "", **types: str) -> None:
        self.bus = StubBus(dict(UNITS), {name.replace("_", "."): kind for name, kind in types.items()})
        self.collector = Systemd("", Options(systemd_unit_include=include))
        self.collector._bus = self.bus

    def unit_states(self) -> dict[str, str]:
        """The state of each unit that has series; all five series of it are there."""
        states: dict[str, str] = {}
        lines = [line for line in samples(self.collector) if line.startswith("node_systemd_unit_state")]
        for line in lines:
            labels, value = line.rsplit(" ", 1)
            name, state = labels.split('"')[1:4:2]
            states.setdefault(name, "")
            if value == "1":
                states[name] += state
        assert len(lines) == 5 * len(states)
        return states


@pytest.fixture
def root() -> Iterator[Path]:
    """With a short name: that of a socket has at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="bus-") as directory:
        (Path(directory) / "run/dbus").mkdir(parents=True)
        yield Path(directory)


def test_a_real_systemd_is_told_as_node_exporter_tells_it(root: Path) -> None:
    with recorded_bus(root / "run/dbus/system_bus_socket", recorded_turns()):
        collector = Systemd(str(root), Options(systemd_unit_include="^gr.x"))
        page = Renderer({}).page(list(collector.update()))
        collector._bus.close()
    units = "".join(
        f'node_systemd_unit_state{{name="{name}",state="{each}",type="{kind}"}} {int(each == state)}\n'
        for name, state, kind in [
            ("broken.service", "failed", "simple"),
            (r"gr\\xc3\\xb6\\xc3\\x9fe.service", "active", "oneshot"),
            ("mnt-x.mount", "failed", "ext4"),
        ]
        for each in ("active", "activating", "deactivating", "failed", "inactive")
    )
    assert page == (
        "# HELP node_systemd_system_running Whether the system is operational (see 'systemctl is-system-running')\n"
        "# TYPE node_systemd_system_running gauge\n"
        "node_systemd_system_running 0\n"
        "# HELP node_systemd_version Detected systemd version\n"
        "# TYPE node_systemd_version gauge\n"
        'node_systemd_version{version="252.39-1~deb12u2"} 252.39\n'
        "# HELP node_systemd_units Summary of systemd unit states\n"
        "# TYPE node_systemd_units gauge\n"
        'node_systemd_units{state="activating"} 0\n'
        'node_systemd_units{state="active"} 184\n'
        'node_systemd_units{state="deactivating"} 0\n'
        'node_systemd_units{state="failed"} 2\n'
        'node_systemd_units{state="inactive"} 81\n'
        "# HELP node_systemd_unit_state Systemd unit\n"
        "# TYPE node_systemd_unit_state gauge\n" + units
    )


def test_only_a_unit_that_has_failed_gets_series_and_its_recovery_is_seen() -> None:
    machine = Machine()
    assert machine.unit_states() == {}
    machine.bus.units["ssh.service"] = "failed"
    assert machine.unit_states() == {"ssh.service": "failed"}
    machine.bus.units["ssh.service"] = "active"
    assert machine.unit_states() == {"ssh.service": "active"}


def test_a_failed_unit_that_systemd_has_unloaded_is_inactive() -> None:
    machine = Machine()
    machine.bus.units["job.service"] = "failed"
    machine.unit_states()
    del machine.bus.units["job.service"]
    assert machine.unit_states() == {"job.service": "inactive"}


def test_units_with_ever_new_names_do_not_pile_up() -> None:
    machine = Machine()
    machine.bus.units["ssh.service"] = "failed"
    for number in range(2 * GONE_LIMIT):
        machine.bus.units[f"run-{number}.service"] = "failed"
        states = machine.unit_states()
        del machine.bus.units[f"run-{number}.service"]
    assert len(states) == GONE_LIMIT + 2
    assert states[f"run-{GONE_LIMIT}.service"] == "inactive"
    assert states["ssh.service"] == "failed"


def test_units_that_are_asked_for_have_series_always_if_they_are_loaded() -> None:
    machine = Machine(include=r"\.service$")
    machine.bus.not_loaded.add("getty@.service")
    assert machine.unit_states() == {"cron.service": "active", "ssh.service": "active"}


def test_the_type_is_asked_once_and_only_of_units_that_are_reported() -> None:
    machine = Machine("ssh|data", ssh_service="notify", data_mount="ext4")
    for _ in range(2):
        lines = samples(machine.collector)
        assert 'node_systemd_unit_state{name="ssh.service",state="active",type="notify"} 1' in lines
        assert 'node_systemd_unit_state{name="data.mount",state="active",type="ext4"} 1' in lines
    assert sorted(machine.bus.asked) == [
        "data.mount org.freedesktop.systemd1.Mount",
        "ssh.service org.freedesktop.systemd1.Service",
    ]


def test_a_unit_that_goes_while_it_is_asked_about_has_no_type() -> None:
    machine = Machine("ssh")
    assert machine.unit_states() == {"ssh.service": "active"}


def test_other_states_are_counted_too() -> None:
    machine = Machine()
    machine.bus.units["ssh.service"] = "reloading"
    assert [line for line in samples(machine.collector) if line.startswith("node_systemd_units")] == [
        'node_systemd_units{state="activating"} 0',
        'node_systemd_units{state="active"} 2',
        'node_systemd_units{state="deactivating"} 0',
        'node_systemd_units{state="failed"} 0',
        'node_systemd_units{state="inactive"} 1',
        'node_systemd_units{state="reloading"} 1',
    ]


@pytest.mark.parametrize(("state", "value"), [("running", 1), ("degraded", 0), ("starting", 0)])
def test_the_system_runs_when_systemd_says_so(state: str, value: int) -> None:
    machine = Machine()
    machine.bus.system_state = state
    assert f"node_systemd_system_running {value}" in samples(machine.collector)


@pytest.mark.parametrize(
    ("version", "number"),
    [("252.39-1~deb12u2", "252.39"), ("v219-78.el7", "219"), ("257", "257"), ("devel", "0")],
)
def test_the_version_is_a_label_and_a_number(version: str, number: str) -> None:
    machine = Machine()
    machine.bus.version = version
    assert f'node_systemd_version{{version="{version}"}} {number}' in samples(machine.collector)


def test_a_machine_without_a_bus_has_no_data(tmp_path: Path) -> None:
    with pytest.raises(NoData):
        Systemd(str(tmp_path), Options()).update()


@pytest.mark.parametrize("name", ["NameHasNoOwner", "ServiceUnknown"])
def test_a_bus_without_systemd_has_no_data(name: str) -> None:
    machine = Machine()
    machine.bus.call = fail_with(f"org.freedesktop.DBus.Error.{name}")
    with pytest.raises(NoData):
        machine.collector.update()


def test_a_bus_that_does_not_let_the_agent_ask_is_a_trouble() -> None:
    machine = Machine()
    machine.bus.call = fail_with("org.freedesktop.DBus.Error.AccessDenied")
    with pytest.raises(CallFailed, match="AccessDenied"):
        machine.collector.update()


def fail_with(name: str) -> object:
    def fail(*arguments: object) -> list:
        raise CallFailed(name, "")

    return fail
