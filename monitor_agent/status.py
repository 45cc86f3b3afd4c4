"""How the agent is, for a person: read from what it keeps in its spool, so that a dead agent can be asked too."""

from __future__ import annotations

import os
import time

from monitor_agent.acknowledged import read_acknowledged
from monitor_agent.config import ALL, Config, spool_directory
from monitor_agent.spool import NAME, waiting_bytes
from monitor_agent.troubles import TROUBLES, read_troubles

PATIENCE_INTERVALS = 3  # as long as the collector has patience before it calls a host down


def describe(config: Config, now_seconds: float) -> tuple[str, bool]:
    """What to tell, and whether all is well: a batch acknowledged lately, and no trouble. Raises OSError."""
    lines = [f"instance      {config.instance}"]
    is_well = True
    destinations = config.destinations if config.push_mode == ALL else config.destinations[:1]
    for destination in destinations:
        directory = spool_directory(config, destination)
        urls = [destination] if config.push_mode == ALL else config.destinations
        lines.append(f"collector     {', then '.join(each.url.text for each in urls)}")
        lines.append(f"waiting       {_waiting(directory, now_seconds)}")
        acknowledged, age_seconds = _acknowledged(directory, now_seconds)
        lines.append(f"acknowledged  {acknowledged}")
        lines.append(f"rejected      {_rejected(directory)}")
        is_well = is_well and age_seconds <= PATIENCE_INTERVALS * config.interval_seconds + destination.timeout_seconds
    troubles = read_troubles(os.path.join(config.spool_directory, TROUBLES))
    for trouble in troubles:
        since = at(trouble.since_seconds)
        if trouble.ended_seconds:
            lines.append(f"was over      {at(trouble.ended_seconds)}, since {since}: {trouble.text}")
        else:
            is_well = False
            lines.append(f"trouble       since {since}: {trouble.text}")
    if not troubles:
        lines.append("trouble       none since the agent started")
    return "\n".join(lines) + "\n", is_well


def at(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


def ago(seconds: float) -> str:
    """A length of time in the largest unit that has at least two of it."""
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit} ago"
    return f"{max(seconds, 0):.0f} s ago"


def _waiting(directory: str, now_seconds: float) -> str:
    sizes = waiting_bytes(directory)
    if not sizes:
        return "nothing"
    oldest_seconds = min(sizes) / 1000
    number = "1 batch" if len(sizes) == 1 else f"{len(sizes)} batches"
    size_kib = -(-sum(sizes.values()) // 1024)
    return f"{number}, {size_kib} KiB, the oldest of {at(oldest_seconds)}, {ago(now_seconds - oldest_seconds)}"


def _acknowledged(directory: str, now_seconds: float) -> tuple[str, float]:
    """What to tell, and how many seconds ago it was."""
    found = read_acknowledged(directory)
    if found is None:
        return "nothing yet", float("inf")
    taken_ms, acknowledged_ms = found
    age_seconds = now_seconds - acknowledged_ms / 1000
    return f"the batch of {at(taken_ms / 1000)}, {ago(age_seconds)}", age_seconds


def _rejected(directory: str) -> str:
    names = sorted(name for name in os.listdir(os.path.join(directory, "rejected")) if NAME.fullmatch(name))
    if not names:
        return "none"
    path = os.path.join(directory, "rejected", f"{names[-1]}.answer")
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            answer = " ".join(file.read().split())
    except OSError:
        answer = "its answer is not there"
    number = "1 batch" if len(names) == 1 else f"{len(names)} batches"
    return f"{number} kept in {os.path.dirname(path)}, the last one: {answer}"
