"""Requests to the HTTP API, right and wrong, that a real Prometheus is asked as well; and where the answers differ.

In parameters, `{0}` and the like stand for as many seconds after the first sample; there is one every 15 seconds for
ten minutes. Moments lie between samples, since Prometheus 2 and 3 disagree about a window's very edge.
"""

from __future__ import annotations

from typing import NamedTuple

SERIES = (
    'load{instance="web-1"}',
    'load{instance="web-2"}',
    'cpu_seconds_total{instance="web-1",mode="idle"}',
    'cpu_seconds_total{instance="web-1",mode="user"}',
    'odd{kind="inf"}',
    'odd{kind="tiny"}',
    'odd{kind="huge"}',
    "no_labels",
)
ODD_VALUES = {"inf": "+Inf", "tiny": "1e-07", "huge": "1e+21"}
SECONDS = 600
INTERVAL_SECONDS = 15


class Request(NamedTuple):
    """One request; `form` is posted. Parameters that come twice are lists."""

    method: str
    path: str
    parameters: dict[str, str | list[str]]
    form: dict[str, str | list[str]]

    def __str__(self) -> str:
        text = f"{self.method} {self.path} {self.parameters}"
        return f"{text} form {self.form}" if self.form else text


def get(path: str, **parameters: str | list[str]) -> Request:
    return Request("GET", path, _named(parameters), {})


def post(path: str, **form: str | list[str]) -> Request:
    return Request("POST", path, {}, _named(form))


def _named(parameters: dict[str, str | list[str]]) -> dict[str, str | list[str]]:
    """`match__` stands for match[], which is no name in Python."""
    return {name.replace("__", "[]"): value for name, value in parameters.items()}


NOW = "{307}"
RANGE = {"start": "{307}", "end": "{397}", "step": "30"}
WHOLE = {"start": "{0}", "end": "{585}"}

RIGHT = [
    *(
        get("query", query=query, time=NOW)
        for query in (
            "load",
            "load[1m]",
            "load[5m:1m]",
            "1 + 1",
            '"text \\" with \\\\ and ü"',
            "nothing",
            "nothing[1m]",
            "odd",
            "odd / 0",
            "-odd * 0",
            "1e20",
            "1e21",
            "1e-6",
            "1e-7",
            "-0",
            "vector(1)",
            "rate(cpu_seconds_total[2m])",
            "sum by (mode) (rate(cpu_seconds_total[2m]))",
            "load * 1234567.1234567",
            "count_values('value', load)",
            "# only a comment\nload",
        )
    ),
    *(
        get("query", query="time()", time=time)
        for time in (
            "0",
            "-5",
            "1.0005",
            "0.0015",
            "1e9",
            "1700000000.1239",
            "2023-11-14T22:13:21Z",
            "2023-11-14T23:13:21.5+01:00",
            "2023-11-14T22:13:21,25Z",
        )
    ),
    get("query", query="load", time="{700}"),
    get("query", query="load", time="{1100}"),
    get("query", query=["load", "cpu_seconds_total"], time=NOW),
    get("query", query="load", time=NOW, timeout="5s"),
    get("query", query="load", time=NOW, timeout="1.5"),
    get("query", query="load", time=NOW, nonsense="x"),
    post("query", query="load", time=NOW),
    post("query", query='{instance="web-1"}', time=NOW),
    Request("POST", "query", {"query": "load", "time": NOW}, {"query": "no_labels"}),
    Request("POST", "query", {"query": "load", "time": NOW}, {}),
    *(
        get("query_range", query=query, **RANGE)
        for query in ("load", "nothing", "1", "time()", "rate(cpu_seconds_total[1m])", "odd", "-odd * 0", "load > 20")
    ),
    get("query_range", query="time()", start="0.5", end="2", step="0.5"),
    get("query_range", query="time()", start="-1.5", end="1.5", step="1s500ms"),
    get("query_range", query="load", start="{307}", end="{307}", step="1m"),
    get("query_range", query="load", start="{307}", end="{310}", step="1h"),
    get("query_range", query="1", start="0", end="11000", step="1"),
    post("query_range", query="load", **RANGE),
    get("query_exemplars", query="load", start="{0}", end="{300}"),
    post("query_exemplars", query="load", start="{0}", end="{300}"),
    *(
        get("format_query", query=query)
        for query in (
            "sum(load)by(instance)",
            "load{instance!='web-1',kind=~\"a|b\"}[5m]offset 1h",
            "sum without(a)(rate(load[5m]))/on(instance)group_left(x)count by(instance)(no_labels)>bool 5",
            "-load^2",
            "quantile(0.9,load)or topk(5,cpu_seconds_total)unless nothing",
        )
    ),
    post("format_query", query="sum(load)"),
    get("series", match__="load", **WHOLE),
    get("series", match__=["load", '{instance="web-1"}'], **WHOLE),
    get("series", match__="nothing", **WHOLE),
    get("series", match__="load", start="{9000}", end="{9001}"),
    get("series", match__='{__name__=~"load|no_labels"}', **WHOLE),
    post("series", match__=["odd", "no_labels"], **WHOLE),
    get("labels", **WHOLE),
    get("labels", match__="cpu_seconds_total"),
    get("labels", match__=["load", 'odd{kind="inf"}'], **WHOLE),
    get("labels", match__="nothing"),
    post("labels", match__="odd"),
    get("label/__name__/values", **WHOLE),
    get("label/mode/values"),
    get("label/instance/values", match__="cpu_seconds_total"),
    get("label/nothing/values"),
    get("label/kind/values", start="-9223309901257974", end="9223309901257974"),
    get("label/kind/values", start="-292273086-05-16T16:47:06Z", end="292277025-08-18T07:12:54.999999999Z"),
    get("metadata", metric="nothing"),
    get("targets", state="dropped"),
    get("targets", state="x"),
    get("rules", type="record"),
    get("rules", type="alert"),
]

