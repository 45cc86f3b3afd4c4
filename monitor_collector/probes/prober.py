"""Runs the probes: each at its interval, spread over it, hundreds at once, none in the way of another.

A probe has a task of its own, so one that still runs when its next turn comes just misses that turn.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from monitor_collector.probes.configuration import Probe
from monitor_collector.probes.measured import Findings, ProbeFailure, because
from monitor_collector.promql import STALE_MARKER, Labels
from monitor_collector.samples import metric
from monitor_collector.storage import Storage

log = logging.getLogger(__name__)

JOB = "probe"
RUNNING_MAX = 500


class State(NamedTuple):
    """How a probe went the last time; `failure` is "" where it went well."""

    probe: Probe
    at_ms: int
    duration_seconds: float
    failure: str


class Prober:
    """`configure`, then results come until `close`. `states` has those of each probe that has run."""

    def __init__(self, storage: Storage, now_ms: Callable[[], int]) -> None:
        self.states: dict[tuple[str, str], State] = {}
        self._storage = storage
        self._now_ms = now_ms
        self._room = asyncio.Semaphore(RUNNING_MAX)
        self._running: dict[tuple[str, str], tuple[Probe, Labels, asyncio.Task[None]]] = {}
        self._series: dict[tuple[str, str], list[Labels]] = {}

    def configure(self, probes: Iterable[Probe], labels: Mapping[str, Mapping[str, str]]) -> None:
        """`labels` are those of each instance. A probe that stays as it was goes on undisturbed."""
        wanted = {(probe.instance, probe.name): probe for probe in probes}
        shared = {key: tuple(sorted(labels.get(probe.instance, {}).items())) for key, probe in wanted.items()}
        for key, (probe, own_labels, task) in list(self._running.items()):
            if wanted.get(key) != probe or shared[key] != own_labels:
                task.cancel()
                del self._running[key]
                if key not in wanted or wanted[key].check.target != probe.check.target or shared[key] != own_labels:
                    self._end_series(key)
        for key, probe in wanted.items():
            if key not in self._running:
                self._running[key] = (probe, shared[key], asyncio.create_task(self._repeat(probe, dict(shared[key]))))

    async def close(self) -> None:
        tasks = [task for _, _, task in self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _repeat(self, probe: Probe, labels: Mapping[str, str]) -> None:
        turn = next_turn(probe, time.time())
        while True:
            await asyncio.sleep(turn - time.time())
            try:
                async with self._room:
                    state, findings = await self._measure(probe)
                self._keep(probe, labels, state, findings)
            except Exception:
                log.exception("the result of probe %s of %s is lost", probe.name, probe.instance)
            # Never the same turn twice, also where the sleep ended a moment early.
            turn = next_turn(probe, max(time.time(), min(turn, time.time() + probe.interval_seconds)))

    async def _measure(self, probe: Probe) -> tuple[State, Findings]:
        findings = Findings()
        started = time.monotonic()
        failure = ""
        try:
            async with asyncio.timeout(probe.timeout_seconds):
                await probe.check.run(findings)
        except TimeoutError:
            failure = f"it took longer than {probe.timeout_seconds:g} s, and was still {findings.doing}"
        except ProbeFailure as error:
            failure = str(error)
        except OSError as error:
            failure = because(error)
        except Exception as error:
            log.exception("probe %s of %s cannot be run", probe.name, probe.instance)
            failure = f"{type(error).__name__}: {error}"
        return State(probe, self._now_ms(), time.monotonic() - started, failure), findings

    def _keep(self, probe: Probe, labels: Mapping[str, str], state: State, findings: Findings) -> None:
        key = (probe.instance, probe.name)
        own = {**labels, "instance": probe.instance, "job": JOB, "probe": probe.name, "target": probe.check.target}
        samples = [
            (metric("probe_success", **own), float(not state.failure)),
            (metric("probe_duration_seconds", **own), state.duration_seconds),
        ]
        samples += [(metric(one.name, **own, **dict(one.labels)), one.value) for one in findings.samples]
        # What is found twice, as along redirections, was so at last.
        found = dict(samples)
        ended = [series for series in self._series.get(key, ()) if series not in found]
        self._storage.append_own(
            _frame(key), [*found.items(), *((series, STALE_MARKER) for series in ended)], state.at_ms
        )
        self._series[key] = list(found)
        before = self.states.get(key)
        self.states[key] = state
        if state.failure and (before is None or before.failure != state.failure):
            log.warning("probe %s of %s fails: %s", probe.name, probe.instance, state.failure)
        elif not state.failure and before is not None and before.failure:
            log.info("probe %s of %s is well again", probe.name, probe.instance)

    def _end_series(self, key: tuple[str, str]) -> None:
        """Of a probe that there is no more."""
        self.states.pop(key, None)
        samples = [(series, STALE_MARKER) for series in self._series.pop(key, ())]
        self._storage.append_own(_frame(key), samples, self._now_ms())


def next_turn(probe: Probe, after_seconds: float) -> float:
    """The probe's first turn after a moment, both in Unix seconds. Turns have a place in the interval that follows from
    the probe's name, so that not all probes run at the same moment, and each at the same distance."""
    interval = probe.interval_seconds
    place = zlib.crc32(f"{probe.instance} {probe.name}".encode()) / 2**32
    return (math.floor(after_seconds / interval - place) + 1 + place) * interval


def _frame(key: tuple[str, str]) -> str:
    return f"probe {key[0]} {key[1]}"
