"""Reads YAML that people write, and says what is wrong with it in a line they can act on.

Mappings and lists remember the line they come from. A `Checker` collects all problems of a file instead of stopping
at the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import UnionType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import yaml

# Each such number has a float, and can be printed.
_INTEGER_BITS_MAX = 1000
_SHOWN_CHARACTERS = 60


class Problem(NamedTuple):
    """What is wrong, and where. `where` is a key or the name of a rule; `line` counts from 1."""

    file: str
    line: int | None
    where: str
    what: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return ": ".join(part for part in (place, self.where, self.what) if part)


class ConfigError(Exception):
    """A configuration that cannot be used; its text has one line for each problem."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class Located(dict[Any, Any]):
    """A mapping with its line and those of its keys."""

    line: int
    lines: dict[Any, int]


class _Loader(yaml.SafeLoader):
    pass


def located_mapping(loader: yaml.SafeLoader, node: yaml.MappingNode, key_types: type | UnionType) -> Located:
    """The mapping of a node, with what it merges (`<<`) behind its own keys. Raises yaml.MarkedYAMLError."""
    mapping = Located()
    mapping.line = node.start_mark.line + 1
    mapping.lines = {}
    merged: list[Any] = []
    for key_node, value_node in node.value:
        if key_node.tag == "tag:yaml.org,2002:merge":
            content = loader.construct_object(value_node, deep=True)
            merged += content if isinstance(content, list) else [content]
            continue
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, key_types):
            raise yaml.MarkedYAMLError(problem="a key is a word", problem_mark=key_node.start_mark)
        if key in mapping:
            raise yaml.MarkedYAMLError(problem=f"{str(key)!r} is there twice", problem_mark=key_node.start_mark)
        mapping.lines[key] = key_node.start_mark.line + 1
        mapping[key] = loader.construct_object(value_node, deep=True)
    for content in merged:
        if not isinstance(content, Located):
            raise yaml.MarkedYAMLError(problem="<< takes a mapping", problem_mark=node.start_mark)
        for key, value in content.items():
            if key not in mapping:
                mapping[key], mapping.lines[key] = value, content.lines[key]
    return mapping


def _construct_scalar(loader: _Loader, node: yaml.Node) -> Any:
    """What YAML's own types are in Python; what only looks like one is told with its line."""
    kind = node.tag.rpartition(":")[2]
    try:
        value = yaml.SafeLoader.yaml_constructors[node.tag](loader, node)
    except (ArithmeticError, AttributeError, LookupError, ValueError):
        raise yaml.MarkedYAMLError(problem=f"this is no {kind}", problem_mark=node.start_mark) from None
    if isinstance(value, int) and value.bit_length() > _INTEGER_BITS_MAX:
        raise yaml.MarkedYAMLError(problem="this number is too large", problem_mark=node.start_mark)
    return value


_Loader.add_constructor(
    yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, partial(located_mapping, key_types=str | int | float)
)
for _kind in ("bool", "int", "float", "timestamp"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_kind}", _construct_scalar)


class Key(NamedTuple):
    """A key of a mapping. `read` turns the value into what the program uses, or raises ValueError saying what a right
    value is. A key without `default` must be there (`...` stands for none). A secret value is never part of a
    problem's text."""

    read: Callable[[Any], Any]
    default: Any = ...
    is_secret: bool = False


