"""The kernel's clock discipline."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from monitor_agent.collectors import COLLECTORS
from monitor_agent.collectors.collector import NoData
from monitor_agent.collectors.timex import Timex
from tests.unit.agent.collectors.machine import make, samples


def with_clock(collector: Timex, state: int, **fields: int) -> list[str]:
    """The samples when the kernel answers so."""

    def adjtimex(pointer: object) -> int:
        for name, value in fields.items():
            setattr(collector._buffer, name, value)
        return state

    if collector._adjtimex is None:
        collector._load()
    collector._adjtimex = adjtimex
    return samples(collector)


def test_this_machines_clock_answers(tmp_path: Path) -> None:
    found = samples(make("timex", tmp_path))
    assert len(found) == 17
    tick = next(float(line.split()[1]) for line in found if line.startswith("node_timex_tick_seconds "))
    assert 0.009 <= tick <= 0.011  # adjtimex(2): it can be moved by a tenth


def test_offsets_are_in_the_unit_that_the_status_says(tmp_path: Path) -> None:
    collector = make("timex", tmp_path)
    assert "node_timex_offset_seconds 0.0025" in with_clock(collector, 0, offset=2500, status=0)
    assert "node_timex_offset_seconds 0.0025" in with_clock(collector, 0, offset=2500000, status=0x2001)


def test_frequencies_are_scaled_parts_per_million(tmp_path: Path) -> None:
    found = with_clock(make("timex", tmp_path), 0, freq=-65536 * 100, ppsfreq=65536 * 1000)
    assert "node_timex_frequency_adjustment_ratio 0.9999" in found
    assert "node_timex_pps_frequency_hertz 0.001" in found


def test_a_clock_without_reference_is_not_in_step(tmp_path: Path) -> None:
    collector = make("timex", tmp_path)
    assert "node_timex_sync_status 0" in with_clock(collector, 5, maxerror=16000000)
    assert "node_timex_maxerror_seconds 16" in with_clock(collector, 5, maxerror=16000000)
    assert "node_timex_sync_status 1" in with_clock(collector, 0)


def test_a_sandbox_that_forbids_the_question_has_no_data(tmp_path: Path) -> None:
    collector = make("timex", tmp_path)
    collector._load()
    collector._get_errno = lambda: errno.EPERM
    with pytest.raises(NoData):
        with_clock(collector, -1)
    collector._get_errno = lambda: errno.EFAULT
    with pytest.raises(OSError, match="Bad address"):
        with_clock(collector, -1)


def test_it_is_off_unless_asked_for() -> None:
    assert not COLLECTORS["timex"].is_on_by_default
