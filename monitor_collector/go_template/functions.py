"""The functions that every Go template has: comparisons, `and`, `or`, `not`, `index`, `len`, `print`, `printf` …

https://pkg.go.dev/text/template#hdr-Functions
"""

from __future__ import annotations

import html
import operator
from collections.abc import Callable
from typing import Any, Literal, NamedTuple
from urllib.parse import quote_plus

from monitor_collector.go_template.errors import TemplateError
from monitor_collector.go_template.formatting import sprint, sprintln
from monitor_collector.go_template.printf import sprintf
from monitor_collector.go_template.values import Structure, index, is_true, length, type_name

Kind = Literal["any", "string", "sample", "samples"]


class Function(NamedTuple):
    """`call` gets the arguments, which are of `kinds` in order; `rest` is the kind of any number of further ones.

    Where it `needs_context`, what the template is rendered with comes before them. It raises TemplateError where it
    cannot work with them.
    """

    call: Callable[..., Any]
    kinds: tuple[Kind, ...]
    rest: Kind | None = None
    needs_context: bool = False


def accepts(kind: Kind, value: Any) -> bool:
    """Whether an argument of this kind may have the value."""
    if kind == "string":
        return isinstance(value, str)
    if kind == "sample":
        return isinstance(value, Structure) and value.is_pointer
    return kind == "any" or isinstance(value, list)


KIND_NAMES = {"string": "string", "sample": "*template.sample", "samples": "template.queryResult"}


def _basic_kind(value: Any) -> str:
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind.__name__
    raise TemplateError("invalid type for comparison")


def _equal(first: Any, *others: Any) -> bool:
    if not others:
        raise TemplateError("missing argument for comparison")
    for other in others:
        if first is None or other is None:
            if first is other:
                return True
            continue
        if _basic_kind(first) != _basic_kind(other):
            raise TemplateError(f"incompatible types for comparison: {type_name(first)} and {type_name(other)}")
        if first == other:
            return True
    return False


def _not_equal(first: Any, second: Any) -> bool:
    return not _equal(first, second)


def _less(first: Any, second: Any) -> bool:
    kind = _basic_kind(first)
    if kind != _basic_kind(second):
        raise TemplateError(f"incompatible types for comparison: {type_name(first)} and {type_name(second)}")
    if kind == "bool":
        raise TemplateError("invalid type for comparison")
    if kind == "str":  # Go compares bytes
        return operator.lt(first.encode("utf-8", "replace"), second.encode("utf-8", "replace"))
    return operator.lt(first, second)


def _less_or_equal(first: Any, second: Any) -> bool:
    return _less(first, second) or _equal(first, second)


def _greater(first: Any, second: Any) -> bool:
    # Not the same as second < first: NaN is greater than everything to Go's templates.
    return not _less_or_equal(first, second)


def _greater_or_equal(first: Any, second: Any) -> bool:
    return not _less(first, second)


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        value = index(value, key)
    return value


def _slice(value: Any, *bounds: Any) -> Any:
    if not isinstance(value, str | list):
        raise TemplateError(f"can't slice item of type {type_name(value)}")
    content = value if isinstance(value, list) else value.encode("utf-8", "replace")
    if len(bounds) > 2:
        raise TemplateError("too many slice indexes")
    if not all(isinstance(bound, int) and not isinstance(bound, bool) for bound in bounds):
        raise TemplateError("a slice is cut at whole numbers")
    start, end = (*bounds, *(0, len(content))[len(bounds) :])
    if not 0 <= start <= end <= len(content):
        raise TemplateError(f"index out of range: {start}, {end}")
    part = content[start:end]
    return part if isinstance(part, list) else part.decode("utf-8", "replace")


def _html(*values: Any) -> str:
    text = html.escape(sprint(values)).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")
    return text.replace("\0", "\ufffd")


def _urlquery(*values: Any) -> str:
    return quote_plus(sprint(values))


# `and` and `or` are here for their names: they evaluate their arguments themselves, one after the other.
BUILTINS: dict[str, Function] = {
    "and": Function(lambda *_: None, ("any",), "any"),
    "or": Function(lambda *_: None, ("any",), "any"),
    "not": Function(lambda value: not is_true(value), ("any",)),
    "eq": Function(_equal, ("any",), "any"),
    "ne": Function(_not_equal, ("any", "any")),
    "lt": Function(_less, ("any", "any")),
    "le": Function(_less_or_equal, ("any", "any")),
    "gt": Function(_greater, ("any", "any")),
    "ge": Function(_greater_or_equal, ("any", "any")),
    "index": Function(_index, ("any",), "any"),
    "slice": Function(_slice, ("any",), "any"),
    "len": Function(length, ("any",)),
    "print": Function(lambda *values: sprint(values), (), "any"),
    "printf": Function(lambda form, *values: sprintf(form, values), ("string",), "any"),
    "println": Function(lambda *values: sprintln(values), (), "any"),
    "html": Function(_html, (), "any"),
    "urlquery": Function(_urlquery, (), "any"),
}
