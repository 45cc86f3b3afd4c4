"""Alertmanager's time intervals: maintenance windows, office hours.

https://prometheus.io/docs/alerting/latest/configuration/#time_interval
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from monitor_collector.documents import Checker, Key, anything

Ranges = tuple[tuple[int, int], ...]

WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)

# Nothing in an interval is finer than this.
RESOLUTION_MS = 60_000


class TimeInterval(NamedTuple):
    """One period. Every field that is not None must hold; the ends of ranges are included.

    `times` are minutes of the day, their end excluded; `weekdays` count from Sunday, 0; `days_of_month` below 0 count
    from the month's end. `location` is None for the machine's own time zone.
    """

    times: Ranges | None = None
    weekdays: Ranges | None = None
    days_of_month: Ranges | None = None
    months: Ranges | None = None
    years: Ranges | None = None
    location: tzinfo | None = UTC

    def contains(self, at_ms: int) -> bool:
        moment = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(self.location)
        minute = moment.hour * 60 + moment.minute
        return (
            (self.times is None or any(first <= minute < end for first, end in self.times))
            and _within(self.weekdays, moment.isoweekday() % 7)
            and _within(self.months, moment.month)
            and _within(self.years, moment.year)
            and (self.days_of_month is None or _is_day_of(self.days_of_month, moment))
        )


TimeIntervals = Mapping[str, tuple[TimeInterval, ...]]


def any_contains(intervals: TimeIntervals, names: Iterable[str], at_ms: int) -> tuple[str, ...]:
    """Which of the named intervals the moment lies in."""
    return tuple(name for name in names if any(interval.contains(at_ms) for interval in intervals[name]))


def _within(ranges: Ranges | None, value: int) -> bool:
    return ranges is None or any(first <= value <= last for first, last in ranges)


def _is_day_of(ranges: Ranges, moment: datetime) -> bool:
    length = monthrange(moment.year, moment.month)[1]
    for first, last in ranges:
        begin, end = (day if day > 0 else length + day + 1 for day in (first, last))
        if begin <= length and begin <= moment.day <= end:
            return True
    return False


def read_time_intervals(checker: Checker, entries: Any, line: int | None) -> dict[str, tuple[TimeInterval, ...]]:
    """The `time_intervals` of a file, by name."""
    found: dict[str, tuple[TimeInterval, ...]] = {}
    for number, entry in enumerate(checker.read_list(entries, "time_intervals", line), 1):
        name = entry.get("name") if isinstance(entry, dict) else None
        where = f"time_intervals: {name or number}"
        values = checker.read(entry, {"name": Key(_name), "time_intervals": Key(anything)}, where)
        if len(values) < 2:
            continue
        if name in found:
            checker.add(entry.line, where, "is there twice; give each time interval a name of its own")
        periods = checker.read_list(values["time_intervals"], where, entry.lines["time_intervals"])
        if not periods:
            checker.add(entry.line, where, "has no period, so it would never hold")
        found[values["name"]] = tuple(
            interval
            for period in periods
            if (interval := _read_interval(checker, period, where, entry.lines["time_intervals"])) is not None
        )
    return found


def _read_interval(checker: Checker, entry: Any, where: str, line: int | None) -> TimeInterval | None:
    keys = {
        "times": Key(_times, None),
        "weekdays": Key(_ranges(_weekday, "[monday:friday, sunday]"), None),
        "days_of_month": Key(_ranges(_day, "['1:5', '-3:-1']"), None),
        "months": Key(_ranges(_month, "[january:march, 12]"), None),
        "years": Key(_ranges(_number(1, 9999), "['2026:2027']"), None),
        "location": Key(_location, UTC),
    }
    before = len(checker.problems)
    values = checker.read(entry, keys, where, line)
    return TimeInterval(**values) if len(checker.problems) == before else None


def _name(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("must be a name, for example office_hours")
    return value


def _times(value: Any) -> Ranges:
    wrong = ValueError("must be a list such as [{start_time: '08:00', end_time: '17:30'}]")
    if not isinstance(value, list) or not value:
        raise wrong
    found = []
    for entry in value:
        if not isinstance(entry, dict) or set(entry) != {"start_time", "end_time"}:
            raise wrong
        start, end = _minute(entry["start_time"]), _minute(entry["end_time"])
        if start >= end:
            raise ValueError("has a start_time that is not before its end_time; split a period over midnight in two")
        found.append((start, end))
    return tuple(found)


def _minute(value: Any) -> int:
    # YAML reads 17:30 without quotes as a number of base 60.
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 24 * 60:
        return value
    time = re.fullmatch(r"(\d\d):(\d\d)", value) if isinstance(value, str) else None
    if time and int(time[2]) < 60 and (minute := int(time[1]) * 60 + int(time[2])) <= 24 * 60:
        return minute
    raise ValueError("needs times from '00:00' to '24:00'")


def _ranges(read: Callable[[str], int], example: str) -> Callable[[Any], Ranges]:
    """A reader of lists of single values and of `first:last`."""

    def reader(value: Any) -> Ranges:
        if not isinstance(value, list) or not value:
            raise ValueError(f"must be a list, for example {example}")
        found = []
        for entry in value:
            first, _, last = str(entry).lower().partition(":")
            try:
                pair = read(first.strip()), read((last or first).strip())
            except ValueError as error:
                raise ValueError(f"has {entry!r}, which {error}; write for example {example}") from None
            # 25:-1 is from the 25th to the last day of the month; -3:3 would be in two months.
            is_to_the_end = pair[1] < 0 < pair[0]
            if (pair[0] > pair[1] and not is_to_the_end) or pair[0] < 0 < pair[1]:
                raise ValueError(f"has {entry!r}, whose start is after its end; write it as two ranges")
            found.append(pair)
        return tuple(found)

    return reader


def _number(lowest: int, highest: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not re.fullmatch(r"-?\d{1,4}", text) or not lowest <= int(text) <= highest:
            raise ValueError(f"is no number from {lowest} to {highest}")
        return int(text)

    return read


def _weekday(text: str) -> int:
    if text not in WEEKDAYS:
        raise ValueError("is no day of the week")
    return WEEKDAYS.index(text)


def _month(text: str) -> int:
    return MONTHS.index(text) + 1 if text in MONTHS else _number(1, 12)(text)


def _day(text: str) -> int:
    day = _number(-31, 31)(text)
    if day == 0:
        raise ValueError("is no day of the month: they count from 1, or from the month's end from -1")
    return day


def _location(value: Any) -> tzinfo | None:
    if value == "Local":
        return None
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise ValueError("is no time zone known here; write for example Europe/Berlin, UTC or Local") from None
