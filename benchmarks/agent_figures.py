"""What the agent's benchmark has measured, and the table and the JSON that are made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from statistics import median
from typing import Any, NamedTuple

from benchmarks.machine import Machine
from benchmarks.processes import Memory, Reading

MEGABYTE = 1_000_000

# The levels of the design: at most half of the peer's memory, a fifth of its CPU time.
MEMORY_LEVEL = 0.5
CPU_LEVEL = 0.2


class Floor(NamedTuple):
    """A Python that only sleeps, after it has done what the title says."""

    title: str
    memory: Memory


class StartUp(NamedTuple):
    """From the start of the processes until their first batch has arrived: medians of some starts, at an interval so
    short that hardly any of the time is waiting for the next point of it."""

    elapsed_seconds: float
    cpu_seconds: float


class Side(NamedTuple):
    """The readings of each process, by name, one more than there are intervals; and what arrived from all of them."""

    readings: Mapping[str, Sequence[Reading]]
    samples_per_interval: float
    wire_bytes_per_interval: float

    @property
    def wire_bytes_per_sample(self) -> float:
        return self.wire_bytes_per_interval / self.samples_per_interval


class Comparison(NamedTuple):
    interval_seconds: float
    intervals: int
    ours: Side
    theirs: Side


class Report(NamedTuple):
    """`comparisons` are those at several intervals; `main` is the one that has the table to itself."""

    machine: Machine
    main: Comparison
    our_start: StartUp
    their_start: StartUp
    comparisons: Sequence[Comparison]
    floors: Sequence[Floor]


class Figures(NamedTuple):
    """Memory in bytes, CPU time in seconds per interval, of one or more processes together."""

    rss_median: float
    rss_max: float
    anonymous_median: float
    cpu_median: float


def figures(processes: Iterable[Sequence[Reading]]) -> Figures:
    """Of all processes together: they are added up moment by moment, then the median is taken."""
    moments = list(zip(*processes, strict=True))
    resident = [sum(each.memory.resident for each in moment) for moment in moments]
    anonymous = [sum(each.memory.anonymous for each in moment) for moment in moments]
    cpu_ns = [sum(each.cpu_ns for each in moment) for moment in moments]
    cpu = median(after - before for before, after in pairwise(cpu_ns)) / 1e9
    return Figures(median(resident), max(resident), median(anonymous), cpu)


class Line(NamedTuple):
    """One row: its name in JSON, with the values' unit; what it is; a value for each column, None where there is none;
    how to print one; and the level that the ratio is held against, None where there is none."""

    name: str
    title: str
    values: Sequence[float | None]
    format: Callable[[float], str]
    level: float | None = None


def ratio(line: Line) -> float | None:
    """Ours divided by theirs together: the first value by the last."""
    ours, theirs = line.values[0], line.values[-1]
    return ours / theirs if ours is not None and theirs else None


def verdict(line: Line) -> str:
    found = ratio(line)
    if line.level is None or found is None:
        return ""
    return f"<= {line.level:g} {'reached' if found <= line.level else 'NOT reached'}"


def columns(report: Report) -> list[str]:
    return [*report.main.ours.readings, *report.main.theirs.readings, "theirs together"]


def lines(report: Report) -> list[Line]:
    """The table's rows; the columns are ours, each of theirs, and theirs together."""
    main = report.main
    found = _by_column(main)

    def of_sides(of_ours: float, of_theirs: float) -> list[float | None]:
        return [of_ours, *[None] * (len(found) - 2), of_theirs]

    ours, theirs = main.ours, main.theirs
    rows = [
        Line("rss_median_bytes", "RSS, median, MB", [each.rss_median for each in found], megabytes, MEMORY_LEVEL),
        Line("rss_max_bytes", "RSS, most, MB", [each.rss_max for each in found], megabytes),
        Line(
            "rss_anonymous_median_bytes",
            "RSS without mapped files, median, MB",
            [each.anonymous_median for each in found],
            megabytes,
        ),
        Line(
            "samples_per_interval",
            "samples per interval",
            of_sides(ours.samples_per_interval, theirs.samples_per_interval),
            whole,
        ),
        Line("cpu_seconds_per_interval", "CPU per interval, ms", [each.cpu_median for each in found], milliseconds),
        Line("cpu_seconds_per_sample", "CPU per sample, us", _cpu_per_sample(main), microseconds, CPU_LEVEL),
        Line(
            "wire_bytes_per_interval",
            "bytes on the wire per interval",
            of_sides(ours.wire_bytes_per_interval, theirs.wire_bytes_per_interval),
            whole,
        ),
        Line(
            "wire_bytes_per_sample",
            "bytes on the wire per sample",
            of_sides(ours.wire_bytes_per_sample, theirs.wire_bytes_per_sample),
            one_decimal,
        ),
        Line(
            "cpu_seconds_until_first_batch",
            "CPU until the first batch, ms",
            of_sides(report.our_start.cpu_seconds, report.their_start.cpu_seconds),
            milliseconds,
        ),
        Line(
            "seconds_until_first_batch",
            "time until the first batch, ms",
            of_sides(report.our_start.elapsed_seconds, report.their_start.elapsed_seconds),
            milliseconds,
        ),
    ]
    for each in report.comparisons:
        name = f"every_{each.interval_seconds:g}_seconds"
        at = f"every {each.interval_seconds:g} s ({each.intervals} intervals)"
        cpu = [column.cpu_median for column in _by_column(each)]
        rows.append(Line(f"{name}_cpu_seconds_per_interval", f"{at}: CPU ms per interval", cpu, milliseconds))
        rows.append(
            Line(
                f"{name}_cpu_seconds_per_second",
                f"{at}: CPU ms per second",
                [value / each.interval_seconds for value in cpu],
                milliseconds,
            )
        )
        rows.append(
            Line(
                f"{name}_cpu_seconds_per_sample",
                f"{at}: CPU us per sample",
                _cpu_per_sample(each),
                microseconds,
                CPU_LEVEL,
            )
        )
    return rows


