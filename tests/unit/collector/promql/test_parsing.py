import subprocess
import sys

import pytest

from monitor_collector.promql import Matcher, QueryError, parse
from monitor_collector.promql.parse import parse as parse_function


@pytest.mark.parametrize(
    ("query", "message", "position"),
    [
        ("1 + limitk(3, x)", "aggregation limitk is not supported", 4),
        ("limit_ratio by (a) (0.9, x)", "aggregation limit_ratio is not supported", 0),
        ('info(x{a="first_over_time("})', "function info() is not supported", 0),
        (
            'x{a="first_over_time("} + first_over_time(y[5m])',
            "function first_over_time() is not supported",
            26,
        ),
        ("mad_over_time + mad_over_time(y[5m])", "function mad_over_time() is not supported", 16),
        ("x @ -5", "@ takes Unix seconds from 0 to the year 9999", 5),
        ("x @ 9e15", "@ takes Unix seconds from 0 to the year 9999", 4),
        ("x[5m:1m] @ - 0.5", "@ takes Unix seconds from 0 to the year 9999", 13),
        ('1 + count_values("", x)', "aggregation count_values needs the name of a label as its first argument", 4),
        (
            'label_replace(x, "", "b", "c", "d")',
            "function label_replace() needs a destination label: the name is empty",
            0,
        ),
        (
            'label_join(x, "a", "-", "")',
            "function label_join() needs a source label: the name is empty",
            0,
        ),
        ("x + fill(0) y", "fill() is not supported", 4),
        ('x{a="b" or c="d"}', "'or' between label matchers is not supported", 8),
        ('x{a=~"b++"}', "invalid regular expression 'b++': bad repetition operator: ++", 6),
        ("x offset 5000y", "the duration 5000y is too long", 9),
        ("x[99999999999y]", "the duration 99999999999y is too long", 2),
        ("x offset -1e999", "the duration 1e999 is too long", 10),
        ("x[Inf]", "the duration Inf is too long", 2),
    ],
)
def test_what_is_not_supported_is_refused_by_name_and_position(query: str, message: str, position: int) -> None:
    with pytest.raises(QueryError) as refused:
        parse(query)
    assert (refused.value.message, refused.value.position) == (message, position)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("rate(x)", "expected type matrix in call to function 'rate', got vector"),
        ("abs(x[5m])", "expected type vector in call to function 'abs', got matrix"),
        ("foo(x)", "unknown function with name 'foo'"),
        ("1 == 1", "comparisons between scalars must use BOOL modifier"),
        ("x and 1", "set operator 'and' not allowed in binary scalar expression"),
        ('x{a=~"["}', "illegal regex"),
        ("{}", "at least one non-empty matcher"),
        ("sum(", "unclosed left parenthesis"),
        ("", "no expression found in input"),
    ],
)
def test_malformed_and_mistyped_queries_are_errors(query: str, said: str) -> None:
    with pytest.raises(QueryError, match=said):
        parse(query)


def test_an_error_prints_line_and_column() -> None:
    with pytest.raises(QueryError) as refused:
        parse("1 +\n  limitk(3, x)")
    assert str(refused.value) == "2:3: aggregation limitk is not supported"


@pytest.mark.parametrize(
    ("query", "value_type"),
    [
        ("up", "vector"),
        ("1 + 1", "scalar"),
        ("time()", "scalar"),
        ("scalar(up)", "scalar"),
        ("1 + up", "vector"),
        ('"text"', "string"),
        ("up[5m]", "matrix"),
        ("rate((up[5m]))", "vector"),
        ("up[5m:1m]", "matrix"),
        ("scalar(up @ end())", "scalar"),
        ("pi()", "scalar"),
    ],
)
def test_an_expression_knows_its_text_and_type(query: str, value_type: str) -> None:
    expression = parse(query)
    assert (expression.text, expression.value_type) == (query, value_type)


def test_absurd_nesting_is_refused_instead_of_ending_the_process() -> None:
    texts = ["('(' * 50000 + '1' + ')' * 50000)", "'+'.join(['x'] * 50000)", "('-' * 50000 + 'x')"]
    program = "from monitor_collector.promql import QueryError, parse\n" + "".join(
        f"try: parse({text})\nexcept QueryError: print('refused')\n" for text in texts
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout.split()) == (0, ["refused"] * 3), run.stderr


def test_ordinary_depth_and_breadth_are_fine() -> None:
    parse(" or ".join(f'rate(x{{a="{number}"}}[5m]) > 1' for number in range(90)))
    parse("(" * 150 + "x" + ")" * 150)


def test_selectors_ask_the_storage_for_their_matchers_and_window() -> None:
    asked = []

    class Storage:
        def select(self, matchers, start_ms, end_ms):
            asked.append((tuple(matchers), start_ms, end_ms))
            return []

    parse('up{a!="b",c=~"d"} offset 1s').evaluate(Storage(), 1_000_000)
    matchers = (Matcher("__name__", "=", "up"), Matcher("a", "!=", "b"), Matcher("c", "=~", "d"))
    assert asked.pop() == (matchers, 699_000, 999_000)
    parse("rate(up[1m])").evaluate_range(Storage(), 1_000_000, 2_000_000, 10_000)
    assert asked.pop() == ((Matcher("__name__", "=", "up"),), 940_000, 2_000_000)


def test_the_package_exports_the_parser() -> None:
    assert parse is parse_function
