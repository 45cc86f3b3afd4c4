"""Tests of rules in the format of `promtool test rules`, run without anything but the collector's own code.

    report = run_file(Path("rules.test.yml"))
    assert report.passed, report

https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/
"""

from monitor_collector.rule_tests.report import Failure, Report, TestResult
from monitor_collector.rule_tests.runner import run_file

__all__ = ["Failure", "Report", "TestResult", "run_file"]
