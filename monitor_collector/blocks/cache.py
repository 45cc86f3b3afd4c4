"""Remembers what was read and decoded lately, up to a number of bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Cache(Generic[Value]):
    """The least recently used goes first. May be used from any thread; two that ask at once may both compute."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._size_bytes = 0
        self._entries: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, compute: Callable[[], tuple[Value, int]]) -> Value:
        """What is remembered under `key`, else what `compute` returns together with its size in bytes."""
        with self._lock:
            known = self._entries.get(key)
            if known is not None:
                self._entries.move_to_end(key)
                return known[0]
        value, size = compute()
        with self._lock:
            if key not in self._entries:
                self._entries[key] = (value, size)
                self._size_bytes += size
            while self._size_bytes > self._limit_bytes:
                self._size_bytes -= self._entries.popitem(last=False)[1][1]
        return value
