"""Every line of /proc/meminfo as a gauge; those in kB become bytes."""

from __future__ import annotations

from collections.abc import Iterable

from monitor_agent.collectors.options import Options
from monitor_agent.collectors.registry import register
from monitor_agent.exposition import Family


@register("meminfo")
def collect(root: str, options: Options) -> Iterable[Family]:
    with open(f"{root}/proc/meminfo", encoding="ascii") as file:
        for line in file:
            field, _, rest = line.partition(":")
            number, *unit = rest.split()
            name = "node_memory_" + field.replace("(", "_").replace(")", "")
            if unit:
                yield Family(
                    f"{name}_bytes", "gauge", f"Memory information field {field}_bytes.", [((), int(number) * 1024)]
                )
            else:
                yield Family(name, "gauge", f"Memory information field {field}.", [((), int(number))])
