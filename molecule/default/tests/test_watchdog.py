"""An agent that hangs as a whole is restarted by systemd, and the host reports again."""

from __future__ import annotations

import time

from conftest import Collector, connect

UNIT = "monitor-agent@blue.service"
HOST = "web-3"
PATIENCE_SECONDS = 120


def test_an_agent_that_hangs_is_restarted(collector: Collector) -> None:
    host = connect(HOST)
    before = host.check_output(f"systemctl show {UNIT} --property NRestarts --value")
    host.check_output(f"systemctl kill --kill-who=main --signal=STOP {UNIT}")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while host.check_output(f"systemctl show {UNIT} --property NRestarts --value") == before:
        assert time.monotonic() < deadline, "systemd has left the hanging agent as it is"
        time.sleep(1)
    while collector.query(f'up{{instance="{HOST}"}}') != {HOST: 1}:
        assert time.monotonic() < deadline, "the host does not report again"
        time.sleep(0.5)
