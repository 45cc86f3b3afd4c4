"""From the text of a template to its parts, refusing what Go's text/template/parse refuses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from monitor_collector.go_template.expressions import ExpressionParser
from monitor_collector.go_template.functions import BUILTINS, Function
from monitor_collector.go_template.lexer import Token
from monitor_collector.go_template.literals import unquote
from monitor_collector.go_template.nodes import (
    Action,
    Body,
    Break,
    Condition,
    Continue,
    Invocation,
    Pipeline,
    Range,
    Step,
    Text,
)
from monitor_collector.go_template.rendering import ParsedTemplate


def parse(text: str, functions: Mapping[str, Function] | None = None, variables: Iterable[str] = ()) -> ParsedTemplate:
    """The template with these functions beside Go's own, and variables that rendering will set.

    TemplateError where its syntax is wrong or it names a function or variable that does not exist.
    """
    parser = _Parser(text, {**BUILTINS, **(functions or {})}, list(variables))
    return ParsedTemplate(parser.whole(), parser.definitions)


class _Parser(ExpressionParser):
    def __init__(self, text: str, functions: Mapping[str, Function], variables: list[str]) -> None:
        super().__init__(text, functions, variables)
        self._range_depth = 0
        self.definitions: dict[str, Body] = {}

    def whole(self) -> Body:
        steps: list[Step] = []
        while self._peek().kind != "end":
            token = self._next()
            if token.kind == "left" and self._is_keyword("define"):
                self._definition()
            else:
                steps.append(self._step(token))
        return Body(tuple(steps))

    def _step(self, token: Token) -> Step:
        if token.kind == "text":
            return Text(token.text)
        self._deeper(token)
        try:
            return self._action()
        finally:
            self._depth -= 1

    def _action(self) -> Step:
        token = self._skip_spaces()
        if token.kind != "keyword":
            return Action(self._pipeline("command", "right"))
        self._next()
        if token.text in ("if", "with"):
            return self._condition(token.text)
        if token.text == "range":
            return self._range()
        if token.text == "template":
            return self._invocation()
        if token.text == "block":
            return self._block()
        if token.text in ("break", "continue"):
            self._expect("right", token.text)
            if not self._range_depth:
                raise self._error(token, f"{token.text} outside of range")
            return Break() if token.text == "break" else Continue()
        raise self._error(token, f"unexpected {token.text}")

    def _body(self, of: Token) -> tuple[Body, Token]:
        """The steps up to `end` or `else`, which is returned with them; what follows it in its action is left."""
        steps: list[Step] = []
        while True:
            token = self._next()
            if token.kind == "end":
                raise self._error(of, f"{of.text} without end")
            if token.kind == "left" and self._is_keyword("end", "else"):
                return Body(tuple(steps)), self._next()
            steps.append(self._step(token))

    def _condition(self, word: str) -> Condition:
        of = self._tokens[self._position - 1]
        count = len(self._variables)
        pipeline = self._pipeline(word, "right")
        body, closing = self._body(of)
        otherwise = Body(())
        if closing.text == "else" and self._is_keyword(word):
            self._next()
            # `else if` ends with the same `end` as the `if` it belongs to.
            self._deeper(closing)
            otherwise = Body((self._condition(word),))
            self._depth -= 1
        else:
            self._expect("right", closing.text)
            if closing.text == "else":
                otherwise = self._body_to_end(of)
        del self._variables[count:]
        return Condition(pipeline, body, otherwise, word == "with")

    def _body_to_end(self, of: Token) -> Body:
        body, closing = self._body(of)
        if closing.text != "end":
            raise self._error(closing, "expected end; found else")
        self._expect("right", "end")
        return body

    def _range(self) -> Range:
        of = self._tokens[self._position - 1]
        count = len(self._variables)
        pipeline = self._pipeline("range", "right")
        self._range_depth += 1
        body, closing = self._body(of)
        self._range_depth -= 1
        self._expect("right", closing.text)
        otherwise = self._body_to_end(of) if closing.text == "else" else Body(())
        del self._variables[count:]
        plain = Pipeline(pipeline.source, pipeline.commands)
        return Range(plain, pipeline.variables, pipeline.is_assignment, body, otherwise)

    def _invocation(self) -> Invocation:
        name = unquote(self._expect("string", "template clause").text)
        if self._skip_spaces().kind == "right":
            self._next()
            return Invocation(name, None)
        return Invocation(name, self._pipeline("template clause", "right"))

    def _definition(self) -> None:
        of = self._next()
        name = unquote(self._expect("string", "define clause").text)
        self._expect("right", "define clause")
        self._define(of, name)

    def _block(self) -> Invocation:
        of = self._tokens[self._position - 1]
        name = unquote(self._expect("string", "block clause").text)
        pipeline = self._pipeline("block clause", "right")
        self._define(of, name)
        return Invocation(name, pipeline)

    def _define(self, of: Token, name: str) -> None:
        outside = self._variables, self._range_depth
        self._variables, self._range_depth = ["$"], 0
        body = self._body_to_end(of)
        self._variables, self._range_depth = outside
        before = self.definitions.get(name)
        if before is None or _is_empty(before):
            self.definitions[name] = body
        elif not _is_empty(body):
            raise self._error(of, f'multiple definition of template "{name}"')


def _is_empty(body: Body) -> bool:
    return all(isinstance(step, Text) and not step.text.strip() for step in body.steps)
