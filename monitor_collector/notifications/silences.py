"""Silences: alerts that a person does not want to hear of for a while, as in Alertmanager."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from monitor_collector.promql import Labels
from monitor_collector.promql.matchers import Matcher, all_match

SilenceState = Literal["active", "pending", "expired"]


class Silence(NamedTuple):
    """Times are Unix milliseconds; the end is not part of the silence."""

    id: str
    matchers: tuple[Matcher, ...]
    starts_ms: int
    ends_ms: int
    updated_ms: int
    created_by: str
    comment: str

    def state(self, now_ms: int) -> SilenceState:
        if now_ms >= self.ends_ms:
            return "expired"
        return "active" if now_ms >= self.starts_ms else "pending"


class InvalidSilence(ValueError):
    """A silence that cannot be; the text says what is wrong with it."""


def check(silence: Silence, now_ms: int) -> None:
    """Raises InvalidSilence where it would silence everything, nothing, or has nobody's name on it."""
    if not silence.matchers:
        raise InvalidSilence("a silence needs at least one matcher")
    if all(matcher.matches("") for matcher in silence.matchers):
        raise InvalidSilence("at least one matcher must not match the empty string, or everything would be silent")
    if silence.starts_ms >= silence.ends_ms:
        raise InvalidSilence("the start must be before the end")
    if silence.ends_ms <= now_ms:
        raise InvalidSilence("the end cannot be in the past")
    if not silence.created_by.strip():
        raise InvalidSilence("createdBy is missing: say who silences")
    if not silence.comment.strip():
        raise InvalidSilence("comment is missing: say why")


def silencing(silences: Iterable[Silence], labels: Labels) -> tuple[str, ...]:
    """The ids of those (active) silences that an alert matches."""
    return tuple(silence.id for silence in silences if all_match(silence.matchers, labels))


def next_change_ms(silences: Iterable[Silence], now_ms: int) -> int | None:
    """When the next silence begins or ends."""
    moments = [moment for each in silences for moment in (each.starts_ms, each.ends_ms) if moment > now_ms]
    return min(moments, default=None)
