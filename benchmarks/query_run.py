"""Asks both sides the same range queries by turns, and holds their answers against each other."""

from __future__ import annotations

import http.client
import json
import math
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from benchmarks.collector_process import Setup, collector
from benchmarks.errors import BenchmarkError
from benchmarks.machine import describe_machine, find_peer, version_of
from benchmarks.panels import PANELS, SPANS, Panel, Span
from benchmarks.processes import Process
from benchmarks.prometheus_process import prometheus
from benchmarks.query_data import INTERVAL_SECONDS, REMOTE_WRITE, Data
from benchmarks.sides import free_port
from benchmarks.table import Row, as_table
from lab.progress import say

LEVEL = 1.0
TIMEOUT_SECONDS = 120.0
# Each round looks at a time that is so much earlier, as nobody loads the very same picture twice.
SHIFT_SECONDS = 60
RELATIVE_TOLERANCE = 1e-9

# Labels of each series, and its value at each time.
Answer = Mapping[frozenset[tuple[str, str]], Mapping[float, float]]


class Asked(NamedTuple):
    """Wall time until the last byte of the answer had come, and the server's CPU time meanwhile."""

    seconds: float
    cpu_seconds: float
    answer: Answer


class Server:
    """One side: a process, and a connection to it that stays open."""

    def __init__(self, name: str, process: Process, url: str) -> None:
        self.name = name
        self._process = process
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=TIMEOUT_SECONDS)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def ask(self, query: str, span: Span, end_seconds: int) -> Asked:
        parameters = {
            "query": query,
            "start": end_seconds - span.seconds,
            "end": end_seconds,
            "step": span.step_seconds,
        }
        cpu_before, started = self._process.cpu_ns(), time.monotonic()
        self._connection.request("GET", f"/api/v1/query_range?{urlencode(parameters)}")
        response = self._connection.getresponse()
        body = response.read()
        duration = time.monotonic() - started
        cpu_ns = self._process.cpu_ns() - cpu_before
        if response.status != 200:
            raise BenchmarkError(f"{self.name} answered {response.status} to {query}: {body[:300].decode()}")
        return Asked(duration, cpu_ns / 1e9, answer_of(json.loads(body)))


def answer_of(document: Mapping[str, Any]) -> Answer:
    return {
        frozenset(series["metric"].items()): {at: float(value) for at, value in series["values"]}
        for series in document["data"]["result"]
    }


def difference(ours: Answer, theirs: Answer) -> str:
    """The first thing in which two answers differ by more than rounding, "" where there is none."""
    if ours.keys() != theirs.keys():
        return f"only one side has {[dict(labels) for labels in list(ours.keys() ^ theirs.keys())[:3]]}"
    for labels, values in ours.items():
        others = theirs[labels]
        if values.keys() != others.keys():
            return f"{dict(labels)} has {len(values)} values and {len(others)}"
        for at, value in values.items():
            if not (math.isclose(value, others[at], rel_tol=RELATIVE_TOLERANCE, abs_tol=1e-12)):
                if math.isnan(value) and math.isnan(others[at]):
                    continue
                return f"{dict(labels)} is {value!r} and {others[at]!r} at {at}"
    return ""


def report(directory: Path, data: Data, rounds: int) -> str:
    """The table. Raises BenchmarkError when something does not run, or when the answers differ."""
    with ExitStack() as stack:
        port = free_port()
        their_process = stack.enter_context(prometheus(port, {}, directory, REMOTE_WRITE, data.of_prometheus))
        theirs = stack.enter_context(Server("Prometheus", their_process, f"http://127.0.0.1:{port}"))
        setup = Setup(free_port(), settings={"data_directory": str(data.of_collector)})
        our_process = stack.enter_context(collector(setup, directory))
        ours = stack.enter_context(Server("monitor_collector", our_process, setup.url))
        found = {(span, panel): ask_both(ours, theirs, span, panel, data, rounds) for span in SPANS for panel in PANELS}
    what = (
        f"Range queries over {data.hosts} hosts, {INTERVAL_SECONDS} s between two samples, "
        f"{data.seconds / 86_400:g} days; {rounds} rounds by turns; the answers are equal."
    )
    machine = describe_machine(f"Prometheus {version_of(find_peer('prometheus'))}")
    names = ("monitor_collector", "Prometheus")
    return as_table(machine, what, names, rows(found), ("our CPU", "their CPU"))


def ask_both(
    ours: Server, theirs: Server, span: Span, panel: Panel, data: Data, rounds: int
) -> tuple[list[Asked], list[Asked]]:
    """Once to warm up, then as often as there are rounds."""
    say(f"{span.title}: {panel.title}")
    query = panel.query.replace("$rate", f"{span.rate_seconds(INTERVAL_SECONDS)}s")
    pairs = []
    for number in range(rounds + 1):
        end_seconds = data.end_seconds - number * SHIFT_SECONDS
        pair = ours.ask(query, span, end_seconds), theirs.ask(query, span, end_seconds)
        if different := difference(pair[0].answer, pair[1].answer):
            raise BenchmarkError(f"the answers to {query} over {span.title} are different: {different}")
        if not pair[0].answer:
            raise BenchmarkError(f"the answers to {query} over {span.title} are empty")
        pairs.append(pair)
    of_ours, of_theirs = zip(*pairs[1:], strict=True)
    return list(of_ours), list(of_theirs)


def rows(found: Mapping[tuple[Span, Panel], tuple[Sequence[Asked], Sequence[Asked]]]) -> list[Row]:
    """Medians of each panel, and their sum for each span."""
    rows: list[Row] = []
    for span in dict.fromkeys(span for span, _ in found):
        of_span = [
            panel_row(f"{span.title}: {panel.title}", *sides) for (of, panel), sides in found.items() if of == span
        ]
        ours, theirs, *beside = (
            sum(column) for column in zip(*((row.ours, row.theirs, *row.beside) for row in of_span), strict=True)
        )
        rows += [*of_span, Row(f"{span.title}: all, ms", ours, theirs, ms, LEVEL, beside=tuple(beside))]
    return rows


def panel_row(title: str, ours: Sequence[Asked], theirs: Sequence[Asked]) -> Row:
    wall, cpu = (
        [median(getattr(one, figure) for one in side) for side in (ours, theirs)]
        for figure in ("seconds", "cpu_seconds")
    )
    return Row(f"{title}, ms", *wall, ms, LEVEL, beside=tuple(cpu))


def ms(value: float) -> str:
    return f"{value * 1e3:.1f}"
