"""The parameters of a request, read as Prometheus reads them: from the address and from a posted form alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from urllib.parse import parse_qsl

from starlette.requests import Request

from monitor_collector.api.answers import BadParameter
from monitor_collector.durations import duration_ms
from monitor_collector.promql import Matcher, QueryError, parse_selector

_FORM_MAX_BYTES = 1024 * 1024
# Further from 1970 than this a time in milliseconds is no exact float any more.
FARTHEST_MS = 2**53
# Go writes the ends of its time this way, and Prometheus' own clients send them.
_ENDS_MS = {"-292273086-05-16T16:47:06Z": -FARTHEST_MS, "292277025-08-18T07:12:54.999999999Z": FARTHEST_MS}
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_WHOLE_NUMBER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([.,]\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_TRUE, _FALSE = ("1", "t", "T", "TRUE", "true", "True"), ("0", "f", "F", "FALSE", "false", "False")


class Parameters:
    """By name. Where a name comes several times the form is before the address, and the first counts."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    @classmethod
    async def of(cls, request: Request) -> Parameters:
        """Raises BadParameter where the form is too large."""
        form = bytearray()
        if request.headers.get("content-type", "").partition(";")[0].strip() == "application/x-www-form-urlencoded":
            async for chunk in request.stream():
                form += chunk
                if len(form) > _FORM_MAX_BYTES:
                    raise BadParameter(f"a form may have {_FORM_MAX_BYTES} bytes")
        texts = form.decode("utf-8", "replace"), request.url.query
        return cls(pair for text in texts for pair in parse_qsl(text, keep_blank_values=True))

    def text(self, name: str) -> str:
        """The value, "" where there is none."""
        return self.all(name)[0] if name in self._values else ""

    def all(self, name: str) -> list[str]:
        return self._values.get(name, [])

    def query(self) -> str:
        """The expression. Raises BadParameter where there is none; whether it is right is for the query's thread."""
        text = self.text("query")
        if not text.strip():
            raise BadParameter.named("query", "1:1: parse error: no expression found in input")
        return text

    def time_ms(self, name: str, default: int | None = None) -> int:
        """A moment in Unix milliseconds, given as Unix seconds or in RFC 3339; BadParameter if missing without a
        default. Never further than FARTHEST_MS from 1970."""
        text = self.text(name)
        if not text and default is not None:
            return default
        if text in _ENDS_MS:
            return _ENDS_MS[text]
        if _NUMBER.fullmatch(text):
            return round(max(min(float(text) * 1000, FARTHEST_MS), -FARTHEST_MS))
        if _RFC_3339.fullmatch(text):
            with suppress(ValueError, OverflowError):
                return round(datetime.fromisoformat(text).timestamp() * 1000)
        # Prometheus has two wordings as well.
        prefix = "" if default is None else f"Invalid time value for '{name}': "
        raise BadParameter.named(name, f'{prefix}cannot parse "{text}" to a valid timestamp')

    def seconds(self, name: str) -> float | None:
        """A length of time, given as seconds or as a duration like 5m; None where it is missing."""
        text = self.text(name)
        if not text:
            return None
        if _NUMBER.fullmatch(text):
            seconds = float(text)
            if abs(seconds) * 1e9 >= 2**63:
                raise BadParameter.named(name, f'cannot parse "{text}" to a valid duration. It overflows int64')
            return seconds
        try:
            return duration_ms(text) / 1000
        except ValueError:
            raise BadParameter.named(name, f'cannot parse "{text}" to a valid duration') from None

    def whole(self, name: str) -> int | None:
        """A whole number; None where it is missing."""
        text = self.text(name)
        if not text:
            return None
        if not _WHOLE_NUMBER.fullmatch(text):
            raise BadParameter(f"{name} must be a number")
        return int(text)

    def limit(self) -> int:
        """How many results are wanted at most, 0 for all."""
        limit = self.whole("limit") or 0
        if limit < 0:
            raise BadParameter.named("limit", "limit must be non-negative")
        return limit

    def flag(self, name: str) -> bool:
        """Whether it is true; not, where it is missing."""
        text = self.text(name)
        if text and text not in (*_TRUE, *_FALSE):
            raise BadParameter.named(name, f'cannot parse "{text}" as true or false')
        return text in _TRUE

    def selectors(self) -> list[Sequence[Matcher]]:
        """The matchers of each `match[]`."""
        try:
            return [parse_selector(text) for text in self.all("match[]")]
        except QueryError as error:
            raise BadParameter.named("match[]", str(error)) from None
