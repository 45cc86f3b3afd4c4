"""Points in time."""

from __future__ import annotations

import pytest

from monitor_collector.go_template import Moment

NOON = Moment(1_435_065_584_128)


def test_a_moment_is_printed_as_go_does() -> None:
    assert str(NOON) == "2015-06-23 13:19:44.128 +0000 UTC"
    assert str(Moment(0)) == "1970-01-01 00:00:00 +0000 UTC"
    assert str(Moment(-1)) == "1969-12-31 23:59:59.999 +0000 UTC"


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        ("2006-01-02T15:04:05Z07:00", "2015-06-23T13:19:44Z"),
        ("Mon, 2 Jan 2006", "Tue, 23 Jun 2015"),
        ("Monday January _2 3:04PM", "Tuesday June 23 1:19PM"),
        ("15:04:05.00 .9999 -0700 MST", "13:19:44.12 .128 +0000 UTC"),
        ("no layout", "no layout"),
    ],
)
def test_a_layout_is_the_reference_moment_written_another_way(layout: str, text: str) -> None:
    assert NOON.format(layout) == text


def test_parts_are_numbers() -> None:
    assert [NOON.number(name) for name in ("Year", "Day", "Unix", "YearDay")] == [2015, 23, 1_435_065_584, 174]
    assert NOON.number("Zone") is None
