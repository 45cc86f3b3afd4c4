"""The text of a query as its author sees it: where a word stands in it, and whether the parser can bear it.

The parser's syntax tree carries no positions; the parser overflows its stack on absurdly nested text, which would
end the whole process, and wraps around or panics on absurdly long durations. All of that is answered here by a
look at the tokens.
"""

import re
from collections.abc import Iterator

from monitor_collector.promql.errors import QueryError

# Evaluating one level takes up to three Python frames of a thousand; real queries nest less than ten deep.
DEEPEST_NESTING = 200

# A thousand years: sums of times stay far within 64 bits.
LONGEST_DURATION_MS = 1000 * 365 * 24 * 3600 * 1000

# Stands for an offset of nothing, as it is longer than any offset that is let through.
_ZERO_OFFSET_WEEKS = 52_143
ZERO_OFFSET_MS = _ZERO_OFFSET_WEEKS * 7 * 24 * 3600 * 1000

# What functions were called in Prometheus 2, and are now.
RENAMED = {"holt_winters": "double_exponential_smoothing"}

LATEST_TIME_SECONDS = 253_402_300_799

_UNIT_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000, "y": 31_536_000_000}
_DURATION = re.compile(r"(?:\d+(?:ms|[smhdwy]))+")
_DURATION_PART = re.compile(r"(\d+)(ms|[smhdwy])")

# Possessive, as otherwise a number of many digits takes time that grows with their square.
_TOKEN = re.compile(
    r"""(?P<skipped>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|\#[^\n]*|\s+)"""
    r"""|(?P<word>(?:\d++(?:\.\d*+)?|\.\d++)[eE][+-]\d+|[\w:.]+)"""
    r"""|(?P<symbol>==|!=|=~|!~|>=|<=|.)""",
    re.DOTALL,
)
_SIGNS = frozenset({"+", "-", ":"})
_OPERATORS = frozenset({"+", "-", "*", "/", "%", "^", "==", "!=", ">", "<", ">=", "<=", "and", "or", "unless", "atan2"})


def _tokens(text: str) -> Iterator[tuple[int, str]]:
    for token in _TOKEN.finditer(text):
        if token["skipped"] is None:
            yield token.start(), token[0]


def position_of(text: str, *words: str) -> int | None:
    """The offset of the first of these tokens outside strings and comments, or None."""
    lowered = {word.lower() for word in words}
    return next((position for position, token in _tokens(text) if token.lower() in lowered), None)


def position_of_call(text: str, name: str) -> int | None:
    """The offset of the first `name(`, or `name by (`, or of a function by its old name, or None; a label or metric of
    that name is passed over."""
    previous: tuple[int, str] | None = None
    for position, token in _tokens(text):
        if previous and token.lower() in ("(", "by", "without"):
            return previous[0]
        is_named = RENAMED.get(token, token).lower() == name.lower()
        previous = (position, token) if is_named else None
    return None


def refuse_long_durations(text: str) -> None:
    """QueryError where a duration is longer than a thousand years (or, after `offset` or `[`, not even finite)."""
    is_duration_due = False
    for position, token in _tokens(text):
        for word in token.split(":"):
            milliseconds = _milliseconds(word, is_duration_due)
            if milliseconds is not None and not milliseconds <= LONGEST_DURATION_MS:
                raise QueryError(f"the duration {word} is too long", position, text)
        is_duration_due = token.lower() in ("offset", "[") or (is_duration_due and token in _SIGNS)


def refuse_unusable_times(text: str) -> None:
    """QueryError where `@` is followed by a time before 1970 or after the year 9999."""
    is_time_due, is_negative = False, False
    for position, token in _tokens(text):
        if is_time_due and token in _SIGNS:
            is_negative ^= token == "-"  # noqa: S105
            continue
        seconds = (_milliseconds(token, True) or 0) / 1000 if is_time_due else 0
        if seconds > LATEST_TIME_SECONDS or (is_negative and seconds > 0):
            raise QueryError("@ takes Unix seconds from 0 to the year 9999", position, text)
        is_time_due, is_negative = token == "@", False  # noqa: S105


def for_parser(text: str) -> str:
    """An expression in words that the parser knows."""
    return _replace_zero_offsets(_replace_old_names(text))


def without_zero_offsets(formatted: str) -> str:
    """What the parser has formatted, without the offsets that stand for none."""
    return re.sub(rf" offset -?{_ZERO_OFFSET_WEEKS}w", "", formatted)


def _replace_old_names(text: str) -> str:
    """The text with each function by the name that Prometheus 3 knows it by."""
    parts, done = [], 0
    previous_position, previous = 0, ""
    for position, token in _tokens(text):
        if token == "(" and previous in RENAMED:  # noqa: S105
            parts += [text[done:previous_position], RENAMED[previous]]
            done = previous_position + len(previous)
        previous_position, previous = position, token
    return "".join([*parts, text[done:]])


def _replace_zero_offsets(text: str) -> str:
    """The text with each `offset 0s` as an offset of ZERO_OFFSET_MS, since the parser refuses an offset of nothing."""
    parts, done, is_offset_due = [], 0, False
    for position, token in _tokens(text):
        if is_offset_due and token in _SIGNS:
            continue
        if is_offset_due and _milliseconds(token, True) == 0:
            parts += [text[done:position], f"{_ZERO_OFFSET_WEEKS}w"]
            done = position + len(token)
        is_offset_due = token.lower() == "offset"
    return "".join([*parts, text[done:]])


def _milliseconds(word: str, is_plain_number_in_seconds: bool) -> float | None:
    if _DURATION.fullmatch(word):
        return sum(int(number) * _UNIT_MS[unit] for number, unit in _DURATION_PART.findall(word))
    if not is_plain_number_in_seconds:
        return None
    try:
        return 1000 * (int(word, 16) if word.lower().startswith("0x") else float(word))
    except (ValueError, OverflowError):
        return None


def refuse_deep_nesting(text: str) -> None:
    """QueryError where brackets and chains of operators nest deeper than the parser and the evaluator can go."""
    operators = [0]
    depth = 0
    for position, token in _tokens(text):
        if token in ("(", "{", "["):
            operators.append(0)
            depth += 1
        elif token in (")", "}", "]") and len(operators) > 1:
            depth -= operators.pop() + 1
        elif token.lower() in _OPERATORS:
            operators[-1] += 1
            depth += 1
        if depth > DEEPEST_NESTING:
            message = f"more than {DEEPEST_NESTING} nested brackets and chained operators are not supported"
            raise QueryError(message, position, text)
