"""Runs files of tests and compares what came with what was expected, as `promtool test rules` does."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from monitor_collector.documents import ConfigError
from monitor_collector.durations import duration_text
from monitor_collector.go_template.literals import quote
from monitor_collector.promql import QueryError
from monitor_collector.rule_tests.cases import AlertCase, QueryCase, RuleTest, RuleTestFile, read_tests
from monitor_collector.rule_tests.report import Failure, Report, TestResult, sample_text, series_text
from monitor_collector.rule_tests.simulation import Simulation

_Alert = tuple[Any, Any]


def run_file(path: Path, run: Collection[str] = ()) -> Report:
    """Runs the tests of a file, or those whose name one of the regular expressions `run` finds something in.

    Never raises for what is wrong with the files: the report has it.
    """
    try:
        file = read_tests(path)
    except ConfigError as error:
        return Report(path, problems=tuple(map(str, error.problems)))
    chosen = [test for test in file.tests if not run or any(re.search(pattern, test.name) for pattern in run)]
    results = tuple(TestResult(test.name, test.line, tuple(_run(file, test))) for test in chosen)
    return Report(path, results, warnings=file.warnings)


def _run(file: RuleTestFile, test: RuleTest) -> list[Failure]:
    failures: list[Failure] = []
    step_ms = file.evaluation_interval_ms
    simulation = Simulation(test, file.groups, step_ms)
    waiting = sorted(test.alert_cases, key=lambda case: case.at_ms)
    for at_ms, errors in simulation.steps():
        if errors:
            return [*failures, Failure(test.line, f"evaluation at {duration_text(at_ms)}", tuple(errors))]
        while waiting and waiting[0].at_ms < at_ms + step_ms:
            failures += _check_alerts(waiting.pop(0), simulation)
    for case in test.query_cases:
        failures += _check_query(case, simulation, _nearly_equal if file.is_fuzzy else _equal)
    return failures


def _check_alerts(case: AlertCase, simulation: Simulation) -> list[Failure]:
    expected: list[_Alert] = [tuple(alert) for alert in case.alerts]
    got: list[_Alert] = list(simulation.firing(case.name))
    missing = _without(expected, got)
    differences = _alert_differences(missing, _without(got, expected))
    if not differences:
        return []
    return [Failure(case.line, f"alert {case.name} at {duration_text(case.at_ms)}", tuple(differences))]


def _without(some: Sequence[_Alert], others: Sequence[_Alert]) -> list[_Alert]:
    """Those that the others do not have, each counted as often as it comes."""
    rest = list(others)
    left = []
    for one in some:
        if one in rest:
            rest.remove(one)
        else:
            left.append(one)
    return left


def _alert_differences(missing: list[_Alert], unexpected: list[_Alert]) -> list[str]:
    """`-` before what was expected and `+` before what came; of an alert with the right labels only what differs."""
    lines: list[str] = []
    for labels, texts in sorted(missing, key=lambda alert: series_text(alert[0])):
        twin = next((alert for alert in unexpected if alert[0] == labels), None)
        if twin is None:
            lines += [f"- {series_text(labels)}", *_text_lines("-", texts, sorted(texts))]
            continue
        unexpected.remove(twin)
        lines.append(f"  {series_text(labels)}")
        for name in sorted({*texts, *twin[1]}):
            if texts.get(name) != twin[1].get(name):
                lines += [*_text_lines("-", texts, [name]), *_text_lines("+", twin[1], [name])]
    for labels, texts in sorted(unexpected, key=lambda alert: series_text(alert[0])):
        lines += [f"+ {series_text(labels)}", *_text_lines("+", texts, sorted(texts))]
    return lines


def _text_lines(sign: str, texts: Mapping[str, str], names: Iterable[str]) -> list[str]:
    return [f"{sign}     {name}: {quote(texts[name])}" for name in names if name in texts]


def _check_query(case: QueryCase, simulation: Simulation, equal: Callable[[float, float], bool]) -> list[Failure]:
    subject = f"{case.query} at {duration_text(case.at_ms)}"
    try:
        got = sorted(simulation.query(case.query, case.at_ms), key=lambda sample: sample[0])
    except QueryError as error:
        return [Failure(case.line, subject, (str(error),))]
    expected = sorted(case.samples, key=lambda sample: sample[0])
    same = len(got) == len(expected) and all(
        one[0] == other[0] and equal(one[1], other[1]) for one, other in zip(expected, got, strict=True)
    )
    if same:
        return []
    shown_got, shown_expected = [[sample_text(*sample) for sample in samples] for samples in (got, expected)]
    lines = [f"- {text}" for text in shown_expected if text not in shown_got or "NaN" in text]
    lines += [f"+ {text}" for text in shown_got if text not in shown_expected or "NaN" in text]
    return [Failure(case.line, subject, tuple(lines) or ("a series is there more than once",))]


def _equal(expected: float, got: float) -> bool:
    return expected == got


def _nearly_equal(expected: float, got: float) -> bool:
    """But for the last bit."""
    return expected == got or got in (math.nextafter(expected, math.inf), math.nextafter(expected, -math.inf))
