"""Renders a parsed template: keeps the variables and the text while its parts are gone through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from monitor_collector.go_template.errors import LONGEST_TEXT, TemplateError
from monitor_collector.go_template.nodes import Body

# A template that calls itself without end is an error, not a crash.
_DEEPEST_CALL = 30
# About a second; of loops within loops that write nothing.
_MOST_ROUNDS = 100_000


class ParsedTemplate:
    """What `parse` gives: the template and those that it defines. It keeps nothing and may be shared by threads."""

    def __init__(self, body: Body, definitions: Mapping[str, Body]) -> None:
        self._body = body
        self.definitions = definitions

    def render(self, data: Any, variables: Mapping[str, Any] | None = None, context: Any = None) -> str:
        """The text with `data` as the dot and these variables set; `context` is for the functions that need it.

        TemplateError where they do not suit the template.
        """
        run = Run(self.definitions, data, context)
        for name, content in (variables or {}).items():
            run.declare(name, content)
        try:
            self._body.render(run, data)
        except RecursionError:
            raise TemplateError("is nested too deeply") from None
        return "".join(run.parts)


class Run:
    """One rendering."""

    def __init__(self, definitions: Mapping[str, Body], data: Any, context: Any) -> None:
        self.parts: list[str] = []
        self.context = context
        self._definitions = definitions
        self._variables: list[list[Any]] = [["$", data]]
        self._length = 0
        self._depth = 0
        self._rounds = 0

    def write(self, text: str) -> None:
        self._length += len(text)
        if self._length > LONGEST_TEXT:
            raise TemplateError(f"gives more than {LONGEST_TEXT} characters")
        self.parts.append(text)

    def count_round(self) -> None:
        """One more round of a loop, or call of a template."""
        self._rounds += 1
        if self._rounds > _MOST_ROUNDS:
            raise TemplateError(f"goes through its loops more than {_MOST_ROUNDS} times")

    def declare(self, name: str, value: Any) -> None:
        self._variables.append([name, value])

    def assign(self, name: str, value: Any) -> None:
        self._find(name)[1] = value

    def variable(self, name: str) -> Any:
        return self._find(name)[1]

    def _find(self, name: str) -> list[Any]:
        for variable in reversed(self._variables):
            if variable[0] == name:
                return variable
        raise TemplateError(f"undefined variable: {name}")

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Variables declared within end with it."""
        count = len(self._variables)
        try:
            yield
        finally:
            del self._variables[count:]

    def invoke(self, name: str, data: Any) -> None:
        """Renders a defined template, which sees no variables but its own."""
        body = self._definitions.get(name)
        if body is None:
            raise TemplateError(f'template "{name}" not defined')
        if self._depth >= _DEEPEST_CALL:
            raise TemplateError(f'template "{name}" calls itself too often')
        self.count_round()
        outside, self._variables = self._variables, [["$", data]]
        self._depth += 1
        try:
            body.render(self, data)
        finally:
            self._depth -= 1
            self._variables = outside
