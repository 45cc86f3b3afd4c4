"""How the kernel's clock is kept in step with a reference clock, from adjtimex(2)."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable

from monitor_agent.collectors.collector import Collector, NoData, register
from monitor_agent.collectors.options import Options
from monitor_agent.exposition import Columns, Metric, Row

TIME_ERROR = 5  # what adjtimex(2) returns while the clock is not synchronized
STA_NANO = 0x2000  # the bit of the status that says that offsets are in nanoseconds
NANOSECONDS = 1_000_000_000
MICROSECONDS = 1_000_000
SCALED_PPM = 65536 * 1_000_000  # frequencies are parts per million with 16 bits after the point

COLUMNS = Columns(
    Metric("node_timex_sync_status", "gauge", "Is clock synchronized to a reliable server (1 = yes, 0 = no)."),
    Metric("node_timex_offset_seconds", "gauge", "Time offset in between local system and reference clock."),
    Metric("node_timex_frequency_adjustment_ratio", "gauge", "Local clock frequency adjustment."),
    Metric("node_timex_maxerror_seconds", "gauge", "Maximum error in seconds."),
    Metric("node_timex_estimated_error_seconds", "gauge", "Estimated error in seconds."),
    Metric("node_timex_status", "gauge", "Value of the status array bits."),
    Metric("node_timex_loop_time_constant", "gauge", "Phase-locked loop time constant."),
    Metric("node_timex_tick_seconds", "gauge", "Seconds between clock ticks."),
    Metric("node_timex_pps_frequency_hertz", "gauge", "Pulse per second frequency."),
    Metric("node_timex_pps_jitter_seconds", "gauge", "Pulse per second jitter."),
    Metric("node_timex_pps_shift_seconds", "gauge", "Pulse per second interval duration."),
    Metric(
        "node_timex_pps_stability_hertz", "gauge", "Pulse per second stability, average of recent frequency changes."
    ),
    Metric("node_timex_pps_jitter_total", "counter", "Pulse per second count of jitter limit exceeded events."),
    Metric("node_timex_pps_calibration_total", "counter", "Pulse per second count of calibration intervals."),
    Metric("node_timex_pps_error_total", "counter", "Pulse per second count of calibration errors."),
    Metric(
        "node_timex_pps_stability_exceeded_total",
        "counter",
        "Pulse per second count of stability limit exceeded events.",
    ),
    Metric("node_timex_tai_offset_seconds", "gauge", "International Atomic Time (TAI) offset."),
)


@register("timex")
class Timex(Collector):
    """Off unless asked for: ctypes, which the call takes, costs 0.7 MB of memory.

    No data where a sandbox forbids the call, as `ProtectClock=` does and every system call filter without @clock.
    """

    is_on_by_default = False

    def __init__(self, root: str, options: Options) -> None:
        super().__init__(root, options)
        self._adjtimex: Callable[[object], int] | None = None

    def _load(self) -> None:
        """Not done before the first reading, so that what it raises stops no other collector."""
        import ctypes

        integer, long = ctypes.c_int, ctypes.c_long

        class Buffer(ctypes.Structure):
            """struct timex of <sys/timex.h>."""

            _fields_ = (
                ("modes", ctypes.c_uint),
                ("offset", long),
                ("freq", long),
                ("maxerror", long),
                ("esterror", long),
                ("status", integer),
                ("constant", long),
                ("precision", long),
                ("tolerance", long),
                ("time", long * 2),
                ("tick", long),
                ("ppsfreq", long),
                ("jitter", long),
                ("shift", integer),
                ("stabil", long),
                ("jitcnt", long),
                ("calcnt", long),
                ("errcnt", long),
                ("stbcnt", long),
                ("tai", integer),
                ("reserved", integer * 11),
            )

        self._buffer = Buffer()
        self._pointer = ctypes.byref(self._buffer)
        self._adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex
        self._get_errno = ctypes.get_errno

    def update(self) -> Iterable[Row]:
        if self._adjtimex is None:
            self._load()
        clock = self._buffer
        clock.modes = 0  # changes nothing
        state = self._adjtimex(self._pointer)
        if state == -1:
            number = self._get_errno()
            if number == errno.EPERM:
                raise NoData
            raise OSError(number, os.strerror(number))
        fraction = NANOSECONDS if clock.status & STA_NANO else MICROSECONDS
        values = (
            int(state != TIME_ERROR),
            clock.offset / fraction,
            1 + clock.freq / SCALED_PPM,
            clock.maxerror / MICROSECONDS,
            clock.esterror / MICROSECONDS,
            clock.status,
            clock.constant,
            clock.tick / MICROSECONDS,
            clock.ppsfreq / SCALED_PPM,
            clock.jitter / fraction,
            clock.shift,
            clock.stabil / SCALED_PPM,
            clock.jitcnt,
            clock.calcnt,
            clock.errcnt,
            clock.stbcnt,
            clock.tai,
        )
        yield Row(COLUMNS, (), values)
