"""The parts of a parsed template: expressions that have a value, and steps that write text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from monitor_collector.go_template import values
from monitor_collector.go_template.errors import LONGEST_TEXT, TemplateError
from monitor_collector.go_template.formatting import printed
from monitor_collector.go_template.functions import KIND_NAMES, Function, accepts
from monitor_collector.go_template.moments import Moment

if TYPE_CHECKING:
    from monitor_collector.go_template.rendering import Run


class Expression(Protocol):
    """Something with a value. `source` is its text, for messages. Only what is executable may get arguments."""

    source: str

    def value(self, run: Run, dot: Any) -> Any: ...


class Step(Protocol):
    """A part of the template that writes text."""

    def render(self, run: Run, dot: Any) -> None: ...


class _Break(Exception):
    pass


class _Continue(Exception):
    pass


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal, or nil."""

    source: str
    content: Any

    def value(self, run: Run, dot: Any) -> Any:
        return self.content


@dataclass(frozen=True, slots=True)
class Dot:
    source: str

    def value(self, run: Run, dot: Any) -> Any:
        return dot


@dataclass(frozen=True, slots=True)
class Variable:
    """`$x`; `$` alone is what the template was rendered with."""

    source: str

    def value(self, run: Run, dot: Any) -> Any:
        return run.variable(self.source)


@dataclass(frozen=True, slots=True)
class Fields:
    """`.a.b` of the dot, `$x.a`, `(…).a`: the names in order, of what `base` gives."""

    source: str
    base: Expression
    names: tuple[str, ...]

    def value(self, run: Run, dot: Any) -> Any:
        found = self.base.value(run, dot)
        for name in self.names:
            found = values.field(found, name)
        return found

    def call(self, run: Run, dot: Any, arguments: list[Any]) -> Any:
        """With arguments the last name is a method; there is one, the Format of moments."""
        found = self.base.value(run, dot)
        for name in self.names[:-1]:
            found = values.field(found, name)
        if isinstance(found, Moment) and self.names[-1] == "Format":
            if len(arguments) != 1 or not isinstance(arguments[0], str):
                raise TemplateError('Format takes a layout, for example .Format "2006-01-02"')
            return found.format(arguments[0])
        raise TemplateError(f"{self.names[-1]} has arguments but is no function")


@dataclass(frozen=True, slots=True)
class Call:
    """A function and its arguments."""

    source: str
    name: str
    function: Function

    def value(self, run: Run, dot: Any) -> Any:
        return self.call(run, dot, [])

    def call(self, run: Run, dot: Any, arguments: list[Any]) -> Any:
        kinds, rest = self.function.kinds, self.function.rest
        if len(arguments) < len(kinds) or (len(arguments) > len(kinds) and rest is None):
            least = f"at least {len(kinds)}" if rest else str(len(kinds))
            raise TemplateError(f"wrong number of args for {self.name}: want {least} got {len(arguments)}")
        for position, argument in enumerate(arguments):
            kind = kinds[position] if position < len(kinds) else rest
            if not accepts(kind, argument):
                got = values.type_name(argument)
                raise TemplateError(f"wrong type for value of {self.name}; expected {KIND_NAMES[kind]}; got {got}")
        context = [run.context] if self.function.needs_context else []
        try:
            found = self.function.call(*context, *arguments)
            # Texts in variables count too: one that doubles itself need not be written to take all memory.
            if isinstance(found, str) and len(found) > LONGEST_TEXT:
                raise TemplateError(f"gives more than {LONGEST_TEXT} characters")
            return found
        except TemplateError as error:
            raise TemplateError(f"error calling {self.name}: {error}") from None


