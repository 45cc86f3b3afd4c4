"""When to collect: on the grid, never twice, and never in a hurry whatever the clock does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor_agent.schedule import Grid, push_offset_seconds

TIMES = st.integers(0, 2**42)


def started(interval_seconds: float, now_ms: int) -> Grid:
    grid = Grid(interval_seconds)
    grid.start(now_ms)
    return grid


@given(st.sampled_from([0.1, 1, 5, 60]), TIMES, TIMES)
def test_points_are_multiples_of_the_interval_and_not_in_the_future(interval: float, start: int, now: int) -> None:
    point = started(interval, start).due(now)
    if point is not None:
        assert point % (interval * 1000) == 0
        assert 0 <= now - point < interval * 1000


@given(st.sampled_from([0.1, 1, 5, 60]), TIMES)
def test_a_wait_is_never_nothing_and_never_longer_than_an_interval(interval: float, now: int) -> None:
    assert 0.001 <= Grid(interval).wait_seconds(now) <= interval


def test_a_point_is_given_out_once() -> None:
    grid = started(5, 14_999)
    assert grid.due(15_000) == 15_000
    assert grid.due(15_003) is None
    assert grid.due(19_999) is None
    assert grid.due(20_001) == 20_000


def test_missed_points_are_skipped() -> None:
    grid = started(5, 10_000)
    assert grid.due(31_000) == 30_000
    assert grid.due(34_000) is None


def test_a_clock_that_is_set_back_gives_its_new_points() -> None:
    grid = started(5, 100_000)
    assert grid.due(105_000) == 105_000
    assert grid.due(51_000) == 50_000
    assert grid.due(55_000) == 55_000


def test_a_start_waits_for_the_grid_only_when_it_is_near() -> None:
    assert Grid(5).start(10_001) is None
    assert Grid(60).start(61_000) == 61_000
    assert Grid(60).start(119_000) is None


def test_hosts_push_at_different_moments_within_a_tenth_of_the_interval() -> None:
    offsets = [push_offset_seconds(f"web-{number}", 5) for number in range(100)]
    assert all(0 <= offset <= 0.5 for offset in offsets)
    assert len(set(offsets)) == 100
    assert offsets[7] == push_offset_seconds("web-7", 5)
