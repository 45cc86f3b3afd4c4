"""Series as remote-write messages name them."""

from __future__ import annotations

import pytest

from monitor_collector.remote_write.series import LABELS_MAX, NAME_MAX_CHARACTERS, SeriesMemory, checked_labels
from monitor_collector.samples import metric

NAME = ("__name__", "load")


def test_labels_are_sorted_and_empty_ones_left_out() -> None:
    pairs = [("b", "2"), NAME, ("empty", ""), ("a", "1")]
    assert checked_labels(pairs) == metric("load", a="1", b="2")


def test_names_may_be_what_they_may_be_in_a_text() -> None:
    pairs = [("__name__", "a:B_9"), ("_a9", "1"), ("Z", "ü\n\0")]
    assert checked_labels(pairs) == metric("a:B_9", _a9="1", Z="ü\n\0")


@pytest.mark.parametrize(
    ("pairs", "reason"),
    [
        ([], "the label __name__ is missing"),
        ([("a", "1")], "the label __name__ is missing"),
        ([("__name__", "")], "the label __name__ is missing"),
        ([NAME, ("a", "1"), ("a", "1")], "load: the label a is there twice"),
        ([NAME, ("a", ""), ("a", "1")], "load: the label a is there twice"),
        ([NAME, ("", "1")], "load: '' is no label name"),
        ([NAME, ("a:b", "1")], "load: 'a:b' is no label name"),
        ([NAME, ("9a", "1")], "load: '9a' is no label name"),
        ([NAME, ("ä", "1")], "load: 'ä' is no label name"),
        ([NAME, ("a\n", "1")], "load: 'a\\\\n' is no label name"),
        ([("__name__", "a-b")], "a-b: a metric name has letters"),
        ([NAME, ("a" * (NAME_MAX_CHARACTERS + 1), "1")], f"load: a name has at most {NAME_MAX_CHARACTERS} characters"),
        ([("__name__", "a" * (NAME_MAX_CHARACTERS + 1))], f"a+: a name has at most {NAME_MAX_CHARACTERS} characters"),
        ([NAME, *((f"label_{i}", "1") for i in range(LABELS_MAX))], f"load: a series has at most {LABELS_MAX} labels"),
    ],
)
def test_wrong_labels_are_refused_with_the_metric_and_the_reason(pairs: list[tuple[str, str]], reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{reason}"):
        checked_labels(pairs)


def test_the_longest_names_are_taken() -> None:
    longest = "a" * NAME_MAX_CHARACTERS
    assert checked_labels([("__name__", longest), (longest, "1")]) == metric(longest, **{longest: "1"})


def test_the_same_series_in_the_same_order_are_the_same_layout() -> None:
    memory = SeriesMemory()
    a, b = metric("a"), metric("b")
    layout = memory.layout([a, b])
    assert layout.series == (a, b)
    assert memory.layout([metric("a"), metric("b")]) is layout
    assert memory.layout([b, a]).series == (b, a)
    assert memory.layout([a, b, b]).series == (a, b, b)


def test_a_memory_of_series_is_bounded() -> None:
    memory = SeriesMemory(limit=3)
    for number in range(10):
        memory.remember(number, 1, metric("a", number=str(number)))
        memory.layout([metric("a", number=str(number))])
    assert sum(memory.known(number) is not None for number in range(10)) <= 3
    layouts = [memory.layout([metric("a", number=str(number))]) for number in (8, 9)]
    assert layouts == [memory.layout([metric("a", number=str(number))]) for number in (8, 9)]
    four = [metric("a", number=str(number)) for number in range(4)]
    assert memory.layout(four) is not memory.layout(four)


def test_long_labels_are_not_remembered() -> None:
    memory = SeriesMemory()
    memory.remember("key", 10_000, metric("a"))
    assert memory.known("key") is None
    long = metric("a", text="x" * 10_000)
    assert memory.layout([metric("a"), long]) is not memory.layout([metric("a"), long])
