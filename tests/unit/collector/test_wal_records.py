"""How segments of the write-ahead log are read."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from monitor_collector import wal_records
from monitor_collector.wal_records import MAGIC, Encoding, Flaw, Record, Skipped, encode_record, read_segment

RECORDS = [Record(1_700_000_000_000 + n, Encoding(n), f"body {n}".encode() * (n + 1)) for n in range(4)]
PIECES = [MAGIC, *map(encode_record, RECORDS)]


def read(path: Path, *pieces: bytes) -> list[Record | Skipped]:
    path.write_bytes(b"".join(pieces))
    return list(read_segment(path))


def test_a_flipped_bit_costs_at_most_the_record_that_it_is_in(tmp_path: Path) -> None:
    for number, piece in enumerate(PIECES):
        rest = [record for record in RECORDS if not number or record is not RECORDS[number - 1]]
        for bit in range(8 * len(piece)):
            changed = bytearray(piece)
            changed[bit // 8] ^= 1 << bit % 8
            found = read(tmp_path / "segment", *PIECES[:number], changed, *PIECES[number + 1 :])
            assert [one for one in found if isinstance(one, Record)] == rest, (number, bit)
            (skipped,) = (one for one in found if isinstance(one, Skipped))
            assert skipped[:2] == (sum(map(len, PIECES[:number])), len(piece))
            assert skipped.flaw is Flaw.DAMAGED or number == len(RECORDS), "others follow, so no crash has torn it"


@pytest.mark.parametrize("garbage", [random.Random(1).randbytes(100_000), bytes(100_000), b"\1\0\0\0" * 25_000])
def test_what_follows_garbage_is_read(tmp_path: Path, garbage: bytes) -> None:
    found = read(tmp_path / "segment", *PIECES[:2], garbage, *PIECES[2:])
    assert found == [RECORDS[0], Skipped(len(PIECES[0] + PIECES[1]), len(garbage), Flaw.DAMAGED), *RECORDS[1:]]


@pytest.mark.parametrize(
    ("tail", "flaw"),
    [
        (PIECES[1][:-1], Flaw.TORN),
        (PIECES[1][:5], Flaw.TORN),
        (bytes(5000), Flaw.TORN),
        (PIECES[1][:-1] + b"?", Flaw.DAMAGED),
    ],
)
def test_what_a_crash_leaves_at_the_end_is_told_from_damage(tmp_path: Path, tail: bytes, flaw: Flaw) -> None:
    assert read(tmp_path / "segment", *PIECES[:2], tail) == [
        RECORDS[0],
        Skipped(len(PIECES[0] + PIECES[1]), len(tail), flaw),
    ]


def test_a_search_among_what_looks_like_headers_everywhere_has_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0
    real = wal_records._Segment.record_at

    def counted(segment: wal_records._Segment, position: int) -> Record | Skipped | None:
        nonlocal looks
        looks += 1
        return real(segment, position)

    monkeypatch.setattr(wal_records._Segment, "record_at", counted)
    monkeypatch.setattr(wal_records, "_SEARCH_MAX_BYTES", 100 * wal_records._LOOK_BYTES)
    read(tmp_path / "segment", MAGIC, (b"\1" + bytes(31)) * 1000)
    assert 50 < looks <= 102
