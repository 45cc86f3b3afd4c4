"""The table that `bin/lab up` and `bin/lab status` end with, made from the collector's own answers."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import defaultdict
from typing import Any

from lab.commands import run
from lab.errors import LabError
from lab.settings import Host, Lab

REQUEST_LIMIT_SECONDS = 5
LOOK_BACK_SECONDS = 3600
HEADINGS = ("host", "Debian", "Python", "reporting since", "alarms")


def table(lab: Lab, address: str) -> str:
    """The lab as text; raises LabError when the collector at `address` does not answer."""
    since = _reporting_since(address)
    alarms = defaultdict(list)
    for alarm in _ask(address, "alerts")["alerts"]:
        alarms[alarm["labels"].get("instance", "")].append(f"{alarm['labels']['alertname']} ({alarm['state']})")
    rows = [HEADINGS]
    for host in lab.hosts:
        debian, python = _versions(lab, host)
        reporting = _clock(since[host.name]) if host.name in since else "silent"
        rows.append((host.name, debian, python, reporting, ", ".join(alarms[host.name]) or "none"))
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join(["", *lines, "", f"Page and API: {address}/", ""])


def _reporting_since(address: str) -> dict[str, float]:
    """Since when each host that reports now has done so without a break, in seconds since 1970."""
    now = time.time()
    series = _ask(
        address,
        "query_range",
        query="up",
        start=f"{now - LOOK_BACK_SECONDS:.3f}",
        end=f"{now:.3f}",
        step=f"{LOOK_BACK_SECONDS / 1000}",
    )
    since = {}
    for one in series["result"]:
        for timestamp, value in reversed(one["values"]):
            if float(value) != 1:
                break
            since[one["metric"]["instance"]] = float(timestamp)
    return since


def _ask(address: str, path: str, **parameters: str) -> Any:
    url = f"{address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
    try:
        with urllib.request.urlopen(url, timeout=REQUEST_LIMIT_SECONDS) as answer:
            return json.load(answer)["data"]
    except (OSError, ValueError, urllib.error.URLError) as error:
        raise LabError(f"the collector at {address} does not answer ({error}): bin/lab ssh monitor shows why") from None


def _versions(lab: Lab, host: Host) -> tuple[str, str]:
    question = "cat /etc/debian_version; python3 -c 'import platform; print(platform.python_version())'"
    debian, python = run(["ssh", "-F", str(lab.state / "ssh_config"), host.name, question]).split()
    return debian, python


def _clock(timestamp_seconds: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(timestamp_seconds))
