"""Prometheus' way to write a length of time: `1h30m`, `15s`, `500ms`."""

from __future__ import annotations

import re

_UNITS_MS = {
    "y": 365 * 86_400_000,
    "w": 7 * 86_400_000,
    "d": 86_400_000,
    "h": 3_600_000,
    "m": 60_000,
    "s": 1000,
    "ms": 1,
}
# The m of minutes is not that of ms.
_DURATION = re.compile("".join(rf"(?:(\d+){unit}(?!s))?" for unit in _UNITS_MS), re.ASCII)
# 292 years: what Go can count in nanoseconds.
_LONGEST_MS = (2**63 - 1) // 1_000_000


def duration_ms(text: object) -> int:
    """Milliseconds. Raises ValueError saying what a right value is."""
    found = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if text in (0, "0"):
        return 0
    if not text or not found:
        raise ValueError("is no duration; write for example 30s, 5m or 1h30m")
    if len(text) > 100:
        raise ValueError("is too long")
    counts = zip(found.groups(), _UNITS_MS.values(), strict=True)
    milliseconds = sum(int(count) * unit for count, unit in counts if count)
    if milliseconds > _LONGEST_MS:
        raise ValueError("is too long; the longest is 292 years")
    return milliseconds


def duration_text(milliseconds: int) -> str:
    """As a person would write it: 90000 is `1m30s`, 0 is `0s`."""
    parts = []
    for unit, size in _UNITS_MS.items():
        if unit in ("y", "w"):
            continue
        count, milliseconds = divmod(milliseconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
