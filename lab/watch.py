"""The live table of all hosts in a terminal, for those without a browser: the page's own feed, drawn as text."""

from __future__ import annotations

import json
import sys
import time
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException
from typing import Any, TextIO

from lab.errors import LabError

# The collector sends something after each evaluation, each second.
SILENCE_SECONDS = 10
RETRY_SECONDS = 1.0
CLEAR = "\x1b[H\x1b[2J"
COLOURS = {"good": "\x1b[32m", "fair": "\x1b[33m", "bad": "\x1b[31m", "off": "\x1b[2m"}
PLAIN = "\x1b[0m"
STATES = {"up": "up", "silent": "SILENT", "waiting": "waiting", "never": "NEVER SEEN"}
PREFIXES = ("", "k", "M", "G", "T", "P")

Picture = dict[str, Any]


def watch(address: str, is_once: bool = False, out: TextIO = sys.stdout) -> None:
    """Draws the table until interrupted, or once. Raises LabError when the collector does not answer at first."""
    has_drawn = False
    while True:
        try:
            for picture in pictures(address):
                is_terminal = out.isatty()
                out.write((CLEAR if is_terminal and not is_once else "") + table(picture, time.time(), is_terminal))
                out.flush()
                has_drawn = True
                if is_once:
                    return
            problem = "it has ended"
        except (OSError, ValueError, HTTPException) as error:
            problem = str(error)
        if not has_drawn:
            raise LabError(f"the collector at {address} does not answer ({problem}): bin/lab ssh monitor shows why")
        out.write(f"No news from the collector ({problem}); trying again.\n")
        out.flush()
        time.sleep(RETRY_SECONDS)


def pictures(address: str) -> Iterator[Picture]:
    """The whole picture after each event of the live feed. Raises OSError, HTTPException, ValueError."""
    picture: Picture = {}
    kind = ""
    with urllib.request.urlopen(f"{address}/api/v1/live", timeout=SILENCE_SECONDS) as events:
        for line in events:
            name, _, content = line.decode().strip().partition(": ")
            if name == "event":
                kind = content
            elif name == "data":
                picture = merged({} if kind == "all" else picture, json.loads(content))
                yield picture


def merged(picture: Picture, change: Picture) -> Picture:
    """The picture with what has changed; a host or an alarm that is null is no more."""
    result = {**picture, **change}
    for part in ("hosts", "alarms"):
        entries = {**picture.get(part, {}), **change.get(part, {})}
        result[part] = {name: entry for name, entry in entries.items() if entry is not None}
    return result


def table(picture: Picture, now_seconds: float, is_coloured: bool = False) -> str:
    """The hosts in a table, and the alarms that fire below."""
    columns = picture["columns"]
    rows = [("host", "state", *(harmless(column["title"]) for column in columns), "alarms")]
    tones = [""]
    for name, host in sorted(picture["hosts"].items()):
        heard = f" {duration(now_seconds - host['heard'] / 1000)}" if host["state"] == "silent" else ""
        values = (
            "error" if column["error"] else written(value, column["unit"])
            for column, value in zip(columns, host["values"], strict=True)
        )
        alarms = [f"{host[state]} {state}" for state in ("firing", "pending") if host[state]]
        rows.append((harmless(name), STATES[host["state"]] + heard, *values, ", ".join(alarms)))
        tones.append(tone(host, columns))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row, colour in zip(rows, tones, strict=True):
        last = len(row) - 1
        cells = [
            cell.rjust(width) if 1 < i < last else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        line = "  ".join(cells).rstrip()
        lines.append(f"{COLOURS[colour]}{line}{PLAIN}" if is_coloured and colour else line)
    lines += ["", time.strftime("%H:%M:%S", time.localtime(picture["at"] / 1000))]
    lines += [
        harmless(f"{alarm['labels']['alertname']}: {alarm['annotations'].get('summary', '')}")
        for alarm in picture["alarms"].values()
        if alarm["state"] == "firing"
    ]
    return "\n".join(lines) + "\n"


def harmless(text: str) -> str:
    """Without what a terminal takes for commands: a label's value may be anything."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def tone(host: dict[str, Any], columns: list[dict[str, Any]]) -> str:
    """One of COLOURS, as on the page; "" for a host whose health is not known."""
    if host["state"] != "up":
        return "bad" if host["state"] in ("silent", "never") else "off"
    score = next((v for column, v in zip(columns, host["values"], strict=True) if column["unit"] == "score"), None)
    if score is None:
        return ""
    return "good" if score >= 3 else "fair" if score >= 2 else "bad"


def written(value: float | None, unit: str) -> str:
    """A value as people read it."""
    if value is None:
        return ""
    match unit:
        case "ratio":
            return f"{value * 100:.0f} %"
        case "score":
            return f"{value:.1f}"
        case "status":
            return f"{value:.0f}"
        case "seconds":
            return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"
        case "celsius":
            return f"{value:.0f} °C"
        case "bytes":
            return _scaled(value, 1024, "iB")
        case "bytes_per_second":
            return _scaled(value, 1000, "B/s")
        case "per_second":
            return _scaled(value, 1000, "/s")
        case _:
            return _scaled(value, 1000, "").rstrip()


def _scaled(value: float, base: int, unit: str) -> str:
    step = 0
    while abs(value) >= base and step < len(PREFIXES) - 1:
        value /= base
        step += 1
    if base == 1024:
        unit = unit if step else "B"
        return f"{value:.3g} {PREFIXES[step].upper()}{unit}"
    return f"{value:.3g} {PREFIXES[step]}{unit}"


def duration(seconds: float) -> str:
    """The largest part: 12 s, 3 min, 2 h, 5 d."""
    for size, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size:.0f} {name}"
    return f"{max(seconds, 0):.0f} s"
