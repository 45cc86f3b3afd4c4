"""Has a level crossed again and again, at moments that are known exactly, and waits for both sides' webhooks."""

from __future__ import annotations

import random
import time
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median, quantiles
from typing import NamedTuple

from benchmarks.agent import PYTHON
from benchmarks.alert_latency_sides import INTERVAL_SECONDS, LABEL, METRIC, Ours, Round, Theirs
from benchmarks.certificates import make_certificates
from benchmarks.errors import BenchmarkError
from benchmarks.machine import describe_machine, find_peer, output_of, version_of
from benchmarks.processes import Process
from benchmarks.table import Row, as_table
from benchmarks.webhook import Webhook
from lab.progress import say

FIRST_ALARM_SECONDS, ALARM_SECONDS = 30.0, 15.0
# After the first alarm: whatever is done once at the start is over then.
SETTLE_SECONDS = 3.0
LEVEL = 0.7


class Measured(NamedTuple):
    """One side in one round: seconds from each crossing to its webhook, and CPU seconds per second of all processes."""

    latencies: Sequence[float]
    cpu_ratio: float


class TextFile:
    """What both sides read: a level for each crossing, 0 until it is crossed, 1 from then on."""

    def __init__(self, directory: Path, names: Sequence[str]) -> None:
        self._file = directory / "benchmark.prom"
        self._names = names
        self._crossed: set[str] = set()
        self._write()

    def cross(self, name: str) -> float:
        """Returns when it was done, by time.monotonic()."""
        self._crossed.add(name)
        return self._write()

    def _write(self) -> float:
        written = self._file.with_suffix(".new")
        written.write_text(text_of(self._names, self._crossed))
        written.replace(self._file)
        return time.monotonic()


def text_of(names: Sequence[str], crossed: Collection[str]) -> str:
    samples = "".join(f'{METRIC}{{{LABEL}="{name}"}} {int(name in crossed)}\n' for name in names)
    return f"# TYPE {METRIC} gauge\n{samples}"


def percentile(values: Sequence[float], percent: int) -> float:
    """Between the values next to it, as numpy.percentile gives it."""
    return values[0] if len(values) == 1 else quantiles(values, n=100, method="inclusive")[percent - 1]


def report(directory: Path, rounds: int, crossings: int) -> str:
    """The table. Raises BenchmarkError when something does not run, or when an alarm does not ring."""
    certificates = make_certificates(directory)
    ours, theirs = Ours(directory, PYTHON, certificates), Theirs()
    measured: list[tuple[Measured, Measured]] = []
    for number in range(rounds):
        say(f"round {number + 1} of {rounds}")
        with Webhook(LABEL) as webhook:
            measured.append(run_round(number, directory / str(number), ours, theirs, webhook, crossings))
        say("p50 of ours and theirs: " + ", ".join(seconds(percentile(one.latencies, 50)) for one in measured[-1]))
    what = (
        f"A level crossed on the host -> webhook received, every {INTERVAL_SECONDS} s, for: 0s; "
        f"{rounds} rounds of {crossings} crossings, both sides at the same time."
    )
    return as_table(describe_machine(programs()), what, (ours.name, theirs.name), rows(measured))


def rows(measured: Sequence[tuple[Measured, Measured]]) -> list[Row]:
    """`measured` has our side and theirs of each round."""
    sides = list(zip(*measured, strict=True))

    def figure(title: str, percent: int, level: float | None = None) -> Row:
        of_sides = ([percentile(one.latencies, percent) for one in side] for side in sides)
        return Row(title, *(median(values) for values in of_sides), seconds, level)

    everything = [[latency for one in side for latency in one.latencies] for side in sides]
    return [
        figure("p50, median of the rounds, s", 50, LEVEL),
        figure("p95, median of the rounds, s", 95, LEVEL),
        Row("p50 of all, s", *(percentile(values, 50) for values in everything), seconds),
        Row("p95 of all, s", *(percentile(values, 95) for values in everything), seconds),
        Row("longest of all, s", *map(max, everything), seconds),
        Row("CPU per second, all processes, ms", *(median(one.cpu_ratio * 1e3 for one in side) for side in sides), ms),
    ]


def run_round(
    number: int, directory: Path, ours: Ours, theirs: Theirs, webhook: Webhook, crossings: int
) -> tuple[Measured, Measured]:
    names = [f"{number}-{crossing}" for crossing in range(crossings)]
    first = f"{number}-first"
    textfile_directory = directory / "textfile"
    textfile_directory.mkdir(parents=True)
    file = TextFile(textfile_directory, [first, *names])
    with ExitStack() as stack:
        processes: list[list[Process]] = []
        for side in (ours, theirs):
            own = directory / side.path.strip("/")
            own.mkdir()
            one = Round(number, own, textfile_directory, f"http://127.0.0.1:{webhook.port}")
            processes.append(stack.enter_context(side.running(one)))
        file.cross(first)
        for side, own_processes in zip((ours, theirs), processes, strict=True):
            wait_for_alarm(webhook, side, first, own_processes, FIRST_ALARM_SECONDS)
        time.sleep(SETTLE_SECONDS)
        cpu_before, started = cpu_of(processes), time.monotonic()
        crossed = cross_at_random_phases(file, names)
        rung = [
            [wait_for_alarm(webhook, side, name, own_processes, ALARM_SECONDS) for name in names]
            for side, own_processes in zip((ours, theirs), processes, strict=True)
        ]
        duration = time.monotonic() - started
        cpu = [after - before for before, after in zip(cpu_before, cpu_of(processes), strict=True)]
    of_ours, of_theirs = (
        Measured([at - since for at, since in zip(moments, crossed, strict=True)], used / duration)
        for moments, used in zip(rung, cpu, strict=True)
    )
    return of_ours, of_theirs


def cross_at_random_phases(file: TextFile, names: Sequence[str]) -> list[float]:
    """One in each interval, at any moment of it; when each was."""
    begun = time.monotonic()
    crossed = []
    for interval, name in enumerate(names):
        moment = begun + (interval + random.random()) * INTERVAL_SECONDS  # noqa: S311 - no secret
        time.sleep(max(0.0, moment - time.monotonic()))
        crossed.append(file.cross(name))
    return crossed


def wait_for_alarm(
    webhook: Webhook, side: Ours | Theirs, name: str, processes: Sequence[Process], limit_seconds: float
) -> float:
    """When it rang; raises BenchmarkError when it does not."""
    at_seconds = webhook.wait_for(side.path, name, limit_seconds)
    if at_seconds is None:
        words = "\n".join(f"{process.name}: {process.last_words()}" for process in processes)
        raise BenchmarkError(f"no alarm of {side.name} within {limit_seconds:.0f} s\n{words}")
    return at_seconds


def cpu_of(processes: Sequence[Sequence[Process]]) -> list[float]:
    """CPU seconds so far, of each side."""
    return [sum(process.cpu_ns() for process in side) / 1e9 for side in processes]


def programs() -> str:
    versions = (("prometheus-node-exporter", "node_exporter"), ("prometheus", "Prometheus"))
    versions += (("prometheus-alertmanager", "Alertmanager"),)
    theirs = "; ".join(f"{name} {version_of(find_peer(program))}" for program, name in versions)
    return f"{output_of([PYTHON, '--version'])}; {theirs}"


def seconds(value: float) -> str:
    return f"{value:.3f}"


def ms(value: float) -> str:
    return f"{value:.1f}"
