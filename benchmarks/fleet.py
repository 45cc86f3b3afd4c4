"""Many made-up hosts that push to a collector or to a Prometheus: what was, at once, then live, as agents do."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol
from urllib.parse import urlsplit

import numpy as np

from benchmarks import remote_write
from benchmarks.errors import BenchmarkError
from benchmarks.host_model import models, values
from benchmarks.receiver import REMOTE_WRITE_PATH, TEXT_PATH

CONNECTIONS = 8
TIMEOUT_SECONDS = 60.0


class Fleet:
    """The samples of `count` hosts on a grid of `interval_seconds`, from `past_seconds` ago until `future_seconds` from
    now."""

    def __init__(self, count: int, interval_seconds: int, past_seconds: int, future_seconds: int) -> None:
        self.instances = [f"host-{number:04}" for number in range(count)]
        self.interval_seconds = interval_seconds
        self.models = models()
        interval_ms = interval_seconds * 1000
        now_ms = time.time_ns() // 1_000_000 // interval_ms * interval_ms
        self.times_ms = np.arange(now_ms - past_seconds * 1000, now_ms + future_seconds * 1000, interval_ms)
        # float32 would do, but a counter must not fall by being rounded.
        self.values = np.stack([values(number, self.models, self.times_ms) for number in range(count)])

    def row_at(self, time_ms: int) -> int:
        return int(np.searchsorted(self.times_ms, time_ms))


class Bodies(Protocol):
    """How samples of a fleet become requests; `hosts_per_request` go into each."""

    path: str
    headers: Mapping[str, str]
    hosts_per_request: int

    def body(self, hosts: range, rows: slice) -> bytes: ...


class Texts:
    """Prometheus text with timestamps, each host by itself, as the agent sends it."""

    path = TEXT_PATH
    headers: Mapping[str, str] = {}
    hosts_per_request = 1

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def body(self, hosts: range, rows: slice) -> bytes:
        fleet = self._fleet
        lines: list[str] = []
        for host in hosts:
            names = [text_of(dict(model.of_host(fleet.instances[host]))) for model in fleet.models]
            for time_ms, row in zip(fleet.times_ms[rows].tolist(), fleet.values[host, :, rows].T.tolist(), strict=True):
                lines += [f"{name} {value!r} {time_ms}\n" for name, value in zip(names, row, strict=True)]
        return "".join(lines).encode()


class RemoteWrites:
    """Remote write, many hosts in a request, as a Prometheus or a vmagent sends it. `constants` are series that a host
    has besides, as the collector makes them by itself: labels without the host's, and their value."""

    path = REMOTE_WRITE_PATH
    headers = remote_write.HEADERS
    hosts_per_request = 50

    def __init__(self, fleet: Fleet, constants: Sequence[tuple[Mapping[str, str], float]]) -> None:
        self._fleet = fleet
        self._constants = np.array([[value] for _, value in constants])
        self._series = [
            [remote_write.labels_bytes(model.of_host(instance)) for model in fleet.models]
            + [
                remote_write.labels_bytes(tuple(sorted({**labels, "instance": instance}.items())))
                for labels, _ in constants
            ]
            for instance in fleet.instances
        ]

    def body(self, hosts: range, rows: slice) -> bytes:
        fleet = self._fleet
        times_ms = fleet.times_ms[rows]
        constants = np.broadcast_to(self._constants, (len(self._constants), len(times_ms)))
        series = [one for host in hosts for one in self._series[host]]
        found = np.concatenate([part for host in hosts for part in (fleet.values[host, :, rows], constants)])
        return remote_write.request(series, times_ms, found)


def text_of(labels: Mapping[str, str]) -> str:
    """As it stands in Prometheus text. The values have nothing that would have to be escaped."""
    pairs = ",".join(f'{name}="{value}"' for name, value in labels.items() if name != "__name__")
    return f"{labels['__name__']}{{{pairs}}}"


class Pusher:
    """Sends a fleet's samples to one address. Raises BenchmarkError where they are not taken."""

    def __init__(self, fleet: Fleet, url: str, bodies: Bodies) -> None:
        self._fleet = fleet
        self._address = urlsplit(url).netloc
        self._bodies = bodies
        self._local = threading.local()
        self._connections: list[http.client.HTTPConnection] = []
        self._executor = ThreadPoolExecutor(CONNECTIONS)
        self._stop = threading.Event()
        self._error: BenchmarkError | None = None
        self._thread = threading.Thread(target=self._push_for_ever, daemon=True)
        self._next_row = 0

    def __enter__(self) -> Pusher:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self._executor.shutdown()
        for connection in self._connections:
            connection.close()

    def push_the_past(self) -> None:
        """Everything until now. From then on `live` goes on without a gap."""
        self._next_row = self._fleet.row_at(time.time_ns() // 1_000_000)
        self._push(slice(0, self._next_row))

    def live(self) -> None:
        """Sends each row at its time, in a thread, until this object is left."""
        self._thread.start()

    def check(self) -> None:
        if self._error is not None:
            raise self._error

    def _push_for_ever(self) -> None:
        for row in range(self._next_row, len(self._fleet.times_ms)):
            wait_seconds = self._fleet.times_ms[row] / 1000 - time.time()
            if self._stop.wait(max(0.0, wait_seconds)):
                return
            try:
                self._push(slice(row, row + 1))
            except BenchmarkError as error:
                self._error = error
                return
        self._error = BenchmarkError(
            "the made-up hosts have no more samples: the benchmark has taken longer than it may"
        )

    def _push(self, rows: slice) -> None:
        count, step = len(self._fleet.instances), self._bodies.hosts_per_request
        parts = [range(first, min(first + step, count)) for first in range(0, count, step)]
        for _ in self._executor.map(lambda hosts: self._post(self._bodies.body(hosts, rows)), parts):
            pass

    def _post(self, body: bytes) -> None:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = http.client.HTTPConnection(self._address, timeout=TIMEOUT_SECONDS)
            self._local.connection = connection
            self._connections.append(connection)
        try:
            connection.request("POST", self._bodies.path, body, dict(self._bodies.headers))
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            raise BenchmarkError(f"samples cannot be sent to {self._address}: {error!r}") from None
        if answer.status not in (200, 204):
            raise BenchmarkError(f"{self._address}{self._bodies.path} answered {answer.status}: {text.strip()[:300]}")
