"""Whether hosts report."""

from __future__ import annotations

import pytest

from monitor_collector import liveness
from monitor_collector.config import Target
from monitor_collector.samples import metric

WEB = Target("web-1", 5, {"env": "lab"})
START = 1_000_000


@pytest.mark.parametrize(
    ("arrival", "now", "health"),
    [
        (None, START, "unknown"),
        (None, START + 14_999, "unknown"),
        (None, START + 15_000, "down"),
        (START - 60_000, START + 14_999, "unknown"),
        (START - 60_000, START + 15_000, "down"),
        (START - 10_000, START, "up"),
        (START + 20_000, START + 34_999, "up"),
        (START + 20_000, START + 35_000, "down"),
    ],
)
def test_a_host_is_up_for_three_intervals_after_its_last_batch_and_not_judged_right_after_a_start(
    arrival: int | None, now: int, health: str
) -> None:
    assert liveness.health(WEB, arrival, START, now) == health


def test_the_series_about_a_host_carry_its_labels_and_the_collectors() -> None:
    found = dict(liveness.samples(liveness.watched([WEB]), {"web-1": START + 1500}, START, START + 2000))
    labels = {"instance": "web-1", "job": "host", "env": "lab"}
    assert found == {
        metric("up", **labels): 1.0,
        metric("monitor_last_batch_timestamp_seconds", **labels): (START + 1500) / 1000,
        metric("monitor_last_batch_age_seconds", **labels): 0.5,
    }


def test_a_host_that_never_reported_is_down_after_the_grace_and_has_no_sample_before() -> None:
    assert liveness.samples(liveness.watched([WEB]), {}, START, START) == []
    assert liveness.samples(liveness.watched([WEB]), {}, START, START + 15_000) == [
        (metric("up", instance="web-1", job="host", env="lab"), 0.0)
    ]


def test_thresholds_are_series_of_instance_and_name() -> None:
    assert liveness.threshold_samples({"web-1": {"load": 2}}) == [
        (metric("monitor_threshold", instance="web-1", name="load"), 2.0)
    ]


def test_those_that_are_up_and_collect_at_a_moment_are_waited_for() -> None:
    targets = [WEB, Target("web-2", 1, {}), Target("web-3", 1, {}), Target("web-4", 0.5, {})]
    arrivals = {"web-1": START - 5000, "web-2": START - 1000, "web-4": START - 1600}
    assert liveness.reporting_at(targets, arrivals, START) == ["web-1", "web-2"]
    assert liveness.reporting_at(targets, arrivals, START + 1000) == ["web-2"]