def _by_column(comparison: Comparison) -> list[Figures]:
    ours, theirs = comparison.ours.readings.values(), comparison.theirs.readings.values()
    return [*(figures([each]) for each in (*ours, *theirs)), figures(theirs)]


def _cpu_per_sample(comparison: Comparison) -> list[float]:
    """Theirs are divided by the samples of their side, also one by one."""
    counts = [comparison.ours.samples_per_interval] * len(comparison.ours.readings)
    counts += [comparison.theirs.samples_per_interval] * (len(comparison.theirs.readings) + 1)
    return [each.cpu_median / count for each, count in zip(_by_column(comparison), counts, strict=True)]


def as_table(report: Report) -> str:
    """For people: one table, what it was measured on above it, and what nothing costs below it."""
    main = report.main
    head = ["", *columns(report), "ours / theirs", "level"]
    body = [
        [
            line.title,
            *("" if value is None else line.format(value) for value in line.values),
            "" if ratio(line) is None else f"{ratio(line):.3f}",
            verdict(line),
        ]
        for line in lines(report)
    ]
    ours, *_ = main.ours.readings
    floors = [
        [f"{each.title}: RSS MB", megabytes(each.memory.resident), *[""] * (len(head) - 2)] for each in report.floors
    ]
    machine = report.machine
    return (
        f"{machine.date}; {machine.hardware}; {machine.system}\n{machine.programs}\n"
        f"Pushing over TLS every {main.interval_seconds:g} s, both at the same time: {main.intervals} intervals.\n\n"
        f"{aligned([head, *body])}\nThe least that {ours} could take:\n{aligned(floors)}"
    )


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest text: the first and the last to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    last = len(widths) - 1
    return "".join(
        "  ".join(
            text.ljust(width) if index in (0, last) else text.rjust(width)
            for index, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        + "\n"
        for row in rows
    )


def as_json(report: Report) -> dict[str, Any]:
    """The table's figures in bytes, seconds and samples."""
    titles = columns(report)
    return {
        "machine": report.machine._asdict(),
        "interval_seconds": report.main.interval_seconds,
        "intervals": report.main.intervals,
        "figures": {
            line.name: {
                **{title: value for title, value in zip(titles, line.values, strict=True) if value is not None},
                "ratio": ratio(line),
                **({} if line.level is None else {"level": line.level, "is_reached": ratio(line) <= line.level}),
            }
            for line in lines(report)
        },
        "floors": {each.title: each.memory._asdict() for each in report.floors},
    }


def megabytes(value: float) -> str:
    return f"{value / MEGABYTE:.1f}"


def milliseconds(value: float) -> str:
    return f"{value * 1e3:.2f}"


def microseconds(value: float) -> str:
    return f"{value * 1e6:.2f}"


def whole(value: float) -> str:
    return f"{value:.0f}"


def one_decimal(value: float) -> str:
    return f"{value:.1f}"
