"""The table: medians of what was read, ratios of ours to theirs together, and whether a level is reached."""

from __future__ import annotations

import json

import pytest

from benchmarks.agent_figures import (
    Comparison,
    Floor,
    Line,
    Machine,
    Report,
    Side,
    StartUp,
    aligned,
    as_json,
    as_table,
    figures,
    ratio,
    verdict,
    whole,
)
from benchmarks.processes import Memory, Reading

MEGABYTE = 1_000_000


def readings(cpu_ms: float, resident_mb: float, intervals: int = 4) -> list[Reading]:
    """A process that uses the same time in each interval."""
    memory = Memory(round(resident_mb * MEGABYTE), round(resident_mb * MEGABYTE / 2))
    return [Reading(round(moment * cpu_ms * 1e6), memory) for moment in range(intervals + 1)]


def comparison(interval_seconds: float, our_cpu_ms: float = 2.0) -> Comparison:
    ours = Side({"monitor_agent": readings(our_cpu_ms, 18.0)}, 200.0, 3000.0)
    theirs = Side({"node_exporter": readings(12.0, 22.0), "vmagent": readings(4.0, 18.0)}, 800.0, 16000.0)
    return Comparison(interval_seconds, 4, ours, theirs)


def report(our_cpu_ms: float = 2.0) -> Report:
    main = comparison(1.0, our_cpu_ms)
    machine = Machine("2026-01-02", "2 processors, 4 GiB", "Debian", "Python 3")
    floors = [Floor("asleep", Memory(8 * MEGABYTE, 2 * MEGABYTE))]
    return Report(machine, main, StartUp(0.2, 0.1), StartUp(1.0, 0.4), [main, comparison(5.0)], floors)


def row(table: str, title: str) -> str:
    (found,) = [line for line in table.splitlines() if line.startswith(title)]
    return " ".join(found.removeprefix(title).split())


def test_one_busy_interval_does_not_change_the_cpu_time() -> None:
    memory = Memory(1, 1)
    found = figures([[Reading(cpu_ns, memory) for cpu_ns in (0, 10, 20, 9030, 9040)]])
    assert found.cpu_median == 10e-9


def test_several_processes_count_together() -> None:
    found = figures([readings(12.0, 22.0), readings(4.0, 18.0)])
    assert found.cpu_median == pytest.approx(0.016)
    assert (found.rss_median, found.rss_max, found.anonymous_median) == (40e6, 40e6, 20e6)


def test_the_most_memory_of_two_is_what_they_took_at_the_same_moment() -> None:
    first = [Reading(0, Memory(size, 0)) for size in (1, 9, 1)]
    second = [Reading(0, Memory(size, 0)) for size in (1, 1, 7)]
    assert figures([first, second]).rss_max == 10


def test_processes_that_were_read_at_different_moments_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        figures([readings(1.0, 1.0, intervals=3), readings(1.0, 1.0, intervals=4)])


@pytest.mark.parametrize(
    ("ours", "level", "said"),
    [
        (5.0, 0.5, "<= 0.5 reached"),
        (5.1, 0.5, "<= 0.5 NOT reached"),
        (5.0, None, ""),
        (None, 0.5, ""),
    ],
)
def test_a_level_is_reached_up_to_and_including_it(ours: float | None, level: float | None, said: str) -> None:
    assert verdict(Line("a_row", "a row", [ours, 4.0, 6.0, 10.0], whole, level)) == said


def test_a_ratio_is_of_ours_to_theirs_together() -> None:
    assert ratio(Line("a_row", "a row", [2.0, 3.0, 5.0, 8.0], whole)) == 0.25


def test_the_table_says_each_figure_with_its_ratio_and_level() -> None:
    table = as_table(report())
    assert row(table, "RSS, median, MB") == "18.0 22.0 18.0 40.0 0.450 <= 0.5 reached"
    assert row(table, "samples per interval") == "200 800 0.250"
    assert row(table, "CPU per sample, us") == "10.00 15.00 5.00 20.00 0.500 <= 0.2 NOT reached"
    assert row(table, "bytes on the wire per sample") == "15.0 20.0 0.750"
    assert row(table, "CPU until the first batch, ms") == "100.00 400.00 0.250"
    assert row(table, "every 5 s (4 intervals): CPU ms per interval") == "2.00 12.00 4.00 16.00 0.125"
    assert row(table, "every 5 s (4 intervals): CPU ms per second") == "0.40 2.40 0.80 3.20 0.125"
    assert row(table, "every 5 s (4 intervals): CPU us per sample").startswith(
        "10.00 15.00 5.00 20.00 0.500 <= 0.2 NOT"
    )
    assert row(table, "asleep: RSS MB") == "8.0"


def test_a_level_that_is_reached_says_so_in_the_table() -> None:
    assert row(as_table(report(our_cpu_ms=0.8)), "CPU per sample, us").endswith("<= 0.2 reached")


def test_the_json_holds_the_table_in_basic_units() -> None:
    found = json.loads(json.dumps(as_json(report())))
    assert found["figures"]["rss_median_bytes"] == {
        "monitor_agent": 18e6,
        "node_exporter": 22e6,
        "vmagent": 18e6,
        "theirs together": 40e6,
        "ratio": 0.45,
        "level": 0.5,
        "is_reached": True,
    }
    assert found["figures"]["samples_per_interval"] == {"monitor_agent": 200, "theirs together": 800, "ratio": 0.25}
    assert found["floors"]["asleep"] == {"resident": 8 * MEGABYTE, "anonymous": 2 * MEGABYTE}


def test_columns_are_as_wide_as_what_stands_in_them() -> None:
    assert aligned([["", "b", "c"], ["long", "22", ""]]) == "       b  c\nlong  22\n"
