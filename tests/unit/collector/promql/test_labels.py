from hypothesis import given
from hypothesis import strategies as st

from monitor_collector.promql.labels import (
    METRIC_NAME,
    only,
    text_of,
    with_labels_of,
    without,
    without_metric_name,
)

names = st.sampled_from([METRIC_NAME, "env", "instance", "job"])
label_sets = st.dictionaries(names, st.text(min_size=1, max_size=3)).map(lambda pairs: tuple(sorted(pairs.items())))


@given(label_sets, st.sets(names))
def test_only_and_without_share_out_the_labels_in_order(labels, some) -> None:
    assert tuple(sorted((*only(labels, some), *without(labels, some)))) == labels
    assert only(labels, some) == tuple(sorted(only(labels, some)))


@given(label_sets, label_sets, st.sets(names))
def test_labels_taken_over_are_those_of_the_source_and_the_others_stay(labels, source, some) -> None:
    result = with_labels_of(labels, source, some)
    assert result == tuple(sorted(result))
    assert only(result, some) == only(source, some)
    assert without(result, some) == without(labels, some)


def test_only_the_metric_name_is_dropped() -> None:
    assert without_metric_name((("__name__", "up"), ("job", "host"))) == (("job", "host"),)


def test_labels_are_printed_as_prometheus_prints_them() -> None:
    assert text_of((("__name__", "up"), ("path", 'C:\\"x"'))) == r'{__name__="up", path="C:\\\"x\""}'
    assert text_of(()) == "{}"
