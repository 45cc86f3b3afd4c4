"""A collector that was away misses nothing: what the agents took meanwhile is there, each sample once."""

from __future__ import annotations

import gzip
import io
import math
import re
import tarfile
import time
from collections import defaultdict
from collections.abc import Iterator

import pytest
from conftest import AGENTS, Collector, connect
from testinfra.host import Host

OUTAGE_SECONDS = 300
PATIENCE_SECONDS = 120
KILLED = "web-2"
SPOOL = "/var/lib/monitor-agent/spool"
COLLECTOR_UNIT = "monitor-collector@blue.service"
AGENT_UNIT = "monitor-agent@blue.service"

LINE = re.compile(r"^(\w+){(.*)} (\S+) (\d+)$", re.MULTILINE)
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

# The samples of one series: the value at each time in milliseconds.
Samples = dict[str, dict[int, float]]


@pytest.fixture(scope="module")
def outage(collector: Collector, collector_host: Host) -> Iterator[Outage]:
    """The collector away for five minutes, and one agent killed twice meanwhile; over when the backlog is."""
    collector_host.check_output(f"systemctl stop {COLLECTOR_UNIT}")
    began = time.time()
    try:
        moments = [kill_agent(began + OUTAGE_SECONDS * part / 3) for part in (1, 2)]
        wait_until(began + OUTAGE_SECONDS)
        taken = {name: spooled(connect(name)) for name in AGENTS}
    finally:
        collector_host.check_output(f"systemctl start {COLLECTOR_UNIT}")
    deadline = time.time() + PATIENCE_SECONDS
    while not has_caught_up(collector):
        assert time.time() < deadline, "the backlog is still not with the collector"
        time.sleep(0.5)
    yield Outage(collector, began, time.time(), taken, moments)


class Outage:
    """`taken` is what each host had collected while nobody listened; `killed` are the two moments, each from and to."""

    def __init__(
        self,
        collector: Collector,
        began: float,
        ended: float,
        taken: dict[str, Samples],
        killed: list[tuple[float, float]],
    ) -> None:
        self.taken = taken
        self.killed = killed
        self.began = began
        self.ended = ended
        self._collector = collector

    def stored(self, name: str) -> Samples:
        """What the collector has from a host since just before the outage; a sample that is there twice fails."""
        pushed = f'{{instance="{name}",__name__=~"(node|monitor_agent|monitor_script|demo)_.+"}}'
        query = f"{pushed}[{int(self.ended - self.began) + 10}s]"
        result = self._collector.get("/api/v1/query", query=query, time=str(self.ended))["result"]
        samples: Samples = {}
        for series in result:
            times = [round(stamp * 1000) for stamp, _ in series["values"]]
            assert len(times) == len(set(times)), f"{series['metric']} has a sample twice"
            values = [float(value) for _, value in series["values"]]
            samples[key(series["metric"].pop("__name__"), series["metric"])] = dict(zip(times, values, strict=True))
        return samples

    def missing_points(self, name: str) -> list[float]:
        """The seconds of the grid at which a host has no samples, until just before the end."""
        times = next(times for series, times in self.stored(name).items() if series.startswith("node_time_seconds"))
        grid = range(math.ceil(self.began), math.floor(self.ended) - 2)
        return [second for second in grid if second * 1000 not in times]


def key(name: str, labels: dict[str, str]) -> str:
    """The same for both sides: a label without a value is the same as none."""
    return f"{name} {sorted(label for label in labels.items() if label[1])}"


def kill_agent(at_seconds: float) -> tuple[float, float]:
    """Kills the agent and waits until systemd has it running again; from when to when it was away."""
    host = connect(KILLED)
    wait_until(at_seconds)
    killed = time.time()
    host.check_output(f"systemctl kill --signal=KILL {AGENT_UNIT}")
    deadline = time.time() + PATIENCE_SECONDS
    while not host.service(AGENT_UNIT).is_running:
        assert time.time() < deadline, "systemd has not started the agent again"
        time.sleep(0.2)
    return killed, time.time()


def wait_until(seconds: float) -> None:
    time.sleep(max(seconds - time.time(), 0))


def spooled(host: Host) -> Samples:
    """Every sample in the spool of a host but those of the newest batch, parsed from the batches as they lie there."""
    samples: Samples = defaultdict(dict)
    archive = host.run(f"tar --directory {SPOOL} --create --exclude rejected .").stdout_bytes
    with tarfile.open(fileobj=io.BytesIO(archive)) as batches:
        for member in batches:
            if member.name.endswith(".gz"):
                text = gzip.decompress(batches.extractfile(member).read()).decode()
                for name, labels, value, stamp in LINE.findall(text):
                    samples[key(name, dict(LABEL.findall(labels)))][int(stamp)] = float(value)
    return samples


def has_caught_up(collector: Collector) -> bool:
    """Nobody has more than the newest batch or two left to hand over."""
    fresh = "time() - timestamp(monitor_agent_spool_batches) < 3"
    waiting = collector.query(f"monitor_agent_spool_batches and ({fresh})")
    return set(waiting) == set(AGENTS) and max(waiting.values()) <= 2


@pytest.mark.parametrize("name", AGENTS)
def test_every_sample_taken_during_an_outage_is_stored_once_and_with_its_value(outage: Outage, name: str) -> None:
    taken, stored = outage.taken[name], outage.stored(name)
    assert len(taken) > 100
    assert max(map(len, taken.values())) > OUTAGE_SECONDS * 0.9
    wrong = [
        (series, stamp, value, stored.get(series, {}).get(stamp))
        for series, samples in taken.items()
        for stamp, value in samples.items()
        if stored.get(series, {}).get(stamp) != value
    ]
    assert not wrong, f"{len(wrong)} samples, for example {wrong[:3]}"


@pytest.mark.parametrize("name", [name for name in AGENTS if name != KILLED])
def test_an_outage_leaves_no_gap(outage: Outage, name: str) -> None:
    assert outage.missing_points(name) == []


def test_a_killed_agent_misses_only_the_moments_in_which_it_was_away(outage: Outage) -> None:
    for second in outage.missing_points(KILLED):
        assert any(killed - 0.5 <= second <= back + 0.5 for killed, back in outage.killed), (second, outage.killed)
