"""Floating-point numbers in digits, as Go's strconv.FormatFloat writes them."""

from __future__ import annotations

import math
from decimal import Decimal


def shortest(value: float) -> str:
    """%v and %g: the fewest digits that read back as the same number, with an exponent below 1e-4 and from 1e+06."""
    if not math.isfinite(value):
        return not_finite(value)
    exponent = Decimal(repr(value)).adjusted() if value else 0
    return plain(value) if -4 <= exponent < 6 else scientific(value)


def scientific(value: float) -> str:
    """The same digits, always with an exponent of at least two digits."""
    sign, digits, _ = Decimal(repr(value)).normalize().as_tuple()
    exponent = Decimal(repr(value)).adjusted() if value else 0
    mantissa = str(digits[0]) + ("." + "".join(map(str, digits[1:])) if len(digits) > 1 else "")
    return f"{'-' * sign}{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def plain(value: float) -> str:
    """Digits only, no exponent, as few as identify the number: what Prometheus' API answers with."""
    if not math.isfinite(value):
        return not_finite(value)
    text = repr(float(value))
    if "e" in text:
        text = format(Decimal(text), "f")
    return text.removesuffix(".0")


def not_finite(value: float) -> str:
    """NaN, +Inf or -Inf."""
    return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"


def with_precision(value: float, verb: str, precision: int) -> str:
    """%e, %f or %g (or in capitals) with that many digits."""
    if not math.isfinite(value):
        return not_finite(value)
    return f"{value:.{precision}{verb}}"


def hexadecimal(value: float, precision: int | None) -> str:
    """%x: mantissa in hexadecimal digits, a power of two behind it: 0x1.8p+01."""
    if not math.isfinite(value):
        return not_finite(value)
    sign = "-" if math.copysign(1, value) < 0 else ""
    fraction, exponent = math.frexp(abs(value))
    # 53 bits, the first of them before the point.
    mantissa, exponent = int(fraction * 2**53), exponent - 1 if value else 0
    if precision is not None and precision < 13:
        unit = 1 << (52 - 4 * precision)
        mantissa = round(mantissa / unit) * unit  # exact, as unit is a power of two; half to even
        if mantissa >> 53:
            mantissa, exponent = mantissa >> 1, exponent + 1
    digits = f"{mantissa & (2**52 - 1):013x}"
    digits = digits.rstrip("0") if precision is None else digits[:precision].ljust(precision, "0")
    return f"{sign}0x{mantissa >> 52}{'.' * bool(digits)}{digits}p{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
