"""How far the host's clock is from the collector's, from the Date of its answers."""

from __future__ import annotations

# A Date has whole seconds, and servers make it once a second for all answers: it may be so much older than the answer.
DATE_AGE_SECONDS = 2.0


def clock_offset_seconds(sent_seconds: float, received_seconds: float, date_seconds: float) -> float:
    """The collector's clock minus ours, the nearest to 0 that the three times allow: positive where ours is behind.

    The date was made between `sent_seconds` and `received_seconds`, both by our clock, or up to two seconds before.
    """
    least = date_seconds - received_seconds
    most = date_seconds + DATE_AGE_SECONDS - sent_seconds
    return max(least, 0.0) + min(most, 0.0)
