"""Tells the person at the terminal what is being done and how long it took."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Announces a step when it begins and again, with its duration, when it is done."""
    say(f"  … {title}")
    started = time.monotonic()
    yield
    say(f"  ✓ {title} ({time.monotonic() - started:.0f} s)")
