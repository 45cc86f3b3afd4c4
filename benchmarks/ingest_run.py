"""Both sides take the same pushes by turns, round after round, each host's newer than those of the round before."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from benchmarks.collector_process import Setup, collector, wait_until_ready
from benchmarks.fleet import text_of
from benchmarks.host_model import models, values
from benchmarks.http_load import Connections
from benchmarks.machine import describe_machine, find_peer
from benchmarks.processes import Process
from benchmarks.receiver import TEXT_PATH
from benchmarks.sides import free_port
from benchmarks.table import Row, as_table
from lab.progress import say
from monitor_agent.compression import compress

# Enough processors to come to 301 series.
CPUS = 27
INTERVAL_MS = 5000
CONNECTIONS = 32
# Both sides have work left when the last push is acknowledged; it is theirs, so it is counted too.
SETTLE_SECONDS = 3.0
_HEADERS = "Content-Encoding: gzip\r\nContent-Type: text/plain\r\n"


class Plan(NamedTuple):
    """`pushes` are those of each host in each round."""

    hosts: int
    rounds: int
    pushes: int


class Server(NamedTuple):
    name: str
    process: Process
    url: str


class Taken(NamedTuple):
    """What one round of pushes has taken; RSS at its end."""

    samples: int
    cpu_ns: int
    seconds: float
    rss_bytes: int


def report(directory: Path, plan: Plan) -> str:
    """The table. Raises BenchmarkError when something does not run."""
    series = models(CPUS)
    pushes = Pushes(plan)
    with ExitStack() as stack:
        servers = [stack.enter_context(side(directory)) for side in (ours, theirs)]
        found: list[list[Taken]] = [[], []]
        # The first round is the one in which both get to know the series.
        for number in range(plan.rounds + 1):
            say(f"round {number} of {plan.rounds}" if number else "the first pushes")
            bodies = pushes.of_round(number)
            for server, taken in zip(servers, found, strict=True):
                taken.append(take(server, bodies, len(series)))
    what = (
        f"{plan.hosts} hosts with {len(series)} series; {plan.rounds} rounds by turns of {plan.pushes} pushes of each "
        f"over {CONNECTIONS} connections; gzip as the agent does it. Ours is durable when it answers."
    )
    names = ("monitor_collector", "VictoriaMetrics")
    return as_table(describe_machine("VictoriaMetrics from Debian's package"), what, names, rows(found))


class Pushes:
    """The pushes of all rounds, made round by round. They are all in the past, the newest a moment ago."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        count = (plan.rounds + 1) * plan.pushes
        now_ms = time.time_ns() // 1_000_000 // INTERVAL_MS * INTERVAL_MS
        self._times_ms = np.arange(now_ms - count * INTERVAL_MS, now_ms, INTERVAL_MS)

    def of_round(self, number: int) -> list[bytes]:
        """Compressed bodies, one for each push, hosts in turn."""
        first = number * self._plan.pushes
        rows = slice(first, first + self._plan.pushes)
        by_host = [self._of_host(host, rows) for host in range(self._plan.hosts)]
        return [body for one_each in zip(*by_host, strict=True) for body in one_each]

    def _of_host(self, host: int, rows: slice) -> list[bytes]:
        series = models(CPUS)
        instance = f"host-{host:04}"
        names = [text_of(dict(model.of_host(instance))) for model in series]
        moments = values(host, series, self._times_ms)[:, rows].T.tolist()
        return [
            compress(
                "".join([f"{name} {value!r} {at_ms}\n" for name, value in zip(names, moment, strict=True)]).encode()
            )
            for at_ms, moment in zip(self._times_ms[rows].tolist(), moments, strict=True)
        ]


def take(server: Server, bodies: Sequence[bytes], series: int) -> Taken:
    before = server.process.cpu_ns()
    with Connections(server.url, CONNECTIONS) as connections:
        seconds = connections.send([connections.request(TEXT_PATH, body, _HEADERS) for body in bodies])
    time.sleep(SETTLE_SECONDS)
    after = server.process.reading()
    return Taken(len(bodies) * series, after.cpu_ns - before, seconds, after.memory.resident)


def rows(found: Sequence[Sequence[Taken]]) -> list[Row]:
    """`found` are the rounds of our side and of theirs, the very first among them."""

    def of_sides(figure: Callable[[Taken], float]) -> list[float]:
        return [median(map(figure, side[1:])) for side in found]

    def cpu_per_sample(one: Taken) -> float:
        return one.cpu_ns / one.samples

    return [
        Row("CPU time per sample, ns", *of_sides(cpu_per_sample), "{:.0f}".format, level=1),
        Row("samples per CPU second, M", *of_sides(lambda one: 1e3 / cpu_per_sample(one)), "{:.2f}".format),
        Row("samples per second, M", *of_sides(lambda one: one.samples / one.seconds / 1e6), "{:.2f}".format),
        Row("RSS, MB", *of_sides(lambda one: one.rss_bytes / 1e6), "{:.0f}".format),
        Row("first pushes: CPU time per sample, ns", *(cpu_per_sample(side[0]) for side in found), "{:.0f}".format),
    ]


@contextmanager
def ours(directory: Path) -> Iterator[Server]:
    own = directory / "ours"
    own.mkdir()
    setup = Setup(free_port())
    with collector(setup, own) as process:
        yield Server("monitor_collector", process, setup.url)


@contextmanager
def theirs(directory: Path) -> Iterator[Server]:
    own = directory / "theirs"
    own.mkdir()
    url = f"http://127.0.0.1:{free_port()}"
    command = [
        find_peer("victoria-metrics"),
        f"-storageDataPath={own / 'data'}",
        f"-httpListenAddr={url.removeprefix('http://')}",
        "-loggerLevel=ERROR",
    ]
    with Process("victoria-metrics", command, own) as process:
        wait_until_ready(process, f"{url}/health")
        yield Server("VictoriaMetrics", process, url)
