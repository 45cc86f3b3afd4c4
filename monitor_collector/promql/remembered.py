"""Deriving something from label sets once, and again only when the label sets have changed.

A rule is evaluated every second over series whose labels change once in a day. Grouping, matching and renaming
depend on labels alone, so an evaluator keeps the last derivation beside the labels it was made from.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

from monitor_collector.promql.labels import Labels

Derived = TypeVar("Derived")


class Remembered(Generic[Derived]):
    """A function of lists of label sets that answers from memory while the lists stay equal.

    Equal lists of the same tuples compare by identity, at some nanoseconds per series. The lists must not be
    changed afterwards. Safe to call from several threads: the memory is replaced in one assignment.
    """

    def __init__(self, derive: Callable[..., Derived]):
        self._derive = derive
        self._last: tuple[tuple[list[Labels], ...], Derived] | None = None

    def __call__(self, *label_lists: list[Labels]) -> Derived:
        last = self._last
        if last is not None and last[0] == label_lists:
            return last[1]
        derived = self._derive(*label_lists)
        self._last = (label_lists, derived)
        return derived
