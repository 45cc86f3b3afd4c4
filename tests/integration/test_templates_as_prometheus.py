# ruff: noqa: E501 - a template is one line
"""Templates of alerts against the real Prometheus: the same text, to the letter."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from monitor_collector.go_template.numbers import plain
from monitor_collector.promql import DEFAULT_LOOKBACK_MS, Labels
from monitor_collector.rule_tests.storage import SimulatedStorage
from monitor_collector.rules import TemplateQuery
from monitor_collector.templates import Surroundings, Template, TemplateError
from tests.integration.promtool import firing, promtool, write

# Numbers at which some unit, exponent or rounding changes, and those that break formatters.
VALUES = [
    *(sign * value for value in (0.0, 1.0, 5e-324, 1e-30, 1.7976931348623157e308) for sign in (1, -1)),
    *(10.0**exponent * mantissa for exponent in range(-26, 28, 3) for mantissa in (1.0, 1.23456789, 999.949, 999.95)),
    *(-(10.0**exponent) * 4.5678 for exponent in range(-7, 13)),
    *(2.0**exponent * mantissa for exponent in range(0, 90, 10) for mantissa in (0.99999, 1.0, 1.5)),
    *(0.5, 0.12345, 0.99995, 0.001, 0.00012345, 0.2345, 0.1 + 0.2, 1 / 3, 2 / 3, 100.0, 12.345, 59.9, 59.9999),
    *(60.0, 61.5, 3599.0, 3600.0, 3725.0, 86399.0, 86400.0, 90061.0, 31536000.0, -1.5, -61.0, -3725.0, -86400.0),
    *(1435065584.128, 1700000000.0, 1e9 + 0.0005, 9223372036.0, 9223372036.9, 9223372037.0, -9223372036.0, -1.001),
    *(123456.0, 1234567.0, 999999.5, 1e5, 1e6, 1e20, 1e21, 123456789.0, 255.0, 65535.0, 9.2e18, 9.3e18, -9.3e18),
    *(math.inf, -math.inf, math.nan),
]

OF_VALUES = [
    "{{ $value }}",
    "{{ humanize $value }}",
    "{{ $value | humanize1024 }}",
    "{{ $value | humanizeDuration }}",
    "{{ $value | humanizePercentage }}",
    "{{ $value | humanizeTimestamp }}",
    "{{ $value | toTime }}",
    '{{ ($value | toTime).Format "Mon, 2 Jan 2006 15:04:05 MST; 01/02 03:04PM .000 -07:00 002 __2 _2 06" }}',
    '{{ with toTime $value }}{{ .Year }} {{ .Hour }} {{ .Unix }} {{ .YearDay }} {{ printf "%s|%v|%q" . . . }}{{ end }}',
    *(f'{{{{ printf "%{form}" $value }}}}' for form in ("v", "f", "g", "G", "e", "E", "F", "x", "X", ".3x", ".0x")),
    *(
        f'{{{{ printf "%{form}" $value }}}}'
        for form in (".0f", ".1f", ".2f", ".10f", ".0e", ".3e", ".0g", ".3g", ".12g")
    ),
    *(
        f'{{{{ printf "%{form}" $value }}}}'
        for form in ("8.2f", "-12.3f", "012.3f", "+.2f", " .2f", "+012.1f", "-012.1f")
    ),
    *(f'{{{{ printf "%{form}" $value }}}}' for form in ("#g", "#.3g", "#.0f", "+v", "020v", "+20g", " 12v", "-12v")),
    *(f'{{{{ printf "%{form}" $value }}}}' for form in ("d", "s", "q", "t", "c", "U", "T", "5d", "+d", "#d", "z")),
    "{{ if gt $value 10.0 }}gt{{ else if eq $value 1.0 }}one{{ else if lt $value 0.0 }}negative{{ else }}rest{{ end }}",
    "{{ le $value 1.0 }} {{ ge $value 1.0 }} {{ ne $value 1.0 }} {{ not $value }} {{ and $value 1 }} {{ or $value 2 }}",
    "{{ with $value }}yes {{ . }}{{ else }}no{{ end }}",
]

LABELS = {
    "instance": "web-1.example.org:9100",
    "address": "[2001:db8::1]:80",
    "number": "1234567.89",
    "words": "the quick-brown fox_jumps o'er ßtraße éclair ǆ 2nd",
    "odd": 'tab\t "quoted" \\ back <b>&amp;\'</b> ünï €',
    "empty_looking": " ",
}

OF_LABELS = [
    "{{ $labels }} {{ .Labels }} {{ . }}",
    "{{ $labels.instance }}|{{ .Labels.instance }}|{{ $.Labels.instance }}|{{ $labels.nothing }}|{{ .Value }}",
    "{{ $externalLabels }} {{ $externalLabels.region }} {{ .ExternalLabels.region }} {{ $externalURL }} {{ .ExternalURL }}",
    '{{ index $labels "instance" }} {{ index $labels "none" }} {{ index .Labels "odd" }} {{ index "abc" 1 }}',
    "{{ len $labels }} {{ len $labels.odd }} {{ len $labels.none }}",
    "{{ range $name, $label := $labels }}{{ $name }}={{ $label }};{{ end }}",
    "{{ range $labels }}[{{ . }}]{{ end }} {{ range $label := $labels }}<{{ $label }}>{{ end }}",
    "{{ range $labels.none | args }}{{ . }}{{ else }}empty{{ end }}",
    "{{ range $i, $x := args 5 `x` true 1.5 nil }}{{ $i }}:{{ $x }} {{ end }}",
    '{{ range $name, $_ := $labels }}{{ if eq $name "instance" }}{{ continue }}{{ end }}{{ $name }} {{ end }}',
    '{{ range $name, $_ := $labels }}{{ if eq $name "instance" }}{{ break }}{{ end }}{{ $name }} {{ end }}',
    '{{ $x := "a" }}{{ if true }}{{ $x = "b" }}{{ $y := 1 }}{{ $y }}{{ end }}{{ $x }}{{ with $x := "c" }}{{ $x }}{{ end }}{{ $x }}',
    "{{ if and $labels.instance (not $labels.none) }}both{{ end }}{{ if or $labels.none $labels.number }}either{{ end }}",
    '{{ if eq $labels.instance "a" "web-1.example.org:9100" }}one of{{ end }}{{ ne "a" "b" }}{{ lt "a" "b" }}{{ gt 2 10 }}',
    '{{ if match "^web-[0-9]+" $labels.instance }}web{{ end }}{{ match "^[a-z]+$" $labels.instance }} {{ match `.` "\\n" }}',
    '{{ reReplaceAll "(.*):\\\\d+" "$1" $labels.instance }} {{ $labels.instance | reReplaceAll `(?P<host>[a-z]+)-` "${host}_$1x$$" }}',
    '{{ reReplaceAll "x*" "-" "abxd" }} {{ reReplaceAll "" "-" "äbc" }} {{ reReplaceAll "b|$" "<$0>" "abc" }} {{ reReplaceAll "(" "" "a" }}',
    "{{ stripPort $labels.instance }} {{ stripPort $labels.address }} {{ stripPort `a:b:c` }} {{ stripPort `host` }} {{ stripPort `:1` }}",
    "{{ stripDomain $labels.instance }} {{ stripDomain $labels.address }} {{ stripDomain `10.0.0.1:80` }} {{ stripDomain `a.b.c` }} {{ stripDomain `` }} {{ stripDomain `a.b:` }}",
    "{{ title $labels.words }} {{ toUpper $labels.words }} {{ toLower $labels.odd }} {{ title $labels.odd }}",
    '{{ printf "%s|%10s|%-10s|%.3s|%q|%+q|%#q|%x|% X|%#x|%v|%d|%5t" $labels.odd "ab" "ab" "äöüß" $labels.odd $labels.odd "a`b" "hé" "hé" "hé" $labels.words "s" "t" }}',
    '{{ printf "%d|%5d|%-5d|%05d|%+d|% d|%x|%X|%#x|%o|%O|%#o|%b|%#b|%c|%q|%U|%#U|%v|%.3d|%08.3d|%s|%t|%f" 42 42 42 42 42 42 255 255 255 8 8 8 5 5 65 65 8364 8364 -7 7 7 7 7 7 }}',
    '{{ printf "%t|%v|%q|%5v|%T %T %T %T %T" true false true true "a" 1 1.5 true $labels }}',
    '{{ printf "%d%%|%|%!|%z" 1 }} {{ printf "%d %d" 1 }} {{ printf "%d" 1 2 "x" nil }} {{ printf "%[2]d %[1]d" 1 2 }} {{ printf "%[3]d" 1 }} {{ printf "%[x]d" 1 }}',
    '{{ printf "%*d|%-*d|%.*f|%*d" 5 1 5 1 2 3.14159 "x" 1 }} {{ printf "%v %s %d" nil nil nil }} {{ printf "%" }} {{ printf "%5%" }} {{ printf "%.2" }}',
    '{{ printf "%v|%s|%d" $labels $labels (args 1 "a") }} {{ printf "%5.1f|%-8q|%x" 3.14159 "a" -255 }}',
    '{{ print 1 2 "a" "b" 3 4.5 true nil }}|{{ println "a" 1 true }}|{{ print }}|{{ html "<a href=\'x\'>" $labels.odd }}|{{ urlquery "a b&c" "ü" }}',
    '{{ humanize $labels.number }} {{ humanize1024 "4096" }} {{ humanizeDuration "93784" }} {{ humanizePercentage 1 }} {{ humanize "1e3" }} {{ humanize " 1" }}',
    '{{ humanize "abc" }}',
    '{{ humanize "" }}',
    "{{ humanize true }}",
    "{{ toUpper $value }}",
    "{{ $labels.instance.more }}",
    "{{ index $labels 1 }}",
    '{{ index "abc" 5 }}',
    "{{ len 1 }}",
    "{{ if eq $value 1 }}x{{ end }}",
    '{{ if eq "a" 1 }}x{{ end }}',
    "{{ lt true false }}",
    '{{ template "nowhere" }}',
    "{{ .Nothing }}",
    "{{ 1 2 }}",
    "{{ nil }}",
    "{{ $labels 1 }}",
    "{{ humanize }}",
    '{{ "a" | toUpper | printf "%s-%s" "b" }} {{ ("x" | toUpper) }} {{ (index $labels "number") | humanize }} {{ $value | }}',
    '{{ query "sort(up)" | first | value }} {{ (query "sort(up)" | first).Labels.instance }} {{ query "sort(up)" | first | label "job" }}',
    '{{ range query "sort(up)" }}{{ .Labels.instance }}={{ .Value }} {{ end }}{{ with query "up > 100" }}some{{ else }}none{{ end }}',
    '{{ range sortByLabel "zone" (query "up") }}{{ .Labels.zone }},{{ .Labels.instance }} {{ end }}{{ query "up" | len }}',
    '{{ range query "sort_desc(up * 2)" }}{{ . | value }} {{ end }}{{ query "time()" | first | value }} {{ query "vector(3)" | first }}',
    '{{ with query `up{instance="b"}` }}{{ . | first | value | humanize }}{{ end }} {{ (index (query "sort(up)") 1).Value }}',
    '{{ query "up > 100" | first | value }}',
    '{{ query "nonsense(" }}',
    '{{ query "up[5m]" }}',
    '{{ query "sort(up)" | first | strvalue }}|{{ printf "%v" (query "sort(up)" | first) }}',
    '{{ define "one" }}<{{ . }}>{{ end }}{{ template "one" $labels.instance }}{{ template "one" }}{{ block "two" 5 }}[{{ . }}]{{ end }}',
    '{{ with args 1 "b" }}{{ .arg0 }}{{ .arg1 }}{{ .arg2 }}{{ end }}{{ $a := args 1 }}{{ $a.arg0 }}',
    "a {{- 1 -}} b {{- /* no */ -}} c {{/* no */}} d {{ 1 -}}\n\t e \n{{- 2 }}",
    "{{ 'a' }} {{ 0x1F }} {{ 1_000 }} {{ 1e3 }} {{ -5 }} {{ +5 }} {{ .5 }} {{ 017 }} {{ 0b101 }} {{ 1. }} {{ 1e-7 }} {{ true }}",
    '{{ "\\u00e9\\x41\\101\\n\\"" }}{{ `raw\\n` }}{{ slice "abcdef" 1 3 }}{{ slice "abc" 1 }}{{ slice "abc" }}',
    '{{ parseDuration "1h30m" }} {{ parseDuration "90ms" }} {{ parseDuration "1d" | humanizeDuration }} {{ parseDuration "soon" }}',
    '{{ graphLink `up{a="b c"}` }} {{ tableLink `sum(up) > 1` }} {{ safeHtml `<b>` }}',
    "{{ if false }}{{ humanize `x` }}{{ end }}{{ and false (humanize `x`) }}{{ or true (humanize `x`) }}",
    "{{ if not (eq .Value 1.0) }}a{{ else }}{{ with .Labels.none }}b{{ else }}c{{ end }}{{ end }}",
    "{{ $x := 1 }}{{ range $i, $e := $labels }}{{ $x = len $e }}{{ end }}{{ $x }} {{ $y := query `up` }}{{ len $y }}",
    "{{ eq nil nil }}",
    "{{ eq $labels $labels }}",
]

UP = {
    'up{instance="a",job="j",zone="y"}': "1",
    'up{instance="b",job="j",zone="x"}': "2",
    'up{instance="c",job="j"}': "3",
}


def up_labels() -> list[tuple[Labels, float]]:
    return [
        ((("__name__", "up"), ("instance", "a"), ("job", "j"), ("zone", "y")), 1.0),
        ((("__name__", "up"), ("instance", "b"), ("job", "j"), ("zone", "x")), 2.0),
        ((("__name__", "up"), ("instance", "c"), ("job", "j")), 3.0),
    ]


def ours(text: str, labels: dict[str, str], value: float, surroundings: Surroundings) -> str:
    try:
        return Template(text).render(labels, value, surroundings)
    except TemplateError as error:
        return f"<error expanding template: {error}>"


def same(real: str, own: str) -> bool:
    """What Go says of an error is its own; that it is one is not."""
    mark = "<error expanding template: "
    return own == real or (own.startswith(mark) and real.startswith(mark))


def test_numbers_are_printed_as_prometheus_prints_them(tmp_path: Path) -> None:
    annotations = {f"t{number}": text for number, text in enumerate(OF_VALUES)}
    rule = {"alert": "A", "expr": "x", "annotations": annotations}
    series = {f'x{{case="{case}"}}': plain(value).replace("+Inf", "Inf") for case, value in enumerate(VALUES)}
    different = []
    alerts = firing(tmp_path, [rule], series, "A")
    assert len(alerts) == len(VALUES)
    for alert in alerts:
        value = VALUES[int(alert.labels["case"])]
        for name, text in annotations.items():
            own = ours(text, {"__name__": "x", "case": alert.labels["case"]}, value, Surroundings())
            if not same(alert.annotations[name], own):
                different.append((text, value, alert.annotations[name], own))
    assert not different, "\n".join(map(str, different[:20]))


def test_templates_are_expanded_as_prometheus_expands_them(tmp_path: Path) -> None:
    annotations = {f"t{number}": text for number, text in enumerate(OF_LABELS)}
    quoted = ",".join(f'{name}="{value}"' for name, value in _escaped(LABELS).items())
    rule = {"alert": "A", "expr": "x", "annotations": annotations}
    surroundings = {"external_labels": {"region": "eu"}, "external_url": "http://monitor.example.org/path"}
    (alert,) = firing(tmp_path, [rule], {**UP, f"x{{{quoted}}}": "2.5"}, "A", **surroundings)
    storage = SimulatedStorage()
    for labels, value in up_labels():
        storage.give(labels, [0], [value])

    known = Surroundings(
        "http://monitor.example.org/path", {"region": "eu"}, TemplateQuery(storage, 0, DEFAULT_LOOKBACK_MS)
    )
    own = {name: ours(text, {"__name__": "x", **LABELS}, 2.5, known) for name, text in annotations.items()}
    different = [
        (annotations[name], alert.annotations[name], text)
        for name, text in own.items()
        if not same(alert.annotations[name], text)
    ]
    assert not different, "\n".join(map(str, different[:20]))
    assert sum(text.startswith("<error") for text in own.values()) == 24


def _escaped(labels: dict[str, str]) -> dict[str, str]:
    return {
        name: value.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t") for name, value in labels.items()
    }


MALFORMED_OR_NOT = [
    "{{ $value",
    "{{ }}",
    "{{}}",
    "}}",
    "{ { $value } }",
    "{{ $nothing }}",
    "{{ nothing }}",
    "{{ $value | }}",
    "{{ | $value }}",
    "{{ $value | 5 }}",
    "{{ $value | $labels.x }}",
    "{{ $value | .Labels }}",
    "{{ (humanize $value }}",
    "{{ humanize $value) }}",
    "{{ humanize($value) }}",
    "{{ humanize ($value) }}",
    '{{ printf "a" "b" }}',
    '{{ printf "a""b" }}',
    '{{ printf "a }}',
    '{{ "a\nb" }}',
    "{{ `a\nb` }}",
    "{{ 'ab' }}",
    "{{ '' }}",
    "{{ 1a }}",
    "{{ 1.5.2 }}",
    "{{ 08 }}",
    "{{ 0x }}",
    "{{ 1__0 }}",
    "{{ 1+2 }}",
    "{{ $labels.a-b }}",
    "{{ $labels . }}",
    "{{ .Labels.1 }}",
    "{{ . }}",
    "{{ .. }}",
    "{{ $ }}",
    "{{ $.Value }}",
    "{{ $x := 1 }}",
    "{{ $x:=1 }}",
    "{{ $x = 1 }}",
    "{{ $value = 1 }}",
    "{{ $value=1 }}",
    "{{ $x, $y := 1 }}",
    "{{ $x }}{{ $x := 1 }}",
    "{{ if true }}{{ $x := 1 }}{{ end }}{{ $x }}",
    "{{ if true }}",
    "{{ end }}",
    "{{ else }}",
    "{{ if }}{{ end }}",
    "{{ if true }}{{ else }}{{ else }}{{ end }}",
    "{{ if true }}{{ else if true }}{{ end }}",
    "{{ if true }}{{ elseif true }}{{ end }}",
    "{{if true}}{{else if false}}{{else}}{{end}}",
    "{{ range $i, $v := .Labels }}{{ end }}",
    "{{ range $i, $v, $w := .Labels }}{{ end }}",
    "{{ range $i, 5 := .Labels }}{{ end }}",
    "{{ range .Labels }}{{ else }}{{ end }}",
    "{{ range }}{{ end }}",
    "{{ with $x := 1 }}{{ $x }}{{ end }}",
    "{{ with $x, $y := 1 }}{{ end }}",
    "{{ break }}",
    "{{ range .Labels }}{{ break }}{{ end }}",
    "{{ range .Labels }}{{ break 1 }}{{ end }}",
    "{{ range .Labels }}{{ if true }}{{ continue }}{{ end }}{{ end }}",
    '{{ define "x" }}{{ end }}',
    "{{ define x }}{{ end }}",
    '{{ if true }}{{ define "x" }}{{ end }}{{ end }}',
    '{{ define "x" }}a{{ end }}{{ define "x" }}b{{ end }}',
    '{{ define "x" }}{{ end }}{{ define "x" }}b{{ end }}',
    '{{ define "x" }}{{ $value }}{{ end }}',
    '{{ template "x" }}',
    "{{ template x }}",
    '{{ template "x" 1 2 }}',
    '{{ block "x" }}{{ end }}',
    '{{ block "x" . }}{{ end }}',
    "{{/* a */}}",
    "{{ /* a */ }}",
    "{{- /* a */ -}}",
    "{{/* a }}",
    "{{/* a */ }}",
    "{{-1}}",
    "{{- 1 -}}",
    "{{1 -}}",
    "{{1-}}",
    "{{ -}}",
    "{{--}}",
    "{{ nil.x }}",
    "{{ true.x }}",
    '{{ "a".x }}',
    "{{ 1.x }}",
    "{{ (query `up`).x }}",
    "{{ ($labels).x.y }}",
    "{{ $labels.x.y }}",
    "{{ first.x }}",
    "{{ , }}",
    "{{ a, b }}",
    "{{ $labels, $value }}",
    "{{ ! }}",
    "{{ $value > 5 }}",
    "{{ $value\n|\nhumanize }}",
    "{{ $value\t| humanize }}",
    "{{ humanize|humanize }}",
    '{{ "\\d" }}',
    '{{ "\\x4" }}',
    '{{ "\\u12" }}',
    "{{ '\\n' }}",
    "{{ '\\'' }}",
    "{{ '\\\"' }}",
    '{{ "\\\'" }}',
    "{{ 99999999999999999999 }}",
    "{{ 9223372036854775807 }}",
    "{{ 1e400 }}",
    "{{ 1i }}",
    "{{ 0x1p4 }}",
    "{{ 1e }}",
    "{{ ümlaut }}",
    "{{ $ümlaut := 1 }}{{ $ümlaut }}",
    "{{ $1 := 1 }}{{ $1 }}",
    "{{ if true}}a{{end}}{{end}}",
    "{{ end}}{{if true }}",
    "{{ {{ 1 }} }}",
    "{{ ( ) }}",
    "{{ (1) }}",
    "{{ (1 }}",
    "{{ ((1)) }}",
    "{{ humanize (1)(2) }}",
    "{{ .Labels.x.Y.z | printf `%v` }}",
    "{{ not }}",
    "{{ and }}",
]


@pytest.fixture(scope="module")
def refused_by_prometheus(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Those of the templates that promtool says are malformed: it names the annotations."""
    annotations = {f"t{number}": text for number, text in enumerate(MALFORMED_OR_NOT)}
    file = tmp_path_factory.mktemp("templates") / "rules.yml"
    write(file, {"groups": [{"name": "g", "rules": [{"alert": "A", "expr": "up", "annotations": annotations}]}]})
    output = promtool("check", "rules", file).output
    return {text for name, text in annotations.items() if f'annotation "{name}":' in output}


# What Go allows and nobody writes in an alert.
REFUSED_BY_US_ALONE = {"{{ 1i }}", "{{ 0x1p4 }}"}


def test_what_prometheus_refuses_is_refused_and_nothing_else(refused_by_prometheus: set[str]) -> None:
    refused = set()
    for text in MALFORMED_OR_NOT:
        try:
            Template(text)
        except TemplateError:
            refused.add(text)
    assert len(refused_by_prometheus) > 50
    assert refused - refused_by_prometheus == REFUSED_BY_US_ALONE
    assert refused_by_prometheus - refused == set()
