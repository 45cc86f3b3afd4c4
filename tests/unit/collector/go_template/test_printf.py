"""printf. That the texts are Go's is shown against the real Prometheus in tests/integration."""

from __future__ import annotations

from typing import Any

import pytest

from monitor_collector.go_template import Moment, Structure, TemplateError
from monitor_collector.go_template.printf import sprintf


@pytest.mark.parametrize(
    ("form", "arguments", "text"),
    [
        ("%.2f|%8.1f|%-8.1f|%08.1f", [1.5, 1.5, 1.5, -1.5], "1.50|     1.5|1.5     |-00001.5"),
        ("%g %e %v %x", [1e6, 1.5, 0.1, 1.0], "1e+06 1.500000e+00 0.1 0x1p+00"),
        ("%d|%5d|%-5d|%05d|%+d", [7, 7, 7, -7, 7], "7|    7|7    |-0007|+7"),
        ("%x|%#o|%b|%c|%U", [255, 8, 5, 65, 8364], "ff|010|101|A|U+20AC"),
        ("%s %q %10s %-4s| %.2s %x", ["a", 'b"', "c", "d", "éàü", "hi"], 'a "b\\""          c d   | éà 6869'),
        ("%t %v %T", [True, False, 1.5], "true false float64"),
        ("%5.1f%%", [12.34], " 12.3%"),
        ("%[2]s %[1]s", ["a", "b"], "b a"),
        ("%*d", [4, 7], "   7"),
        ("%v", [{"b": "2", "a": "1"}], "map[a:1 b:2]"),
        ("%s", [Moment(0)], "1970-01-01 00:00:00 +0000 UTC"),
        ("%v", [Structure("*template.sample", {"Labels": {}, "Value": 1.0}, True)], "&{map[] 1}"),
    ],
)  # fmt: skip
def test_every_verb_writes_what_suits_it(form: str, arguments: list[Any], text: str) -> None:
    assert sprintf(form, arguments) == text


@pytest.mark.parametrize(
    ("form", "arguments", "text"),
    [
        ("%d", [0.5], "%!d(float64=0.5)"),
        ("%s", [5], "%!s(int=5)"),
        ("%f", ["x"], "%!f(string=x)"),
        ("%d %d", [1], "1 %!d(MISSING)"),
        ("a", [1, "b"], "a%!(EXTRA int=1, string=b)"),
        ("%", [], "%!(NOVERB)"),
        ("%[5]d", [1], "%!d(BADINDEX)"),
        ("%d", [None], "%!d(<nil>)"),
        ("%99999999d", [1], "%!(NOVERB)%!(EXTRA int=1)"),
    ],
)
def test_a_mistake_shows_in_the_text_as_in_go(form: str, arguments: list[Any], text: str) -> None:
    assert sprintf(form, arguments) == text


@pytest.mark.parametrize(("form", "value"), [("%v", [Structure("x", {}, True)]), ("%#v", 1.5), ("%b", 1.5)])
def test_what_go_would_print_as_an_address_or_as_source_is_an_error(form: str, value: Any) -> None:
    with pytest.raises(TemplateError):
        sprintf(form, [value])
