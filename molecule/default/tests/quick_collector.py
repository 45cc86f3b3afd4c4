"""A second collector on the monitor host, with the lab's own rules in quick motion and a small disk of its own.

Most default alarms look back over minutes or hours and go on for a while after their cause; the lab's collector would
ring long after a test. This one has the same program and the same rules, in which an hour is a minute.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import yaml
from conftest import Collector
from faults import COLLECTOR_CONFIGURATION, running
from testinfra.host import Host

PLACE = "/run/fault-collector"
CONFIGURATION = f"{PLACE}/etc"
DATA = f"{PLACE}/data"
UNIT = "fault-collector.service"
PROGRAM = "/opt/monitor-collector/blue/monitor-collector"
PORT = 9440
EAR_PORT = 9441
# Where pushes are not understood.
RUDE_PORT = 9442
START_SECONDS = 20
# It takes no samples while less than 64 MiB are free.
DISK_MEGABYTES = 200
FULL_DISK_FREE_BYTES = 10 * 1024 * 1024
# How long a series that has ended is seen.
LOOKBACK_SECONDS = 10

# Whose levels hold for all.
LEVELS_OF = "web-1"

# Rates need some samples, and an alarm's name is not told from one evaluation.
SHORTEST_RANGE_SECONDS = 5
LONGEST_WAIT_SECONDS = 5
DURATION = re.compile(r"(\d+)([smhd])")
UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
QUICKER = 60

EAR = """
from http.server import BaseHTTPRequestHandler, HTTPServer
class Ear(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response({status})
        self.end_headers()
    do_GET = do_POST
HTTPServer(("0.0.0.0", {port}), Ear).serve_forever()
"""


def seconds(duration: str) -> float:
    return sum(int(number) * UNIT_SECONDS[unit] for number, unit in DURATION.findall(duration))


def quick_expression(expression: str) -> str:
    """The same with shorter ranges and offsets."""

    def shorter(found: re.Match[str]) -> str:
        return f"{found[1]}{max(round(seconds(found[2]) / QUICKER), SHORTEST_RANGE_SECONDS)}s"

    return re.sub(r"(\[|\boffset )((?:\d+[smhd])+)", shorter, expression)


def quick_seconds(expression: str) -> str:
    """The same with a shorter wait, where an expression has one as its level."""
    return re.sub(r"> 120$", f"> {120 // QUICKER}", expression)


def quick_rules(document: dict[str, Any]) -> dict[str, Any]:
    for group in document["groups"]:
        group["interval"] = "1s"
        for rule in group["rules"]:
            rule["expr"] = quick_seconds(quick_expression(rule["expr"]))
            for wait in rule.keys() & {"for", "keep_firing_for"}:
                rule[wait] = f"{min(round(seconds(rule[wait]) / QUICKER), LONGEST_WAIT_SECONDS)}s"
    return document


class QuickCollector(Collector):
    """The second collector; `url` is where other hosts reach it."""

    def __init__(self, host: Host, address: str) -> None:
        self.url = f"http://{address}:{PORT}"
        super().__init__(self.url)
        self._host = host

    def write(self, name: str, content: object) -> None:
        """A file of its configuration; YAML, unless the content is text already."""
        text = content if isinstance(content, str) else yaml.safe_dump(content)
        self._host.check_output("printf %%s %s > %s", text, f"{CONFIGURATION}/{name}")

    def remove(self, name: str) -> None:
        self._host.check_output("rm %s", f"{CONFIGURATION}/{name}")

    def reload(self) -> None:
        self._host.check_output("systemctl kill --kill-who=main --signal=HUP %s", UNIT)

    def fill_disk(self) -> None:
        self._host.check_output(
            f"free=$(df --block-size=1 --output=avail {DATA} | tail -n 1) && "
            f"head --bytes=$((free - {FULL_DISK_FREE_BYTES})) /dev/zero > {DATA}/fill"
        )

    def free_disk(self) -> None:
        self._host.run(f"rm {DATA}/fill")

    def start(self) -> None:
        self._host.check_output(
            f"systemd-run --quiet --collect --unit={UNIT} --property=RuntimeMaxSec=900 "
            f"--property=User=monitor-collector {PROGRAM} run --config-directory {CONFIGURATION}"
        )
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready():
            assert time.monotonic() < deadline, self._host.run(f"journalctl --unit={UNIT} --no-pager").stdout
            time.sleep(0.2)

    def stop(self) -> None:
        self._host.run(f"systemctl stop {UNIT}")

    def push(self, text: str) -> int:
        """The status that a push is answered with."""
        request = Request(f"{self.url}/api/v1/import/prometheus", text.encode(), method="POST")
        try:
            with urlopen(request, timeout=5) as answer:
                return answer.status
        except HTTPError as error:
            return error.code

    def firing(self) -> set[tuple[str, str]]:
        """Name and instance of the alarms that ring."""
        alerts = self.get("/api/v1/alerts")["alerts"]
        labels = [alert["labels"] for alert in alerts if alert["state"] == "firing"]
        return {(each["alertname"], each.get("instance", "")) for each in labels}

    def _is_ready(self) -> bool:
        try:
            with urlopen(f"{self.url}/-/ready", timeout=2):
                return True
        except OSError:
            return False


@contextmanager
def quick_collector(host: Host, address: str, intervals: Mapping[str, float]) -> Iterator[QuickCollector]:
    """The collector, running; hosts must report to it, each at its interval in seconds."""
    collector = QuickCollector(host, address)
    host.check_output(f"mkdir --parents {CONFIGURATION}/rules.d {DATA}")
    host.check_output(f"mount -t tmpfs -o size={DISK_MEGABYTES}m fault-collector {DATA}")
    try:
        host.check_output(f"chown monitor-collector: {DATA}")
        for name in host.check_output(f"ls {COLLECTOR_CONFIGURATION}/rules.d").split():
            rules = yaml.safe_load(host.check_output(f"cat {COLLECTOR_CONFIGURATION}/rules.d/{name}"))
            collector.write(f"rules.d/{name}", quick_rules(rules))
        thresholds = yaml.safe_load(host.check_output(f"cat {COLLECTOR_CONFIGURATION}/thresholds.yml"))["thresholds"]
        # The lab's disks are not to fill up, but the small ones of these tests are.
        levels = {**thresholds[LEVELS_OF], "disk_filling_used_ratio": 0.6, "agent_backlog_seconds": 3}
        collector.write("thresholds.yml", {"thresholds": {instance: dict(levels) for instance in intervals}})
        targets = [{"instance": name, "interval_seconds": seconds} for name, seconds in intervals.items()]
        collector.write("targets.yml", {"targets": targets})
        ear = f"http://127.0.0.1:{EAR_PORT}/"
        receiver = {"name": "ear", "webhook": {"url": ear}}
        collector.write(
            "receivers.yml",
            {"receivers": [receiver], "route": {"receiver": "ear"}, "heartbeat": {"url": ear, "interval": "1s"}},
        )
        collector.write(
            "collector.yml",
            {
                "listen": f"0.0.0.0:{PORT}",
                "external_url": collector.url,
                "data_directory": DATA,
                "query_lookback_seconds": LOOKBACK_SECONDS,
            },
        )
        collector.start()
        yield collector
    finally:
        collector.stop()
        host.run(f"umount {DATA}")
        host.run(f"rm --recursive {PLACE}")


def ear(host: Host, port: int = EAR_PORT, status: int = 200) -> AbstractContextManager[None]:
    """Somebody who listens, by default where the collector sends its messages, and always gives the same answer."""
    return running(host, f"ear-{port}-{status}", EAR.format(port=port, status=status))
