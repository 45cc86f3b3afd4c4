"""What all series of a frame share is split off, and the others are found without making their labels."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor_collector.blocks.labels import LabelLayout, encode_layout, split
from monitor_collector.promql import Labels, Matcher, all_match
from monitor_collector.samples import metric
from tests.unit.collector.blocks.frames import label_sets, matchers


def test_what_all_series_have_is_split_off() -> None:
    series = [metric("up", instance="web-1", job="host"), metric("load", instance="web-1", job="host", cpu="0")]
    assert split(series) == (
        (("instance", "web-1"), ("job", "host")),
        [(("__name__", "up"),), (("__name__", "load"), ("cpu", "0"))],
    )


def test_hosts_of_a_kind_have_one_layout() -> None:
    one, other = (
        encode_layout(split([metric("up", instance=name), metric("load", instance=name)])[1]) for name in ("a", "b")
    )
    assert one == other


@settings(max_examples=100, deadline=None)
@given(st.lists(label_sets, min_size=1, max_size=6), matchers())
def test_series_are_found_as_one_by_one(series: list[Labels], conditions: tuple[Matcher, ...]) -> None:
    layout = LabelLayout(encode_layout(series))
    assert layout.labels(range(len(layout))) == series
    assert layout.find(conditions).tolist() == [i for i, one in enumerate(series) if all_match(conditions, one)]


@settings(max_examples=100, deadline=None)
@given(st.lists(label_sets, min_size=1, max_size=6))
def test_a_split_loses_nothing(series: list[Labels]) -> None:
    common, rest = split(series)
    assert [tuple(sorted((*common, *one))) for one in rest] == series
