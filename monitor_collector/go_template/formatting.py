"""Values as texts: as actions and `print` write them, and as each verb of `printf` does.

A verb that does not suit its value is no error to Go but shows in the text (`%!d(float64=0.5)`), and so it does here.
https://pkg.go.dev/fmt
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from monitor_collector.go_template.errors import TemplateError
from monitor_collector.go_template.literals import quote
from monitor_collector.go_template.moments import Moment
from monitor_collector.go_template.numbers import hexadecimal, shortest, with_precision
from monitor_collector.go_template.values import Structure, type_name


def printed(value: Any) -> str:
    """As an action prints a value, and %v a value on its own. TemplateError for what Go prints as an address."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return shortest(value)
    if value is None:
        return "<no value>"
    if isinstance(value, Structure) and value.is_pointer:
        return formatted(value, "v", Flags()).removeprefix("&")
    return formatted(value, "v", Flags())


def sprint(values: Sequence[Any]) -> str:
    """fmt.Sprint: a space between two values neither of which is a text."""
    parts: list[str] = []
    for position, value in enumerate(values):
        if position and not isinstance(value, str) and not isinstance(values[position - 1], str):
            parts.append(" ")
        parts.append(formatted(value, "v", Flags()))
    return "".join(parts)


def sprintln(values: Sequence[Any]) -> str:
    """fmt.Sprintln: a space between any two, a newline at the end."""
    return " ".join(formatted(value, "v", Flags()) for value in values) + "\n"


@dataclass
class Flags:
    """What stands between the % and the verb."""

    minus: bool = False
    plus: bool = False
    sharp: bool = False
    space: bool = False
    zero: bool = False
    width: int | None = None
    precision: int | None = None

    def padded(self, text: str) -> str:
        width = self.width or 0
        if self.minus:
            return text.ljust(width, "0" if self.zero else " ")
        return text.rjust(width, "0" if self.zero else " ")


def formatted(value: Any, verb: str, flags: Flags, depth: int = 0) -> str:
    """The value as one verb writes it; `depth` says in how many maps and structures it lies.

    TemplateError for what Go prints as an address.
    """
    if verb == "T":
        return flags.padded(type_name(value))
    if value is None:
        return flags.padded("<nil>") if verb == "v" else f"%!{verb}(<nil>)"
    if isinstance(value, str):
        text = _text(value, verb, flags)
    elif isinstance(value, bool):
        text = flags.padded("true" if value else "false") if verb in "tv" else None
    elif isinstance(value, int):
        text = _whole(value, verb, flags)
    elif isinstance(value, float):
        text = _float(value, verb, flags)
    elif isinstance(value, Moment):
        text = _text(str(value), verb, flags) if verb in "vsqxX" else None
    else:
        return _composed(value, verb, flags, depth)
    return _bad_verb(value, verb, flags) if text is None else text


def _bad_verb(value: Any, verb: str, flags: Flags) -> str:
    return f"%!{verb}({type_name(value)}={formatted(value, 'v', flags)})"


def _composed(value: Any, verb: str, flags: Flags, depth: int) -> str:
    """Maps and structures: each part with the same verb and flags."""
    if isinstance(value, dict):
        pairs = (
            f"{formatted(name, verb, flags, depth + 1)}:{formatted(content, verb, flags, depth + 1)}"
            for name, content in sorted(value.items())
        )
        return f"map[{' '.join(pairs)}]"
    if isinstance(value, Structure) and not (value.is_pointer and depth):
        parts = (formatted(content, verb, flags, depth + 1) for content in value.fields.values())
        return f"{'&' * value.is_pointer}{{{' '.join(parts)}}}"
    if isinstance(value, list) and not value:
        return "[]"
    raise TemplateError(f"a value of type {type_name(value)} has no text; take a part of it, for example with first")


