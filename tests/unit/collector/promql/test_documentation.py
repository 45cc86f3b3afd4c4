import re
from pathlib import Path

import pytest

from monitor_collector.promql import QueryError, parse
from monitor_collector.promql.aggregations import AGGREGATIONS
from monitor_collector.promql.functions import FUNCTIONS

PAGE = (Path(__file__).parents[4] / "docs" / "promql.md").read_text()


def _names(title: str, state: str) -> set[str]:
    (section,) = re.findall(rf"^## {title}\n(.*?)(?=^## )", PAGE, re.DOTALL | re.MULTILINE)
    return set(re.findall(rf"^\| `(\w+)` \| {state} \|$", section, re.MULTILINE))


def test_the_page_lists_exactly_the_supported_functions_and_aggregations() -> None:
    assert _names("Functions", "supported") == set(FUNCTIONS)
    assert _names("Aggregations", "supported") == set(AGGREGATIONS)


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
