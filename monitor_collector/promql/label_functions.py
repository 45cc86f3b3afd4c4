"""`label_replace` and `label_join`: vectors whose label sets are changed and whose samples stay."""

import re
from collections.abc import Callable

from monitor_collector.promql.errors import EvaluationError, QueryError
from monitor_collector.promql.evaluation import Constant, Evaluation, Node, ValueType
from monitor_collector.promql.labels import Labels, with_label
from monitor_collector.promql.regular_expressions import Match, compile_anchored
from monitor_collector.promql.relabelled import Groups, group_by_labels, merge
from monitor_collector.promql.remembered import Remembered
from monitor_collector.promql.values import Grid

# Go's regexp.Expand: $name or ${name}, where the name is as long as possible; $$ is a dollar.
_PLACEHOLDER = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<braced>\w+)\}|(?P<plain>\w+))")

# A few repeated words make labels that fill all memory otherwise.
_VALUE_MAX_CHARACTERS = 65_536


class Relabelled:
    """The samples of a vector under other labels; two series that become one are an error."""

    value_type: ValueType = "vector"

    def __init__(self, vector: Node, relabel: Callable[[Labels], Labels]):
        def groups(labels: list[Labels]) -> Groups:
            return group_by_labels([relabel(one) for one in labels])

        self._vector = vector
        self._groups = Remembered(groups)

    def evaluate(self, evaluation: Evaluation) -> Grid:
        grid = self._vector.evaluate(evaluation)
        return merge(self._groups(grid.labels), grid.values, grid.present, whole_range=True)


def label_replace(arguments: list[Node]) -> Relabelled:
    """`label_replace(v, target, replacement, source, regex)`. QueryError where a name or the regex is invalid.

    Where the expression matches the whole value of the source, the target becomes the replacement with `$1`, `${name}`
    filled in; a target that becomes empty is removed. Source: evalLabelReplace in Prometheus' promql/functions.go.
    """
    vector, *strings = arguments
    target, replacement, source, pattern = map(_text, strings)
    _check_name(target, "destination")
    expression = compile_anchored(pattern)

    def relabel(labels: Labels) -> Labels:
        matched = expression.fullmatch(dict(labels).get(source, ""))
        return labels if matched is None else with_label(labels, target, _bounded(_expanded(replacement, matched)))

    return Relabelled(vector, relabel)


def label_join(arguments: list[Node]) -> Relabelled:
    """`label_join(v, target, separator, source…)`. QueryError where a name is invalid.

    The target becomes the values of the sources, "" for one that is not there, with the separator in between.
    """
    vector, *strings = arguments
    target, separator, *sources = map(_text, strings)
    _check_name(target, "destination")
    for source in sources:
        _check_name(source, "source")

    def relabel(labels: Labels) -> Labels:
        values = dict(labels)
        return with_label(labels, target, _bounded(separator.join([values.get(source, "") for source in sources])))

    return Relabelled(vector, relabel)


def _text(node: Node) -> str:
    """The string literal that the parser has made sure of."""
    assert isinstance(node, Constant)
    return str(node.value)


def _bounded(value: str) -> str:
    if len(value) > _VALUE_MAX_CHARACTERS:
        raise EvaluationError(f"a label would have {len(value)} characters; {_VALUE_MAX_CHARACTERS} are allowed")
    return value


def _check_name(name: str, role: str) -> None:
    if not name:
        raise QueryError(f"needs a {role} label: the name is empty")


def _expanded(replacement: str, matched: Match) -> str:
    groups = matched.re.groupindex

    def fill_in(placeholder: re.Match[str]) -> str:
        if placeholder["dollar"]:
            return "$"
        name = placeholder["braced"] or placeholder["plain"]
        number = int(name) if name.isdecimal() else groups.get(name, -1)
        return (matched[number] or "") if 0 <= number <= matched.re.groups else ""

    return _PLACEHOLDER.sub(fill_in, replacement)
