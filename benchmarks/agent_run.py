"""Runs both sides of the agent's benchmark at the same time and reads what they cost."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from benchmarks.agent_figures import Comparison, Floor, Report, Side, StartUp
from benchmarks.certificates import make_certificates
from benchmarks.errors import BenchmarkError
from benchmarks.machine import describe_machine, find_peer, output_of, version_of
from benchmarks.processes import Process, Reading
from benchmarks.receiver import Receiver
from benchmarks.sides import FLOORS, START_SECONDS, Ours, Place, Theirs, floor_command
from lab.progress import say

WARM_UP_SECONDS, WARM_UP_INTERVALS = 10.0, 2
STARTS = 3
START_INTERVAL_SECONDS = 0.1  # so that nobody waits for long until it is their turn
FIRST_BATCH_SECONDS = 30.0
LOOK_SECONDS = 0.5  # how often to see whether those that are waited for have ended
# Where in an interval the clocks are read: after the agent's work, which is at its beginning.
PHASE = 0.6
LEAST_INTERVALS = 8


def run(
    directory: Path, python: Path, interval_seconds: float, intervals: int, compared_seconds: Sequence[float]
) -> Report:
    """Everything in the table. Raises BenchmarkError when something does not run."""
    node_exporter, vmagent = find_peer("prometheus-node-exporter"), find_peer("vmagent")
    certificates = make_certificates(directory)
    token_file = directory / "token"
    token_file.write_text("0123456789abcdef0123456789abcdef")
    with Receiver(certificates.certificate, certificates.key) as receiver:
        place = Place(directory, receiver.port, certificates, token_file)
        ours, theirs = Ours(place, python), Theirs(place, node_exporter, vmagent)
        say("floors")
        floors = [measure_floor(title, code, python, place) for title, code in FLOORS.items()]
        say("starts")
        starts = [measure_start(side, receiver, directory) for side in (ours, theirs)]
        measured: dict[float, Comparison] = {}
        for seconds in dict.fromkeys((interval_seconds, *compared_seconds)):
            count = intervals_at(seconds, interval_seconds, intervals)
            say(f"{count} intervals of {seconds:g} s")
            measured[seconds] = compare(ours, theirs, receiver, directory, seconds, count)
    return Report(
        describe_machine(f"{output_of([python, '--version'])}; node_exporter {version_of(node_exporter)}"),
        measured[interval_seconds],
        *starts,
        [measured[seconds] for seconds in compared_seconds],
        floors,
    )


def intervals_at(seconds: float, main_seconds: float, main_intervals: int) -> int:
    """As many intervals as take the time of the main measurement, but not too few for a median."""
    if seconds == main_seconds:
        return main_intervals
    return max(LEAST_INTERVALS, round(main_intervals * main_seconds / seconds))


def compare(
    ours: Ours, theirs: Theirs, receiver: Receiver, directory: Path, interval_seconds: float, intervals: int
) -> Comparison:
    """Both sides at the same time."""
    with ExitStack() as stack:
        started = time.monotonic()
        our_processes, their_processes = (
            stack.enter_context(running(side, interval_seconds, directory)) for side in (ours, theirs)
        )
        await_first_batch(ours, our_processes, receiver, started, interval_seconds)
        await_first_batch(theirs, their_processes, receiver, started, interval_seconds)
        time.sleep(max(WARM_UP_SECONDS, WARM_UP_INTERVALS * interval_seconds))
        rows_before, scrapes_before = theirs.counters()
        sleep_until_next_phase(interval_seconds)
        begun = time.monotonic()
        readings: dict[Process, list[Reading]] = {each: [] for each in (*our_processes, *their_processes)}
        for moment in range(intervals + 1):
            if moment:
                sleep_until_next_phase(interval_seconds)
            for process, found in readings.items():
                found.append(process.reading())
        ended = time.monotonic()
        rows_after, scrapes_after = theirs.counters()
    texts, writes = (receiver.arrivals(side.path, begun, ended) for side in (ours, theirs))
    if not texts or not writes or rows_after == rows_before or scrapes_after == scrapes_before:
        raise BenchmarkError(
            f"nothing to compare: {len(texts)} pushes of {ours.name} and {len(writes)} of {theirs.name} arrived"
        )
    return Comparison(
        interval_seconds,
        intervals,
        Side(
            {each.name: readings[each] for each in our_processes},
            sum(each.samples for each in texts) / len(texts),
            sum(each.wire_bytes for each in texts) / len(texts),
        ),
        Side(
            {each.name: readings[each] for each in their_processes},
            (rows_after - rows_before) / (scrapes_after - scrapes_before),
            sum(each.wire_bytes for each in writes) / (ended - begun) * interval_seconds,
        ),
    )


def measure_start(side: Ours | Theirs, receiver: Receiver, directory: Path) -> StartUp:
    """Medians of some starts, from the first process until the first batch."""
    found: list[StartUp] = []
    for _ in range(STARTS):
        started = time.monotonic()
        with running(side, START_INTERVAL_SECONDS, directory) as processes:
            arrived = await_first_batch(side, processes, receiver, started, START_INTERVAL_SECONDS)
            found.append(StartUp(arrived - started, sum(process.cpu_ns() for process in processes) / 1e9))
    return StartUp(*(median(values) for values in zip(*found, strict=True)))


def measure_floor(title: str, preparation: str, python: Path, place: Place) -> Floor:
    with Process("floor", floor_command(python, preparation, place), place.directory) as process:
        deadline = time.monotonic() + START_SECONDS
        while "asleep" not in process.output():
            process.check()
            if time.monotonic() > deadline:
                raise BenchmarkError(f"{title} does not come to rest; {process.last_words()}")
            time.sleep(0.01)
        return Floor(title, process.memory())


@contextmanager
def running(side: Ours | Theirs, interval_seconds: float, directory: Path) -> Iterator[list[Process]]:
    """The side's processes, with a directory of their own."""
    with tempfile.TemporaryDirectory(dir=directory) as own, side.running(interval_seconds, Path(own)) as processes:
        yield processes


def await_first_batch(
    side: Ours | Theirs, processes: Sequence[Process], receiver: Receiver, started: float, interval_seconds: float
) -> float:
    """When it came, by time.monotonic(); raises BenchmarkError when none did."""
    deadline = started + FIRST_BATCH_SECONDS + interval_seconds
    while time.monotonic() < deadline:
        arrival = receiver.wait_for(side.path, started, LOOK_SECONDS)
        if arrival is not None:
            return arrival.at_seconds
        for process in processes:
            process.check()
    words = "\n".join(f"{process.name}: {process.last_words()}" for process in processes)
    raise BenchmarkError(f"no batch of {side.name} has arrived\n{words}")


def sleep_until_next_phase(interval_seconds: float) -> None:
    """Until the next point of time that is PHASE of an interval after a multiple of it since 1970."""
    position = time.time() / interval_seconds - PHASE
    time.sleep((1 - position % 1) * interval_seconds)
