"""Seconds that each processor spent in each mode, from /proc/stat; throttling and isolation, from sysfs.

A tick is 1/100 s: USER_HZ, on every Linux here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator

from monitor_agent.collectors.attributes import Attributes, read_attribute, read_number
from monitor_agent.collectors.collector import Collector, register
from monitor_agent.collectors.files import check_digits
from monitor_agent.collectors.options import Options
from monitor_agent.exposition import Columns, Metric, Row, shift_decimal

MODES = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
GUEST_MODES = ("user", "nice")
PROCESSORS_AT_MOST = 65536
DIRECTORY = "sys/devices/system/cpu"
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
CORE_THROTTLES = Columns(
    Metric("node_cpu_core_throttles_total", "counter", "Number of times this CPU core has been throttled.")
)
PACKAGE_THROTTLES = Columns(
    Metric("node_cpu_package_throttles_total", "counter", "Number of times this CPU package has been throttled.")
)
ISOLATED = Columns(
    Metric(
        "node_cpu_isolated",
        "gauge",
        "Whether each core is isolated, information from /sys/devices/system/cpu/isolated.",
    )
)


@register("cpu")
class Cpu(Collector):
    def __init__(self, root: str, options: Options) -> None:
        super().__init__(root, options)
        self._attributes = Attributes(root)
        self._isolated: list[Row] = []
        self._processors: list[str] = []
        self._throttles: list[tuple[Columns, tuple[tuple[str, str], ...], str]] = []

    def update(self) -> Iterable[Row]:
        text = self.read("proc/stat")
        if not text.startswith("cpu"):
            raise ValueError(f"{self.root}/proc/stat does not begin with the processors")
        processors = []
        for line in text[: text.find("\nintr")].split("\n")[1:]:
            if line.startswith("cpu"):
                name, *ticks = line.split()
                check_digits(ticks)
                processors.append(name)
                yield Row(COLUMNS, (("cpu", name[3:]),), [shift_decimal(count, DECIMALS_OF_A_TICK) for count in ticks])
        if processors != self._processors:
            self._isolated = list(self._find_isolated())
            self._throttles = list(self._find_throttles())
            self._attributes = Attributes(self.root)
            self._processors = processors
        for columns, labels, path in self._throttles:
            yield Row(columns, labels, (self._attributes.read_number(path),))
        yield from self._isolated

    def _find_throttles(self) -> Iterator[tuple[Columns, tuple[tuple[str, str], ...], str]]:
        """The files that count for each core and each package, taken from the first processor of each."""
        directory = f"{self.root}/{DIRECTORY}"
        seen = set()
        for name in sorted(os.listdir(directory)) if os.path.isdir(directory) else []:
            if not re.fullmatch("cpu[0-9]+", name):
                continue
            try:
                package = read_number(f"{directory}/{name}/topology/physical_package_id")
                core = read_number(f"{directory}/{name}/topology/core_id")
            except (OSError, ValueError):
                continue  # switched off
            for columns, labels, file in (
                (CORE_THROTTLES, (("package", package), ("core", core)), "core_throttle_count"),
                (PACKAGE_THROTTLES, (("package", package),), "package_throttle_count"),
            ):
                path = f"{DIRECTORY}/{name}/thermal_throttle/{file}"
                if (file, labels) not in seen and os.path.exists(f"{self.root}/{path}"):
                    seen.add((file, labels))
                    yield columns, labels, path

    def _find_isolated(self) -> Iterator[Row]:
        try:
            text = read_attribute(f"{self.root}/{DIRECTORY}/isolated")
        except OSError:
            return
        for part in filter(None, text.split(",")):
            first, _, last = part.partition("-")
            numbers = range(int(first), int(last or first) + 1)
            if len(numbers) > PROCESSORS_AT_MOST:
                raise ValueError(f"{self.root}/{DIRECTORY}/isolated holds {part!r}, more than there can be")
            for number in numbers:
                yield Row(ISOLATED, (("cpu", str(number)),), ("1",))
