"""Room on the disk that is kept for alarms."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor_collector import reserve
from monitor_collector.reserve import SIZE_BYTES, Reserve, room

PLENTY = 10**10


def test_room_is_kept_while_there_is_plenty_and_given_up_when_the_disk_is_full(tmp_path: Path) -> None:
    path = tmp_path / "reserve"
    kept = Reserve(path)
    kept.adapt(PLENTY)
    assert path.stat().st_blocks * 512 >= SIZE_BYTES
    kept.adapt(10**7)
    assert path.exists()
    kept.adapt(0)
    assert not path.exists()
    kept.adapt(SIZE_BYTES)
    assert not path.exists(), "what was given up is not taken away again at once"
    kept.adapt(PLENTY)
    assert path.exists()


def test_a_reserve_that_cannot_be_made_stops_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Reserve(tmp_path / "missing" / "reserve").adapt(PLENTY)
    assert "No such file" in caplog.text


def test_the_room_of_a_directory_is_told_in_bytes(tmp_path: Path) -> None:
    found = room(tmp_path)
    assert 0 <= found.free_bytes <= found.size_bytes
    assert found.size_bytes > reserve.SIZE_BYTES
