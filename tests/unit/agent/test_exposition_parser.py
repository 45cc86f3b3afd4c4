"""Metrics that users write: read as Go's parser reads them, wholly or not at all."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor_agent.exposition import Columns, Metric, Renderer, Row, describe_all
from monitor_agent.exposition_parser import SERIES_LIMIT, MalformedText, Merger, Parser, Sample
from monitor_collector.exposition import Parser as CollectorsParser

NAMES = st.from_regex(r"[a-zA-Z_:][a-zA-Z0-9_:]*", fullmatch=True)
LABEL_NAMES = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]*", fullmatch=True).filter(
    lambda name: not name.startswith("__") and name not in ("instance", "job")
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
# What the format is made of, in any order: much of it is nearly right.
PIECES = st.lists(
    st.sampled_from(
        [
            *(
                "a",
                "b",
                "h",
                "s",
                "h_bucket",
                "h_count",
                "s_sum",
                "up",
                "instance",
                "x",
                "le",
                "quantile",
                "é",
                "\udcff",
            ),
            *("{", "}", ",", "=", '"', "\\", "\\n", " ", " ", " ", "\t", "\n", "\n", "\r", "#", "# HELP ", "# TYPE "),
            *("1", "2.5", "-", "NaN", "+Inf", "1e3", "0x1", "_", ".", "counter", "histogram", "summary", "untyped"),
            *("a 1\n", 'b{x="1"} 2\n', '{le="1"} ', '{quantile="0.5"} ', "# TYPE h histogram\n", "# TYPE s summary\n"),
            *('h_bucket{le="+Inf"} 1\n', "s_count 1\n", "# HELP a text\n", 'a{instance="x"} 1\n'),
        ]
    ),
    max_size=15,
).map(lambda pieces: "".join(pieces).encode("utf-8", "surrogateescape"))


def parse(text: str) -> list[Sample]:
    return Parser().parse(text.encode())


def values(text: str) -> dict[str, str]:
    """By series, as the format writes it."""
    rows, _ = merge(("f", text))
    batch = Renderer({}).batch(rows, 1).decode()
    return dict(line.removesuffix(" 1").rsplit(" ", 1) for line in batch.splitlines())


def merge(*sources: tuple[str, str]) -> tuple[list[Row], dict[str, str]]:
    return Merger(lambda names: f"From {', '.join(names)}").merge([(name, parse(text)) for name, text in sources])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", "1"),
        ("0", "0"),
        ("007", "7"),
        ("-2.50", "-2.5"),
        ("+1", "1"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1E+3", "1000"),
        ("1e-999", "0"),
        ("18446744073709551615", "1.8446744073709552e+19"),
        ("Inf", "+Inf"),
        ("+inf", "+Inf"),
        ("-INFINITY", "-Inf"),
        ("nan", "NaN"),
    ],
)
def test_numbers_are_taken_in_every_spelling_of_the_format(text: str, value: str) -> None:
    assert values(f"a {text}\n") == {"a": value}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a 0x1p-2\n", "line 1: '0x1p-2' is no number"),
        ("a 1_000\n", "'1_000' is no number"),
        ("a \u0661\n", "is no number"),
        ("a +NaN\n", "'+NaN' is no number"),
        ("a .\n", "'.' is no number"),
        ("a 1e999\n", "too large"),
        ("a one 2\n", "'one' is no number"),
        ("a\n", "the value is missing"),
        ('a{x="1"}\n', "the value is missing"),
        ("a 1 \n", "there is a blank after the value"),
        ("a 1 1700000000000\n", "no time may follow"),
        ("a 1\r\n", "carriage return"),
        ("a 1\nb 2", "line 2: 'b 2' does not end with a line feed: has it been cut off?"),
        ("1a 1\n", "does not begin with the name of a metric"),
        ('{x="1"} 1\n', "does not begin with the name of a metric"),
        ("a-b 1\n", "'-b' is no number"),
        ('a{x="1",x="2"} 1\n', "the label x is there twice"),
        ('a{__name__="b"} 1\n', "names with __ at the front"),
        ("a{x=1} 1\n", 'a label is written name="value"'),
        ("a{,} 1\n", 'a label is written name="value"'),
        ('a{x:y="1"} 1\n', 'a label is written name="value"'),
        ('a{x="1\n"} 1\n', 'a label is written name="value"'),
        ('a{x="1" y="2"} 1\n', "labels are separated by commas"),
        ('a{x="1"\n', "a brace ends them"),
        ('a{x="\\t"} 1\n', "a backslash is written \\\\"),
        ("# HELP a \\q\na 1\n", "a backslash is written \\\\"),
        ("# HELP a x\n# HELP a x\n", "line 2: there is a second HELP for a"),
        ("# HELP 1a x\n", "HELP is followed by the name of a metric"),
        ("# TYPE a bool\n", "'bool' is no type: the types are counter, gauge, histogram, summary, untyped"),
        ("# TYPE a gauge\n# TYPE a gauge\n", "the TYPE of a is there twice"),
        ("a 1\n# TYPE a gauge\n", "after its first sample"),
        ('# TYPE h histogram\nh_bucket{le="x"} 1\n', "le='x' is no number"),
        ('# TYPE s summary\ns{quantile="x"} 1\n', "quantile='x' is no number"),
    ],
)
def test_what_go_refuses_is_refused_with_line_and_reason(text: str, reason: str) -> None:
    with pytest.raises(MalformedText) as caught:
        parse(text)
    assert reason in str(caught.value)


def test_bytes_that_are_no_utf8_spoil_a_label_but_neither_help_nor_comment() -> None:
    with pytest.raises(MalformedText, match=r"line 2: the label x: .* is not UTF-8"):
        Parser().parse(b'a 1\na{x="\xff"} 1\n')
    rows, _ = Merger(str).merge([("f", Parser().parse(b"# \xff\n# HELP a \xff\na 1\n"))])
    assert describe_all(rows).decode() == "# HELP a \ufffd\n# TYPE a untyped\n"


def test_a_runaway_is_refused() -> None:
    text = "".join(f"a{number} 1\n" for number in range(SERIES_LIMIT))
    assert len(parse(text)) == SERIES_LIMIT
    with pytest.raises(MalformedText, match=f"more than {SERIES_LIMIT} series"):
        parse(text + "b 1\n")


@pytest.mark.parametrize(
    "text",
    [
        'a{x="1",y="q\\"b\\\\n\\n"} 1\n',
        '\t a \t{ y = "q\\"b\\\\n\\n" , x="1" , } \t 1\n',
        'a{x="1",y="q\\"b\\\\n\\n",z=""}1\n',
    ],
)
def test_labels_are_read_with_blanks_and_escapes_and_empty_ones_are_none(text: str) -> None:
    assert parse(text)[0][:3] == ("a", (("x", "1"), ("y", 'q"b\\n\n')), "1")


def test_comments_and_empty_lines_are_passed_over() -> None:
    assert values("\n  \n#\n# hello\n#TYPES a gauge\n# HELP\n# TYPE a\n# EOF\na 1\n  ") == {"a": "1"}


def test_a_series_cannot_pose_as_another_host() -> None:
    text = 'a{instance="db-1",job="x",exported_job="y"} 1\n'
    assert Renderer({"instance": "web-1", "job": "host"}).batch(merge(("f", text))[0], 5) == (
        b'a{exported_exported_job="x",exported_instance="db-1",exported_job="y",instance="web-1",job="host"} 1 5\n'
    )


def test_help_and_type_are_those_of_the_text() -> None:
    rows, _ = merge(("f", "a 1\n#  HELP  a One\\nand \\\\ two.\n#\tTYPE\tb COUNTER\nb 2\n"))
    assert describe_all(rows).decode() == (
        "# HELP a One\\nand \\\\ two.\n# TYPE a untyped\n# HELP b From f\n# TYPE b counter\n"
    )


def test_histograms_and_summaries_pass_as_they_are_each_member_with_a_type_of_its_own() -> None:
    text = (
        "# HELP h Heights.\n# TYPE h histogram\n"
        'h_bucket{le="1e1"} 1\nh_bucket{le="+Inf"} 3\nh_sum 2\nh_count 3\n'
        '# TYPE s summary\ns{quantile="0.5"} 1\ns_sum 2\ns_count 3\nh_other 1\n'
    )
    rows, refused = merge(("f", text))
    assert not refused
    metrics = [row.columns.metrics[0] for row in rows]
    assert [(metric.name, metric.kind, metric.help) for metric in metrics] == [
        ("h_bucket", "counter", "Heights."),
        ("h_bucket", "counter", "Heights."),
        ("h_sum", "untyped", "Heights."),
        ("h_count", "counter", "Heights."),
        ("s", "gauge", "From f"),
        ("s_sum", "untyped", "From f"),
        ("s_count", "counter", "From f"),
        ("h_other", "untyped", "From f"),
    ]
    assert rows[0].labels == (("le", "1e1"),)


def test_a_series_that_is_there_twice_is_taken_once_and_told() -> None:
    rows, refused = merge(("one", 'a{x="1"} 1\na{x="2"} 2\n'), ("two", 'a{x="2"} 3\na{x="3",y=""} 4\na{x="3"} 5\n'))
    assert [row.values[0] for row in rows] == ["1", "2", "4"]
    assert refused == {"two": 'a{x="2"} is there already, from one; it is left out'}


def test_a_metric_has_the_type_that_the_first_source_gives_it() -> None:
    rows, refused = merge(
        ("one", 'a{x="1"} 1\n'), ("two", '# TYPE a gauge\na{x="2"} 2\n'), ("three", '# TYPE a counter\na{x="3"} 3\n')
    )
    assert [row.values[0] for row in rows] == ["1", "2"]
    assert refused == {"three": "a is a counter there, and a gauge in two; it is left out"}
    assert describe_all(rows) == b"# HELP a From one, two\n# TYPE a gauge\n"


def test_a_metric_has_the_help_that_the_first_source_gives_it() -> None:
    rows, refused = merge(
        ("one", 'a{x="1"} 1\n'), ("two", '# HELP a Two.\na{x="2"} 2\n'), ("three", '# HELP a Three.\na{x="3"} 3\n')
    )
    assert not refused
    assert describe_all(rows) == b"# HELP a Two.\n# TYPE a untyped\n"


@pytest.mark.parametrize("name", ["up", "ALERTS", "monitor_threshold", "node_textfile_scrape_error"])
def test_names_of_the_monitoring_itself_are_not_taken_from_users(name: str) -> None:
    rows, refused = merge(("f", f'{name}{{x="1"}} 1\na 1\n'))
    assert [row.columns.metrics[0].name for row in rows] == ["a"]
    assert f"{name} is a name that only the monitoring itself may use" in refused["f"]


def test_a_series_is_rendered_from_the_same_columns_every_time() -> None:
    merger, parser = Merger(str), Parser()
    rows, _ = merger.merge([("f", parser.parse(b"a 1\n"))])
    again, _ = merger.merge([("f", parser.parse(b"a 2\n"))])
    assert again[0].columns is rows[0].columns


@given(
    st.lists(
        st.tuples(
            NAMES,
            st.sampled_from(["counter", "gauge", "untyped"]),
            TEXTS,
            st.dictionaries(LABEL_NAMES, TEXTS.filter(bool), max_size=3),
            st.one_of(st.floats(), st.integers(0, 2**64)),
        ),
        unique_by=lambda row: row[0],
    )
)
def test_whatever_a_page_says_reads_back_as_the_same(
    metrics: list[tuple[str, str, str, dict[str, str], float | int]],
) -> None:
    rows = [
        Row(Columns(Metric(name, kind, help_text)), tuple(sorted(labels.items())), (value,))
        for name, kind, help_text, labels, value in metrics
    ]
    samples = parse(Renderer({}).page(rows))
    # Blanks at the front of a help are lost in the format itself, and a help of nothing is none.
    expected_help = [help_text.lstrip(" \t") or None for _, _, help_text, _, _ in metrics]
    assert [sample.family.help for sample in samples] == expected_help
    assert [(sample.name, sample.family.kind, sample.labels) for sample in samples] == [
        (row.columns.metrics[0].name, row.columns.metrics[0].kind, row.labels) for row in rows
    ]
    for sample, (*_, value) in zip(samples, metrics, strict=True):
        assert float(sample.value) == float(value) or math.isnan(value)


@given(st.one_of(PIECES, st.binary()))
def test_any_text_is_malformed_or_becomes_a_batch_that_the_collector_takes(content: bytes) -> None:
    try:
        samples = Parser().parse(content)
    except MalformedText as error:
        assert 1 <= error.line <= content.count(b"\n") + 1
        return
    rows, _ = Merger(", ".join).merge([("file", samples)])
    text = describe_all(rows) + Renderer({"instance": "web-1"}).batch(rows, 5)
    batch = CollectorsParser().parse(text, 0)
    assert len(batch) == len(rows) == len(set(batch.layout.series))
    assert batch.layout.instances <= {"web-1"}


@pytest.mark.parametrize(("good", "bad"), [("a\t1\n", "a\t1 5\n"), ('a{x="1"}1\n', 'a{x="1" 1\n')])
def test_a_series_that_is_known_must_still_be_well_formed(good: str, bad: str) -> None:
    parser = Parser()
    parser.parse(good.encode())
    with pytest.raises(MalformedText):
        parser.parse(bad.encode())


@given(st.lists(PIECES, min_size=2, max_size=4))
def test_what_was_read_before_changes_nothing(contents: list[bytes]) -> None:
    parser = Parser()

    def outcome(parser: Parser, content: bytes) -> object:
        try:
            return [(*sample[:3], sample.family.kind, sample.family.help) for sample in parser.parse(content)]
        except MalformedText as error:
            return str(error)

    for content in contents:
        assert outcome(parser, content) == outcome(Parser(), content)
