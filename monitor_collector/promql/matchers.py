"""Label matchers: the conditions between the braces of a selector."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from monitor_collector.promql.errors import QueryError
from monitor_collector.promql.labels import METRIC_NAME, Labels
from monitor_collector.promql.regular_expressions import compile_anchored

MatchOperator = Literal["=", "!=", "=~", "!~"]


class Matcher(NamedTuple):
    """One condition on one label. A label that a series does not have is matched as the empty string."""

    name: str
    op: MatchOperator
    value: str

    def matches(self, value: str) -> bool:
        """Whether a label value meets the condition; pass "" for an absent label.

        Regular expressions must match the whole value. QueryError where the expression is invalid; a matcher
        that came out of a parsed query has been checked already.
        """
        if self.op == "=":
            return value == self.value
        if self.op == "!=":
            return value != self.value
        matched = compile_anchored(self.value).fullmatch(value) is not None
        return matched if self.op == "=~" else not matched

    def check(self) -> None:
        """QueryError where the operator is unknown or the regular expression cannot be used."""
        if self.op not in ("=", "!=", "=~", "!~"):
            raise QueryError(f"unknown match operator {self.op!r}")
        if self.op in ("=~", "!~"):
            compile_anchored(self.value)


def all_match(matchers: Iterable[Matcher], labels: Labels) -> bool:
    """Whether a label set meets all conditions."""
    values = dict(labels)
    return all(matcher.matches(values.get(matcher.name, "")) for matcher in matchers)


def labels_of_absence(matchers: Iterable[Matcher]) -> Labels:
    """The labels of `absent(selector)`: those that equality matchers name exactly once, but not the metric's name.

    Source: createLabelsForAbsentFunction in Prometheus' promql/functions.go. A second matcher for a label removes
    it, even one that says the same.
    """
    found: dict[str, str] = {}
    seen: set[str] = set()
    for matcher in matchers:
        if matcher.name == METRIC_NAME:
            continue
        if matcher.op == "=" and matcher.name not in seen:
            found[matcher.name] = matcher.value
            seen.add(matcher.name)
        else:
            found.pop(matcher.name, None)
    return tuple(sorted((name, value) for name, value in found.items() if value))
