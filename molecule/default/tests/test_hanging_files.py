"""Files of the kernel that hang, as a dead mount or a stuck sensor makes them: the rest goes on reporting."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable

from conftest import AGENTS, SSH_CONFIG, Collector

PATIENCE_SECONDS = 30
SERVED_BY_LXCFS = ("cpu", "loadavg", "meminfo")


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def signal_lxcfs(name: str) -> None:
    """To the process on this machine that answers /proc/stat and its like for all hosts of the lab."""
    process = (SSH_CONFIG.parent / "lxcfs.pid").read_text().strip()
    subprocess.run([*(["sudo", "-n"] if os.geteuid() else []), "kill", f"-{name}", process], check=True)


def successes(collector: Collector, name: str) -> set[float]:
    found = collector.query(
        f'node_scrape_collector_success{{collector="{name}"}} '
        f'and (time() - timestamp(node_scrape_collector_success{{collector="{name}"}}) < 3)'
    )
    return set(found.values()) if set(found) == set(AGENTS) else set()


def test_what_hangs_is_reported_as_failed_and_everything_else_goes_on(collector: Collector) -> None:
    signal_lxcfs("STOP")
    try:
        for name in SERVED_BY_LXCFS:
            wait_until(lambda name=name: successes(collector, name) == {0.0}, f"{name} is not said to hang")
        assert successes(collector, "netdev") == {1.0}
        assert set(collector.query("up").values()) == {1.0}
    finally:
        signal_lxcfs("CONT")
    for name in SERVED_BY_LXCFS:
        wait_until(lambda name=name: successes(collector, name) == {1.0}, f"{name} does not work again")
