"""Batches stay until they are acknowledged, within their bounds, whatever was left lying about."""

from __future__ import annotations

from pathlib import Path

from monitor_agent.agent import pack
from monitor_agent.spool import Spool

ROOMY, LONG = 10**6, 10**6


def test_a_batch_survives_the_agent(tmp_path: Path) -> None:
    Spool(str(tmp_path), ROOMY, LONG).add(pack(b"m 1 1000\n"), 1000)
    spool = Spool(str(tmp_path), ROOMY, LONG)
    newest = spool.newest()
    assert newest is not None
    assert newest.taken_ms == 1000
    assert spool.read(newest) == pack(b"m 1 1000\n")


def test_an_acknowledged_batch_is_gone(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path), ROOMY, LONG)
    spool.add(pack(b"m 1 1000\n"), 1000)
    spool.remove(spool.oldest(1)[0])
    assert len(spool) == len(Spool(str(tmp_path), ROOMY, LONG)) == 0


def test_a_full_spool_drops_the_oldest_and_counts_them(tmp_path: Path) -> None:
    size = len(pack(b"m 1 1000\n"))
    spool = Spool(str(tmp_path), 2 * size, LONG)
    for taken_ms in (1000, 2000, 3000):
        spool.add(pack(b"m 1 1000\n"), taken_ms)
    assert [batch.taken_ms for batch in spool.oldest(ROOMY)] == [2000, 3000]
    assert spool.dropped == 1


def test_what_is_too_old_is_dropped(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path), ROOMY, max_age_seconds=60)
    spool.add(pack(b"m 1\n"), 1000)
    spool.add(pack(b"m 1\n"), 62_000)
    assert [batch.taken_ms for batch in spool.oldest(ROOMY)] == [62_000]


def test_torn_and_foreign_files_are_dropped_and_are_no_error(tmp_path: Path) -> None:
    (tmp_path / "00000000001000.gz").write_bytes(pack(b"m 1 1000\n" * 100)[:-5])
    (tmp_path / "00000000002000.gz.tmp").write_bytes(b"half")
    (tmp_path / "readme").write_text("?")
    spool = Spool(str(tmp_path), ROOMY, LONG)
    assert len(spool) == 1
    assert spool.read(spool.oldest(1)[0]) is None
    assert len(spool) == 0
    assert spool.dropped == 1


def test_a_rejected_batch_is_kept_aside_with_its_answer(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path), ROOMY, LONG)
    spool.add(pack(b"nonsense"), 1000)
    spool.reject(spool.oldest(1)[0], "400 line 1")
    assert len(spool) == 0
    assert (tmp_path / "rejected" / "00000000001000.gz.answer").read_text() == "400 line 1"
