# ruff: noqa: E501 - a case is one line
"""The life of alerts and recorded series against the real Prometheus, minute by minute; and tests of rules, which pass
and fail in promtool and here alike."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from monitor_collector.rule_tests import run_file
from monitor_collector.rule_tests.cases import read_tests
from monitor_collector.rule_tests.report import series_text
from monitor_collector.rule_tests.simulation import Simulation
from tests.integration.promtool import verdicts, write

RULES = {
    "groups": [
        {
            "name": "recorded",
            "rules": [
                {"record": "x:double", "expr": "x * 2", "labels": {"kind": "twice", "zone": ""}},
                {"record": "x:sum", "expr": "sum by (job) (x:double)"},
                {"record": "always", "expr": "time()"},
            ],
        },
        {
            "name": "alerts",
            "interval": "7m",
            "rules": [
                {"alert": "AtOnce", "expr": "x > 5", "annotations": {"value": "{{ $value | humanize }}"}},
                {"alert": "Waits", "expr": "x > 5", "for": "3m", "labels": {"severity": "page"}},
                {"alert": "Stays", "expr": "x > 5", "keep_firing_for": "4m"},
                {"alert": "Both", "expr": "x > 5", "for": "2m", "keep_firing_for": "3m"},
                {"alert": "Odd", "expr": "x > 5", "for": "90s", "keep_firing_for": "150s"},
                {"alert": "Hysteresis", "expr": 'x > 7 or (x > 3 and on (a) ALERTS{alertname="Hysteresis"})', "for": "1m"},
                {"alert": "OfAnAlert", "expr": 'ALERTS{alertname="Waits",alertstate="firing"}', "labels": {"of": "{{ .Value }}"}},
                {"alert": "Relabelled", "expr": "x > 5", "labels": {"a": "{{ $labels.a }}-{{ $labels.job }}", "empty": ""}},
                {"alert": "Age", "expr": 'time() - ALERTS_FOR_STATE{alertname="Waits"} >= 120'},
                {"alert": "Sum", "expr": "x:sum > 20", "for": "1m", "annotations": {"of": "{{ $labels.job }}: {{ $value }}"}},
                {"alert": "Absent", "expr": "absent(x)", "for": "1m"},
                {"alert": "Number", "expr": "1"},
                {"alert": "SeverityByValue", "expr": "x > 4", "labels": {"severity": "{{ if gt $value 8.0 }}high{{ else }}low{{ end }}"}},
            ],
        },
    ]
}  # fmt: skip
NAMES = [rule["alert"] for rule in RULES["groups"][1]["rules"] if "alert" in rule]
QUERIES = [
    "ALERTS",
    "ALERTS_FOR_STATE",
    "x:double",
    "x:sum",
    "always",
    "count(ALERTS)",
    "changes(ALERTS_FOR_STATE[1d])",
]


def random_values(choose: random.Random) -> str:
    """Half an hour of a series that rises and falls, has gaps, and ends with a stale marker: up to which second a sample
    counts as current is another thing in Prometheus 2 than in Prometheus 3."""
    values = [choose.choice(["1", "6", "6", "6", "9", "4", "_ 6", "_x2 1", "6x3", "1x2", "stale"]) for _ in range(25)]
    return " ".join([*values, "stale"])


def expectations(directory: Path, test: Mapping[str, Any], interval: str, moments: list[int]) -> dict[str, Any]:
    """The test with what comes of it here, in seconds from 0."""
    asked = [{"eval_time": f"{moment}s", "alertname": name} for moment in moments for name in NAMES]
    queries = [{"expr": query, "eval_time": f"{moment}s"} for moment in moments for query in QUERIES]
    document = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": interval,
        "group_eval_order": ["recorded", "alerts"],
        "tests": [{**test, "alert_rule_test": asked, "promql_expr_test": queries}],
    }
    file = read_tests(write(directory / "asked.test.yml", document))
    simulation = Simulation(file.tests[0], file.groups, file.evaluation_interval_ms)
    step = file.evaluation_interval_ms
    for at_ms, errors in simulation.steps():
        assert errors == []
        for case in asked:
            if at_ms <= int(case["eval_time"][:-1]) * 1000 < at_ms + step:
                case["exp_alerts"] = [
                    {"exp_labels": dict(labels), "exp_annotations": dict(annotations)}
                    for labels, annotations in simulation.firing(case["alertname"])
                ]
    for case in queries:
        case["exp_samples"] = [
            {"labels": series_text(labels), "value": value}
            for labels, value in simulation.query(case["expr"], int(case["eval_time"][:-1]) * 1000)
        ]
    return document


def test_alerts_live_as_in_prometheus(tmp_path: Path) -> None:
    write(tmp_path / "rules.yml", RULES)
    choose = random.Random(4)
    files = []
    for number in range(12):
        series = [
            {"series": f'x{{a="{letter}",job="{job}",zone="z"}}', "values": random_values(choose)}
            for letter, job in (("p", "one"), ("q", "one"), ("r", "two"))
        ]
        interval = ("1m", "1m", "30s", "5m")[number % 4]
        moments = sorted(choose.sample(range(0, 2400, 15), 25))
        document = expectations(tmp_path, {"interval": "1m", "input_series": series}, interval, moments)
        files.append(write(tmp_path / f"{number}.test.yml", document))
        assert run_file(files[-1]).passed
    refused = [verdict.output for verdict in verdicts(["test", "rules"], files) if not verdict.is_content]
    assert not refused, refused[0]


TESTS = """\
rule_files: [host.rules.yml]
evaluation_interval: 30s
group_eval_order: [figures, alarms]
tests:
  - name: a disk that fills
    interval: 1m
    external_labels: {region: eu}
    external_url: http://monitor.example.org
    input_series:
      - {series: 'free{instance="web-1",device="sda"}', values: 100-5x20 _x5 50}
      - {series: 'free{instance="web-2",device="sda"}', values: 100x26}
      - {series: 'size{instance="web-1",device="sda"}', values: 100x26}
      - {series: 'size{instance="web-2",device="sda"}', values: 100x26}
    alert_rule_test:
      - {eval_time: 10m, alertname: DiskFull}
      - {eval_time: 18m, alertname: DiskFull}
      - eval_time: 19m30s
        alertname: DiskFull
        exp_alerts:
          - exp_labels: {instance: web-1, device: sda, severity: critical}
            exp_annotations: {summary: "web-1 (eu) has 5% left on sda", link: "http://monitor.example.org/disk?x=sda"}
      - eval_time: 20m10s
        alertname: DiskFull
        exp_alerts:
          - exp_labels: {instance: web-1, device: sda, severity: critical}
            exp_annotations: {summary: "web-1 (eu) has 0% left on sda", link: "http://monitor.example.org/disk?x=sda"}
      - {eval_time: 26m, alertname: DiskFull}
      - {eval_time: 26m, alertname: NoSuchAlert}
    promql_expr_test:
      - expr: instance_device:free:ratio
        eval_time: 5m
        exp_samples:
          - {labels: 'instance_device:free:ratio{instance="web-1", device="sda", by="rule"}', value: 0.75}
          - {labels: 'instance_device:free:ratio{instance="web-2", device="sda", by="rule"}', value: 1}
      - {expr: 'free > 1000', eval_time: 5m}
      - {expr: 1 + 1, eval_time: 90s, exp_samples: [{labels: '{}', value: 2}]}
      - {expr: 'count(ALERTS{alertstate="pending"})', eval_time: 17m, exp_samples: [{labels: '{}', value: 1}]}
  - interval: 1m
    input_series:
      - {series: up, values: 1 0x3 1 0x10}
    alert_rule_test:
      - {eval_time: 3m, alertname: Down}
      - {eval_time: 9m, alertname: Down, exp_alerts: [{}]}
