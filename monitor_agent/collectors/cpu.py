"""Seconds that each processor spent in each mode, from /proc/stat. A tick is 1/100 s: USER_HZ, on every Linux here."""

from __future__ import annotations

from collections.abc import Iterable

from monitor_agent.collectors.collector import Collector, register
from monitor_agent.exposition import Columns, Metric, Row, shift_decimal

MODES = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
GUEST_MODES = ("user", "nice")
DECIMALS_OF_A_TICK = 2

COLUMNS = Columns(
    *(
        Metric("node_cpu_seconds_total", "counter", "Seconds the CPUs spent in each mode.", (("mode", mode),))
        for mode in MODES
    ),
    *(
        Metric(
            "node_cpu_guest_seconds_total",
            "counter",
            "Seconds the CPUs spent in guests (VMs) for each mode.",
            (("mode", mode),),
        )
        for mode in GUEST_MODES
    ),
)


@register("cpu")
class Cpu(Collector):
    def update(self) -> Iterable[Row]:
        text = self.read("proc/stat")
        if not text.startswith("cpu"):
            raise ValueError(f"{self.root}/proc/stat does not begin with the processors")
        for line in text[: text.find("\nintr")].split("\n")[1:]:
            if line.startswith("cpu"):
                name, *ticks = line.split()
                yield Row(COLUMNS, (("cpu", name[3:]),), [shift_decimal(count, DECIMALS_OF_A_TICK) for count in ticks])