WRONG = [
    get("query"),
    get("query", query=""),
    get("query", query="  "),
    *(
        get("query", query=query, time=NOW)
        for query in (
            "load ==",
            "(",
            "sum by",
            "nothing_like_it(load)",
            "rate(load)",
            "load{instance=}",
            'load{instance=~"("}',
            "load[5m] + 1",
            "load offset",
            "{}",
            "load[0s]",
            "'text' + 1",
            "load * on (nothing) load",
            "load / on (instance) cpu_seconds_total",
            "label_replace(load, 'instance', 'x', '', '')",
        )
    ),
    *(get("query", query="load", time=time) for time in ("noon", " 5", "0x10", "2023-11-14", "2023-11-14T22:13:21")),
    *(get("query", query="load", time=time) for time in ("2023-11-14t22:13:21z", "2023-11-14T24:00:00Z", "1,5")),
    *(get("query", query="load", timeout=timeout) for timeout in ("x", "5 s", "1e300", "1.5m", "-")),
    get("query", query="load", timeout="-5"),
    post("query", query="load", time="noon"),
    get("query_range", query="load"),
    get("query_range", query="", **RANGE),
    get("query_range", query="load ==", **RANGE),
    get("query_range", query="load[1m]", **RANGE),
    get("query_range", query='"text"', **RANGE),
    get("query_range", query="load", start="x", end="1", step="1"),
    get("query_range", query="load", start="1", end="x", step="1"),
    get("query_range", query="load", start="2", end="1", step="1"),
    *(get("query_range", query="load", start="0", end="9", step=step) for step in ("", "0", "-1", "x", "0s", "1e300")),
    get("query_range", query="load", start="0", end="11001", step="1"),
    get("query_range", query="load", start="0", end="5", step="0.0001"),
    get("query_range", query="load", start="0", end="9", step="1", timeout="x"),
    post("query_range", query="load", start="2", end="1", step="1"),
    get("query_exemplars"),
    get("query_exemplars", query="load ==", start="1", end="2"),
    get("query_exemplars", query="load", start="2", end="1"),
    get("query_exemplars", query="load", start="x", end="1"),
    get("format_query"),
    get("format_query", query="sum("),
    get("series"),
    get("series", match__=""),
    get("series", match__="{"),
    get("series", match__="{}"),
    get("series", match__='{instance=~".*"}'),
    get("series", match__="rate(load[5m])"),
    get("series", match__="load[5m]"),
    get("series", match__="load offset 5m"),
    get("series", match__="load", start="x"),
    get("series", match__="load", end="x"),
    get("series", match__=["load", "{"]),
    post("series"),
    get("labels", match__="{"),
    get("labels", start="x"),
    get("label/a-b/values"),
    get("label/9/values"),
    get("label/mode/values", match__="{"),
    get("label/mode/values", end="x"),
    get("metadata", limit="x"),
    get("metadata", limit="1.5"),
    get("rules", type="x"),
    get("nothing"),
    get("query/more"),
    get("label/mode"),
    get(""),
    *(Request(method, "query", {"query": "1"}, {}) for method in ("HEAD", "PUT", "DELETE", "PATCH")),
    *(Request(method, "rules", {}, {}) for method in ("HEAD", "POST", "DELETE")),
    Request("POST", "label/mode/values", {}, {}),
    Request("OPTIONS", "query", {}, {}),
    Request("OPTIONS", "nothing", {}, {}),
]

# Each of these must still be answered differently, or it does not belong here.
DIFFERENT = {
    "times that are no moment, or that overflow, are refused; Prometheus takes them for some other moment": [
        get("query", query="time()", time="inf"),
        get("query", query="time()", time="nan"),
        get("query", query="time()", time="1e12"),
    ],
    "numbers are written as in JSON; Go also takes underscores": [get("query", query="time()", time="1_000")],
    "a negative limit is refused, as in version 3; version 2.42 knows no limit": [
        get("query", query="load", time=NOW, limit="-1"),
        get("labels", match__="load", limit="1"),
    ],
    "a unary plus is not kept by the formatter, and infinity has no sign": [
        get("format_query", query="+load"),
        get("format_query", query="Inf"),
    ],
    "the lookback of a query is its own, as in version 3": [
        get("query", query="load", time="{700}", lookback_delta="1m"),
    ],
}
