"""From the text of a query to a compiled expression, or to an error that says what and where.

The text is parsed by promql-parser, and its syntax tree is walked once into evaluators: whatever is not
supported is refused in that walk, before any data is read. https://prometheus.io/docs/prometheus/latest/querying/
"""

import re
from datetime import UTC, datetime, timedelta

import promql_parser as syntax

from monitor_collector.promql.aggregations import AGGREGATIONS, aggregation
from monitor_collector.promql.errors import QueryError
from monitor_collector.promql.evaluation import Constant, Node, StepInvariant
from monitor_collector.promql.expression import Expression
from monitor_collector.promql.functions import FUNCTIONS, TIME_DEPENDENT
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
from monitor_collector.promql.selectors import InstantSelector, Moment, RangeNode, RangeSelector, SubQuery
from monitor_collector.promql.source_text import (
    ZERO_OFFSET_MS,
    for_parser,
    position_of,
    position_of_call,
    refuse_deep_nesting,
    refuse_long_durations,
    refuse_unusable_times,
)
from monitor_collector.promql.vector_matching import Cardinality, Matching

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_QUOTED_NAME = re.compile(r"'([^']+)'")


def parse(text: str) -> Expression:
    """The compiled query; QueryError where it is malformed, mistyped or uses something unsupported."""
    refuse_deep_nesting(text)
    refuse_long_durations(text)
    refuse_unusable_times(text)
    try:
        tree = syntax.parse(for_parser(text))
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

    def compile(self, tree: object, within_invariant: bool = False) -> Node | RangeNode:
        if within_invariant or not _is_step_invariant(tree):
            return self._node(tree, within_invariant)
        node = self._node(tree, within_invariant=True)
        looks_once = isinstance(node, Constant | InstantSelector | RangeSelector | SubQuery)
        return node if looks_once else StepInvariant(node)

    def _node(self, tree: object, within_invariant: bool) -> Node | RangeNode:
        match tree:
            case syntax.ParenExpr():
                return self._node(tree.expr, within_invariant)
            case syntax.NumberLiteral() | syntax.StringLiteral():
                return Constant(tree.val)
            case syntax.VectorSelector():
                return InstantSelector(self._matchers(tree), _moment(tree))
            case syntax.MatrixSelector():
                selector = tree.vector_selector
                return RangeSelector(self._matchers(selector), _milliseconds(tree.range), _moment(selector))
            case syntax.SubqueryExpr():
                resolution_ms = None if tree.step is None else _milliseconds(tree.step)
                vector = self.compile(tree.expr, within_invariant)
                return SubQuery(vector, _milliseconds(tree.range), resolution_ms, _moment(tree))
            case syntax.UnaryExpr():
                operand = self.compile(tree.expr, within_invariant)
                return ScalarNegation(operand) if operand.value_type == "scalar" else VectorNegation(operand)
            case syntax.Call():
                return self._call(tree, within_invariant)
            case syntax.AggregateExpr():
                return self._aggregation(tree, within_invariant)
            case syntax.BinaryExpr():
                return self._binary(tree, within_invariant)
        raise self._refusal(f"the construct {type(tree).__name__}", None)

    def _matchers(self, selector: syntax.VectorSelector) -> tuple[Matcher, ...]:
        if selector.matchers.or_matchers:
            raise self._refusal("'or' between label matchers", position_of(self._text, "or"))
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

    def _call(self, call: syntax.Call, within_invariant: bool) -> Node:
        name = call.func.name
        position = position_of_call(self._text, name)
        build = FUNCTIONS.get(name)
        if build is None:
            raise self._refusal(f"function {name}()", position)
        arguments = [self.compile(argument, within_invariant) for argument in call.args]
        try:
            return build(arguments)
        except QueryError as error:
            raise QueryError(f"function {name}() {error.message}", position, self._text) from None

    def _aggregation(self, tree: syntax.AggregateExpr, within_invariant: bool) -> Node:
        operator = str(tree.op)
        position = position_of_call(self._text, operator)
        if operator not in AGGREGATIONS:
            raise self._refusal(f"aggregation {operator}", position)
        is_without = tree.modifier is not None and tree.modifier.type == syntax.AggModifierType.Without
        names = [] if tree.modifier is None else list(tree.modifier.labels)
        parameter = None if tree.param is None else self.compile(tree.param, within_invariant)
        vector = self.compile(tree.expr, within_invariant)
        try:
            return aggregation(operator, parameter, vector, names, is_without)
        except QueryError as error:
            raise QueryError(f"aggregation {operator} {error.message}", position, self._text) from None

    def _binary(self, binary: syntax.BinaryExpr, within_invariant: bool) -> Node:
        symbol = str(binary.op)
        if symbol not in ARITHMETIC and symbol not in COMPARISONS and symbol not in SET_OPERATORS:
            raise self._refusal(f"operator {symbol}", position_of(self._text, symbol))
        left, right = self.compile(binary.lhs, within_invariant), self.compile(binary.rhs, within_invariant)
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


def _is_step_invariant(tree: object) -> bool:
    """Whether the value is the same whenever it is evaluated, as `@` pins every selector.

    Source: preprocessExprHelper in Prometheus' promql/engine.go.
    """
    match tree:
        case syntax.NumberLiteral() | syntax.StringLiteral():
            return True
        case syntax.VectorSelector() | syntax.SubqueryExpr():
            return tree.at is not None
        case syntax.MatrixSelector():
            return tree.vector_selector.at is not None
        case syntax.ParenExpr() | syntax.UnaryExpr():
            return _is_step_invariant(tree.expr)
        case syntax.AggregateExpr():
            return _is_step_invariant(tree.expr) and (tree.param is None or _is_step_invariant(tree.param))
        case syntax.BinaryExpr():
            return _is_step_invariant(tree.lhs) and _is_step_invariant(tree.rhs)
        case syntax.Call():
            # Without an argument the functions of dates are of the time of evaluation, like the others of these.
            return tree.func.name not in TIME_DEPENDENT and all(map(_is_step_invariant, tree.args))
    return False


def _moment(tree: syntax.VectorSelector | syntax.SubqueryExpr) -> Moment:
    offset_ms = 0 if tree.offset is None else _milliseconds(tree.offset)
    offset_ms = 0 if offset_ms in (ZERO_OFFSET_MS, -ZERO_OFFSET_MS) else offset_ms
    if tree.at is None:
        return Moment(offset_ms)
    if tree.at.type == syntax.AtModifierType.Start:
        return Moment(offset_ms, "start")
    if tree.at.type == syntax.AtModifierType.End:
        return Moment(offset_ms, "end")
    return Moment(offset_ms, (tree.at.at - _EPOCH) // timedelta(milliseconds=1))


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