@dataclass(frozen=True, slots=True)
class Command:
    """An operand with the arguments that stand behind it."""

    operand: Expression
    arguments: tuple[Expression, ...]

    def value(self, run: Run, dot: Any, piped: tuple[Any, ...]) -> Any:
        """`piped` holds what the command before gave, which becomes the last argument."""
        operand = self.operand
        if isinstance(operand, Call) and operand.name in ("and", "or"):
            return self._first_that_decides(run, dot, piped, decides=operand.name == "or")
        if not self.arguments and not piped:
            if isinstance(operand, Constant) and operand.content is None:
                raise TemplateError("nil is not a command")
            return operand.value(run, dot)
        if isinstance(operand, Call | Fields):
            arguments = [argument.value(run, dot) for argument in self.arguments]
            return operand.call(run, dot, [*arguments, *piped])
        raise TemplateError(f"can't give argument to non-function {operand.source}")

    def _first_that_decides(self, run: Run, dot: Any, piped: tuple[Any, ...], decides: bool) -> Any:
        found = None
        if not self.arguments and not piped:
            raise TemplateError(f"wrong number of args for {self.operand.source}: want at least 1 got 0")
        for argument in self.arguments:
            found = argument.value(run, dot)
            if values.is_true(found) == decides:
                return found
        return piped[0] if piped else found


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Commands, each of which gets what the one before gave; and the variables that take the result."""

    source: str
    commands: tuple[Command, ...]
    variables: tuple[str, ...] = ()
    is_assignment: bool = False

    def value(self, run: Run, dot: Any) -> Any:
        piped: tuple[Any, ...] = ()
        for command in self.commands:
            piped = (command.value(run, dot, piped),)
        found = piped[0]
        for name in self.variables:
            (run.assign if self.is_assignment else run.declare)(name, found)
        return found


@dataclass(frozen=True, slots=True)
class Text:
    text: str

    def render(self, run: Run, dot: Any) -> None:
        run.write(self.text)


@dataclass(frozen=True, slots=True)
class Action:
    """`{{ pipeline }}`. One that sets a variable writes nothing."""

    pipeline: Pipeline

    def render(self, run: Run, dot: Any) -> None:
        found = self.pipeline.value(run, dot)
        if not self.pipeline.variables:
            run.write(printed(found))


@dataclass(frozen=True, slots=True)
class Body:
    steps: tuple[Step, ...]

    def render(self, run: Run, dot: Any) -> None:
        for step in self.steps:
            step.render(run, dot)


@dataclass(frozen=True, slots=True)
class Condition:
    """`if`, and `with`, which makes the value the dot."""

    pipeline: Pipeline
    body: Body
    otherwise: Body
    sets_dot: bool

    def render(self, run: Run, dot: Any) -> None:
        with run.scope():
            found = self.pipeline.value(run, dot)
            if values.is_true(found):
                self.body.render(run, found if self.sets_dot else dot)
            else:
                self.otherwise.render(run, dot)


@dataclass(frozen=True, slots=True)
class Range:
    """`range`: the body for each element. Of two variables the first is the position or key."""

    pipeline: Pipeline
    variables: tuple[str, ...]
    is_assignment: bool
    body: Body
    otherwise: Body

    def render(self, run: Run, dot: Any) -> None:
        with run.scope():
            found = self.pipeline.value(run, dot)
            is_empty = True
            for name in self.variables:
                (run.assign if self.is_assignment else run.declare)(name, found)
            for pair in values.elements(found):
                run.count_round()
                is_empty = False
                for name, content in zip(self.variables, pair[2 - len(self.variables) :], strict=True):
                    run.assign(name, content)
                try:
                    with run.scope():
                        self.body.render(run, pair[1])
                except _Break:
                    break
                except _Continue:
                    continue
            if is_empty:
                self.otherwise.render(run, dot)


class Break:
    def render(self, run: Run, dot: Any) -> None:
        raise _Break


class Continue:
    def render(self, run: Run, dot: Any) -> None:
        raise _Continue


@dataclass(frozen=True, slots=True)
class Invocation:
    """`{{ template "name" pipeline }}`."""

    name: str
    pipeline: Pipeline | None

    def render(self, run: Run, dot: Any) -> None:
        run.invoke(self.name, None if self.pipeline is None else self.pipeline.value(run, dot))
