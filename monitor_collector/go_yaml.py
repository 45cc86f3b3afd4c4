"""YAML as Go's decoder hands it to Prometheus: what is to be a text is the text that was written.

`severity: 1.50`, `severity: true` and `severity: "1.50"` are all texts to a rule file, while YAML libraries of other
languages make numbers and truth values of them. So scalars stay texts here, and whoever wants a number reads one.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

import yaml

from monitor_collector.documents import Checker, Located, located_mapping

# Ten times as fast where PyYAML has it, which its wheels do.
_ParserInC = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST = 50
_INTEGER = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F_]+|0[oO]?[0-7_]+|0[bB][01_]+|[0-9][0-9_]*)", re.ASCII)
_FLOAT = re.compile(r"[+-]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][+-]?[0-9]+)?", re.ASCII)
_NOT_FINITE = re.compile(r"[+-]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


class Scalar(str):
    """A text; `is_plain` where it was written without quotes, so that it may be a number."""

    __slots__ = ("is_plain",)

    is_plain: bool


class _Loader(_ParserInC):  # type: ignore[misc, valid-type]
    def __init__(self, stream: str) -> None:
        # Its recursion would end the process where the nesting is deep.
        depth = 0
        for event in yaml.parse(stream, _ParserInC):
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST:
                raise yaml.MarkedYAMLError(problem="is nested too deeply", problem_mark=event.start_mark)
        super().__init__(stream)


def _text(loader: _Loader, node: yaml.Node) -> Scalar:
    text = Scalar(loader.construct_scalar(node))
    text.is_plain = not node.style
    return text


def _tagged(loader: _Loader, suffix: str, node: yaml.Node) -> Any:
    """A tag of somebody's own, which Go's decoder passes over."""
    if isinstance(node, yaml.ScalarNode):
        return _text(loader, node)
    if isinstance(node, yaml.MappingNode):
        return _mapping(loader, node)
    return loader.construct_sequence(node, deep=True)


def _mapping(loader: _Loader, node: yaml.MappingNode) -> Located:
    return located_mapping(loader, node, str)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
_Loader.add_multi_constructor("!", _tagged)
_Loader.add_constructor("tag:yaml.org,2002:null", lambda loader, node: None)
for _kind in ("bool", "int", "float", "timestamp", "str", "value", "merge"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_kind}", _text)


class GoChecker(Checker):
    """A `Checker` of a file whose scalars are `Scalar`s, or None where nothing stands."""

    loader = _Loader


def text(value: Any) -> str:
    """A text, "" where nothing stands. ValueError for a list or mapping."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError("must be a text")
    return str(value)


def integer(value: Any) -> int:
    """A whole number, 0 where nothing stands."""
    if value is None:
        return 0
    if isinstance(value, Scalar) and value.is_plain and _INTEGER.fullmatch(value):
        digits = value.replace("_", "")
        is_octal = re.fullmatch("[+-]?0[0-7]+", digits)
        try:
            number = int(digits, 8 if is_octal else 0)
        except ValueError:
            pass
        else:
            # Go's int.
            if -(1 << 63) <= number < 1 << 63:
                return number
    raise ValueError("must be a whole number, for example 10")


def floating(value: Any) -> float:
    """A number, also `.inf`, `-.inf` and `.nan`; 0 where nothing stands."""
    if value is None:
        return 0.0
    if isinstance(value, Scalar) and value.is_plain:
        if _NOT_FINITE.fullmatch(value):
            return float(value.replace(".", ""))
        if _INTEGER.fullmatch(value):
            with suppress(ValueError):
                return float(integer(value))
        if _FLOAT.fullmatch(value):
            return float(value.replace("_", ""))
    raise ValueError("must be a number, for example 0.5 or .nan")


def boolean(value: Any) -> bool:
    """`true` or `false`, false where nothing stands."""
    if value is None:
        return False
    words = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
    if isinstance(value, Scalar) and value.is_plain and value in words:
        return words[value]
    raise ValueError("must be true or false")


def texts(value: Any) -> dict[str, str]:
    """A mapping of names to texts, empty where nothing stands."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError("must be a mapping, for example severity: warning")
    for name, content in value.items():
        if not isinstance(content, str | None):
            raise ValueError(f"has no text for {name}")
    return {str(name): text(content) for name, content in value.items()}


def entries(value: Any) -> list[Any]:
    """A list, empty where nothing stands; without entries where nothing stands."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise ValueError("must be a list, each entry beginning with a dash")
    return [entry for entry in value if entry is not None]
