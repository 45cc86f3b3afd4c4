"""Flapping: an alert that goes up and down all the time is told once as such, then held until it is calm.

Alertmanager has nothing like it; the idea and the two levels are those of Nagios' flap detection.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Flapping(NamedTuple):
    """An alert flaps when it has changed (fired or resolved) more than `changes` times within the window, and goes on
    flapping until it has changed no more than half as often within the window."""

    changes: int
    window_ms: int


def flaps(changed_ms: Sequence[int], limit: Flapping | None, was_flapping: bool, now_ms: int) -> bool:
    """Whether an alert that has changed at these moments, oldest first, flaps."""
    if limit is None:
        return False
    recent = sum(1 for moment in changed_ms if moment > now_ms - limit.window_ms)
    return recent > (limit.changes // 2 if was_flapping else limit.changes)


def next_look_ms(changed_ms: Sequence[int], limit: Flapping, now_ms: int) -> int | None:
    """When a flapping alert is calmer if it does not change again: when its oldest change leaves the window."""
    recent = [moment for moment in changed_ms if moment > now_ms - limit.window_ms]
    return recent[0] + limit.window_ms if recent else None
