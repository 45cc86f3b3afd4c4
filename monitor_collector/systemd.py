"""Tells systemd how the service is doing (sd_notify(3)); does nothing where the service was started otherwise."""

from __future__ import annotations

import logging
import os
import socket
import time

_PRIORITIES = ((logging.ERROR, "<3>"), (logging.WARNING, "<4>"), (logging.INFO, "<6>"), (logging.NOTSET, "<7>"))


def notify(state: str) -> None:
    """Sends for example `READY=1`, `STOPPING=1` or `WATCHDOG=1`."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        # A leading @ stands for the zero byte of an abstract address.
        channel.connect("\0" + address[1:] if address.startswith("@") else address)
        channel.sendall(state.encode())


def notify_reloading() -> None:
    """To be followed by `READY=1`."""
    notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")


class JournalFormatter(logging.Formatter):
    """One line for each message, with the priority that journald understands in front (sd-daemon(3))."""

    def format(self, record: logging.LogRecord) -> str:
        priority = next(prefix for level, prefix in _PRIORITIES if record.levelno >= level)
        return "\n".join(priority + line for line in super().format(record).splitlines())
