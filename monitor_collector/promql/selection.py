"""Selectors of series that stand alone, as in `match[]` of the HTTP API."""

from collections.abc import Sequence

import promql_parser as syntax

from monitor_collector.promql.errors import QueryError
from monitor_collector.promql.matchers import Matcher
from monitor_collector.promql.parse import parse
from monitor_collector.promql.values import Series


def parse_selector(text: str) -> tuple[Matcher, ...]:
    """The matchers of a series selector such as `up{job="host"}`. Raises QueryError where it is something else."""
    expression = parse(text)
    tree = syntax.parse(text)
    if not isinstance(tree, syntax.VectorSelector) or tree.offset is not None or tree.at is not None:
        raise QueryError(f'{text!r} is no selector of series, for example up{{job="host"}}')
    asked = _Asked()
    expression.evaluate(asked, 0)
    return asked.matchers


class _Asked:
    """A storage without series that remembers what it is asked for."""

    matchers: tuple[Matcher, ...] = ()

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Series]:
        self.matchers = tuple(matchers)
        return []