def _text(value: str, verb: str, flags: Flags) -> str | None:
    if verb in "vsq":
        value = value if flags.precision is None else value[: flags.precision]
    if verb in "vs":
        return flags.padded(value)
    if verb == "q":
        if flags.sharp and "`" not in value and all(one.isprintable() or one == "\t" for one in value):
            return flags.padded(f"`{value}`")
        return flags.padded(quote(value, flags.plus))
    if verb in "xX":
        digits = value.encode("utf-8", "replace")[: flags.precision].hex(*([" "] if flags.space else []))
        if flags.sharp and digits:
            digits = "0x" + digits.replace(" ", " 0x")
        return flags.padded(digits.upper() if verb == "X" else digits)
    return None


_BASES = {"v": "d", "d": "d", "b": "b", "o": "o", "O": "o", "x": "x", "X": "X"}
_PREFIXES = {"b": "0b", "o": "0", "x": "0x", "X": "0X"}


def _whole(value: int, verb: str, flags: Flags) -> str | None:
    if verb in ("c", "q", "U"):
        return _character(value, verb, flags)
    if verb not in _BASES:
        return None
    if flags.precision == 0 and value == 0:
        return " " * (flags.width or 0)
    sign = "-" if value < 0 else "+" if flags.plus else " " if flags.space else ""
    least = flags.precision or 0
    if flags.precision is None and flags.zero and flags.width:
        least = flags.width - len(sign)
    digits = format(abs(value), _BASES[verb]).rjust(least, "0")
    prefix = _PREFIXES.get(verb, "") if flags.sharp else ""
    if verb == "o" and digits.startswith("0"):
        prefix = ""
    if verb == "O":
        prefix = "0o"
    text = sign + prefix + digits
    return text.ljust(flags.width or 0) if flags.minus else text.rjust(flags.width or 0)


def _character(value: int, verb: str, flags: Flags) -> str:
    is_one = 0 <= value <= 0x10FFFF and not 0xD800 <= value < 0xE000
    character = chr(value) if is_one else "�"
    if verb == "c":
        return flags.padded(character)
    if verb == "q":
        return flags.padded(quote(character, flags.plus, "'"))
    digits = f"{value & (2**64 - 1):X}".rjust(max(flags.precision or 0, 4), "0")
    shown = f" '{character}'" if flags.sharp and is_one and character.isprintable() else ""
    text = f"U+{digits}{shown}"
    return text.ljust(flags.width or 0) if flags.minus else text.rjust(flags.width or 0)


def _float(value: float, verb: str, flags: Flags) -> str | None:
    precision = flags.precision
    if verb == "b":
        raise TemplateError("printf: %b of a value is not supported here")
    if verb in "vgG":
        text = shortest(value) if precision is None else with_precision(value, "g", precision)
    elif verb in "eEfF":
        text = with_precision(value, verb.lower(), 6 if precision is None else precision)
    elif verb in "xX":
        text = hexadecimal(value, precision)
    else:
        return None
    if math.isfinite(value):
        if flags.sharp and verb not in "xX":
            text = _with_point(value, verb, precision)
        text = text.upper() if verb in "GEX" else text
    return _signed(value, text, flags)


def _with_point(value: float, verb: str, precision: int | None) -> str:
    """With the flag #: always a point, and %g keeps its zeros."""
    if verb in "eEfF":
        return f"{value:#.{6 if precision is None else precision}{verb.lower()}}"
    if precision is not None:
        return f"{value:#.{precision}g}"
    mantissa, _, exponent = (shortest(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    significant = len((whole + fraction).lstrip("-0")) or 1
    fraction += "0" * (6 - significant)
    return f"{whole}.{fraction}" + (f"e{exponent}" if exponent else "")


def _signed(value: float, text: str, flags: Flags) -> str:
    if math.isnan(value):
        sign, text = "+" if flags.plus else " " if flags.space else "", "NaN"
    elif math.isinf(value):
        sign, text = text[0], text[1:]
        sign = " " if sign == "+" and flags.space and not flags.plus else sign
    elif text.startswith("-"):
        sign, text = "-", text[1:]
    else:
        sign = "+" if flags.plus else " " if flags.space else ""
    if not math.isfinite(value):
        text = sign + text
        return text.ljust(flags.width or 0) if flags.minus else text.rjust(flags.width or 0)
    if flags.zero and sign:
        return sign + text.rjust((flags.width or 0) - 1, "0")
    return flags.padded(sign + text)
