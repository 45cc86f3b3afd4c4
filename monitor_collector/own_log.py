"""How the collector's own samples (`up`, what rules record, alerts, its figures) are written to the write-ahead log.

A frame of them has the same series for a long time and most values stay as they are. So the series are written once,
as a record `OWN_SERIES` under a number, and then for each moment a record `OWN_VALUES`: the number, the time, and the
values combined by exclusive-or with those of the moment before, which makes zeros of what has not changed, compressed.
A reader that has not seen the series, or missed a record between, must not guess: numbers are given once in a log's
life, and each record says how many of its number came before it. Now and then the series are written again, under
another number: so a record that gets damaged does not take all that follow with it.
"""

from __future__ import annotations

import json
import struct
from collections import OrderedDict
from typing import NamedTuple

import cramjam
import numpy as np

from monitor_collector.samples import Batch, Layout
from monitor_collector.wal_records import Encoding, Record

# Number of the series, how many records of it came before, time in ms.
_VALUES = struct.Struct("<QIq")
_SERIES = struct.Struct("<Q")
_LEVEL = 1
# Five minutes at an evaluation a second.
RECORDS_OF_A_NUMBER = 300
# Frames whose series change with every evaluation leave numbers behind that nobody uses again.
_NUMBERS_KEPT = 10_000


class _Known(NamedTuple):
    """A layout that was written: under which number, how many records of values followed, and the last values' bits."""

    number: int
    count: int
    bits: np.ndarray


class OwnWriter:
    """Makes records out of batches. `first_number` must be higher than any that the log may hold already."""

    def __init__(self, first_number: int) -> None:
        self._next_number = first_number
        self._known: OrderedDict[Layout, _Known] = OrderedDict()

    def records(self, batch: Batch) -> list[Record]:
        """The records for a batch whose samples all have one time; they are to be written in this order."""
        assert isinstance(batch.timestamps_ms, int)
        at_ms = batch.timestamps_ms
        records = []
        known = self._known.pop(batch.layout, None)
        if known is None or known.count == RECORDS_OF_A_NUMBER:
            known = _Known(self._next_number, 0, np.zeros(len(batch), np.uint64))
            self._next_number += 1
            records.append(Record(at_ms, Encoding.OWN_SERIES, _series_body(known.number, batch.layout)))
        bits = batch.values.view(np.uint64)
        body = _VALUES.pack(known.number, known.count, at_ms)
        body += bytes(cramjam.zstd.compress((bits ^ known.bits).tobytes(), level=_LEVEL))
        records.append(Record(at_ms, Encoding.OWN_VALUES, body))
        self._known[batch.layout] = _Known(known.number, known.count + 1, bits.copy())
        while len(self._known) > _NUMBERS_KEPT:
            self._known.popitem(last=False)
        return records

    def begin_anew(self) -> None:
        """Refers to nothing that was written before: the log's beginning is deleted, or a record has failed."""
        self._known.clear()


class OwnReader:
    """Makes batches out of records."""

    def __init__(self) -> None:
        self.last_number = -1
        self._known: OrderedDict[int, tuple[Layout, int, np.ndarray]] = OrderedDict()

    def batch(self, record: Record) -> Batch | None:
        """None for a record that tells series only, and for one that refers to what is not known."""
        if record.encoding is Encoding.OWN_SERIES:
            (number,) = _SERIES.unpack_from(record.body)
            frame, series = json.loads(bytes(cramjam.zstd.decompress(record.body[_SERIES.size :])))
            layout = Layout((tuple((name, value) for name, value in labels) for labels in series), frame)
            self._known[number] = (layout, 0, np.zeros(len(layout), np.uint64))
            self.last_number = max(self.last_number, number)
            while len(self._known) > _NUMBERS_KEPT:
                self._known.popitem(last=False)
            return None
        number, count, at_ms = _VALUES.unpack_from(record.body)
        self.last_number = max(self.last_number, number)
        layout, seen, bits = self._known.get(number, (None, 0, None))
        if layout is None or seen != count:
            return None
        changes = np.frombuffer(cramjam.zstd.decompress(record.body[_VALUES.size :]), np.uint64)
        bits = bits ^ changes
        self._known[number] = (layout, count + 1, bits)
        return Batch(layout, bits.view(np.float64), at_ms)


def _series_body(number: int, layout: Layout) -> bytes:
    text = json.dumps([layout.frame, layout.series], ensure_ascii=False, separators=(",", ":"))
    return _SERIES.pack(number) + bytes(cramjam.zstd.compress(text.encode(), level=_LEVEL))
