"""Numbers as people read them, to the letter as Prometheus' template functions print them.

https://prometheus.io/docs/prometheus/latest/configuration/template_reference/#numbers
"""

from __future__ import annotations

import math
import re

from monitor_collector.go_template import Moment, TemplateError
from monitor_collector.go_template.numbers import not_finite, shortest

_NUMBER = re.compile(
    r"[+-]?(?:inf(?:inity)?|nan|0x[0-9a-f]+(?:\.[0-9a-f]*)?p[+-]?\d+|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)",
    re.IGNORECASE | re.ASCII,
)


def number(value: object) -> float:
    """A value as a float, a text as Go's ParseFloat reads it. TemplateError where it is none."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        read = float.fromhex(value) if "x" in value.lower() else float(value)
        if not math.isinf(read) or "inf" in value.lower():
            return read
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise TemplateError(f"{value!r} is no number")


def humanize(value: object) -> str:
    """With a metric prefix: 1234567 is `1.235M`."""
    return _with_prefix(number(value), "")


def humanize_1024(value: object) -> str:
    """With a binary prefix: 1048576 is `1Mi`."""
    amount = number(value)
    if abs(amount) <= 1 or not math.isfinite(amount):
        return _significant(amount)
    prefix = ""
    for candidate in ("ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"):
        if abs(amount) < 1024:
            break
        prefix, amount = candidate, amount / 1024
    return _significant(amount) + prefix


def humanize_percentage(value: object) -> str:
    """A ratio in percent: 0.932 is `93.2%`."""
    return _significant(number(value) * 100) + "%"


def humanize_duration(value: object) -> str:
    """Seconds in words: 3725 is `1h 2m 5s`."""
    seconds = number(value)
    if not math.isfinite(seconds) or abs(seconds) < 1:
        return _with_prefix(seconds, "s")
    sign = "-" if seconds < 0 else ""
    # Go's conversion to an int64 gives the smallest one where a number does not fit.
    whole = int(abs(seconds)) if abs(seconds) < 2**63 else -(2**63)
    minutes, second = _divided(whole, 60)
    hours, minute = _divided(minutes, 60)
    days, hour = _divided(hours, 24)
    if days:
        return f"{sign}{days}d {hour}h {minute}m {second}s"
    if hour:
        return f"{sign}{hour}h {minute}m {second}s"
    if minute:
        return f"{sign}{minute}m {second}s"
    return f"{sign}{_significant(abs(seconds))}s"


def humanize_timestamp(value: object) -> str:
    """Unix seconds as a date and time in UTC, to the millisecond."""
    seconds = number(value)
    return str(moment(seconds)) if math.isfinite(seconds) else not_finite(seconds)


def moment(value: object) -> Moment:
    """Unix seconds as a moment. TemplateError beyond the years 1677 and 2262, which Go's nanoseconds reach."""
    seconds = number(value)
    if not math.isfinite(seconds):
        raise TemplateError("value is NaN or Inf")
    nanoseconds = seconds * 1e9
    if nanoseconds > 2**63 - 1 or nanoseconds < -(2**63):
        raise TemplateError(
            f"{shortest(seconds)} cannot be represented as a nanoseconds timestamp since it overflows int64"
        )
    # The one float above the largest int64 passes the comparison in Go and then turns round to the smallest one.
    whole = int(nanoseconds) if nanoseconds < 2**63 else -(2**63)
    return Moment(_divided(whole, 1_000_000)[0])


def _divided(whole: int, by: int) -> tuple[int, int]:
    """Quotient and remainder as Go has them, rounded towards zero."""
    quotient, remainder = divmod(abs(whole), by)
    return (quotient, remainder) if whole >= 0 else (-quotient, -remainder)


def _significant(value: float) -> str:
    """Go's %.4g."""
    return f"{value:.4g}" if math.isfinite(value) else not_finite(value)


def _with_prefix(value: float, unit: str) -> str:
    if value == 0 or not math.isfinite(value):
        return _significant(value) + (unit if value == 0 else "")
    prefix = ""
    if abs(value) >= 1:
        for candidate in "kMGTPEZY":
            if abs(value) < 1000:
                break
            prefix, value = candidate, value / 1000
    else:
        for candidate in "munpfazy":
            if abs(value) >= 1:
                break
            prefix, value = candidate, value * 1000
    return _significant(value) + prefix + unit