class Checker:
    """Reads the mappings of one file, collecting `problems`."""

    loader: type[yaml.SafeLoader] = _Loader

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[Problem] = []

    def load(self) -> Any:
        """What the file holds; None, and a problem, when it cannot be read or is no YAML."""
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            self.add(None, "", "there is no such file")
        except (OSError, UnicodeDecodeError) as error:
            self.add(None, "", f"cannot be read: {getattr(error, 'strerror', None) or error}")
        else:
            try:
                return yaml.load(text, self.loader)  # noqa: S506 - a SafeLoader
            except yaml.MarkedYAMLError as error:
                line = error.problem_mark.line + 1 if error.problem_mark else None
                self.add(line, "", f"is no YAML: {error.problem}")
            except yaml.YAMLError as error:
                self.add(None, "", f"is no YAML: {error}".splitlines()[0])
            except ValueError as error:
                # PyYAML's scanner, of an escaped character that does not exist.
                self.add(None, "", f"is no YAML: {error}")
            except RecursionError:
                self.add(None, "", "is nested too deeply")
        return None

    def load_mapping(self) -> Located | None:
        """The mapping that the file is; None, and a problem, when it is anything else."""
        content = self.load()
        if self.problems:
            return None
        if not isinstance(content, Located):
            self.add(1, "", "is no mapping of keys to values")
            return None
        return content

    def add(self, line: int | None, where: str, what: str) -> None:
        self.problems.append(Problem(str(self.path), line, where, what))

    def read(self, mapping: Any, keys: Mapping[str, Key], where: str = "", line: int | None = None) -> dict[str, Any]:
        """The values of `keys`, with a problem for each unknown, missing or wrong one, which is then left out."""
        if not isinstance(mapping, Located):
            self.add(line, where, f"must be a mapping with the keys {', '.join(keys)}")
            return {}
        prefix = f"{where}: " if where else ""
        values = {}
        for key in mapping:
            if key not in keys:
                known = ", ".join(keys)
                self.add(mapping.lines[key], f"{prefix}{key}", f"is not known here; the keys are {known}")
        for name, key in keys.items():
            if name not in mapping:
                if key.default is ...:
                    self.add(mapping.line, f"{prefix}{name}", "is missing")
                else:
                    values[name] = key.default
                continue
            try:
                values[name] = key.read(mapping[name])
            except ValueError as error:
                value = "" if key.is_secret else f"{shown(mapping[name])} "
                self.add(mapping.lines[name], f"{prefix}{name}", f"{value}{error}")
        return values

    def read_list(self, value: Any, where: str, line: int | None) -> list[Any]:
        if isinstance(value, list):
            return value
        self.add(line, where, "must be a list, each entry beginning with a dash")
        return []


def shown(value: Any) -> str:
    """The value as Python writes it, at most so long; a list may hold another many times, and that one too."""
    text = ""
    for piece in _pieces(value):
        text += piece
        if len(text) > _SHOWN_CHARACTERS:
            return f"{text[:_SHOWN_CHARACTERS]}…"
    return text


def _pieces(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield "{"
        for i, (key, content) in enumerate(value.items()):
            yield f"{', ' if i else ''}{key!r}: "
            yield from _pieces(content)
        yield "}"
    elif isinstance(value, list):
        yield "["
        for i, content in enumerate(value):
            yield ", " if i else ""
            yield from _pieces(content)
        yield "]"
    else:
        yield repr(value)


def text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("must be a text")
    return value


def positive(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise ValueError("must be a number above 0, for example 5")
    return value


def path(value: Any) -> Path:
    if not isinstance(value, str) or not value.startswith("/"):
        raise ValueError("must be an absolute path, for example /etc/monitor-collector/tls.pem")
    return Path(value)


def http_address(value: Any) -> str:
    if isinstance(value, str) and not any(map(str.isspace, value)):
        with suppress(ValueError):
            parts = urlsplit(value)
            if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
                return value
    raise ValueError("must be an http or https address, for example http://monitor.example.org:9430")


def anything(value: Any) -> Any:
    """For a value that is looked at later."""
    return value


def labels(value: Any) -> dict[str, str]:
    """Label names and values, numbers and words written as they are."""
    if not isinstance(value, dict):
        raise ValueError("must be a mapping of label names to values, for example {env: lab}")
    for name, content in value.items():
        if not isinstance(name, str) or not name.isascii() or not name.isidentifier() or name.startswith("__"):
            raise ValueError(f"has the label {name!r}: a label is named with letters, digits and _, for example env")
        if isinstance(content, dict | list) or content is None:
            raise ValueError(f"has no text for the label {name}, for example {name}: lab")
    return {name: _as_written(content) for name, content in value.items()}


def _as_written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
