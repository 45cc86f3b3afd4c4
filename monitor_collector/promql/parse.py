"""From the text of a query to a compiled expression, or to an error that says what and where.

The text is parsed by promql-parser, and its syntax tree is walked once into evaluators: whatever is not
supported is refused in that walk, before any data is read. https://prometheus.io/docs/prometheus/latest/querying/
"""

import re
from datetime import timedelta

import promql_parser as syntax

from monitor_collector.promql.aggregations import AGGREGATIONS, Aggregation
from monitor_collector.promql.errors import QueryError
from monitor_collector.promql.evaluation import Constant, Node
from monitor_collector.promql.expression import Expression
from monitor_collector.promql.functions import FUNCTIONS
from monitor_collector.promql.labels import METRIC_NAME
from monitor_collector.promql.matchers import Matcher, MatchOperator
from monitor_collector.promql.operators import (
    ARITHMETIC,
    COMPARISONS,
    SET_OPERATORS,
    Operation,
    ScalarBinary,
    ScalarNegation,
    SetOperation,
    VectorBinary,
    VectorNegation,
    VectorScalarBinary,
)
from monitor_collector.promql.selectors import InstantSelector, RangeSelector
from monitor_collector.promql.source_text import (
    position_of,
    position_of_call,
    position_of_subquery,
    refuse_deep_nesting,
    refuse_long_durations,
)
from monitor_collector.promql.vector_matching import Cardinality, Matching

_QUOTED_NAME = re.compile(r"'([^']+)'")


def parse(text: str) -> Expression:
    """The compiled query; QueryError where it is malformed, mistyped or uses something unsupported."""
    refuse_deep_nesting(text)
    refuse_long_durations(text)
    try:
        tree = syntax.parse(text)
    except ValueError as error:
        raise QueryError(str(error), _position_of_complaint(text, str(error)), text) from None
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic of the parser is no Exception, but must not end a thread either
        raise QueryError(f"the query cannot be parsed: {error}", None, text) from None
    return Expression(text, _Compiler(text).compile(tree))


def _position_of_complaint(text: str, message: str) -> int | None:
    """Where in the text the name stands that the parser's message quotes."""
    quoted = _QUOTED_NAME.search(message)
    if quoted is None:
        return None
    name = quoted[1]
    return position_of_call(text, name) if "function" in message else position_of(text, name)


