#!/usr/bin/env python3
"""The ear of a fire drill: takes Alertmanager webhooks, writes them down, and waits for the one expected.

    drill_listener.py listen --address 127.0.0.1 --port 9431 --log FILE --seconds 300
    drill_listener.py wait --log FILE --alertname HostCpuHigh --instance web-1 --status firing --timeout 60

The log has one JSON object per alert: received (seconds since 1970, this machine's clock), status, alertname,
instance, starts and ends (the same, as the collector says). Standard library only.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

BODY_LIMIT_BYTES = 16 * 1024 * 1024
POLL_SECONDS = 0.05


def parse_time(text: str) -> float:
    """RFC 3339 with any number of fraction digits, as seconds since 1970."""
    head, _, zone = text.replace("Z", "+00:00").partition("+")
    seconds, _, fraction = head.partition(".")
    moment = datetime.fromisoformat("{}.{}+{}".format(seconds, (fraction + "000000")[:6], zone or "00:00"))
    return moment.timestamp()


def alerts_of(payload: dict[str, Any], received: float) -> list[dict[str, Any]]:
    """The alerts of one webhook, as they stand in the log."""
    return [
        {
            "received": received,
            "status": alert["status"],
            "alertname": alert["labels"].get("alertname", ""),
            "instance": alert["labels"].get("instance", ""),
            "starts": parse_time(alert["startsAt"]),
            "ends": parse_time(alert["endsAt"]) if alert["status"] == "resolved" else None,
        }
        for alert in payload["alerts"]
    ]


def handler_for(log_path: Path) -> type:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(min(int(self.headers.get("Content-Length", 0)), BODY_LIMIT_BYTES))
            received = time.time()
            try:
                lines = [json.dumps(alert) + "\n" for alert in alerts_of(json.loads(body), received)]
            except (ValueError, KeyError, TypeError) as error:
                self.send_error(400, f"not an Alertmanager webhook: {error!r}")
                return
            with log_path.open("a", encoding="utf-8") as log:
                log.write("".join(lines))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Says nothing: the log has it all."""

    return Handler


def listen(address: str, port: int, log_path: Path, seconds: int) -> None:
    """Writes down what arrives until the time is over or the process is ended."""
    log_path.write_text("")
    signal.alarm(seconds)
    ThreadingHTTPServer((address, port), handler_for(log_path)).serve_forever()


def follow(log_path: Path, deadline: float) -> Iterator[dict[str, Any]]:
    """The log's alerts, those that are still to come too, until the deadline (time.monotonic)."""
    with log_path.open(encoding="utf-8") as log:
        rest = ""
        while True:
            rest += log.readline()
            if rest.endswith("\n"):
                yield json.loads(rest)
                rest = ""
            elif time.monotonic() > deadline:
                return
            else:
                time.sleep(POLL_SECONDS)


def wait(log_path: Path, wanted: dict[str, str], after: float, timeout: float) -> dict[str, Any] | None:
    """The first alert in the log with these fields that was received after a time; None when none comes."""
    for alert in follow(log_path, time.monotonic() + timeout):
        if alert["received"] >= after and all(alert[name] == value for name, value in wanted.items()):
            return alert
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    listen_command = commands.add_parser("listen")
    listen_command.add_argument("--address", default="127.0.0.1")
    listen_command.add_argument("--port", type=int, required=True)
    listen_command.add_argument("--log", type=Path, required=True)
    listen_command.add_argument("--seconds", type=int, required=True)
    wait_command = commands.add_parser("wait")
    wait_command.add_argument("--log", type=Path, required=True)
    wait_command.add_argument("--alertname", required=True)
    wait_command.add_argument("--instance", required=True)
    wait_command.add_argument("--status", choices=["firing", "resolved"], required=True)
    wait_command.add_argument("--after", type=float, default=0)
    wait_command.add_argument("--timeout", type=float, required=True)
    options = parser.parse_args()
    if options.command == "listen":
        listen(options.address, options.port, options.log, options.seconds)
        return 0
    wanted = {name: getattr(options, name) for name in ("alertname", "instance", "status")}
    alert = wait(options.log, wanted, options.after, options.timeout)
    if alert is None:
        print("{alertname} for {instance} was not heard as {status}".format(**wanted), file=sys.stderr)
        return 1
    print(json.dumps(alert))
    return 0


if __name__ == "__main__":
    sys.exit(main())
