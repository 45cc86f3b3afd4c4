"""The collector's own samples in the write-ahead log."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from monitor_collector.own_log import RECORDS_OF_A_NUMBER, OwnReader, OwnWriter
from monitor_collector.promql import STALE_MARKER
from monitor_collector.samples import Batch, Layout, metric
from monitor_collector.wal_records import Record

UP = Layout([metric("up", instance="web-1"), metric("up", instance="wéb-2")], "targets")
RULE = Layout([metric("load:double", instance='a"b\\c')], "rule load:double")


def batch(layout: Layout, at_ms: int, *values: float) -> Batch:
    return Batch(layout, np.array(values, dtype=np.float64), at_ms)


def read(records: list[Record], reader: OwnReader | None = None) -> list[tuple[object, object, int, bytes]]:
    reader = reader or OwnReader()
    batches = [one for record in records if (one := reader.batch(record)) is not None]
    return [(one.layout.frame, one.layout.series, one.timestamps_ms, one.values.tobytes()) for one in batches]


def shown(batches: list[Batch]) -> list[tuple[object, object, int, bytes]]:
    return [(one.layout.frame, one.layout.series, one.timestamps_ms, one.values.tobytes()) for one in batches]


def written(writer: OwnWriter, batches: list[Batch]) -> list[Record]:
    return [record for one in batches for record in writer.records(one)]


@given(st.lists(st.tuples(st.integers(0, 2**62), st.floats(allow_nan=False), st.floats(allow_nan=False)), max_size=20))
def test_every_sample_comes_back_bit_for_bit(rows: list[tuple[int, float, float]]) -> None:
    batches = [one for at, a, b in rows for one in (batch(UP, at, a, b), batch(RULE, at, a))]
    assert read(written(OwnWriter(0), batches)) == shown(batches)


def test_stale_markers_and_nan_keep_their_bits() -> None:
    batches = [batch(RULE, 1, 1.5), batch(RULE, 2, STALE_MARKER), batch(RULE, 3, float("nan")), batch(RULE, 4, 1.5)]
    assert read(written(OwnWriter(0), batches)) == shown(batches)


def test_the_series_are_written_once_and_values_that_stay_take_little_room() -> None:
    series = Layout([metric("m", number=str(number)) for number in range(1000)], "many")
    values = np.random.default_rng(1).random(1000)
    writer = OwnWriter(0)
    sizes = [[len(record.body) for record in writer.records(Batch(series, values, at))] for at in range(3)]
    assert [len(one) for one in sizes] == [2, 1, 1]
    assert sizes[2][0] < 100


def test_after_a_new_beginning_nothing_refers_to_what_was_written_before() -> None:
    writer = OwnWriter(7)
    written(writer, [batch(UP, 1, 1, 1)])
    writer.begin_anew()
    after = [batch(UP, 2, 1, 0), batch(UP, 3, 1, 0)]
    assert read(written(writer, after)) == shown(after)


def test_records_whose_series_or_predecessor_is_missing_are_left_out_instead_of_guessed() -> None:
    records = written(OwnWriter(0), [batch(UP, at, at, 2 * at) for at in range(4)])
    series, first, second, *rest = records
    assert read([first, second]) == []
    assert read([series, first, *rest]) == shown([batch(UP, 0, 0, 0)])


def test_a_damaged_record_takes_those_of_some_minutes_with_it_and_no_more() -> None:
    batches = [batch(UP, at, at, 2 * at) for at in range(RECORDS_OF_A_NUMBER + 2)]
    series, first, _, *rest = written(OwnWriter(0), batches)
    assert read([series, first, *rest]) == shown([batches[0], *batches[RECORDS_OF_A_NUMBER:]])


def test_a_reader_knows_the_highest_number_so_that_the_next_writer_takes_another() -> None:
    reader = OwnReader()
    read(written(OwnWriter(5), [batch(UP, 1, 1, 1), batch(RULE, 1, 1)]), reader)
    assert reader.last_number == 6
