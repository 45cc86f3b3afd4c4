"""The templates in rules."""

from __future__ import annotations

import math

import pytest

from monitor_collector.templates import Template, TemplateError, plain, shortest


def render(text: str, value: float = 1.0, **labels: str) -> str:
    return Template(text).render(labels, value, "http://monitor")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ $labels.instance }} is down", "web-1 is down"),
        ("{{.Labels.instance}}: {{.Value}}", "web-1: 0.932"),
        ("{{ $labels.nothing }}.", "."),
        ("{{ $value | humanizePercentage }}", "93.2%"),
        ("{{ humanizePercentage $value }}", "93.2%"),
        ('{{ printf "%.2f" $value }}', "0.93"),
        ('{{ $value | printf "%.1f%%" }}', "0.9%"),
        ('{{ printf "%s=%v %q" $labels.instance $value `a"b` }}', 'web-1=0.932 "a\\"b"'),
        ('{{ printf "%6.1f|%-6s|%06.2f" $value "x" $value }}', "   0.9|x     |000.93"),
        ('{{ printf "%d" 7 }}', "7"),
        ('{{ ($value | printf "%.0f") | toUpper }}', "1"),
        ('{{ index $labels "instance" | title }}', "Web-1"),
        ("a {{- $value -}} b", "a0.932b"),
        ("{{/* said to nobody */}}x", "x"),
        ("{{ $externalURL }}/x", "http://monitor/x"),
        ("{{ $labels }}", "map[instance:web-1]"),
        ("no actions, } and { alone", "no actions, } and { alone"),
    ],
)
def test_templates_read_as_in_prometheus(text: str, expected: str) -> None:
    assert render(text, 0.932, instance="web-1") == expected


@pytest.mark.parametrize(
    ("call", "value", "expected"),
    [
        ("humanize", 0, "0"),
        ("humanize", 1, "1"),
        ("humanize", 1234567, "1.235M"),
        ("humanize", 0.0123, "12.3m"),
        ("humanize", -2500, "-2.5k"),
        ("humanize", math.inf, "+Inf"),
        ("humanize1024", 1048576, "1Mi"),
        ("humanize1024", 1024, "1ki"),
        ("humanize1024", 0.5, "0.5"),
        ("humanizeDuration", 0, "0s"),
        ("humanizeDuration", 1, "1s"),
        ("humanizeDuration", 60, "1m 0s"),
        ("humanizeDuration", 3725, "1h 2m 5s"),
        ("humanizeDuration", 86400, "1d 0h 0m 0s"),
        ("humanizeDuration", -86400, "-1d 0h 0m 0s"),
        ("humanizeDuration", 0.1, "100ms"),
        ("humanizeDuration", 12.345, "12.35s"),
        ("humanizeDuration", math.nan, "NaN"),
        ("humanizePercentage", 1, "100%"),
        ("humanizePercentage", 0.2345, "23.45%"),
        ("humanizeTimestamp", 1435065584.128, "2015-06-23 13:19:44.128 +0000 UTC"),
    ],
)
def test_numbers_are_humanized_as_in_prometheus(call: str, value: float, expected: str) -> None:
    # Most of these are from template/template_test.go.
    assert render(f"{{{{ $value | {call} }}}}", value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1.0, "1"), (0.1, "0.1"), (123456.0, "123456"), (1234567.0, "1.234567e+06"), (1e-5, "1e-05"), (-0.5, "-0.5")],
)
def test_a_value_alone_is_printed_as_go_does(value: float, expected: str) -> None:
    assert shortest(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1e21, "1" + 21 * "0"), (1e-7, "0.0000001"), (3.0, "3"), (math.nan, "NaN"), (-math.inf, "-Inf")],
)
def test_the_api_prints_numbers_without_exponents(value: float, expected: str) -> None:
    assert plain(value) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{{ if $value }}x{{ end }}", "if is not supported here"),
        ('{{ query "up" }}', "query is not supported here"),
        ("{{ $x := 1 }}", "':= 1' is not supported here"),
        ("{{ $labels.instance", "{{ without }}"),
        ("{{ }}", "something is missing"),
        ("{{ $nothing }}", "is not known"),
        ("{{ $value | }}", "something is missing"),
        ("{{ $value | $labels.x }}", "nothing can be piped"),
        ("{{ humanize }}", "takes 1 argument"),
        ("{{ (humanize $value }}", "parenthesis"),
        ('{{ printf "%x" $value }}', "%x is not supported"),
        ('{{ printf "%d" $value }}', "%.0f"),
        ('{{ printf "%f" }}', "no value for %f"),
        ('{{ printf "a" $value }}', "too many"),
        ('{{ humanize "a" }}', "'a' is no number"),
    ],
)
def test_what_is_not_supported_is_refused_when_it_is_loaded(text: str, reason: str) -> None:
    with pytest.raises(TemplateError) as error:
        Template(text)
    assert reason in str(error.value)
