"""Tells systemd how the service is: sd_notify(3) without its library, and nothing where there is no systemd."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Mapping


class Notifier:
    """Sends states to NOTIFY_SOCKET. `watchdog_seconds` is how often at least to `feed_watchdog`, None for never."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) if address else None
        limit_us = environment.get("WATCHDOG_USEC", "")
        self.watchdog_seconds = int(limit_us) / 2e6 if limit_us.isdecimal() and int(limit_us) else None

    def tell(self, state: str) -> None:
        """A state such as READY=1; a systemd that does not listen is no trouble of ours."""
        if self._socket is None:
            return
        with contextlib.suppress(OSError):
            self._socket.sendto(state.encode(), self._address)

    def feed_watchdog(self) -> None:
        if self.watchdog_seconds is not None:
            self.tell("WATCHDOG=1")

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