"""
HOST_RULES = """\
groups:
  - name: alarms
    rules:
      - alert: DiskFull
        expr: instance_device:free:ratio < 0.2
        for: 2m
        labels: {severity: critical, by: ''}
        annotations:
          summary: '{{ $labels.instance }} ({{ $externalLabels.region }}) has {{ $value | humanizePercentage }} left on {{ $labels.device }}'
          link: '{{ $externalURL }}/disk?x={{ $labels.device }}'
      - {alert: Down, expr: up == 0, for: 3m}
  - name: figures
    rules:
      - {record: 'instance_device:free:ratio', expr: free / size, labels: {by: rule}}
"""


def mutations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The same tests, each time with one expectation that does not hold."""
    for number, test in enumerate(document["tests"]):
        for position, case in enumerate(test.get("alert_rule_test", [])):
            yield _changed(
                document,
                number,
                "alert_rule_test",
                position,
                "exp_alerts",
                [*case.get("exp_alerts", []), {"exp_labels": {"no": "such"}}],
            )
            if case.get("exp_alerts"):
                alert = case["exp_alerts"][0]
                yield _changed(document, number, "alert_rule_test", position, "exp_alerts", [])
                yield _changed(document, number, "alert_rule_test", position, "alertname", "Other")
                yield _changed(document, number, "alert_rule_test", position, "exp_alerts", [alert, alert])
                for key in ("exp_labels", "exp_annotations"):
                    for name in alert.get(key, {}):
                        for content in (None, "other", ""):
                            texts = {**alert[key], name: content}
                            texts = texts if content is not None else {one: texts[one] for one in texts if one != name}
                            yield _changed(
                                document, number, "alert_rule_test", position, "exp_alerts", [{**alert, key: texts}]
                            )
        for position, case in enumerate(test.get("promql_expr_test", [])):
            samples = case.get("exp_samples", [])
            yield _changed(
                document,
                number,
                "promql_expr_test",
                position,
                "exp_samples",
                [*samples, {"labels": "other", "value": 1}],
            )
            yield _changed(document, number, "promql_expr_test", position, "expr", "sum(")
            for place, sample in enumerate(samples):
                rest = samples[:place] + samples[place + 1 :]
                yield _changed(document, number, "promql_expr_test", position, "exp_samples", rest)
                for change in ({"value": sample["value"] + 1e-12}, {"labels": 'x{y="z"}'}, {"value": float("nan")}):
                    yield _changed(
                        document, number, "promql_expr_test", position, "exp_samples", [*rest, {**sample, **change}]
                    )


