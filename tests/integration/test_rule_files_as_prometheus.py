# ruff: noqa: E501 - a case is one line
"""Rule files and their tests against the real promtool: what it accepts is accepted, what it refuses is refused, tests
pass and fail alike."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from monitor_collector.documents import ConfigError
from monitor_collector.promql.values import is_stale
from monitor_collector.rule_files import read_groups
from monitor_collector.rule_tests.series_notation import read_labels, read_values
from tests.integration.promtool import Verdict, verdicts, write


def rule(text: str) -> str:
    return f"groups:\n  - name: g\n    rules:\n      - {text}\n"


FILES = [
    "",
    "---\n",
    "# only a comment\n",
    "groups:",
    "groups: []",
    "groups: [{name: g}]",
    "groups: [{name: g, rules: }]",
    "groups: [{name: g, rules: []}, {name: h}]",
    "groups: [{name: g}, {name: g}]",
    "groups: [{name: ''}]",
    "groups: [{rules: []}]",
    "groups: [{name: 5}]",
    "groups: [{name: [g]}]",
    "groups: [null]",
    "groups: [g]",
    "groups: {name: g}",
    "groups: g",
    "[]",
    "text",
    "group: []",
    "groups: []\ngroups: []",
    "groups: []\nother: 1",
    "groups: [{name: g, interval: 30s, limit: 10}]",
    "groups: [{name: g, interval: 1h30m5s10ms, limit: -1}]",
    "groups: [{name: g, interval: }]",
    "groups: [{name: g, interval: ''}]",
    "groups: [{name: g, interval: 0}]",
    "groups: [{name: g, interval: 5}]",
    "groups: [{name: g, interval: -5s}]",
    "groups: [{name: g, interval: 5s1m}]",
    "groups: [{name: g, interval: 1.5m}]",
    "groups: [{name: g, interval: 1y2w3d}]",
    "groups: [{name: g, interval: 300y}]",
    "groups: [{name: g, interval: ' 5s'}]",
    "groups: [{name: g, limit: ten}]",
    "groups: [{name: g, limit: '10'}]",
    "groups: [{name: g, limit: 0x10}]",
    "groups: [{name: g, limit: 1_000}]",
    "groups: [{name: g, unknown: 1}]",
    rule("{alert: A, expr: up}"),
    rule("{alert: A, expr: up == 0, for: 5m, keep_firing_for: 1m, labels: {a: b}, annotations: {c: d}}"),
    rule("{record: a:b, expr: up}"),
    rule("{record: a:b, expr: up, labels: {a: b}}"),
    rule("{record: a, alert: A, expr: up}"),
    rule("{record: a, alert: '', expr: up}"),
    rule("{record: '', alert: A, expr: up}"),
    rule("{record: '', alert: '', expr: up}"),
    rule("{expr: up}"),
    rule("{alert: A}"),
    rule("{alert: A, expr: }"),
    rule("{alert: A, expr: ''}"),
    rule("{alert: A, expr: 5}"),
    rule("{alert: A, expr: true}"),
    rule("{alert: A, expr: 1.5}"),
    rule("{alert: A, expr: 'up =='}"),
    rule("{alert: A, expr: nonsense(up)}"),
    rule("{alert: A, expr: [up]}"),
    rule("{alert: 'any words: at all €', expr: up}"),
    rule("{alert: 5, expr: up}"),
    rule("{record: a-b, expr: up}"),
    rule("{record: 1a, expr: up}"),
    rule("{record: 'a b', expr: up}"),
    rule("{record: 'a{b=\"c\"}', expr: up}"),
    rule("{record: a, expr: up, for: 5m}"),
    rule("{record: a, expr: up, for: 0s}"),
    rule("{record: a, expr: up, keep_firing_for: 5m}"),
    rule("{record: a, expr: up, annotations: {a: b}}"),
    rule("{record: a, expr: up, annotations: {}}"),
    rule("{record: a, expr: up, labels: {a: '{{ nonsense'}}"),
    rule("{alert: A, expr: up, for: 5}"),
    rule("{alert: A, expr: up, for: 0}"),
    rule("{alert: A, expr: up, for: }"),
    rule("{alert: A, expr: up, for: '5m '}"),
    rule("{alert: A, expr: up, for: \u0665m}"),
    rule("{alert: A, expr: up, For: 5m}"),
    rule("{alert: A, expr: up, labels: {a-b: c}}"),
    rule("{alert: A, expr: up, labels: {1: c}}"),
    rule("{alert: A, expr: up, labels: {__name__: c}}"),
    rule("{alert: A, expr: up, labels: {__other__: c}}"),
    rule("{alert: A, expr: up, labels: {alertname: c}}"),
    rule("{alert: A, expr: up, labels: {a: 1, b: 1.50, c: true, d: null, e: 2020-01-01, f: ~, g: no, h: 0x1F}}"),
    rule("{alert: A, expr: up, labels: {a: [1]}}"),
    rule("{alert: A, expr: up, labels: {a: {b: c}}}"),
    rule("{alert: A, expr: up, labels: [a]}"),
    rule("{alert: A, expr: up, labels: }"),
    rule("{alert: A, expr: up, labels: text}"),
    rule("{alert: A, expr: up, labels: {a: 1, a: 2}}"),
    rule("{alert: A, expr: up, labels: {a: '{{ nonsense }}'}}"),
    rule("{alert: A, expr: up, annotations: {a.b: c}}"),
    rule("{alert: A, expr: up, annotations: {__name__: c}}"),
    rule("{alert: A, expr: up, annotations: {a: '{{ if }}'}}"),
    rule("{alert: A, expr: up, annotations: {a: '{{ $labels.x }}', b: '{{ $nope }}'}}"),
    rule("{alert: A, expr: up, alert: B}"),
    rule(""),
    rule("1"),
    rule("{}"),
    "groups: [{name: g, rules: {a: 1}}]",
    "groups: [{name: g, rules: [{alert: A, expr: up}, {alert: A, expr: up}]}]",
    "groups:\n- name: g\n  rules:\n  - &a\n    alert: A\n    expr: up\n  - <<: *a\n    alert: B\n",
    "groups:\n- name: g\n  rules:\n  - &a {alert: A, expr: up}\n  - *a\n",
    "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: |\n      up\n      == 0 # why\n",
    "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: >-\n      up\n\n      == 0\n",
    "groups:\n\t- name: g\n",
    "groups: [",
    "groups: [{name: g}\n",
    "groups: !custom []",
    "groups: &a [*a]",
    "%YAML 1.1\n---\ngroups: []",
    "\ufeffgroups: []",
    'groups: [{name: "\\u0000"}]',
]


def is_refused(file: Path) -> bool:
    try:
        read_groups(file)
    except ConfigError:
        return True
    return False


def test_files_that_promtool_refuses_are_refused_and_no_others(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.yml" for number in range(len(FILES))]
    for file, text in zip(files, FILES, strict=True):
        file.write_text(text, encoding="utf-8")
    said = verdicts(["check", "rules", "--lint=none"], files)
    theirs = {number for number, verdict in enumerate(said) if not verdict.is_content}
    ours = {number for number, file in enumerate(files) if is_refused(file)}
    assert 40 < len(theirs) < len(FILES) - 40
    assert {FILES[number] for number in theirs ^ ours} == set()


SERIES_VALUES = [
    "1", "1 2 3", "1x5", "1+2x3", "1-2x3", "-1+2x3", "-1-2x3", "+1", "+1x2", "_", "_x3", "_x0", "1x0", "1+1x0", "0.1+0.1x10",
    "1e3", "1e-3", "1.5e+3x2", "1E2", "Inf", "-Inf", "+Inf", "NaN", "nan", "inf", "INF", "Inf+1x2", "stale", "1 stale _ 2",
    "1 _x2 3", " 1  2 ", "1.", "0x5", "1+0.5x2", "1-0.25x4 7", "007", "1x03", "1e308+1e308x2",
    ".5", "-.5", "1 + 2x3", "1+2", "1x", "1x-1", "1x1.5", "x3", "_x", "stalex2", "stale+1x2", "STALE", "a", "1,2", "1+-2x3",
    "--1", "1 2x", "_1", "__", "1_000", "0x1F", "Infx2", "1+Infx2", "1e", "1m", "'1'", "infinity", "1x2x3", "1+1x2+1",
]  # fmt: skip
SERIES_NAMES = [
    'up', 'up{}', 'up{a="b"}', "up{a='b'}", 'up{a=`b`}', 'up{ a = "b" , c="d", }', '{a="b"}', '{__name__="up"}', 'a:b',
    'up{a=""}', 'up{a="\\"\\\\\\n"}', 'up{a="ü€"}', 'up{a="{b}"}', 'up{a="b",}',
    '', '{', 'up{', 'up}', 'up{a}', 'up{a=b}', 'up{a="b" c="d"}', 'up{,}', 'up{a="b",,}', 'up{a!="b"}', 'up{a=~"b"}', 'up{1a="b"}',
    'up{a-b="c"}', 'up up', 'up{a="\\x"}', 'up{a="b"', '5', 'up{"a"="b"}', 'up[5m]',
]  # fmt: skip


def series_verdicts(directory: Path, series: list[tuple[str, str]]) -> list[Verdict]:
    return verdicts_of_tests(
        directory, [{"input_series": [{"series": name, "values": values}]} for name, values in series]
    )


def verdicts_of_tests(directory: Path, tests: list[dict[str, Any]]) -> list[Verdict]:
    files = [
        write(directory / f"{number}.test.yml", {"tests": [{"interval": "1m", **test}]})
        for number, test in enumerate(tests)
    ]
    return verdicts(["test", "rules"], files)


def shown(values: list[float | None]) -> dict[int, float]:
    """What a query for the newest sample gives at each minute that has one of its own."""
    numbers = {minute: value for minute, value in enumerate(values) if value is not None}
    return {minute: value for minute, value in numbers.items() if not math.isnan(value)}


def read_or_none(values: str) -> list[float | None] | None:
    try:
        return read_values(values)
    except ValueError:
        return None


def cases_for(read: list[float | None]) -> list[dict[str, Any]]:
    """Each value at its minute, and how many there are."""
    cases = [
        {"expr": "x", "eval_time": f"{minute}m", "exp_samples": [{"labels": "x", "value": value}]}
        for minute, value in shown(read).items()
    ]
    count = sum(value is not None and not is_stale(np.array([value]))[0] for value in read)
    counted = [{"labels": "{}", "value": count}] if count else []
    return [*cases, {"expr": "count_over_time(x[1d])", "eval_time": "200m", "exp_samples": counted}]


def test_values_that_promtool_reads_are_read_alike(tmp_path: Path) -> None:
    read = {values: read_or_none(values) for values in SERIES_VALUES}
    said = series_verdicts(tmp_path, [("x", values) for values in SERIES_VALUES])
    different = [
        one for one, verdict in zip(SERIES_VALUES, said, strict=True) if (read[one] is None) == verdict.is_content
    ]
    assert different == []
    readable = {values: found for values, found in read.items() if found is not None}
    tests = [
        {"input_series": [{"series": "x", "values": values}], "promql_expr_test": cases_for(found)}
        for values, found in readable.items()
    ]
    refused = [verdict.output for verdict in verdicts_of_tests(tmp_path, tests) if not verdict.is_content]
    assert not refused, "\n".join(refused)


def test_series_that_promtool_reads_are_read(tmp_path: Path) -> None:
    different = []
    for name, verdict in zip(
        SERIES_NAMES, series_verdicts(tmp_path, [(one, "1") for one in SERIES_NAMES]), strict=True
    ):
        try:
            read_labels(name)
            is_read = True
        except ValueError:
            is_read = False
        if is_read != verdict.is_content:
            different.append((name, verdict.output))
    assert not different, "\n".join(map(str, different))
