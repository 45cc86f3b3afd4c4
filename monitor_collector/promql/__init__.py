"""PromQL: parsed by promql-parser, evaluated here on numpy arrays.

    parse('avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[1m]))').evaluate(storage, at_ms)

An expression is compiled once and evaluated often, over one moment or a grid of them, against anything that can
`select` series. It follows Prometheus 3; what it does not support it refuses when parsing (docs/promql.md).
"""

from monitor_collector.promql.errors import EvaluationError, QueryError
from monitor_collector.promql.expression import DEFAULT_LOOKBACK_MS, Expression
from monitor_collector.promql.labels import METRIC_NAME, Labels
from monitor_collector.promql.limits import Limits, Unlimited
from monitor_collector.promql.matchers import Matcher, all_match
from monitor_collector.promql.parse import parse
from monitor_collector.promql.selection import parse_selector
from monitor_collector.promql.storage import Newest, ReadyStorage, Storage, Window
from monitor_collector.promql.values import STALE_MARKER, Matrix, Scalar, Series, Vector

__all__ = [
    "DEFAULT_LOOKBACK_MS",
    "METRIC_NAME",
    "STALE_MARKER",
    "EvaluationError",
    "Expression",
    "Labels",
    "Limits",
    "Matcher",
    "Matrix",
    "Newest",
    "QueryError",
    "ReadyStorage",
    "Scalar",
    "Series",
    "Storage",
    "Unlimited",
    "Vector",
    "Window",
    "all_match",
    "parse",
    "parse_selector",
]
