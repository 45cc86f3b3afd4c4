"""Reads what stands within actions: pipelines of commands, their operands, and the variables they set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor_collector.go_template.errors import TemplateError
from monitor_collector.go_template.functions import Function
from monitor_collector.go_template.lexer import Token, error_at, tokens
from monitor_collector.go_template.literals import number, unquote
from monitor_collector.go_template.nodes import Call, Command, Constant, Dot, Expression, Fields, Pipeline, Variable

# Nobody writes such templates, and Python's stack has an end.
_DEEPEST = 40
_OPERANDS = {"word", "dot", "nil", "variable", "field", "bool", "number", "string", "open"}


class ExpressionParser:
    """Goes through the tokens of a template, knowing its functions and the variables that are there at each place."""

    def __init__(self, text: str, functions: Mapping[str, Function], variables: list[str]) -> None:
        self._text = text
        self._functions = functions
        self._tokens = list(tokens(text))
        self._position = 0
        self._variables = ["$", *variables]
        self._depth = 0

    def _peek(self) -> Token:
        return self._tokens[self._position]

    def _next(self) -> Token:
        token = self._tokens[self._position]
        if token.kind != "end":
            self._position += 1
        return token

    def _skip_spaces(self) -> Token:
        while self._peek().kind == "space":
            self._position += 1
        return self._peek()

    def _next_after_spaces(self) -> Token:
        self._skip_spaces()
        return self._next()

    def _is_keyword(self, *words: str) -> bool:
        token = self._skip_spaces()
        return token.kind == "keyword" and token.text in words

    def _error(self, token: Token, reason: str) -> TemplateError:
        return error_at(self._text, token.position, reason)

    def _unexpected(self, token: Token, where: str) -> TemplateError:
        return self._error(token, f"unexpected {token.text.strip() or 'space'} in {where}")

    def _expect(self, kind: str, where: str) -> Token:
        token = self._next_after_spaces()
        if token.kind != kind:
            raise self._unexpected(token, where)
        return token

    def _deeper(self, token: Token) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._error(token, "is nested too deeply")

    def _pipeline(self, where: str, end: str) -> Pipeline:
        start = self._skip_spaces()
        variables, is_assignment = self._declarations(where)
        commands: list[Command] = []
        while True:
            token = self._skip_spaces()
            if token.kind == end:
                self._next()
                break
            if token.kind not in _OPERANDS:
                raise self._unexpected(token, where)
            if commands and token.kind in ("bool", "dot", "nil", "number", "string"):
                raise self._error(token, f"non executable command in pipeline stage {len(commands) + 1}")
            commands.append(self._command(end))
        if not commands:
            raise self._error(start, f"missing value for {where}")
        source = self._text[start.position : token.position].strip()
        return Pipeline(source, tuple(commands), variables, is_assignment)

    def _declarations(self, where: str) -> tuple[tuple[str, ...], bool]:
        """`$x :=`, `$x =` or in a range `$i, $x :=` at the start of a pipeline, where there is one."""
        names: list[str] = []
        while (token := self._skip_spaces()).kind == "variable":
            before = self._position
            self._next()
            following = self._skip_spaces()
            if following.kind in ("declare", "assign"):
                self._next()
                names.append(token.text)
                # Also when it is assigned to; that it was never declared shows when it is rendered.
                self._variables += names
                return tuple(names), following.kind == "assign"
            if following.kind == "comma":
                self._next()
                names.append(token.text)
                if where == "range" and len(names) == 1 and self._skip_spaces().kind == "variable":
                    continue
                raise self._error(token, f"too many declarations in {where}")
            self._position = before
            break
        if names:
            raise self._error(token, "range can only initialize variables")
        return (), False

    def _command(self, end: str) -> Command:
        operands = [self._operand()]
        while True:
            token = self._peek()
            if token.kind == "space":
                if self._skip_spaces().kind in _OPERANDS:
                    operands.append(self._operand())
                    continue
                token = self._peek()
            if token.kind == end:
                return Command(operands[0], tuple(operands[1:]))
            if token.kind == "pipe":
                self._next()
                return Command(operands[0], tuple(operands[1:]))
            raise self._unexpected(token, "operand")

    def _operand(self) -> Expression:
        start = self._peek()
        term = self._term()
        names: list[str] = []
        last = start
        while self._peek().kind == "field":
            last = self._next()
            names.append(last.text[1:])
        if not names:
            return term
        if isinstance(term, Constant | Dot):
            raise self._error(start, f"unexpected . after term {start.text}")
        source = self._text[start.position : last.position] + last.text
        if isinstance(term, Fields):
            return Fields(source, term.base, (*term.names, *names))
        return Fields(source, term, tuple(names))

    def _term(self) -> Expression:
        token = self._next()
        text = token.text
        if token.kind == "word":
            function = self._functions.get(text)
            if function is None:
                known = ", ".join(sorted(self._functions))
                raise self._error(token, f'function "{text}" is not supported here; there are {known}')
            return Call(text, text, function)
        if token.kind == "variable":
            self._check_variable(text, token)
            return Variable(text)
        if token.kind == "field":
            return Fields(text, Dot("."), (text[1:],))
        if token.kind == "dot":
            return Dot(".")
        if token.kind == "open":
            self._deeper(token)
            pipeline = self._pipeline("parenthesized pipeline", "close")
            self._depth -= 1
            return pipeline
        return Constant(text, self._constant(token))

    def _constant(self, token: Token) -> Any:
        try:
            if token.kind == "string":
                return unquote(token.text)
            if token.kind == "number":
                return number(token.text)
        except TemplateError as error:
            raise self._error(token, str(error)) from None
        return {"true": True, "false": False, "nil": None}[token.text]

    def _check_variable(self, name: str, token: Token) -> None:
        if name not in self._variables:
            raise self._error(token, f"undefined variable {name}")
