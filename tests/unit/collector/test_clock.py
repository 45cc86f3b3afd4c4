"""The collector's clock when the system's is set."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from monitor_collector.clock import Clock

START_MS = 1_700_000_000_000
HOUR_MS = 3_600_000


class Machine:
    """The system's clocks, which stand until they are moved."""

    def __init__(self) -> None:
        self.system_ms = START_MS
        self.monotonic_ms = 0
        self.hosts_ms: list[int] = []
        self.clock = Clock(lambda: self.system_ms, lambda: self.monotonic_ms)

    def passes(self, milliseconds: int) -> int:
        self.system_ms += milliseconds
        self.monotonic_ms += milliseconds
        self.clock.settle(self._hosts)
        return self.clock.now_ms()

    def is_set_back(self) -> None:
        self.system_ms -= HOUR_MS
        self.passes(0)

    def _hosts(self) -> Iterable[int]:
        return self.hosts_ms


def test_the_time_is_the_systems() -> None:
    machine = Machine()
    assert machine.passes(1234) == START_MS + 1234


def test_a_clock_set_forward_is_followed_at_once() -> None:
    machine = Machine()
    machine.system_ms += HOUR_MS
    assert machine.passes(1000) == START_MS + HOUR_MS + 1000


def test_a_small_correction_is_followed() -> None:
    machine = Machine()
    machine.passes(10_000)
    machine.system_ms -= 1500
    assert machine.passes(0) == START_MS + 8500


def test_a_clock_set_back_by_mistake_is_not_followed_while_hosts_disagree_with_it() -> None:
    machine = Machine()
    machine.is_set_back()
    for second in range(1, 1000):
        machine.hosts_ms = [START_MS + second * 1000 - 300, START_MS + second * 1000, START_MS - 50 * HOUR_MS]
        assert machine.passes(1000) == START_MS + second * 1000
    assert machine.clock.ahead_ms == HOUR_MS


def test_a_mistake_that_is_mended_is_forgotten() -> None:
    machine = Machine()
    machine.is_set_back()
    machine.passes(1000)
    machine.system_ms += HOUR_MS
    assert machine.passes(1000) == START_MS + 2000
    assert machine.clock.ahead_ms == 0


def test_a_clock_that_was_wrong_before_is_followed_back_once_hosts_agree_with_it() -> None:
    machine = Machine()
    machine.is_set_back()
    true_ms = START_MS - HOUR_MS
    assert machine.passes(1000) == START_MS + 1000
    machine.hosts_ms = [true_ms + 14_500, true_ms + 15_000, START_MS - 50 * HOUR_MS]
    assert machine.passes(15_000) == true_ms + 16_000


def test_without_hosts_the_system_is_followed_after_a_while() -> None:
    machine = Machine()
    machine.is_set_back()
    assert machine.passes(299_000) == START_MS + 299_000
    assert machine.passes(2000) == START_MS - HOUR_MS + 301_000


@pytest.mark.parametrize("later_ms", [11_000, 60_000])
def test_hosts_that_were_silent_since_the_step_do_not_say_what_time_it_is(later_ms: int) -> None:
    machine = Machine()
    machine.hosts_ms = [START_MS]
    machine.is_set_back()
    assert machine.passes(later_ms) == START_MS + later_ms
    assert machine.clock.ahead_ms == HOUR_MS
