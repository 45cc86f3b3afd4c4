"""Each host of the lab is a machine of its own: what one does is not seen on another."""

from __future__ import annotations

import time

from conftest import AGENTS, Collector, connect

BUSY_LIMIT_SECONDS = 40
CPU = "instance:node_cpu_utilisation:ratio"


def test_a_host_at_full_load_leaves_the_others_idle_as_their_agents_see_it(collector: Collector) -> None:
    busy = connect("web-3")
    busy.check_output(
        f"systemd-run --unit=isolation-load --collect --property=RuntimeMaxSec={BUSY_LIMIT_SECONDS} "
        f"python3 -c 'while True: pass'"
    )
    try:
        deadline = time.monotonic() + BUSY_LIMIT_SECONDS
        while (values := collector.query(CPU))["web-3"] < 0.6:
            assert time.monotonic() < deadline, f"web-3 does not see its own load: {values}"
            time.sleep(0.2)
    finally:
        busy.run("systemctl stop isolation-load.service")
    others = {name: values[name] for name in AGENTS if name != "web-3"}
    assert all(value < 0.5 for value in others.values()), others
    deadline = time.monotonic() + BUSY_LIMIT_SECONDS
    while collector.get("/api/v1/alerts")["alerts"]:
        assert time.monotonic() < deadline, "the alarm did not clear after the load was gone"
        time.sleep(0.2)
