"""Series are found by matchers, and what was found stays while there is nothing new."""

from __future__ import annotations

from monitor_collector.frame import Frame
from monitor_collector.promql import Labels, Matcher
from monitor_collector.samples import metric
from monitor_collector.series_index import Place, SeriesIndex

ALL_OF_A = (Matcher("__name__", "=", "a"),)


class Bench:
    """An index, and frames to place series in."""

    def __init__(self) -> None:
        self.index = SeriesIndex()
        self.frames = {"web-1": Frame(), "web-2": Frame()}

    def add(self, name: str, instance: str, **labels: str) -> None:
        series = metric(name, instance=instance, **labels)
        frame = self.frames[instance]
        self.index.add(series, Place(frame, frame.add_column(series)))

    def found(self, *matchers: Matcher) -> list[tuple[Frame, list[int], list[Labels]]]:
        return [(match.frame, match.columns.tolist(), match.labels) for match in self.index.find(matchers)]


def test_series_are_found_frame_by_frame_with_their_columns() -> None:
    bench = Bench()
    for name, instance in (("a", "web-1"), ("b", "web-1"), ("a", "web-2")):
        bench.add(name, instance)
    bench.add("a", "web-1", cpu="1")
    first, second = bench.frames.values()
    a, b, other_a = (
        metric(name, instance=instance) for name, instance in (("a", "web-1"), ("b", "web-1"), ("a", "web-2"))
    )
    more = metric("a", instance="web-1", cpu="1")
    assert bench.found(*ALL_OF_A) == [(first, [0, 2], [a, more]), (second, [0], [other_a])]
    assert bench.found(Matcher("instance", "=", "web-1")) == [(first, [0, 1, 2], [a, b, more])]
    assert bench.found(*ALL_OF_A, Matcher("cpu", "!=", "1"), Matcher("instance", "=~", ".*1")) == [(first, [0], [a])]
    assert bench.found(Matcher("__name__", "=", "nothing")) == []


def test_the_list_is_the_same_one_until_there_is_another_series_that_matches() -> None:
    bench = Bench()
    bench.add("a", "web-1")
    before = bench.index.find(ALL_OF_A)
    bench.add("b", "web-1")
    assert bench.index.find(ALL_OF_A) is before
    only_first = (*ALL_OF_A, Matcher("instance", "=", "web-1"))
    narrow = bench.index.find(only_first)
    bench.add("a", "web-2")
    assert bench.index.find(only_first) is narrow
    assert len(bench.index.find(ALL_OF_A)) == 2
    assert len(before) == 1


def test_a_new_series_of_a_known_frame_joins_those_that_were_found_there() -> None:
    bench = Bench()
    bench.add("a", "web-1")
    bench.add("a", "web-2")
    bench.found(*ALL_OF_A)
    bench.add("a", "web-1", cpu="1")
    assert [(frame, columns) for frame, columns, _ in bench.found(*ALL_OF_A)] == [
        (bench.frames["web-1"], [0, 1]),
        (bench.frames["web-2"], [0]),
    ]


def test_any_number_of_questions_is_answered() -> None:
    bench = Bench()
    bench.add("a", "web-1")
    for number in range(3000):
        assert len(bench.index.find((*ALL_OF_A, Matcher("cpu", "!=", str(number))))) == 1
    bench.add("a", "web-2")
    assert len(bench.index.find((*ALL_OF_A, Matcher("cpu", "!=", "0")))) == 2
