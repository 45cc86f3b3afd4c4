"""Days of made-up hosts, the same in a Prometheus and in a collector, each in the files that it writes itself."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks import remote_write
from benchmarks.host_model import DAY_SECONDS, Labels, models, values
from benchmarks.prometheus_process import prometheus
from benchmarks.receiver import REMOTE_WRITE_PATH
from benchmarks.sides import free_port
from lab.progress import say, step

INTERVAL_SECONDS = 15
# Prometheus 2 counts a sample at the very start of a window, Prometheus 3 and the collector do not: so none is there.
OFFSET_SECONDS = 4
# A Prometheus takes samples that are this much older than its newest, not more.
SLAB_SECONDS = 1800
REMOTE_WRITE = ("--web.enable-remote-write-receiver", "--storage.tsdb.retention.time=10y")
TIMEOUT_SECONDS = 120.0


class Data(NamedTuple):
    """Where both sides' data is, and the time of the last sample."""

    directory: Path
    hosts: int
    seconds: int
    end_seconds: int

    @property
    def of_prometheus(self) -> Path:
        return self.directory / "prometheus"

    @property
    def of_collector(self) -> Path:
        return self.directory / "collector"


def make(directory: Path, hosts: int, seconds: int) -> Data:
    """Makes the data, or takes what an earlier run has made in the same directory. Raises BenchmarkError."""
    file = directory / "data.json"
    if file.exists():
        found = json.loads(file.read_text())
        if (found["hosts"], found["seconds"]) == (hosts, seconds):
            return Data(directory, **found)
    end_seconds = int(time.time()) // DAY_SECONDS * DAY_SECONDS
    data = Data(directory, hosts, seconds, end_seconds)
    directory.mkdir(parents=True, exist_ok=True)
    with step(f"{hosts} hosts of {seconds / DAY_SECONDS:g} days into Prometheus"):
        fill_prometheus(data)
    with step("the same into the collector"):
        fill_collector(data)
    file.write_text(json.dumps({"hosts": hosts, "seconds": seconds, "end_seconds": end_seconds}))
    return data


def days(data: Data) -> Iterator[tuple[np.ndarray, list[np.ndarray]]]:
    """Day by day the times in ms, and float64 (series, times) of each host."""
    first_ms = (data.end_seconds - data.seconds + OFFSET_SECONDS) * 1000
    times_ms = np.arange(first_ms, data.end_seconds * 1000, INTERVAL_SECONDS * 1000)
    whole = [values(host, models(), times_ms) for host in range(data.hosts)]
    rows = DAY_SECONDS // INTERVAL_SECONDS
    for start in range(0, len(times_ms), rows):
        day = slice(start, start + rows)
        yield times_ms[day], [one[:, day] for one in whole]


def series_of(host: int) -> list[Labels]:
    return [model.of_host(f"host-{host:04}") for model in models()]


def fill_prometheus(data: Data) -> None:
    """Through its remote-write receiver, in order of time, so that it makes its blocks as it would have."""
    labels = [remote_write.labels_bytes(one) for host in range(data.hosts) for one in series_of(host)]
    rows = SLAB_SECONDS // INTERVAL_SECONDS
    port = free_port()
    with prometheus(port, {}, data.directory, REMOTE_WRITE, data.of_prometheus):
        for number, (times_ms, hosts) in enumerate(days(data)):
            say(f"    day {number + 1}")
            for start in range(0, len(times_ms), rows):
                slab = slice(start, start + rows)
                body = remote_write.request(labels, times_ms[slab], np.concatenate([one[:, slab] for one in hosts]))
                address = f"http://127.0.0.1:{port}{REMOTE_WRITE_PATH}"
                request = urllib.request.Request(address, body, remote_write.HEADERS)
                urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS).close()


def fill_collector(data: Data) -> None:
    """A block for each day, as the collector merges them."""
    from monitor_collector.frame import FrameRows
    from monitor_collector.history import History

    history = History(data.of_collector / "blocks")
    for times_ms, hosts in days(data):
        frames = [
            FrameRows(f"instance host-{host:04}", tuple(series_of(host)), times_ms, values)
            for host, values in enumerate(hosts)
        ]
        history.add(frames, 0)
    history.close()
