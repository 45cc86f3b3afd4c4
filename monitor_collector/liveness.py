"""Whether hosts report: `up` and the age of the last batch, for every host of the inventory.

A host is up while its last batch arrived less than three of its intervals ago, by the collector's clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from monitor_collector.config import Target
from monitor_collector.promql import Labels
from monitor_collector.samples import metric

MISSED_INTERVALS = 3

Health = Literal["up", "down", "unknown"]


def patience_ms(target: Target) -> int:
    """How long a host may be silent before it is called down."""
    return round(target.interval_seconds * 1000 * MISSED_INTERVALS)


def health(target: Target, last_arrival_ms: int | None, started_ms: int, now_ms: int) -> Health:
    """Up or down; unknown as long after the collector's start as a host may be silent, since until then a host that
    was not heard of may have had nobody to report to."""
    if last_arrival_ms is not None and now_ms - last_arrival_ms < patience_ms(target):
        return "up"
    return "down" if now_ms - started_ms >= patience_ms(target) else "unknown"


def reporting_at(targets: Iterable[Target], arrivals: Mapping[str, int], point_ms: int) -> list[str]:
    """The hosts that are up and collect at this moment: agents do it at the multiples of their interval."""
    return [
        target.instance
        for target in targets
        if point_ms % round(target.interval_seconds * 1000) == 0
        and health(target, arrivals.get(target.instance), point_ms, point_ms) == "up"
    ]


class Watched(NamedTuple):
    """A target with the series about it."""

    target: Target
    up: Labels
    last_batch: Labels
    age: Labels


def watched(targets: Iterable[Target]) -> list[Watched]:
    """The labels are made once, not every second."""
    found = []
    for target in targets:
        labels = {**target.labels, "instance": target.instance, "job": "host"}
        last_batch, age = "monitor_last_batch_timestamp_seconds", "monitor_last_batch_age_seconds"
        found.append(
            Watched(target, metric("up", **labels), metric(last_batch, **labels), metric(age, **labels)),
        )
    return found


def samples(
    targets: Iterable[Watched], arrivals: Mapping[str, int], started_ms: int, now_ms: int
) -> list[tuple[Labels, float]]:
    """The series about each target; `arrivals` is when the last batch of an instance arrived, in ms."""
    found: list[tuple[Labels, float]] = []
    for target, up, last_batch, age in targets:
        arrival = arrivals.get(target.instance)
        verdict = health(target, arrival, started_ms, now_ms)
        if verdict != "unknown":
            found.append((up, float(verdict == "up")))
        if arrival is not None:
            found.append((last_batch, arrival / 1000))
            found.append((age, (now_ms - arrival) / 1000))
    return found


def threshold_samples(thresholds: Mapping[str, Mapping[str, float]]) -> list[tuple[Labels, float]]:
    """The series `monitor_threshold{instance,name}`."""
    return [
        (metric("monitor_threshold", instance=instance, name=name), float(level))
        for instance, levels in thresholds.items()
        for name, level in levels.items()
    ]
