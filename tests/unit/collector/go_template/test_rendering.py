"""Templates as a whole: what they write, what they refuse, and that nothing else than TemplateError comes out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor_collector.go_template import Arguments, Structure, TemplateError, parse

DATA = Structure("data", {"Labels": {"b": "2", "a": "1"}, "Value": 0.5, "List": ["x", "y"]}, is_pointer=False)


def render(text: str, **variables: Any) -> str:
    given_names = {f"${name}": value for name, value in variables.items()}
    return parse(text, {}, given_names).render(DATA, given_names)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ .Value }} {{ $.Labels.a }} {{ .Labels.none }}.", "0.5 1 ."),
        ("{{ if gt .Value 1.0 }}a{{ else if .Labels.b }}b{{ else }}c{{ end }}", "b"),
        ("{{ range $name, $value := .Labels }}{{ $name }}{{ $value }}{{ end }}", "a1b2"),
        ("{{ range .List }}{{ . }}{{ else }}none{{ end }}{{ range $i, $_ := .List }}{{ $i }}{{ end }}", "xy01"),
        ("{{ range .List }}{{ if eq . `y` }}{{ continue }}{{ end }}{{ . }}{{ end }}", "x"),
        ("{{ range .List }}{{ break }}{{ end }}{{ range 3 }}{{ . }}{{ end }}", "012"),
        ("{{ with .Labels.none }}a{{ else with .Value }}{{ . }}{{ end }}", "0.5"),
        ("{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ $x := 3 }}{{ end }}{{ $x }}", "2"),
        ('{{ define "t" }}<{{ . }}>{{ end }}{{ template "t" .Value }}{{ template "t" }}', "<0.5><<no value>>"),
        ("a {{- 1 -}} b {{/* c */}}d {{- /* e */ -}} f", "a1b df"),
        ('{{ "a" | printf "%s%s" "b" | len }}', "2"),
        ("{{ index .List 1 }}{{ index .Labels `a` }}{{ slice `abc` 1 }}", "y1bc"),
        ("{{ and 1 0 2 }}{{ or 0 `` 3 }}{{ not true }}{{ and false (index .List 9) }}", "03falsefalse"),
        ("{{ ne 1 2 }} {{ le `a` `b` }} {{ ge 2.0 1.0 }} {{ eq 1 2 1 }}", "true true true true"),
        (
            "{{ print 1 2 `a` }}|{{ println `a` 1 }}|{{ html `<'>` }}|{{ urlquery `a b` }}",
            "1 2a|a 1\n|&lt;&#39;&gt;|a+b",
        ),
    ],
)
def test_templates_write_what_go_writes(text: str, expected: str) -> None:
    assert render(text) == expected


def test_variables_come_from_outside() -> None:
    assert render("{{ $one }}{{ $two.x }}", one=1, two=Arguments(x="y")) == "1y"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{{ .Value", "has {{ without }}"),
        ("{{ nope }}", '{{ nope }}: function "nope" is not supported here; there are and'),
        ("{{ $nope }}", "undefined variable $nope"),
        ("{{ }}", "missing value for command"),
        ("{{ 1 | 2 }}", "non executable command in pipeline stage 2"),
        ("{{ (1 }}", "unexpected }} in operand"),
        ("{{ if true }}x", "{{ if true }}: if without end"),
        ("{{ end }}", "unexpected end"),
        ("{{ break }}", "break outside of range"),
        ("{{ js `x` }}", '"js" is not supported here'),
        ("{{ .Labels.a-b }}", "'-' cannot follow a name"),
        ('{{ "a }}', "a quote without its end?"),
        ("{{/* a }}", "a comment ends with"),
        ("{{ " + "(" * 100 + "1" + ")" * 100 + " }}", "nested too deeply"),
        ("{{ if true }}" * 100 + "{{ end }}" * 100, "nested too deeply"),
        ("{{ if true }}" + "{{ else if true }}" * 100 + "{{ end }}", "nested too deeply"),
    ],
)
def test_what_is_malformed_or_not_supported_is_refused_with_its_action(text: str, reason: str) -> None:
    with pytest.raises(TemplateError) as error:
        parse(text)
    assert reason in str(error.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{{ .Nothing }}", "can't evaluate field Nothing in type data"),
        ("{{ .Value.x }}", "can't evaluate field x in type float64"),
        ("{{ eq .Value 1 }}", "incompatible types for comparison: float64 and int"),
        ("{{ index .List 5 }}", "index out of range: 5"),
        ("{{ printf 1 }}", "wrong type for value of printf; expected string; got int"),
        ("{{ len }}", "wrong number of args for len: want 1 got 0"),
        ("{{ .Value 1 }}", "Value has arguments but is no function"),
        ("{{ .List }}", "has no text"),
        ('{{ template "t" }}', 'template "t" not defined'),
        ('{{ define "t" }}{{ template "t" }}{{ end }}{{ template "t" }}', "calls itself too often"),
        ("{{ range .Value }}{{ end }}", "range can't iterate over a value of type float64"),
        ("{{ $x = 1 }}", "undefined variable: $x"),
        ("{{ range 100 }}{{ printf `%100000d` 1 }}{{ end }}", "gives more than 1000000 characters"),
    ],
)
def test_what_does_not_suit_the_values_is_an_error_when_it_is_rendered(text: str, reason: str) -> None:
    template = parse(text)
    with pytest.raises(TemplateError) as error:
        template.render(DATA)
    assert reason in str(error.value)


ACTIONS = "{{ | }} | {{- | -}} | {{ end }} | {{ else }} | {{/* */}} | {{ $x :="
KEYWORDS = "if | else | end | range | with | define | template | block | break | continue | nil | true"
NAMES = (
    "printf | print | index | slice | len | eq | lt | and | or | not | html | urlquery | .Value | .Labels | .Labels.a"
)
SIGNS = '.List | $ | $x | $i, $x | ( | ) | , | := | = | . | 1 | -1 | 1.5 | \'a\' | `t` | "t" | "%5.1f"'
TEXTS = "text | \n | \\ | \x00 | é | %[1]*.[2]d"
PIECES = st.sampled_from([one for line in (ACTIONS, KEYWORDS, NAMES, SIGNS, TEXTS) for one in line.split(" | ")])


@given(st.one_of(st.text(), st.lists(PIECES, max_size=25).map(" ".join), st.lists(PIECES, max_size=8).map("".join)))
@settings(max_examples=200, deadline=None)
def test_nothing_but_template_errors_comes_out_of_any_text(text: str) -> None:
    for template in (text, f"{{{{ {text} }}}}"):
        try:
            assert isinstance(parse(template, {}, ["$x"]).render(DATA, {"$x": 1}), str)
        except TemplateError as error:
            assert str(error)


@given(st.lists(st.sampled_from("%#0+- 1.9*[]vdsqfegxXUcTtbopz%"), max_size=12).map("".join), st.lists(
    st.sampled_from([1, -7, 2.5, float("nan"), "text", "", True, None, {"a": "b"}, [], DATA, 10**18, -1]), max_size=3
))  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_nothing_but_template_errors_comes_out_of_any_format(form: str, arguments: list[Any]) -> None:
    names = [f"$a{number}" for number in range(len(arguments))]
    template = parse(f"{{{{ printf $form {' '.join(names)} }}}}", {}, ["$form", *names])
    try:
        template.render(DATA, {"$form": form, **dict(zip(names, arguments, strict=True))})
    except TemplateError as error:
        assert str(error)
