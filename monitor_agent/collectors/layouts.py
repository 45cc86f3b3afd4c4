"""Finds the numbers again in files whose names stay where they are for as long as the kernel runs.

Where they stand is learned once, and again when the file looks different: a module may bring new lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from monitor_agent.collectors.files import check_digits
from monitor_agent.exposition import Columns, Metric, Row


class NamedLines:
    """A file with a name and a number on each line, of which a few are wanted."""

    def __init__(self, make_metric: Callable[[str], Metric | None]) -> None:
        """`make_metric` says what becomes of a name, None for one that is not wanted."""
        self._make_metric = make_metric
        self._line_count = 0
        self._wanted: list[int] = []
        self._names: list[str] = []
        self._columns = Columns()

    def row(self, text: str) -> Row:
        """Raises ValueError where a wanted line is not a name and a number."""
        lines = text.split("\n")
        if len(lines) != self._line_count:
            self._learn(lines)
        pairs = [lines[each].split() for each in self._wanted]
        if [name for name, _ in pairs] != self._names:
            self._learn(lines)
            pairs = [lines[each].split() for each in self._wanted]
        return Row(self._columns, (), checked([value for _, value in pairs]))

    def _learn(self, lines: list[str]) -> None:
        metrics = {}
        names = [line.split(None, 1)[:1] for line in lines]
        for number, name in enumerate(names):
            metric = self._make_metric(*name) if name else None
            if metric:
                metrics[number] = metric
        self._wanted = list(metrics)
        self._names = [names[number][0] for number in metrics]
        self._columns = Columns(*metrics.values())
        self._line_count = len(lines)


class Words:
    """A file of which most numbers are wanted, some of them in another unit."""

    def __init__(self, find: Callable[[str], Iterable[tuple[Metric, int, int]]]) -> None:
        """`find` gives for a text like the file's: metrics, the places of their words, and what to multiply with."""
        self._find = find
        self._shape: tuple[int, bytes] | None = None
        self._columns = Columns()
        self._places: list[tuple[int, int]] = []

    def row(self, text: str) -> Row:
        """Raises ValueError where there is no number at a place."""
        words = text.split()
        shape = len(words), text.encode("utf-8", "surrogateescape").translate(None, b" 0123456789")
        if shape != self._shape:
            found = list(self._find(text))
            self._columns = Columns(*[metric for metric, _, _ in found])
            self._places = [(place, factor) for _, place, factor in found]
            self._shape = shape
        return Row(self._columns, (), [int(words[place]) * factor for place, factor in self._places])


def checked(values: list[str]) -> Sequence[str | int]:
    """The values as they are where they may stand in the exposition text so, integers where one is below zero.

    Raises ValueError where one is no number.
    """
    try:
        check_digits(values)
    except ValueError:
        return [int(value) for value in values]
    return values
