"""Probes at their intervals, and what becomes of their results."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from monitor_collector.probes.configuration import Probe
from monitor_collector.probes.http import HttpCheck
from monitor_collector.probes.measured import Check, Findings, ProbeFailure
from monitor_collector.probes.prober import Prober, next_turn
from monitor_collector.promql import Matcher
from monitor_collector.promql.values import is_stale
from monitor_collector.storage import Limits, Storage
from tests.unit.collector.probes.servers import answering, hang, serving

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Bench:
    """A storage, and a prober that stores there."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.storage: Storage
        self.prober: Prober

    def run(self, work: Callable[[], Awaitable[None]]) -> None:
        async def everything() -> None:
            self.storage = Storage(self._directory, Limits(900, 86400, None), now_ms)
            for _ in self.storage.replay():
                pass
            self.prober = Prober(self.storage, now_ms)
            try:
                async with asyncio.timeout(30):
                    await work()
            finally:
                await self.prober.close()
                await self.storage.close()

        asyncio.run(everything())

    def last(self, name: str, **labels: str) -> float | None:
        """The newest value of a series; None without one, or after its end."""
        matchers = [Matcher("__name__", "=", name), *(Matcher(*pair) for pair in _conditions(labels))]
        found = self.storage.select(matchers, -1, 2**60)
        assert len(found) <= 1
        if not found or is_stale(found[0].values[-1:])[0]:
            return None
        return float(found[0].values[-1])


def _conditions(labels: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    return ((name, "=", value) for name, value in labels.items())


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.01)


def probe(check: Check, name: str = "site", instance: str = "web-1", timeout: float = 0.1) -> Probe:
    return Probe(instance, name, 0.1, timeout, check)


def test_results_are_stored_with_the_labels_of_the_host(bench: Bench) -> None:
    async def work() -> None:
        async with serving(answering(OK)) as port:
            check = HttpCheck(f"http://127.0.0.1:{port}/")
            bench.prober.configure([probe(check, timeout=5)], {"web-1": {"env": "lab"}})
            await until(lambda: bool(bench.prober.states))
        assert (
            bench.last("probe_success", instance="web-1", job="probe", probe="site", target=check.target, env="lab")
            == 1
        )
        assert bench.last("probe_http_status_code") == 200
        assert bench.prober.states["web-1", "site"].failure == ""

    bench.run(work)


def test_figures_that_come_no_more_end_and_the_reason_is_told_once(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    async def work() -> None:
        async with serving(answering(OK)) as port:
            bench.prober.configure([probe(HttpCheck(f"http://127.0.0.1:{port}/"), timeout=5)], {})
            await until(lambda: bench.last("probe_http_status_code") == 200)
        await until(lambda: bench.last("probe_success") == 0)
        first = bench.prober.states["web-1", "site"]
        await until(lambda: bench.prober.states["web-1", "site"].at_ms > first.at_ms)
        assert bench.last("probe_http_status_code") is None
        assert "connection refused by 127.0.0.1" in first.failure

    bench.run(work)
    assert len([one for one in caplog.records if "probe site of web-1 fails" in one.message]) == 1


def test_a_hanging_server_does_not_delay_others(bench: Bench) -> None:
    async def work() -> None:
        async with serving(hang) as stuck, serving(answering(OK)) as port:
            hanging = [
                probe(HttpCheck(f"http://127.0.0.1:{stuck}/"), instance=f"stuck-{number}", timeout=20)
                for number in range(300)
            ]
            bench.prober.configure([*hanging, probe(HttpCheck(f"http://127.0.0.1:{port}/"), timeout=20)], {})
            times: set[int] = set()

            def has_run_often() -> bool:
                if ("web-1", "site") in bench.prober.states:
                    times.add(bench.prober.states["web-1", "site"].at_ms)
                return len(times) >= 5

            await until(has_run_often)
            assert bench.prober.states.keys() == {("web-1", "site")}

    bench.run(work)


class Counted:
    """A check that counts how often it runs, and how often at the same time."""

    kind, target = "counted", "x"

    def __init__(self) -> None:
        self.runs = self.running = self.most = 0

    async def run(self, findings: Findings) -> None:
        self.runs += 1
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await asyncio.sleep(0.25)
            raise ProbeFailure("never well")
        finally:
            self.running -= 1


def test_a_probe_that_still_runs_is_not_started_again(bench: Bench) -> None:
    check = Counted()

    async def work() -> None:
        bench.prober.configure([probe(check, timeout=5)], {})
        await until(lambda: check.runs >= 3)

    bench.run(work)
    assert check.most == 1
    assert check.running == 0


def test_what_takes_too_long_fails_and_says_what_was_going_on(bench: Bench) -> None:
    async def work() -> None:
        async with serving(hang) as port:
            bench.prober.configure([probe(HttpCheck(f"http://127.0.0.1:{port}/"))], {})
            await until(lambda: bool(bench.prober.states))
        failure = bench.prober.states["web-1", "site"].failure
        assert failure == "it took longer than 0.1 s, and was still waiting for an answer"

    bench.run(work)


def test_a_probe_that_is_removed_ends_and_one_that_stays_goes_on_undisturbed(bench: Bench) -> None:
    async def work() -> None:
        staying, going = Counted(), Counted()
        both = [probe(staying, "stays", timeout=5), probe(going, "goes", timeout=5)]
        bench.prober.configure(both, {})
        await until(lambda: staying.runs > 0 and bench.last("probe_success", probe="goes") == 0)
        await until(lambda: staying.running == 1)
        bench.prober.configure(both[:1], {})
        assert bench.last("probe_success", probe="goes") is None
        assert ("web-1", "goes") not in bench.prober.states
        runs = staying.runs
        await until(lambda: staying.runs > runs)
        assert staying.most == 1

    bench.run(work)


def test_a_mistake_of_a_check_is_a_failure_and_the_next_turn_comes(bench: Bench) -> None:
    class Broken(Counted):
        async def run(self, findings: Findings) -> None:
            self.runs += 1
            raise ZeroDivisionError("oops")

    check = Broken()

    async def work() -> None:
        bench.prober.configure([probe(check)], {})
        await until(lambda: check.runs >= 2)
        assert bench.prober.states["web-1", "site"].failure == "ZeroDivisionError: oops"

    bench.run(work)


def test_turns_are_as_far_apart_as_the_interval_and_spread_over_it() -> None:
    probes = [Probe(f"web-{number}", "site", 5, 1, Counted()) for number in range(100)]
    first = [next_turn(one, 1000) for one in probes]
    assert all(1000 < turn <= 1005 for turn in first)
    assert all(sum(1000 + start < turn <= 1001 + start for turn in first) >= 5 for start in range(5))
    for one, turn in zip(probes, first, strict=True):
        assert next_turn(one, turn) == pytest.approx(turn + 5)
