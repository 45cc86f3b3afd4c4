"""Functions of single numbers, over whole arrays of them, with the edge cases of Go's math package."""

from collections.abc import Callable

import numpy as np

_SECONDS_PER_DAY = 86_400

# Unix seconds beyond which a calendar is of no use; Go's answers there depend on the machine.
_END_OF_CALENDAR = 2.0**55


def at_least(values: np.ndarray, lowest: np.ndarray) -> np.ndarray:
    """Go's math.Max: NaN where either is NaN, except that +Inf wins even over NaN."""
    return np.where(np.isposinf(lowest) | np.isposinf(values), np.inf, np.maximum(values, lowest))


def at_most(values: np.ndarray, highest: np.ndarray) -> np.ndarray:
    """Go's math.Min: NaN where either is NaN, except that -Inf wins even over NaN."""
    return np.where(np.isneginf(highest) | np.isneginf(values), -np.inf, np.minimum(values, highest))


def between(values: np.ndarray, lowest: np.ndarray, highest: np.ndarray) -> np.ndarray:
    """The values, no smaller than the lowest and no larger than the highest."""
    return at_least(at_most(values, highest), lowest)


def round_to(values: np.ndarray, to_nearest: np.ndarray) -> np.ndarray:
    """To the nearest multiple, ties upwards: floor(v / n + 0.5) * n, by way of 1 / n as Prometheus does it."""
    inverse = 1.0 / to_nearest
    return np.floor(values * inverse + 0.5) / inverse


def sign(values: np.ndarray) -> np.ndarray:
    """-1, 0 or 1; NaN and the sign of a zero stay."""
    return np.where(values < 0, -1.0, np.where(values > 0, 1.0, values))


def power(base: np.ndarray, exponent: np.ndarray) -> np.ndarray:
    """C's and Go's pow. numpy computes an exponent of 0.5 as a square root, which differs for -Inf and -0."""
    is_edge = (exponent == 0.5) & ((base == 0) | np.isneginf(base))
    return np.where(is_edge, np.abs(base), np.power(base, exponent))


def minute(seconds: np.ndarray) -> np.ndarray:
    """Minute of the hour in UTC, 0 to 59, of Unix seconds. Like all of these: NaN where there is no such day."""
    return _whole(seconds) // 60 % 60


def hour(seconds: np.ndarray) -> np.ndarray:
    """Hour of the day in UTC, 0 to 23, of Unix seconds."""
    return _whole(seconds) // 3600 % 24


def day_of_week(seconds: np.ndarray) -> np.ndarray:
    """0 for Sunday to 6 for Saturday, of Unix seconds; the epoch was a Thursday."""
    return (_whole(seconds) // _SECONDS_PER_DAY + 4) % 7


def day_of_month(seconds: np.ndarray) -> np.ndarray:
    """1 to 31, of Unix seconds."""
    return _of_calendar(seconds, lambda day, month, year: (day - month.astype("M8[D]")).astype(np.int64) + 1)


def day_of_year(seconds: np.ndarray) -> np.ndarray:
    """1 to 366, of Unix seconds."""
    return _of_calendar(seconds, lambda day, month, year: (day - year.astype("M8[D]")).astype(np.int64) + 1)


def days_in_month(seconds: np.ndarray) -> np.ndarray:
    """28 to 31, of Unix seconds."""
    return _of_calendar(
        seconds, lambda day, month, year: ((month + 1).astype("M8[D]") - month.astype("M8[D]")).astype(np.int64)
    )


def month(seconds: np.ndarray) -> np.ndarray:
    """1 to 12, of Unix seconds."""
    return _of_calendar(seconds, lambda day, month, year: (month - year.astype("M8[M]")).astype(np.int64) + 1)


def year(seconds: np.ndarray) -> np.ndarray:
    """The year in UTC, of Unix seconds."""
    return _of_calendar(seconds, lambda day, month, year: year.astype(np.int64) + 1970)


def _whole(seconds: np.ndarray) -> np.ndarray:
    """Seconds cut towards zero, as Go converts them to an integer."""
    return np.where(np.abs(seconds) < _END_OF_CALENDAR, np.trunc(seconds), np.nan)


def _of_calendar(seconds: np.ndarray, part: Callable[..., np.ndarray]) -> np.ndarray:
    """What `part` makes of the day, the month and the year, as datetime64 of these units."""
    whole = _whole(seconds)
    known = ~np.isnan(whole)
    day = (np.where(known, whole, 0.0) // _SECONDS_PER_DAY).astype(np.int64).astype("M8[D]")
    return np.where(known, part(day, day.astype("M8[M]"), day.astype("M8[Y]")), np.nan)