class _Compiler:
    """Walks a syntax tree into evaluators; keeps the text to say where something unsupported stands."""

    def __init__(self, text: str):
        self._text = text

    def _refusal(self, what: str, position: int | None) -> QueryError:
        return QueryError(f"{what} is not supported", position, self._text)

    def compile(self, tree: object) -> Node:
        match tree:
            case syntax.ParenExpr():
                return self.compile(tree.expr)
            case syntax.NumberLiteral() | syntax.StringLiteral():
                return Constant(tree.val)
            case syntax.VectorSelector():
                return InstantSelector(self._matchers(tree), self._offset_ms(tree))
            case syntax.MatrixSelector():
                selector = tree.vector_selector
                range_ms = _milliseconds(tree.range)
                return RangeSelector(self._matchers(selector), range_ms, self._offset_ms(selector))
            case syntax.UnaryExpr():
                operand = self.compile(tree.expr)
                return ScalarNegation(operand) if operand.value_type == "scalar" else VectorNegation(operand)
            case syntax.Call():
                return self._call(tree)
            case syntax.AggregateExpr():
                return self._aggregation(tree)
            case syntax.BinaryExpr():
                return self._binary(tree)
            case syntax.SubqueryExpr():
                raise self._refusal("a subquery", position_of_subquery(self._text))
        raise self._refusal(f"the construct {type(tree).__name__}", None)

    def _matchers(self, selector: syntax.VectorSelector) -> tuple[Matcher, ...]:
        if selector.matchers.or_matchers:
            raise self._refusal("'or' between label matchers", position_of(self._text, "or"))
        if selector.at is not None:
            raise self._refusal("the @ modifier", position_of(self._text, "@"))
        matchers = [Matcher(one.name, _match_operator(one.op), one.value) for one in selector.matchers.matchers]
        if selector.name is not None:
            matchers.insert(0, Matcher(METRIC_NAME, "=", selector.name))
        for matcher in matchers:
            self._check(matcher)
        return tuple(matchers)

    def _check(self, matcher: Matcher) -> None:
        try:
            matcher.check()
        except QueryError as error:
            position = self._text.find(matcher.value)
            raise QueryError(error.message, position if position >= 0 else None, self._text) from None

    def _offset_ms(self, selector: syntax.VectorSelector) -> int:
        return 0 if selector.offset is None else _milliseconds(selector.offset)

    def _call(self, call: syntax.Call) -> Node:
        name = call.func.name
        position = position_of_call(self._text, name)
        build = FUNCTIONS.get(name)
        if build is None:
            raise self._refusal(f"function {name}()", position)
        arguments = [self.compile(argument) for argument in call.args]
        try:
            return build(arguments)
        except QueryError as error:
            raise QueryError(f"function {name}() {error.message}", position, self._text) from None

    def _aggregation(self, aggregation: syntax.AggregateExpr) -> Node:
        operator = str(aggregation.op)
        if operator not in AGGREGATIONS:
            raise self._refusal(f"aggregation {operator}", position_of_call(self._text, operator))
        modifier = aggregation.modifier
        is_without = modifier is not None and modifier.type == syntax.AggModifierType.Without
        names = [] if modifier is None else list(modifier.labels)
        return Aggregation(operator, self.compile(aggregation.expr), names, is_without)

    def _binary(self, binary: syntax.BinaryExpr) -> Node:
        symbol = str(binary.op)
        if symbol not in ARITHMETIC and symbol not in COMPARISONS and symbol not in SET_OPERATORS:
            raise self._refusal(f"operator {symbol}", position_of(self._text, symbol))
        left, right = self.compile(binary.lhs), self.compile(binary.rhs)
        matching = self._matching(binary.modifier)
        if symbol in SET_OPERATORS:
            return SetOperation(symbol, matching, left, right)
        operation = Operation(symbol, binary.modifier is not None and binary.modifier.return_bool)
        match left.value_type, right.value_type:
            case "scalar", "scalar":
                return ScalarBinary(operation, left, right)
            case "vector", "scalar":
                return VectorScalarBinary(operation, left, right, vector_is_left=True)
            case "scalar", "vector":
                return VectorScalarBinary(operation, right, left, vector_is_left=False)
        return VectorBinary(operation, matching, left, right)

    def _matching(self, modifier: syntax.BinModifier | None) -> Matching:
        if modifier is None:
            return Matching()
        fill = modifier.fill_values
        if fill is not None and (fill.lhs is not None or fill.rhs is not None):
            raise self._refusal("fill()", position_of(self._text, "fill", "fill_left", "fill_right"))
        names, is_on = frozenset(), False
        if modifier.matching is not None:
            names = frozenset(modifier.matching.labels)
            is_on = modifier.matching.type == syntax.LabelModifierType.Include
        return Matching(names, is_on, _cardinality(modifier.card), tuple(modifier.group_labels or ()))


def _milliseconds(duration: timedelta) -> int:
    return duration // timedelta(milliseconds=1)


def _match_operator(kind: syntax.MatchOp) -> MatchOperator:
    if kind == syntax.MatchOp.Equal:
        return "="
    if kind == syntax.MatchOp.NotEqual:
        return "!="
    return "=~" if kind == syntax.MatchOp.Re else "!~"


def _cardinality(card: syntax.VectorMatchCardinality) -> Cardinality:
    if card == syntax.VectorMatchCardinality.ManyToOne:
        return "many-to-one"
    if card == syntax.VectorMatchCardinality.OneToMany:
        return "one-to-many"
    return "one-to-one"  # many-to-many is how the parser marks set operators, which do not ask
