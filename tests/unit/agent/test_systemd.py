"""What systemd is told, over a real socket."""

from __future__ import annotations

import socket
from pathlib import Path

from monitor_agent.systemd import Notifier


def test_states_reach_systemd_and_the_watchdog_is_fed_twice_in_its_limit(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(address)
        notifier = Notifier({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "30000000"})
        assert notifier.watchdog_seconds == 15
        notifier.tell("READY=1")
        notifier.feed_watchdog()
        assert [systemd.recv(100), systemd.recv(100)] == [b"READY=1", b"WATCHDOG=1"]
        notifier.close()


def test_a_systemd_that_is_gone_is_no_trouble(tmp_path: Path) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")})
    notifier.tell("READY=1")
    notifier.close()


def test_without_systemd_nothing_is_told() -> None:
    notifier = Notifier({})
    notifier.tell("READY=1")
    notifier.feed_watchdog()
    assert notifier.watchdog_seconds is None
