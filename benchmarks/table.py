"""One table of ours beside theirs, with the ratio of both and the level that it is held against."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from benchmarks.agent_figures import aligned
from benchmarks.machine import Machine


class Row(NamedTuple):
    """`format` prints a figure; None is one that a side does not have. `level` is the most that ours divided by theirs
    should be, `limit` the most that ours should be by itself. `beside` are figures without a ratio, ours and theirs."""

    title: str
    ours: float | None
    theirs: float | None
    format: Callable[[float], str]
    level: float | None = None
    limit: float | None = None
    beside: tuple[float, ...] = ()


def ratio(row: Row) -> float | None:
    """Ours divided by theirs."""
    return row.ours / row.theirs if row.ours is not None and row.theirs else None


def verdict(row: Row) -> str:
    """Whether the level or the limit was reached, "" where the row has neither."""
    found = ratio(row)
    if row.level is not None and found is not None:
        return f"<= {row.level:g} {'reached' if found <= row.level else 'NOT reached'}"
    if row.limit is not None and row.ours is not None:
        return f"ours <= {row.format(row.limit)} {'reached' if row.ours <= row.limit else 'NOT reached'}"
    return ""


def as_table(
    machine: Machine, what: str, names: tuple[str, str], rows: Sequence[Row], beside: Sequence[str] = ()
) -> str:
    """`what` says in a sentence what was done, `names` are those of our side and of theirs, `beside` what the figures
    are that rows have besides."""
    body = [
        [
            row.title,
            *("" if value is None else row.format(value) for value in (row.ours, row.theirs)),
            "" if ratio(row) is None else f"{ratio(row):.3f}",
            *map(row.format, row.beside),
            *[""] * (len(beside) - len(row.beside)),
            verdict(row),
        ]
        for row in rows
    ]
    table = aligned([["", *names, "ours / theirs", *beside, "level"], *body])
    return f"{machine.date}; {machine.hardware}; {machine.system}\n{machine.programs}\n{what}\n\n{table}"