def _changed(document: dict[str, Any], test: int, kind: str, position: int, key: str, value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    changed["tests"][test][kind][position][key] = value
    return changed


def test_tests_pass_and_fail_alike(tmp_path: Path) -> None:
    (tmp_path / "host.rules.yml").write_text(HOST_RULES)
    document = yaml.safe_load(TESTS)
    files = [write(tmp_path / "right.test.yml", document)]
    files += [write(tmp_path / f"wrong{number}.test.yml", wrong) for number, wrong in enumerate(mutations(document))]
    assert len(files) > 60
    theirs = [verdict.is_content for verdict in verdicts(["test", "rules"], files)]
    reports = [run_file(file) for file in files]
    assert [report.passed for report in reports] == theirs == [True] + [False] * (len(files) - 1), "\n".join(
        map(str, reports[:1])
    )


REFUSED = [
    "tests: [{interval: 1m, unknown: 1}]",
    "unknown: 1",
    "rule_files: [broken.rules.yml]\ntests: [{interval: 1m}]",
    "group_eval_order: [a, a]\ntests: [{interval: 1m}]",
    "evaluation_interval: soon",
    "tests: {}",
    "tests: [{interval: 1m, alert_rule_test: [{eval_time: 1m, alertname: ''}]}]",
    "tests: [{interval: 1m, alert_rule_test: [{eval_time: 1m}]}]",
    "tests: [{interval: 1m, alert_rule_test: [{eval_time: x, alertname: A}]}]",
    "tests: [{interval: 1m, promql_expr_test: [{expr: '1', eval_time: 1m, exp_samples: [{labels: '{', value: 1}]}]}]",
    "tests: [{interval: 1m, promql_expr_test: [{expr: '1', eval_time: 1m, exp_samples: [{labels: '{}', value: one}]}]}]",
    "tests: [{interval: 1m, promql_expr_test: [{expr: 'x[5m]', eval_time: 1m}]}]",
    "tests: [{interval: 1m, promql_expr_test: [{expr: '\"a\"', eval_time: 1m}]}]",
    "tests: [{interval: 1m, promql_expr_test: [{expr: '', eval_time: 1m}]}]",
    "tests: [",
    "rule_files: [same.rules.yml]\ntests: [{interval: 1m, input_series: [{series: x, values: 1x9}, {series: y, values: 1x9}], alert_rule_test: [{eval_time: 3m, alertname: A}]}]",
    "rule_files: [writes.rules.yml]\ntests: [{interval: 1m, input_series: [{series: x, values: 1+1x9}], alert_rule_test: [{eval_time: 3m, alertname: A}]}]",
]
ACCEPTED = [
    "",
    "tests: []",
    "rule_files: [nowhere.yml]\ntests: [{interval: 1m}]",
    "rule_files: ['fine*.rules.yml', fine.rules.yml]\ntests: [{interval: 1m, promql_expr_test: [{expr: x:same, eval_time: 0s}]}]",
    "tests: [{interval: 1m, input_series: [{series: x, values: 1}, {series: x, values: 2}], promql_expr_test: [{expr: x, eval_time: 0, exp_samples: [{labels: x, value: 2}]}]}]",
    "tests: [{interval: 1m, input_series: [{series: x, values: 1x9}], promql_expr_test: [{expr: x offset -2m, eval_time: 150s, exp_samples: [{labels: x, value: 1}]}]}]",
    "tests: [{interval: 10s, input_series: [{series: x, values: 0+1x9}], promql_expr_test: [{expr: x, eval_time: 80s, exp_samples: [{labels: x, value: 6}]}]}]",
    "tests: [{interval: 1m, input_series: [{series: x, values: .5 -Inf}], promql_expr_test: [{expr: x, eval_time: 1m, exp_samples: [{labels: x, value: -.inf}]}]}]",
]


def test_files_of_tests_are_accepted_and_refused_alike(tmp_path: Path) -> None:
    rules = {
        "broken": [{"alert": "A", "expr": "up =="}],
        "same": [{"alert": "A", "expr": '{__name__=~"x|y"}'}],
        "writes": [{"record": "x", "expr": "vector(0)"}],
        "fine": [{"record": "x:same", "expr": "x"}],
    }
    for name, content in rules.items():
        write(tmp_path / f"{name}.rules.yml", {"groups": [{"name": "g", "rules": content}]})
    files = []
    for number, text in enumerate([*REFUSED, *ACCEPTED]):
        files.append(tmp_path / f"{number}.test.yml")
        files[-1].write_text(text)
    theirs = [verdict.is_content for verdict in verdicts(["test", "rules"], files)]
    expected = [False] * len(REFUSED) + [True] * len(ACCEPTED)
    texts = [*REFUSED, *ACCEPTED]
    assert [text for text, is_content, right in zip(texts, theirs, expected, strict=True) if is_content != right] == []
    assert [
        (text, str(run_file(file)))
        for text, file, right in zip(texts, files, expected, strict=True)
        if run_file(file).passed != right
    ] == []
