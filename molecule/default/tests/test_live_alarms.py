"""Default alarms under real load and real faults: each rings for its cause, and ends with it.

All causes begin at once and ring at a collector of their own (`quick_collector`); docs/testing.md says which
alarms are provoked. The lab's collector sees them too, and looks back at what is gone for five minutes: so this comes
right before `test_outage`, which takes as long.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import faults
import pytest
from conftest import COLLECTOR, connect, wait_until
from quick_collector import EAR_PORT, RUDE_PORT, QuickCollector, ear, quick_collector
from testinfra.host import Host

# The load average of a minute takes that long to forget, and a change of a mount is noticed within one.
PATIENCE_SECONDS = 120
HOST = "web-1"
# The host of an agent that has trouble of its own, and so little room that it loses what nobody takes.
OTHER = "web-3"
LITTLE_ROOM_BYTES = 64 * 1024
TEXTFILES = "/var/lib/monitor-agent/textfile"
SCRIPTS = "/etc/monitor-agent/scripts.d/1"

# Hosts that are only names: one that never reports, one that stops and some that stop with it, one that comes and goes,
# and one whose agent has another version than most.
STRANGER, GONE, FLAPPING, ODD = "stranger", "gone", "flapping", "odd"
ALL_GONE = [GONE, *(f"{GONE}-{number}" for number in range(2, 8))]
INTERVALS_SECONDS = {**dict.fromkeys([HOST, OTHER, STRANGER, *ALL_GONE, ODD], 1), FLAPPING: 0.5}
# Comes and goes: it is thought to be there for three intervals after each push.
FLAPPING_SECONDS = 3
DAY_MS = 24 * 3600 * 1000

OF_HOSTS = {
    "HostAgentBacklog",
    "HostAgentBatchesRejected",
    "HostDiskFilling",
    "HostDiskFillingFast",
    "HostDiskSpaceLow",
    "HostFilesystemReadOnly",
    "HostInodesLow",
    "HostLoadHigh",
    "HostMemoryHigh",
    "HostScriptFailed",
    "HostSystemdUnitFailed",
    "HostTextfileBroken",
    "HostTextfileStale",
}
OF_THE_COLLECTOR = {
    "HostsDownTogether",
    "CollectorCannotStore",
    "CollectorDiskFilling",
    "CollectorDiskLow",
    "CollectorHeartbeatFailing",
    "CollectorNotificationsFailing",
    "CollectorNotificationsLate",
    "CollectorPushesRefused",
    "CollectorReloadFailed",
    "CollectorRuleFailing",
    "CollectorSamplesDropped",
}
ALARMS = sorted(
    {(name, HOST) for name in OF_HOSTS}
    | {(name, "") for name in OF_THE_COLLECTOR}
    | {("HostAgentRestarting", OTHER), ("HostAgentBatchesLost", OTHER)}
    | {("HostNeverSeen", STRANGER), ("HostDown", GONE), ("HostFlapping", FLAPPING), ("HostAgentVersionOdd", ODD)}
)
# These go on for as long as rates are taken, or look forward from what was.
LASTING = {"CollectorNotificationsFailing", "HostDiskFilling", "HostDiskFillingFast"}


class Visitors:
    """Hosts that only report that they are there and which version they have, every half second while they are in
    `versions`; FLAPPING now and then only, while `is_flapping`.

    While `is_rude`, pushes come as well that are malformed or long past.
    """

    def __init__(self, collector: QuickCollector) -> None:
        self.versions: dict[str, str] = {}
        self.is_flapping = False
        self.is_rude = False
        self._collector = collector
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._ended.wait(0.5):
            versions = dict(self.versions)
            if self.is_flapping and time.monotonic() % FLAPPING_SECONDS >= 0.5:
                versions.pop(FLAPPING, None)
            for name, version in versions.items():
                labels = f'instance="{name}",job="host",version="{version}"'
                self._collector.push(f"monitor_agent_build_info{{{labels}}} 1\n")
            if self.is_rude:
                self._collector.push("this is no metric\n")
                self._collector.push(f"past 1 {time.time_ns() // 1_000_000 - 2 * DAY_MS}\n")

    def end(self) -> None:
        self._ended.set()
        self._thread.join()


class Trouble:
    """Everything that is wrong at once, at first; `undo` makes it well."""

    def __init__(self, collector: QuickCollector, causes: ExitStack) -> None:
        self.collector = collector
        self.undo = causes.close


@contextmanager
def hosts_that_are_not_there(collector: QuickCollector, visitors: Visitors) -> Iterator[None]:
    """One has gone, another never comes, one comes and goes, and one is not like others; then all are well."""
    version = next(
        one["metric"]["version"]
        for one in collector.get("/api/v1/query", query="monitor_agent_build_info")["result"]
        if one["metric"]["instance"] == HOST
    )
    visitors.versions = dict.fromkeys(ALL_GONE, version)
    wait_until(
        lambda: collector.query("up == 1").keys() >= set(ALL_GONE),
        lambda: "hosts that are to go are not there",
        PATIENCE_SECONDS,
    )
    visitors.versions = {FLAPPING: version, ODD: "0.0.1"}
    visitors.is_flapping = visitors.is_rude = True
    yield
    visitors.is_flapping = visitors.is_rude = False
    visitors.versions = dict.fromkeys([*ALL_GONE, STRANGER, FLAPPING, ODD], version)


@contextmanager
def failing_rule(collector: QuickCollector) -> Iterator[None]:
    """A rule that cannot be evaluated."""
    rule = {"record": "wrong", "expr": "up * on (job) up"}
    collector.write("rules.d/wrong.yml", {"groups": [{"name": "wrong", "rules": [rule]}]})
    collector.reload()
    yield
    collector.remove("rules.d/wrong.yml")
    collector.reload()


@contextmanager
def failing_reload(collector: QuickCollector) -> Iterator[None]:
    """A file that cannot be read as rules."""
    collector.write("rules.d/broken.yml", "groups: [\n")
    collector.reload()
    yield
    collector.remove("rules.d/broken.yml")
    collector.reload()


@contextmanager
def full_disk(collector: QuickCollector) -> Iterator[None]:
    """Under the samples of the collector, of which its hosts get to know."""
    collector.fill_disk()
    yield
    collector.free_disk()


@contextmanager
def turned_read_only(host: Host, collector: QuickCollector, name: str) -> Iterator[None]:
    """A file system that was writable as far as the collector knows."""
    writable = f'node_filesystem_readonly{{mountpoint="/srv/{name}"}} == 0'
    wait_until(lambda: HOST in collector.query(writable), lambda: f"/srv/{name} is not reported", PATIENCE_SECONDS)
    with faults.read_only(host, name):
        yield


@pytest.fixture(scope="module")
def trouble() -> Iterator[Trouble]:
    host, other, monitor = connect(HOST), connect(OTHER), connect(COLLECTOR)
    address = monitor.check_output("hostname --all-ip-addresses").split()[0]
    with ExitStack() as places, ExitStack() as causes:
        collector = places.enter_context(quick_collector(monitor, address, INTERVALS_SECONDS))
        destinations = {
            "quick": f"{collector.url}/api/v1/import/prometheus",
            "rude": f"http://{address}:{RUDE_PORT}/",
        }
        places.enter_context(faults.watched(host, destinations, "full", "inodes", "readonly"))
        deaf = {"quick": destinations["quick"], "deaf": f"http://{address}:{EAR_PORT}/"}
        places.enter_context(faults.watched(other, deaf, spool_max_bytes=LITTLE_ROOM_BYTES))
        visitors = Visitors(collector)
        places.callback(visitors.end)
        # Until the end nobody hears what the collector has to say.
        causes.callback(lambda: places.enter_context(ear(monitor)))
        causes.callback(lambda: places.enter_context(ear(monitor, RUDE_PORT)))
        for cause in (
            ear(monitor, RUDE_PORT, status=400),
            turned_read_only(host, collector, "readonly"),
            faults.agent_restarting(other),
            faults.processes_waiting(host, 8),
            faults.memory_taken(host, 0.72),
            faults.unit_failed(host),
            faults.file_with(host, f"{TEXTFILES}/broken.prom", "this is no metric\n"),
            faults.file_grown_old(host, f"{TEXTFILES}/old.prom"),
            faults.script_failing(host, f"{SCRIPTS}/failing"),
            faults.file_system_full(host, "full"),
            faults.inodes_used_up(host, "inodes"),
            hosts_that_are_not_there(collector, visitors),
            failing_rule(collector),
            failing_reload(collector),
            full_disk(collector),
        ):
            causes.enter_context(cause)
        yield Trouble(collector, causes)


@pytest.mark.parametrize(("name", "instance"), ALARMS)
def test_an_alarm_rings_for_its_cause(trouble: Trouble, name: str, instance: str) -> None:
    collector = trouble.collector
    wait_until(
        lambda: (name, instance) in collector.firing(),
        lambda: f"only {sorted(collector.firing())} ring",
        PATIENCE_SECONDS,
    )


def test_alarms_end_with_their_causes(trouble: Trouble) -> None:
    trouble.undo()
    collector = trouble.collector

    def ringing() -> list[tuple[str, str]]:
        return sorted(each for each in collector.firing() & set(ALARMS) if each[0] not in LASTING)

    wait_until(lambda: not ringing(), lambda: f"{ringing()} still ring", PATIENCE_SECONDS)
