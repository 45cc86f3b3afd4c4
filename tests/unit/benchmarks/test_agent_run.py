"""How often something is measured, and when."""

from __future__ import annotations

import pytest

from benchmarks import agent_run
from benchmarks.agent_run import intervals_at, sleep_until_next_phase


def test_the_main_measurement_has_the_intervals_that_were_asked_for() -> None:
    assert intervals_at(1.0, main_seconds=1.0, main_intervals=5) == 5


def test_a_longer_interval_is_measured_for_the_same_time_but_eight_times_at_least() -> None:
    assert intervals_at(5.0, main_seconds=1.0, main_intervals=60) == 12
    assert intervals_at(15.0, main_seconds=1.0, main_intervals=60) == 8


@pytest.mark.parametrize(
    ("now", "slept"),
    [(100.0, 3.0), (102.9, 0.1), (103.0, 5.0), (104.0, 4.0)],
)
def test_clocks_are_read_in_the_second_half_of_an_interval(
    monkeypatch: pytest.MonkeyPatch, now: float, slept: float
) -> None:
    """At 5 s, the next moment that is three seconds after a multiple of five; at such a moment, the one after it."""
    found: list[float] = []
    monkeypatch.setattr(agent_run.time, "time", lambda: now)
    monkeypatch.setattr(agent_run.time, "sleep", found.append)
    sleep_until_next_phase(5.0)
    assert found == [pytest.approx(slept)]
