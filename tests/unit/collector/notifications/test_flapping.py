"""Flapping and calm."""

from __future__ import annotations

from monitor_collector.notifications.flapping import Flapping, flaps, next_look_ms

LIMIT = Flapping(changes=4, window_ms=100)


def test_an_alert_flaps_when_it_has_changed_more_often_than_the_limit_within_the_window() -> None:
    assert not flaps([1, 2, 3, 4], LIMIT, False, 50)
    assert flaps([1, 2, 3, 4, 5], LIMIT, False, 50)
    assert not flaps([1, 2, 3, 4, 5], LIMIT, False, 101)


def test_it_goes_on_flapping_until_it_has_changed_no_more_than_half_as_often() -> None:
    assert flaps([1, 2, 3], LIMIT, True, 50)
    assert not flaps([1, 2], LIMIT, True, 50)


def test_without_a_limit_nothing_flaps() -> None:
    assert not flaps(range(1000), None, True, 1000)


def test_it_is_looked_at_again_when_its_oldest_change_leaves_the_window() -> None:
    assert next_look_ms([1, 60, 70], LIMIT, 101) == 160
    assert next_look_ms([1], LIMIT, 101) is None
    assert flaps([1, 60, 70], LIMIT, True, 100) and not flaps([1, 60, 70], LIMIT, True, 101)
