"""Measures the collector without viewers and with them, then a browser with the page open, one after the other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from ansible.plugins.loader import init_plugin_loader

from benchmarks.agent_figures import aligned
from benchmarks.errors import BenchmarkError
from benchmarks.machine import describe_machine, output_of
from benchmarks.processes import cpu_clock
from lab.progress import say
from tests.browser.chromium import chromium, program
from tests.browser.fleet import Fleet, SimulatedHost

INTERVAL_SECONDS = 5
SETTLE_SECONDS = 10
# All rows have been drawn within this time, or something does not work.
ROWS_LIMIT_MS = 60_000


class Plan(NamedTuple):
    hosts: int
    viewers: int
    seconds: int


class Look(NamedTuple):
    """What the browser says: ms from the request to the first paint and until all rows are there, CPU seconds of the
    page per second (all of its main thread's tasks), and the bytes of its files."""

    first_paint_ms: float
    all_rows_ms: float
    cpu_ratio: float
    file_bytes: float


def report(directory: Path, plan: Plan) -> str:
    """The table. Raises BenchmarkError when something does not run."""
    browser = program()
    if browser is None:
        raise BenchmarkError("chromium is not installed: `bin/test browser` installs it")
    init_plugin_loader([])
    say(f"{plan.hosts} hosts")
    fleet = Fleet(
        directory,
        [SimulatedHost(f"host-{number:04}") for number in range(plan.hosts)],
        interval_seconds=INTERVAL_SECONDS,
    )
    try:
        time.sleep(SETTLE_SECONDS)
        pid = fleet.collector.pid
        say("nobody looks")
        alone = cpu_ratio(pid, plan.seconds)
        say(f"{plan.viewers} look")
        with viewers(fleet.url, plan.viewers) as received:
            watched = cpu_ratio(pid, plan.seconds)
        say("a browser")
        look = look_with(fleet.url, plan)
    finally:
        fleet.close()
    rows = [
        ("collector: CPU per second, nobody looks, ms", f"{alone * 1000:.0f}"),
        (f"collector: CPU per second, {plan.viewers} look, ms", f"{watched * 1000:.0f}"),
        ("collector: CPU per second for each viewer, ms", f"{(watched - alone) * 1000 / plan.viewers:.1f}"),
        ("feed: kB per second for each viewer, uncompressed", f"{received() / plan.viewers / plan.seconds / 1000:.1f}"),
        ("page: bytes of its files as they came", f"{look.file_bytes:.0f}"),
        ("page: first paint after, ms", f"{look.first_paint_ms:.0f}"),
        ("page: all rows after, ms", f"{look.all_rows_ms:.0f}"),
        ("page: CPU per second, ms", f"{look.cpu_ratio * 1000:.0f}"),
    ]
    machine = describe_machine(output_of([browser, "--version"]).splitlines()[-1])
    what = f"{plan.hosts} hosts that report every {INTERVAL_SECONDS} s, {plan.seconds} s each; the role's own rules."
    return f"{machine.date}; {machine.hardware}; {machine.system}\n{machine.programs}\n{what}\n\n{aligned(rows)}"


def cpu_ratio(pid: int, seconds: int) -> float:
    """CPU seconds of a process per second, of all its threads."""
    started, before = time.monotonic(), time.clock_gettime_ns(cpu_clock(pid))
    time.sleep(seconds)
    return (time.clock_gettime_ns(cpu_clock(pid)) - before) / 1e9 / (time.monotonic() - started)


@contextmanager
def viewers(address: str, count: int) -> Iterator[Callable[[], int]]:
    """Clients of the feed that read all that comes; gives how many bytes they had when the measurement ended."""
    ended = threading.Event()
    sizes = [0] * count

    def view(number: int) -> None:
        with httpx.Client(timeout=30) as client, client.stream("GET", f"{address}/api/v1/live") as answer:
            for piece in answer.iter_raw():
                sizes[number] += len(piece)
                if ended.is_set():
                    return

    threads = [threading.Thread(target=view, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + SETTLE_SECONDS
    while not all(sizes) and time.monotonic() < deadline:
        time.sleep(0.1)
    begun = sum(sizes)
    final: list[int] = []
    try:
        yield lambda: final[0] - begun
    finally:
        final.append(sum(sizes))
        ended.set()
        for thread in threads:
            thread.join()


def look_with(address: str, plan: Plan) -> Look:
    with chromium() as browser:
        context = browser.new_context(viewport={"width": 1600, "height": 1000})
        page = context.new_page()
        started = time.monotonic()
        page.goto(address)
        page.wait_for_function(
            "count => document.querySelectorAll('tbody tr').length === count",
            arg=plan.hosts,
            timeout=ROWS_LIMIT_MS,
        )
        all_rows_ms = (time.monotonic() - started) * 1000
        paint = page.evaluate(
            "performance.getEntriesByName('first-contentful-paint')[0].startTime"
            " - performance.getEntriesByType('navigation')[0].startTime"
        )
        sizes = page.evaluate(
            "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
            ".filter(one => !one.name.includes('/api/')).reduce((sum, one) => sum + one.encodedBodySize, 0)"
        )
        session = context.new_cdp_session(page)
        session.send("Performance.enable")
        time.sleep(2)
        before = task_seconds(session.send("Performance.getMetrics"))
        time.sleep(plan.seconds)
        after = task_seconds(session.send("Performance.getMetrics"))
        return Look(paint, all_rows_ms, (after - before) / plan.seconds, sizes)


def task_seconds(answer: dict[str, list[dict[str, Any]]]) -> float:
    """Of what DevTools' Performance.getMetrics gives: how long all tasks of the page's main thread took until now."""
    return next(float(one["value"]) for one in answer["metrics"] if one["name"] == "TaskDuration")
