"""The templates in rules' labels and annotations: the part of Go's templates that Prometheus rules use.

Values (`{{ $value }}`, `{{ $labels.instance }}`), pipes, calls, parentheses, string and number literals, and
Prometheus' functions for numbers and words. Anything else (if, range, query …) is refused when the rule is loaded.
https://prometheus.io/docs/prometheus/latest/configuration/template_reference/
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

_ACTION = re.compile(r"\{\{(-(?=\s))?(.*?)((?<=\s)-)?\}\}", re.DOTALL)
_TOKEN = re.compile(
    r'\s*(?:(?P<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`)|(?P<number>[+-]?\d+(?:\.\d+)?)'
    r"|(?P<name>[$.]?[A-Za-z_][\w.]*)|(?P<sign>[|()]))"
)
_VERB = re.compile(r"%([-+ 0]*)(\d*)(?:\.(\d+))?([a-zA-Z%])")


class TemplateError(Exception):
    """The template is malformed, uses something that is not supported here, or does not suit its values."""


class _Values(NamedTuple):
    """What a template is filled with."""

    labels: Mapping[str, str]
    value: float
    external_url: str


_Part = Callable[[_Values], Any]


class Template:
    """A text with actions. Raises TemplateError when it cannot be used."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._parts: list[_Part] = []
        position, trim_next = 0, False
        for action in _ACTION.finditer(text):
            self._add_text(text[position : action.start()], trim_next, bool(action[1]))
            position, trim_next = action.end(), bool(action[3])
            if not (action[2].startswith("/*") and action[2].endswith("*/")):
                self._parts.append(_Parser(action[2].strip()).parse())
        self._add_text(text[position:], trim_next, False)
        if "{{" in _ACTION.sub("", text):
            raise TemplateError("has {{ without }}")
        # Functions look at their arguments' types; that goes wrong now or never.
        self.render({}, 1.0, "http://localhost")

    def _add_text(self, text: str, trim_left: bool, trim_right: bool) -> None:
        text = text.lstrip() if trim_left else text
        text = text.rstrip() if trim_right else text
        if text:
            self._parts.append(lambda _: text)

    def render(self, labels: Mapping[str, str], value: float, external_url: str) -> str:
        """The text for an alert with these labels and this value. A label that is not there is empty."""
        values = _Values(labels, value, external_url)
        return "".join(_printed(part(values)) for part in self._parts)


class _Parser:
    """Parses one action: `call | call …`, a call being a value or a function with its arguments."""

    def __init__(self, action: str) -> None:
        self._action = action
        self._tokens: list[tuple[str, str]] = []
        position = 0
        while position < len(action):
            found = _TOKEN.match(action, position)
            if not found:
                raise TemplateError(f"{{{{ {action} }}}}: {action[position:].strip()!r} is not supported here")
            self._tokens.append((str(found.lastgroup), found[0].strip()))
            position = found.end()

    def parse(self) -> _Part:
        part = self._pipeline()
        if self._tokens:
            raise self._error(f"unexpected {self._tokens[0][1]!r}")
        return part

    def _pipeline(self) -> _Part:
        part = self._call(None)
        while self._tokens and self._tokens[0] == ("sign", "|"):
            self._tokens.pop(0)
            part = self._call(part)
        return part

    def _call(self, piped: _Part | None) -> _Part:
        if not self._tokens:
            raise self._error("something is missing")
        kind, text = self._tokens[0]
        if kind == "name" and not text.startswith(("$", ".")):
            self._tokens.pop(0)
            if text not in _FUNCTIONS:
                raise self._error(f"{text} is not supported here; there are {', '.join(sorted(_FUNCTIONS))}")
            function, least, most = _FUNCTIONS[text]
            arguments = []
            while self._tokens and self._tokens[0] not in (("sign", "|"), ("sign", ")")):
                arguments.append(self._operand())
            if piped is not None:
                arguments.append(piped)
            if not least <= len(arguments) <= most:
                raise self._error(f"{text} takes {least} argument{'s' * (least > 1)}, not {len(arguments)}")
            return lambda values: function(*(argument(values) for argument in arguments))
        if piped is not None:
            raise self._error(f"{text!r} is no function, so nothing can be piped into it")
        return self._operand()

    def _operand(self) -> _Part:
        kind, text = self._tokens.pop(0)
        if kind == "string":
            literal = text[1:-1] if text.startswith("`") else json.loads(text)
            return lambda _: literal
        if kind == "number":
            number = float(text) if "." in text else int(text)
            return lambda _: number
        if text == "(":
            part = self._pipeline()
            if not self._tokens or self._tokens.pop(0) != ("sign", ")"):
                raise self._error("a parenthesis is not closed")
            return part
        if text in ("$value", ".Value"):
            return lambda values: values.value
        if text in ("$externalURL", ".ExternalURL"):
            return lambda values: values.external_url
        for prefix in ("$labels.", ".Labels."):
            if text.startswith(prefix):
                name = text.removeprefix(prefix)
                return lambda values: values.labels.get(name, "")
        if text in ("$labels", ".Labels"):
            return lambda values: values.labels
        raise self._error(f"{text!r} is not known; write for example $value or $labels.instance")

    def _error(self, reason: str) -> TemplateError:
        return TemplateError(f"{{{{ {self._action} }}}}: {reason}")


