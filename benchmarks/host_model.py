"""Made-up hosts that look like real ones: the series that a host has, and their values at any moments.

Everything follows from a host's number and the times asked for, so both sides of a benchmark get the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

Labels = tuple[tuple[str, str], ...]

CPUS, DISKS, DEVICES, MOUNTPOINTS = 4, ("vda", "vdb"), ("eth0", "lo"), ("/", "/var")
UNITS = ("cron", "nginx", "postgresql", "ssh", "systemd-journald")
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, math.inf)
DAY_SECONDS = 86_400
UP_SECONDS = 30 * DAY_SECONDS
GIBIBYTE = 2**30


class Model(NamedTuple):
    """A series and how it moves. A counter rises by `level` per second on average, and has done so for a month when its
    first value is taken; a gauge stays around it. Both are busier at noon than at midnight. One with `noise` 0 is the
    same all the time. Values are multiples of `resolution`."""

    name: str
    labels: Mapping[str, str]
    is_counter: bool
    level: float
    resolution: float
    noise: float = 0.3

    def of_host(self, instance: str) -> Labels:
        labels = {"__name__": self.name, **self.labels, "instance": instance, "job": "host"}
        return tuple(sorted(labels.items()))


def models(cpus: int = CPUS) -> list[Model]:
    """Of each host the same: 117 with four processors, eight more with each further one."""
    return [*_processors(cpus), *_memory(), *_disks(), *_network(), *_rest(), *_requests()]


def values(host: int, series: list[Model], times_ms: np.ndarray) -> np.ndarray:
    """float64 of the shape (series, times); the times ascend evenly."""
    generator = np.random.default_rng(host)
    seconds = times_ms / 1000
    busyness = 1 - 0.6 * np.cos(2 * math.pi * seconds / DAY_SECONDS)
    step_seconds = float(seconds[1] - seconds[0]) if len(seconds) > 1 else 1.0
    found = np.empty((len(series), len(seconds)))
    for row, model in enumerate(series):
        level = model.level * (1 + 0.5 * generator.random()) if model.noise else model.level
        noise = 1 + model.noise * (2 * generator.random(len(seconds)) - 1)
        moved = level * busyness * noise if model.noise else np.full(len(seconds), level)
        if model.is_counter:
            moved = level * UP_SECONDS + np.cumsum(moved * step_seconds)
        decimals = max(0, math.ceil(-math.log10(model.resolution)))
        found[row] = np.round(np.round(moved / model.resolution) * model.resolution, decimals)
    _add_up_buckets(series, found)
    return found


def _add_up_buckets(series: list[Model], found: np.ndarray) -> None:
    """A histogram's bucket counts all that are smaller too, and its last one is the count of all."""
    rows = [row for row, model in enumerate(series) if model.name.endswith("_bucket")]
    if rows:
        found[rows] = np.cumsum(found[rows], axis=0)
    for row, model in enumerate(series):
        if rows and model.name == "http_request_duration_seconds_count":
            found[row] = found[rows[-1]]


def _processors(cpus: int) -> Iterator[Model]:
    shares = {"idle": 0.7, "iowait": 0.02, "irq": 0.0, "nice": 0.0, "softirq": 0.01, "steal": 0.01}
    for cpu in range(cpus):
        for mode, share in {**shares, "system": 0.06, "user": 0.2}.items():
            yield Model("node_cpu_seconds_total", {"cpu": str(cpu), "mode": mode}, True, share, 0.01)
    for minutes in (1, 5, 15):
        yield Model(f"node_load{minutes}", {}, False, 1.0, 0.01, 0.3 / minutes)
    yield Model("node_context_switches_total", {}, True, 4000, 1)
    yield Model("node_forks_total", {}, True, 3, 1)
    yield Model("node_procs_running", {}, False, 2, 1)
    yield Model("node_procs_blocked", {}, False, 0.2, 1)
    for kind in ("cpu_waiting", "memory_waiting", "memory_stalled", "io_waiting", "io_stalled"):
        yield Model(f"node_pressure_{kind}_seconds_total", {}, True, 0.01, 1e-6)


def _memory() -> Iterator[Model]:
    for kind, gibibytes in {"MemTotal": 16, "SwapTotal": 2, "SwapFree": 2}.items():
        yield Model(f"node_memory_{kind}_bytes", {}, False, gibibytes * GIBIBYTE, 4096, 0)
    for kind, gibibytes in {"MemAvailable": 5, "MemFree": 1, "Buffers": 0.2, "Cached": 4, "Dirty": 0.001}.items():
        yield Model(f"node_memory_{kind}_bytes", {}, False, gibibytes * GIBIBYTE, 4096, 0.05)
    for kind, level in {"oom_kill": 0.0, "pgmajfault": 2.0, "pswpin": 0.1, "pswpout": 0.1}.items():
        yield Model(f"node_vmstat_{kind}", {}, True, level, 1)


def _disks() -> Iterator[Model]:
    per_second = {
        "reads_completed_total": (5, 1.0),
        "writes_completed_total": (40, 1.0),
        "read_bytes_total": (2e5, 512),
        "written_bytes_total": (2e6, 512),
        "io_time_seconds_total": (0.05, 0.001),
    }
    for device in DISKS:
        for kind, (level, resolution) in per_second.items():
            yield Model(f"node_disk_{kind}", {"device": device}, True, level, resolution)
    for mountpoint, device in zip(MOUNTPOINTS, DISKS, strict=True):
        labels = {"device": f"/dev/{device}", "fstype": "ext4", "mountpoint": mountpoint}
        yield Model("node_filesystem_size_bytes", labels, False, 100 * GIBIBYTE, 4096, 0)
        yield Model("node_filesystem_avail_bytes", labels, False, 25 * GIBIBYTE, 4096, 0.01)
        yield Model("node_filesystem_files", labels, False, 6_553_600, 1, 0)
        yield Model("node_filesystem_files_free", labels, False, 3_000_000, 1, 0.001)
        yield Model("node_filesystem_readonly", labels, False, 0, 1, 0)


def _network() -> Iterator[Model]:
    for device in DEVICES:
        for direction in ("receive", "transmit"):
            for kind, level in {"bytes": 1e6, "packets": 1200.0, "errs": 0.0, "drop": 0.0}.items():
                yield Model(f"node_network_{direction}_{kind}_total", {"device": device}, True, level, 1)


def _rest() -> Iterator[Model]:
    yield Model("node_boot_time_seconds", {}, False, 1000, 1, 0)
    yield Model("node_time_seconds", {}, True, 1, 0.001, 0)
    yield Model("node_timex_sync_status", {}, False, 1, 1, 0)
    yield Model("node_timex_offset_seconds", {}, False, 2e-5, 1e-9)
    yield Model("node_filefd_allocated", {}, False, 2000, 32)
    yield Model("node_filefd_maximum", {}, False, 9e5, 1, 0)
    for unit in UNITS:
        yield Model("node_systemd_unit_state", {"name": f"{unit}.service", "state": "failed"}, False, 0, 1, 0)


def _requests() -> Iterator[Model]:
    name = "http_request_duration_seconds"
    for position, limit in enumerate(BUCKETS):
        label = "+Inf" if math.isinf(limit) else f"{limit:g}"
        yield Model(f"{name}_bucket", {"le": label}, True, 30 * math.exp(-((position - 4) ** 2) / 6), 1)
    yield Model(f"{name}_sum", {}, True, 6, 0.001)
    yield Model(f"{name}_count", {}, True, 100, 1)
