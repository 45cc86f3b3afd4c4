"""Go's fmt.Sprintf: takes a format apart and has each directive written by `formatting`.

https://pkg.go.dev/fmt#hdr-Printing
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from monitor_collector.go_template.errors import LONGEST_TEXT, TemplateError
from monitor_collector.go_template.formatting import Flags, formatted
from monitor_collector.go_template.values import type_name

# Go refuses wider fields itself.
_LARGEST_WIDTH = 1_000_000
# More than any number of arguments has.
_INDEX_DIGITS_MAX = 9


class _Reader:
    """Goes through a format and takes the arguments that it asks for."""

    def __init__(self, form: str, arguments: Sequence[Any]) -> None:
        self.form = form
        self.arguments = arguments
        self.position = 0
        self.next = 0
        self.is_reordered = False
        self.is_good_index = True

    def peek(self) -> str:
        return self.form[self.position : self.position + 1]

    def number(self) -> int | None:
        start = self.position
        while self.peek().isascii() and self.peek().isdigit():
            self.position += 1
            if int(self.form[start : self.position]) > 10 * _LARGEST_WIDTH:
                self.position = len(self.form)
                return None
        return int(self.form[start : self.position]) if self.position > start else None

    def index(self) -> bool:
        """Reads `[2]`, which says what argument comes next; whether there was one."""
        if self.peek() != "[":
            return False
        self.is_reordered = True
        end = self.form.find("]", self.position)
        if end < 0:
            self.is_good_index = False
            self.position += 1
            return False
        digits = self.form[self.position + 1 : end]
        self.position = end + 1
        is_number = digits.isascii() and digits.isdigit() and len(digits) <= _INDEX_DIGITS_MAX
        if is_number and 1 <= int(digits) <= len(self.arguments):
            self.next = int(digits) - 1
            return True
        self.is_good_index = False
        return True

    def star(self) -> int | None:
        """The argument for a `*`, None where it is no usable number."""
        self.position += 1
        if self.next >= len(self.arguments):
            return None
        value = self.arguments[self.next]
        self.next += 1
        is_usable = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST_WIDTH
        return value if is_usable else None


def sprintf(form: str, arguments: Sequence[Any]) -> str:
    """fmt.Sprintf with every verb but %p; TemplateError for what Go prints as an address."""
    reader = _Reader(form, arguments)
    parts: list[str] = []
    length = 0
    while (start := form.find("%", reader.position)) >= 0:
        parts.append(form[reader.position : start])
        reader.position = start + 1
        parts.append(_directive(reader))
        length += len(parts[-1])
        if length > LONGEST_TEXT:
            raise TemplateError(f"gives more than {LONGEST_TEXT} characters")
    parts.append(form[reader.position :])
    if not reader.is_reordered and reader.next < len(arguments):
        rest = (f"{type_name(value)}={formatted(value, 'v', Flags())}" for value in arguments[reader.next :])
        names = ("<nil>" if text == "<nil>=<nil>" else text for text in rest)
        parts.append(f"%!(EXTRA {', '.join(names)})")
    return "".join(parts)


def _directive(reader: _Reader) -> str:
    flags = Flags()
    problems = ""
    reader.is_good_index = True
    while reader.peek() and reader.peek() in "#0+- ":
        mark = reader.peek()
        flags.sharp |= mark == "#"
        flags.plus |= mark == "+"
        flags.space |= mark == " "
        flags.minus |= mark == "-"
        flags.zero = (flags.zero or mark == "0") and not flags.minus
        reader.position += 1
    has_index = reader.index()
    if reader.peek() == "*":
        flags.width = reader.star()
        if flags.width is None:
            problems += "%!(BADWIDTH)"
        elif flags.width < 0:
            flags.width, flags.minus, flags.zero = -flags.width, True, False
        has_index = False
    else:
        flags.width = reader.number()
        if has_index and flags.width is not None:
            reader.is_good_index = False
    if reader.peek() == ".":
        reader.position += 1
        if has_index:
            reader.is_good_index = False
        has_index = reader.index()
        if reader.peek() == "*":
            flags.precision = reader.star()
            if flags.precision is None or flags.precision < 0:
                flags.precision = None
                problems += "%!(BADPREC)"
            has_index = False
        else:
            flags.precision = reader.number() or 0
    if not has_index:
        reader.index()
    verb = reader.peek()
    if not verb:
        return problems + "%!(NOVERB)"
    reader.position += 1
    if verb == "%":
        return problems + "%"
    if not reader.is_good_index:
        return f"{problems}%!{verb}(BADINDEX)"
    if reader.next >= len(reader.arguments):
        return f"{problems}%!{verb}(MISSING)"
    if verb == "v" and flags.sharp:
        raise TemplateError("printf: %#v, the value as Go source, is not supported here")
    if verb == "v":  # where a plus asks for the names of fields, which nothing here shows
        flags.plus = False
    value = reader.arguments[reader.next]
    reader.next += 1
    return problems + formatted(value, verb, flags)
