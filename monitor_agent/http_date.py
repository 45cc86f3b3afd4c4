"""Dates in HTTP headers, RFC 9110 section 5.6.7. The standard library's parser lives in the mail package: 2 MB."""

from __future__ import annotations

import re

# The only form that may be sent since 1999: Sun, 06 Nov 1994 08:49:37 GMT
PATTERN = re.compile(r"[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT")
MONTHS = ("Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Jan", "Feb")


def parse_http_date(text: str) -> float | None:
    """Seconds since 1970; None for what is no such date."""
    found = PATTERN.fullmatch(text)
    if found is None or found[2] not in MONTHS:
        return None
    day, year, hour, minute, second = (int(found[group]) for group in (1, 3, 4, 5, 6))
    month = MONTHS.index(found[2])
    if month >= 10:
        year -= 1  # a year that begins in March has its leap day at the end
    # 153 days are five months from March or August on; 719469 days lie between 1 March of year 0 and 2 January 1970.
    days = 365 * year + year // 4 - year // 100 + year // 400 + (153 * month + 2) // 5 + day - 719469
    return float(((days * 24 + hour) * 60 + minute) * 60 + second)
