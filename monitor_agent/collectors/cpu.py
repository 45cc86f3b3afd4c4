"""Seconds that each processor spent in each mode, from /proc/stat."""

from __future__ import annotations

import os
from collections.abc import Iterable

from monitor_agent.collectors.options import Options
from monitor_agent.collectors.registry import register
from monitor_agent.exposition import Family

MODES = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@register("cpu")
def collect(root: str, options: Options) -> Iterable[Family]:
    seconds, guest = [], []
    with open(f"{root}/proc/stat", encoding="ascii") as file:
        for line in file:
            if not line.startswith("cpu"):
                break
            name, *ticks = line.split()
            if name == "cpu":
                continue
            cpu = ("cpu", name[3:])
            for mode, value in zip(MODES, ticks):
                seconds.append(((cpu, ("mode", mode)), int(value) / TICKS_PER_SECOND))
            for mode, value in zip(("user", "nice"), ticks[len(MODES) :]):
                guest.append(((cpu, ("mode", mode)), int(value) / TICKS_PER_SECOND))
    yield Family("node_cpu_seconds_total", "counter", "Seconds the CPUs spent in each mode.", seconds)
    yield Family(
        "node_cpu_guest_seconds_total", "counter", "Seconds the CPUs spent in guests (VMs) for each mode.", guest
    )
