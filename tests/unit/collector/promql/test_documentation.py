import re
from pathlib import Path

import pytest

from monitor_collector.promql import QueryError, parse
from monitor_collector.promql.aggregations import AGGREGATIONS
from monitor_collector.promql.functions import FUNCTIONS
from monitor_collector.promql.source_text import RENAMED

PAGE = (Path(__file__).parents[4] / "docs" / "promql.md").read_text()


def _names(title: str, state: str) -> set[str]:
    (section,) = re.findall(rf"^## {title}\n(.*?)(?=^## )", PAGE, re.DOTALL | re.MULTILINE)
    return set(re.findall(rf"^\| `(\w+)` \| {state} \|$", section, re.MULTILINE))


def test_the_page_lists_exactly_the_supported_functions_and_aggregations() -> None:
    assert _names("Functions", "supported") == set(FUNCTIONS)
    assert _names("Aggregations", "supported") == set(AGGREGATIONS)


def test_the_page_lists_exactly_the_functions_that_were_renamed() -> None:
    said = re.findall(r"^\| `(\w+)` \| supported: what `(\w+)` was called in Prometheus 2 \|$", PAGE, re.MULTILINE)
    assert dict(said) == RENAMED
    assert set(RENAMED.values()) <= set(FUNCTIONS)


# The rows of the page that are no names of functions or aggregations.
FEATURES = {
    "number literals": ("1 + .5 + 1e3 + 0x1f + Inf + NaN + 5m", True),
    "string literals": ('"a" # comment', True),
    "instant vector selectors": ('x{a="b",c!="d",e=~"f",g!~"h"}', True),
    "quoted metric names": ('{"foo.bar"}', True),
    "`or` between matchers": ('x{a="b" or c="d"}', False),
    "range vector selectors": ("x[5m]", True),
    "sub-queries": ("rate((x > 1)[5m:1m])[10m:]", True),
    "`offset`": ("x offset -5m + x offset 0s + sum_over_time(x[5m:] offset 5m)", True),
    "`@` with": ("x @ 5 + x @ start() + x @ end() offset 1m", True),
    "duration expressions": ("x[2 * 5m]", False),
    "`anchored`, `smoothed`": ("x[5m] anchored", False),
    "`+` `-` `*` `/` `%` `^` `atan2`": ("-x + x - x * x / x % x ^ x atan2 x", True),
    "`==` `!=` `>`": ("x == x != bool x", True),
    "`and` `or` `unless`": ("x and x or x unless x", True),
    "`on`, `ignoring`": ("x + on (a) group_left (b) x - ignoring (c) group_right () x", True),
    "`fill`": ("x + fill(0) y", False),
    "`</` `>/`": ("x </ 5", False),
}


@pytest.mark.parametrize("row", FEATURES)
def test_every_feature_is_in_the_state_that_the_page_gives(row: str) -> None:
    query, works = FEATURES[row]
    (state,) = re.findall(rf"^\| {re.escape(row)}.*\| (supported|refused)[^|]*\|$", PAGE, re.MULTILINE)
    assert state == ("supported" if works else "refused")
    if works:
        parse(query)
    else:
        with pytest.raises(QueryError):
            parse(query)


def test_no_feature_of_the_page_is_left_unchecked() -> None:
    before_aggregations = PAGE.partition("## Aggregations")[0]
    rows = re.findall(r"^\| (.+?) \| (?:supported|refused)", before_aggregations, re.MULTILINE)
    assert [row for row in rows if not any(row.startswith(known) for known in FEATURES)] == []


@pytest.mark.parametrize("name", sorted(_names("Functions", "refused")))
def test_every_function_the_page_calls_refused_is_refused(name: str) -> None:
    arguments = ("", "x", "x[5m]", "1", "1, x", "x[5m], 1", "1, x[5m]", "x[5m], 1, 1", "x, 1, 2", '"a", x', "1, 2")
    strings = ('x, "a"', 'x, "a", "b", "c", "d"', 'x, "a", "b", "c"', "1, 2, x", 'x, "a", 0.5')
    said = set()
    for given in (*arguments, *strings):
        with pytest.raises(QueryError) as refused:
            parse(f"{name}({given})")
        said.add(refused.value.message)
    is_keyword = name in ("end", "range", "start", "step")
    assert is_keyword or said & {f"function {name}() is not supported", f"unknown function with name '{name}'"}


@pytest.mark.parametrize("name", sorted(_names("Aggregations", "refused")))
def test_every_aggregation_the_page_calls_refused_is_refused(name: str) -> None:
    for given in ("x", "1, x", '"a", x'):
        with pytest.raises(QueryError):
            parse(f"{name}({given})")
