"""The values of a template as Go sees them: their types, what is true, their fields and elements.

Go's strings, bools, ints and float64s are Python's str, bool, int and float; a map with strings in it is a dict. The
other types that Prometheus' functions give are classes of their own, here and in `moments`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from monitor_collector.go_template.errors import TemplateError
from monitor_collector.go_template.moments import Moment


class Structure:
    """A value with fields, in order. `is_pointer` where Go's functions hand it about as one, which shows when it is
    printed."""

    def __init__(self, type_name: str, fields: Mapping[str, Any], is_pointer: bool) -> None:
        self.type_name = type_name
        self.fields = fields
        self.is_pointer = is_pointer


class Arguments(dict[str, Any]):
    """A map whose values may be anything, so what it does not have is nothing instead of an empty string."""


def type_name(value: Any) -> str:
    """Go's name of the value's type."""
    if isinstance(value, Structure):
        return value.type_name
    if value is None:
        return "<nil>"
    for kind, name in _TYPE_NAMES:
        if isinstance(value, kind):
            return name
    raise TypeError(f"templates have no {type(value).__name__}")


_TYPE_NAMES: tuple[tuple[type, str], ...] = (
    (str, "string"),
    (bool, "bool"),
    (int, "int"),
    (float, "float64"),
    (Arguments, "map[string]interface {}"),
    (dict, "map[string]string"),
    (Moment, "*time.Time"),
    (list, "template.queryResult"),
)


def is_true(value: Any) -> bool:
    """Nothing, zero and what is empty are not true; NaN is."""
    if isinstance(value, Structure | Moment):
        return True
    return bool(value)


def field(value: Any, name: str) -> Any:
    """`.name` of a value. A name that a map does not have is the empty string."""
    if isinstance(value, dict):
        return _element(value, name)
    if isinstance(value, Structure) and name in value.fields:
        return value.fields[name]
    if isinstance(value, Moment):
        number = value.number(name)
        if number is not None:
            return number
        if name == "UTC":
            return value
        if name == "String":
            return str(value)
    if value is None:
        raise TemplateError(f"nil has no field {name}")
    raise TemplateError(f"can't evaluate field {name} in type {type_name(value)}")


def _element(value: Mapping[str, Any], name: str) -> Any:
    return value.get(name) if isinstance(value, Arguments) else value.get(name, "")


def index(value: Any, key: Any) -> Any:
    """`index value key`: what a map has for a string, or a list or a string (its bytes) at a position from 0."""
    if isinstance(value, dict):
        if not isinstance(key, str):
            raise TemplateError(f"value has type {type_name(key)}; should be string")
        return _element(value, key)
    if isinstance(value, str | list):
        elements: Sequence[Any] = value if isinstance(value, list) else value.encode("utf-8", "replace")
        if isinstance(key, bool) or not isinstance(key, int):
            raise TemplateError(f"cannot index slice/array with type {type_name(key)}")
        if not 0 <= key < len(elements):
            raise TemplateError(f"index out of range: {key}")
        return elements[key]
    raise TemplateError("index of untyped nil" if value is None else f"can't index item of type {type_name(value)}")


def length(value: Any) -> int:
    """`len value`; of a string in bytes."""
    if isinstance(value, str):
        return len(value.encode("utf-8", "replace"))
    if isinstance(value, dict | list):
        return len(value)
    raise TemplateError("len of nil pointer" if value is None else f"len of type {type_name(value)}")


def elements(value: Any) -> Iterable[tuple[Any, Any]]:
    """What `range value` visits: position or key, and element; a map by its sorted keys, a number up to it."""
    if value is None:
        return ()
    if isinstance(value, dict):
        return sorted(value.items())
    if isinstance(value, list):
        return enumerate(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return ((position, position) for position in range(value))
    raise TemplateError(f"range can't iterate over a value of type {type_name(value)}")
