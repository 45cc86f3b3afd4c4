"""The collector answers as its OpenAPI description says, whatever is asked: requests made up by schemathesis, and
requests with parameters from the edges of what numbers, times and durations can be.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from monitor_collector.api.openapi import description
from tests.integration.collector_process import CollectorProcess

# What a random text would hardly ever be. Other texts are tried as well, since wrong requests are made on purpose.
MEANINGFUL = {
    "Expression": [
        "1 / 0",
        '"text"',
        "load",
        "load[1m]",
        "sum by (n) (rate(load[1m:1s]))",
        "topk(2, load) * 1e30",
        "load / on (n) group_left () (load - load)",
        "load * on () load",
        "absent(nothing)",
        "ALERTS",
    ],
    "Selector": ["load", '{instance="web-1"}', '{__name__=~".+",n!="1"}', "nothing"],
}


def schema() -> schemathesis.BaseSchema:
    content = copy.deepcopy(description())
    for name, texts in MEANINGFUL.items():
        content["components"]["schemas"][name] = {"enum": texts}
    return schemathesis.openapi.from_dict(content)


# Remote write, whose messages are made up as any bytes.
schemathesis.serializer.alias("application/x-protobuf", "application/octet-stream")
# The live feed never ends; tests/unit/collector/dashboard reads it.
SCHEMA = schema().exclude(path="/api/v1/live")
EXAMPLES_PER_OPERATION = 30
CHECKED = [
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]
FILES = {
    "targets": {"targets": [{"instance": "web-1", "interval_seconds": 1}]},
    "receivers": {"receivers": []},
    "rules.d/rules": {
        "groups": [
            {
                "name": "hosts",
                "rules": [
                    {"record": "load:double", "expr": "load * 2", "labels": {"kind": "double"}},
                    {"alert": "High", "expr": "load > 1", "annotations": {"summary": "{{ $value }}"}},
                ],
            }
        ]
    },
}

SILENCE = {
    "matchers": [{"name": "instance", "value": "web-1", "isRegex": False}],
    "startsAt": "2020-01-01T00:00:00Z",
    "endsAt": "2100-01-01T00:00:00Z",
    "createdBy": "somebody",
    "comment": "something",
}


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    process = CollectorProcess(tmp_path_factory.mktemp("collector"), FILES)
    process.start()
    try:
        process.wait_until_ready()
        now_ms = time.time_ns() // 1_000_000
        samples = "".join(f'load{{instance="web-1",n="{n}"}} {n} {now_ms - 1000 * n}\n' for n in range(10))
        httpx.post(f"{process.url}/api/v1/import/prometheus", content=samples).raise_for_status()
        httpx.post(f"{process.url}/api/v2/silences", json=SILENCE).raise_for_status()
        yield process
        assert process.stop() == 0, process.log.read_text()
    finally:
        process.close()


@SCHEMA.parametrize()
@settings(
    max_examples=EXAMPLES_PER_OPERATION,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_answers_are_what_the_description_says(case: schemathesis.Case, collector: CollectorProcess) -> None:
    response = case.call(base_url=collector.url, timeout=10)
    # A query that may take no time takes too long, which Prometheus answers with 503 as well.
    assert response.status_code < 500 or response.json().get("errorType") == "timeout", response.text
    case.validate_response(response, checks=CHECKED)


QUERIED = ("query", "query_range", "query_exemplars", "format_query", "series", "labels", "label/n/values", "rules")
OTHERS = ("metadata", "targets", "status/tsdb", "status/runtimeinfo", "alerts", "nothing")
PARAMETERS = (
    *("query", "time", "start", "end", "step", "timeout", "lookback_delta", "limit", "match[]", "stats", "type"),
    *("exclude_alerts", "rule_name[]", "metric", "limit_per_metric", "state", "scrapePool"),
)
NUMBERS = "0 -0 1 -1 0.0001 1e-9 1e9 9007199254740.992 -9007199254740.993 1e300 -1e300 inf nan " + "9" * 30
MOMENTS = "2026-01-01T00:00:00Z 0001-01-01T00:00:00Z 9999-12-31T23:59:59.999999999Z 2016-12-31T23:59:60Z"
WORDS = "1y 300y 1ms 5m 1h30m true f up { load[300y] load[300y:1ms] sum_over_time(load[300y:1ms]) 1^1e308"
SENTENCES = ("", "load offset 300y", "load @ 9007199254740", "\x00", "\ud7ff", "a" * 10_000, "(" * 500, " 5")
EDGES = (*NUMBERS.split(), *MOMENTS.split(), *WORDS.split(), *SENTENCES)
REQUESTS = st.tuples(
    st.sampled_from(["GET", "POST"]),
    st.sampled_from([*QUERIED * 3, *OTHERS]),
    st.dictionaries(st.sampled_from(PARAMETERS), st.sampled_from(EDGES) | st.text(max_size=20), max_size=6),
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(request=REQUESTS)
def test_no_parameters_are_more_than_the_collector_can_answer(
    request: tuple[str, str, dict[str, str]], collector: CollectorProcess
) -> None:
    method, path, parameters = request
    place = "params" if method == "GET" else "data"
    answer = httpx.request(method, f"{collector.url}/api/v1/{path}", timeout=60, **{place: parameters})
    assert answer.headers["content-type"] == "application/json"
    if answer.status_code >= 500:
        assert answer.status_code == 503, answer.text
        assert answer.json()["errorType"] == "timeout"
