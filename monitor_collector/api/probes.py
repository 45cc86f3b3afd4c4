"""What is measured from outside, and how that went the last time: `probes`."""

from __future__ import annotations

from typing import Any

from monitor_collector.api.answers import Data
from monitor_collector.api.asking import Asked
from monitor_collector.notifications.payload import rfc3339
from monitor_collector.probes.configuration import Probe
from monitor_collector.probes.prober import State


async def probes(asked: Asked) -> Data:
    """In the order of the configuration; no route of Prometheus' has it."""
    states = asked.collector.prober.states
    return Data(
        {
            "probes": [
                _probe(probe, states.get((probe.instance, probe.name)))
                for probe in asked.collector.configuration.probes
            ]
        }
    )


def _probe(probe: Probe, state: State | None) -> dict[str, Any]:
    found = {
        "instance": probe.instance,
        "probe": probe.name,
        "kind": probe.check.kind,
        "target": probe.check.target,
        "interval": probe.interval_seconds,
        "health": "unknown" if state is None else "down" if state.failure else "up",
        "reason": state.failure if state else "",
    }
    if state is not None:
        found |= {"lastProbe": rfc3339(state.at_ms), "duration": state.duration_seconds}
    return found
