"""Regular expressions of label matchers: RE2's, run by RE2, so that none takes more than linear time.

Matching is anchored at both ends and `.` matches a newline, as in Prometheus 3.
Syntax: https://github.com/google/re2/wiki/Syntax
"""

import functools
from typing import Any, Protocol

import re2

from monitor_collector.promql.errors import QueryError

_OPTIONS = re2.Options()
_OPTIONS.dot_nl = True
_OPTIONS.log_errors = False


class Match(Protocol):
    """What a pattern has found, as `re.Match`."""

    re: Any

    def __getitem__(self, group: int) -> str | None: ...


class Pattern:
    """A compiled pattern."""

    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled

    def fullmatch(self, text: str) -> Match | None:
        """The match of the whole text; None where it does not match."""
        try:
            return self._compiled.fullmatch(text)
        except UnicodeEncodeError:
            return self._compiled.fullmatch(_writable(text))


@functools.lru_cache(maxsize=4096)
def compile_anchored(pattern: str) -> Pattern:
    """QueryError where the pattern is invalid."""
    try:
        return Pattern(re2.compile(_writable(pattern), _OPTIONS))
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else error.args[0]
        raise QueryError(f"invalid regular expression {pattern!r}: {reason}") from None


def _writable(text: str) -> str:
    """The text as UTF-8 can hold it, without halves of surrogate pairs."""
    return text.encode(errors="replace").decode()
