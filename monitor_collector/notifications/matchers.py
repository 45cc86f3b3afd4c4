"""Alertmanager's way to write conditions on labels: `severity="critical"`, `{instance=~"web-.+", job!=host}`.

https://prometheus.io/docs/alerting/latest/configuration/#matcher
"""

from __future__ import annotations

import re

from monitor_collector.promql.errors import QueryError
from monitor_collector.promql.matchers import Matcher, MatchOperator

_MATCHER = re.compile(
    r'\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(=~|!~|!=|=)\s*(?:"((?:[^"\\]|\\.)*)"|([^",]*?))\s*(,|$)', re.DOTALL
)
_ESCAPE = re.compile(r'\\([n"\\])')
_EXAMPLE = 'write for example severity="critical" or instance=~"web-.+"'


def parse_matchers(text: object) -> tuple[Matcher, ...]:
    """The conditions, of which all must hold. Raises ValueError saying what a right text is."""
    if not isinstance(text, str):
        raise ValueError(f"must be a text; {_EXAMPLE}")
    inner = text.strip()
    if inner.startswith("{") and inner.endswith("}"):
        inner = inner[1:-1].strip()
    found: list[Matcher] = []
    position = 0
    while position < len(inner):
        token = _MATCHER.match(inner, position)
        if not token:
            raise ValueError(f"is no condition on a label; {_EXAMPLE}")
        name, op, quoted, plain, _ = token.groups()
        found.append(checked(name, op, _unescaped(plain if quoted is None else quoted)))
        position = token.end()
    if not found:
        raise ValueError(f"has no condition; {_EXAMPLE}")
    return tuple(found)


def checked(name: str, op: MatchOperator, value: str) -> Matcher:
    """Raises ValueError where the regular expression cannot be used."""
    matcher = Matcher(name, op, value)
    try:
        matcher.check()
    except QueryError as error:
        raise ValueError(f"cannot be used: {error}") from None
    return matcher


def text_of(matchers: tuple[Matcher, ...]) -> str:
    """As Alertmanager prints them: `{instance=~"web-.+",job="host"}`."""
    return "{" + ",".join(f"{name}{op}{quoted(value)}" for name, op, value in matchers) + "}"


def quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda escape: "\n" if escape[1] == "n" else escape[1], text)