def _printed(value: Any) -> str:
    """As Go prints a value."""
    if isinstance(value, float):
        return shortest(value)
    if isinstance(value, Mapping):
        return "map[" + " ".join(f"{name}:{content}" for name, content in sorted(value.items())) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def shortest(value: float) -> str:
    """Go's %v of a float64: the fewest digits that read back as the same number, 1e+06 and beyond with exponent."""
    if not math.isfinite(value):
        return _not_finite(value)
    digits = "".join(map(str, Decimal(repr(value)).normalize().as_tuple().digits))
    exponent = Decimal(repr(value)).adjusted() if value else 0
    if -4 <= exponent < 6:
        return plain(value)
    mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
    return f"{'-' if value < 0 else ''}{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def plain(value: float) -> str:
    """Digits only, no exponent, as few as identify the number: what Prometheus' API answers with."""
    if not math.isfinite(value):
        return _not_finite(value)
    text = repr(float(value))
    if "e" in text:
        text = format(Decimal(text), "f")
    return text.removesuffix(".0")


def _not_finite(value: float) -> str:
    return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        # A label may be missing while the template is only being checked.
        if value == "":
            return math.nan
        raise TemplateError(f"{_printed(value)!r} is no number") from None


def _significant(value: float) -> str:
    """Go's %.4g."""
    return f"{value:.4g}" if math.isfinite(value) else _not_finite(value)


def humanize(value: Any) -> str:
    """With a metric prefix: 1234567 is `1.235M`."""
    return _with_prefix(_number(value), "")


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


def humanize1024(value: Any) -> str:
    """With a binary prefix: 1048576 is `1Mi`."""
    number = _number(value)
    if abs(number) <= 1 or not math.isfinite(number):
        return _significant(number)
    prefix = ""
    for candidate in ("ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"):
        if abs(number) < 1024:
            break
        prefix, number = candidate, number / 1024
    return _significant(number) + prefix


def humanize_percentage(value: Any) -> str:
    """A ratio in percent: 0.932 is `93.2%`."""
    return _significant(_number(value) * 100) + "%"


def humanize_duration(value: Any) -> str:
    """Seconds in words: 3725 is `1h 2m 5s`."""
    number = _number(value)
    if not math.isfinite(number) or abs(number) < 1:
        return _with_prefix(number, "s")
    sign, whole = ("-" if number < 0 else ""), int(abs(number))
    minutes, seconds = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{sign}{days}d {hours}h {minutes}m {seconds}s"
    if hours:
        return f"{sign}{hours}h {minutes}m {seconds}s"
    if minutes:
        return f"{sign}{minutes}m {seconds}s"
    return f"{_significant(number)}s"


def humanize_timestamp(value: Any) -> str:
    """Unix seconds as a date and time in UTC."""
    number = _number(value)
    if not math.isfinite(number):
        return _not_finite(number)
    try:
        moment = datetime.fromtimestamp(number, UTC)
    except (OverflowError, ValueError):
        raise TemplateError(f"{shortest(number)} is no time") from None
    fraction = f"{moment.microsecond / 1e6:.6f}"[1:].rstrip("0").rstrip(".")
    return f"{moment:%Y-%m-%d %H:%M:%S}{fraction} +0000 UTC"


def printf(form: Any, *arguments: Any) -> str:
    """Go's fmt.Sprintf with the verbs e, f, g, s, q, v and %."""
    if not isinstance(form, str):
        raise TemplateError('printf begins with a format, for example printf "%.2f" $value')
    rest = list(arguments)

    def formatted(found: re.Match[str]) -> str:
        flags, width, precision, verb = found.groups()
        if verb == "%":
            return "%"
        if not rest:
            raise TemplateError(f"printf has no value for {found[0]}")
        value = rest.pop(0)
        if verb in "efgEG":
            number = _number(value)
            decimals = 6 if precision is None else int(precision)
            if not math.isfinite(number):
                text = _not_finite(number)
            elif verb == "g" and precision is None:
                text = shortest(number)
            else:
                text = f"{number:{'+' * ('+' in flags)}.{decimals}{verb}}"
        elif verb == "d" and isinstance(value, int):
            text = str(value)
        elif verb == "d":
            raise TemplateError("printf: %d takes a whole number and values are not; write %.0f")
        elif verb in "sv":
            text = _printed(value) if precision is None else _printed(value)[: int(precision)]
        elif verb == "q":
            text = json.dumps(_printed(value), ensure_ascii=False)
        else:
            raise TemplateError(f"printf: {found[0]} is not supported here; there are %e %f %g %d %s %q %v %%")
        if "-" in flags:
            return text.ljust(int(width or 0))
        return text.zfill(int(width or 0)) if "0" in flags else text.rjust(int(width or 0))

    text = _VERB.sub(formatted, form)
    if rest:
        raise TemplateError(f"printf has {len(rest)} values too many for {form!r}")
    return text


def _index(mapping: Any, name: Any) -> str:
    if not isinstance(mapping, Mapping):
        raise TemplateError('index looks into $labels, for example index $labels "instance"')
    return mapping.get(name, "")


# name: function, least and most number of arguments
_FUNCTIONS: dict[str, tuple[Callable[..., Any], int, float]] = {
    "humanize": (humanize, 1, 1),
    "humanize1024": (humanize1024, 1, 1),
    "humanizePercentage": (humanize_percentage, 1, 1),
    "humanizeDuration": (humanize_duration, 1, 1),
    "humanizeTimestamp": (humanize_timestamp, 1, 1),
    "printf": (printf, 1, math.inf),
    "index": (_index, 2, 2),
    "title": (lambda text: re.sub(r"\b\w", lambda found: found[0].upper(), _printed(text)), 1, 1),
    "toUpper": (lambda text: _printed(text).upper(), 1, 1),
    "toLower": (lambda text: _printed(text).lower(), 1, 1),
}
