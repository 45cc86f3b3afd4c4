"""Moments as Go's time.Time prints and formats them, always in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# The parts of a layout, longer ones first; strftime's letter where it has one.
_LAYOUT = {
    "January": "%B",
    "Monday": "%A",
    "2006": "%Y",
    "Z07:00": "Z",
    "-07:00": "+00:00",
    "Z0700": "Z",
    "-0700": "+0000",
    "002": "%j",
    "Jan": "%b",
    "Mon": "%a",
    "MST": "UTC",
    "-07": "+00",
    "01": "%m",
    "02": "%d",
    "03": "%I",
    "04": "%M",
    "05": "%S",
    "06": "%y",
    "15": "%H",
    "PM": "%p",
}
_PART = re.compile(r"[.,](?:0+|9+)(?!\d)|" + "|".join(map(re.escape, _LAYOUT)) + r"|_2006|__2|_2|pm|[1-5]")


class Moment:
    """A point in time, by its milliseconds since 1970."""

    def __init__(self, milliseconds: int) -> None:
        self.milliseconds = milliseconds
        self._utc = _EPOCH + timedelta(milliseconds=milliseconds)

    def __str__(self) -> str:
        return self.format("2006-01-02 15:04:05.999999999 -0700 MST")

    def format(self, layout: str) -> str:
        """As time.Format: the layout is written as the moment `Mon Jan 2 15:04:05 MST 2006`."""
        return _PART.sub(lambda found: self._part(found[0]), layout)

    def number(self, name: str) -> int | None:
        """The value of the method of this name, None where it is no number or not supported here."""
        utc = self._utc
        return {
            "Year": utc.year,
            "Day": utc.day,
            "Hour": utc.hour,
            "Minute": utc.minute,
            "Second": utc.second,
            "YearDay": utc.timetuple().tm_yday,
            "Unix": self.milliseconds // 1000,
            "UnixMilli": self.milliseconds,
        }.get(name)

    def _part(self, part: str) -> str:
        utc = self._utc
        if part in _LAYOUT:
            return utc.strftime(_LAYOUT[part]) if part != "2006" else f"{utc.year:04d}"
        if part[0] in ".,":
            digits = f"{utc.microsecond:06d}".ljust(len(part) - 1, "0")[: len(part) - 1]
            digits = digits.rstrip("0") if part[1] == "9" else digits
            return part[0] + digits if digits else ""
        plain = {"1": utc.month, "2": utc.day, "3": utc.hour % 12 or 12, "4": utc.minute, "5": utc.second}
        if part in plain:
            return str(plain[part])
        if part == "pm":
            return utc.strftime("%p").lower()
        if part == "_2006":
            return f"_{utc.year:04d}"
        return f"{utc.timetuple().tm_yday:3d}" if part == "__2" else f"{utc.day:2d}"
