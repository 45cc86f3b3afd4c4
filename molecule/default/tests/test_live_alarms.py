"""Default alarms under real load and real faults: each rings for its cause, and ends with it.

All causes begin at once and ring at a collector of their own (`quick_collector`); docs/testing.md says which
alarms are provoked. The lab's collector sees them too, and looks back at what is gone for five minutes: so this comes
right before `test_outage`, which takes as long.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import faults
import pytest
from conftest import COLLECTOR, connect
from quick_collector import QuickCollector, ear, quick_collector

PATIENCE_SECONDS = 90
HOST = "web-1"
TEXTFILES = "/var/lib/monitor-agent/textfile"
SCRIPTS = "/etc/monitor-agent/scripts.d/1"

# Hosts that are only names: one that never reports, and one that stops.
STRANGER, GONE = "stranger", "gone"

OF_HOSTS = {
    "HostDiskFilling",
    "HostDiskFillingFast",
    "HostDiskSpaceLow",
    "HostInodesLow",
    "HostLoadHigh",
    "HostMemoryHigh",
    "HostScriptFailed",
    "HostSystemdUnitFailed",
    "HostTextfileBroken",
    "HostTextfileStale",
}
OF_THE_COLLECTOR = {
    "CollectorHeartbeatFailing",
    "CollectorNotificationsFailing",
    "CollectorPushesRefused",
    "CollectorRuleFailing",
}
ALARMS = sorted(
    {(name, HOST) for name in OF_HOSTS}
    | {(name, "") for name in OF_THE_COLLECTOR}
    | {("HostNeverSeen", STRANGER), ("HostDown", GONE)}
)
# These go on for as long as rates are taken, or look forward from what was.
LASTING = {"CollectorNotificationsFailing", "HostDiskFilling", "HostDiskFillingFast"}


class Visitors:
    """Hosts that only report that they are there, every half second while they are in `present`.

    While `is_rude`, pushes come as well that are malformed.
    """

    def __init__(self, collector: QuickCollector) -> None:
        self.present: set[str] = set()
        self.is_rude = False
        self._collector = collector
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._ended.wait(0.5):
            lines = [f'node_load1{{instance="{name}",job="host"}} 0\n' for name in sorted(self.present)]
            if lines:
                self._collector.push("".join(lines))
            if self.is_rude:
                self._collector.push("this is no metric\n")

    def end(self) -> None:
        self._ended.set()
        self._thread.join()


class Trouble:
    """Everything that is wrong at once, at first; `undo` makes it well."""

    def __init__(self, collector: QuickCollector, causes: ExitStack) -> None:
        self.collector = collector
        self.undo = causes.close


def wait_until(condition: Callable[[], bool], complaint: Callable[[], str]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, complaint()
        time.sleep(0.2)


@contextmanager
def hosts_that_are_not_there(collector: QuickCollector, visitors: Visitors) -> Iterator[None]:
    """One has gone, another never comes; then both are there."""
    visitors.present = {GONE}
    wait_until(lambda: collector.query("up == 1").keys() >= {GONE}, lambda: "the host that is to go is not there")
    visitors.present = set()
    visitors.is_rude = True
    yield
    visitors.is_rude = False
    visitors.present = {GONE, STRANGER}


@contextmanager
def failing_rule(collector: QuickCollector) -> Iterator[None]:
    """A rule that cannot be evaluated."""
    rule = {"record": "wrong", "expr": "up * on (job) up"}
    collector.write("rules.d/wrong.yml", {"groups": [{"name": "wrong", "rules": [rule]}]})
    collector.reload()
    yield
    collector.remove("rules.d/wrong.yml")
    collector.reload()


@pytest.fixture(scope="module")
def trouble() -> Iterator[Trouble]:
    host, monitor = connect(HOST), connect(COLLECTOR)
    address = monitor.check_output("hostname --all-ip-addresses").split()[0]
    with ExitStack() as places, ExitStack() as causes:
        collector = places.enter_context(quick_collector(monitor, address, [HOST, STRANGER, GONE]))
        places.enter_context(faults.watched(host, collector.url, "full", "inodes"))
        visitors = Visitors(collector)
        places.callback(visitors.end)
        # Until the end nobody hears what the collector has to say.
        causes.callback(lambda: places.enter_context(ear(monitor)))
        for cause in (
            faults.processes_waiting(host, 12),
            faults.memory_taken(host, 0.72),
            faults.unit_failed(host),
            faults.file_with(host, f"{TEXTFILES}/broken.prom", "this is no metric\n"),
            faults.file_grown_old(host, f"{TEXTFILES}/old.prom"),
            faults.script_failing(host, f"{SCRIPTS}/failing"),
            faults.file_system_full(host, "full"),
            faults.inodes_used_up(host, "inodes"),
            hosts_that_are_not_there(collector, visitors),
            failing_rule(collector),
        ):
            causes.enter_context(cause)
        yield Trouble(collector, causes)


@pytest.mark.parametrize(("name", "instance"), ALARMS)
def test_an_alarm_rings_for_its_cause(trouble: Trouble, name: str, instance: str) -> None:
    collector = trouble.collector
    wait_until(lambda: (name, instance) in collector.firing(), lambda: f"only {sorted(collector.firing())} ring")


def test_alarms_end_with_their_causes(trouble: Trouble) -> None:
    trouble.undo()
    collector = trouble.collector

    def ringing() -> list[tuple[str, str]]:
        return sorted(each for each in collector.firing() & set(ALARMS) if each[0] not in LASTING)

    wait_until(lambda: not ringing(), lambda: f"{ringing()} still ring")
