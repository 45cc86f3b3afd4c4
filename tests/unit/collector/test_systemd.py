"""What systemd is told."""

from __future__ import annotations

import logging
import socket
from pathlib import Path

import pytest

from monitor_collector import systemd


def test_a_state_arrives_at_the_notify_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        systemd.notify("READY=1")
        systemd.notify_reloading()
        assert channel.recv(100) == b"READY=1"
        assert channel.recv(100).startswith(b"RELOADING=1\nMONOTONIC_USEC=")


def test_without_systemd_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    systemd.notify("READY=1")


def test_a_line_of_the_log_begins_with_its_priority() -> None:
    formatter = systemd.JournalFormatter("%(message)s")
    record = logging.LogRecord("x", logging.WARNING, "", 0, "two\nlines", (), None)
    assert formatter.format(record) == "<4>two\n<4>lines"
    record.levelno = logging.CRITICAL
    assert formatter.format(record).startswith("<3>")
