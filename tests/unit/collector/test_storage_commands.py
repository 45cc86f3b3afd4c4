"""`monitor-collector storage`."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from pathlib import Path

import pytest

from monitor_collector.cli import main
from monitor_collector.lock import Lock, Locked
from monitor_collector.promql import Matcher
from monitor_collector.state import StateDatabase
from monitor_collector.storage import Limits, Storage
from monitor_collector.wal_records import MAGIC, Encoding, Record, encode_record

TEXT = """\
load{instance="web-1"} 0.5 1700000000000
load{instance="web-1"} 0.75 1700000001000
load{instance="web-2"} NaN 1700000000000
up{instance="web-1",path="a\\"b"} 1 1700000000500
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with the samples of TEXT."""
    (tmp_path / "data").mkdir()
    (tmp_path / "samples.txt").write_text(TEXT)
    assert main(["storage", "import", str(tmp_path / "samples.txt"), "--data-directory", str(tmp_path / "data")]) == 0
    return tmp_path / "data"


def storage(capsys: pytest.CaptureFixture[str], data: Path, *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    status = main(["storage", *arguments, "--data-directory", str(data)])
    output = capsys.readouterr()
    return status, output.out, output.err


def test_what_was_imported_is_exported(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert storage(capsys, data, "export") == (0, TEXT, "")


def test_what_was_exported_can_be_chosen_by_time_and_by_labels(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = TEXT.splitlines(keepends=True)
    assert storage(capsys, data, "export", "--match", 'load{instance="web-1"}')[1] == lines[0] + lines[1]
    assert storage(capsys, data, "export", "--start", "1700000000")[1] == lines[1] + lines[3]
    assert storage(capsys, data, "export", "--end", "1700000000")[1] == lines[0] + lines[2]
    status, _, error = storage(capsys, data, "export", "--match", "rate(load[1m])")
    assert status == 1
    assert "no selector of series" in error


def test_openmetrics_has_seconds_and_an_end(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = storage(capsys, data, "export", "--format", "openmetrics", "--match", "up")[1].splitlines()
    assert lines == ['up{instance="web-1",path="a\\"b"} 1 1700000000.500', "# EOF"]


def test_parquet_is_written_to_a_file_where_pyarrow_is_there(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    status, _, error = storage(capsys, data, "export", "--format", "parquet")
    assert status == 1
    assert "--output FILE" in error
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    status, _, error = storage(capsys, data, "export", "--format", "parquet", "--output", str(tmp_path / "all.parquet"))
    assert status == 1
    assert "pip install pyarrow" in error
    assert not (tmp_path / "all.parquet").exists()


def test_a_running_collector_is_not_disturbed_by_who_looks(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    unfinished = data / "blocks" / "0000000002-0000000002.block.tmp"
    unfinished.write_bytes(b"half a block")
    with Lock(data):
        for action in ("check", "stats", "export"):
            assert storage(capsys, data, action)[0] == 0
    assert unfinished.exists()


def test_a_damaged_block_is_named_by_whoever_comes_upon_it(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (path,) = data.glob("blocks/*.block")
    path.write_bytes(path.read_bytes()[:-1])
    for action in ("stats", "export"):
        status, _, error = storage(capsys, data, action)
        assert status == 1
        assert str(path) in error
        assert "storage check --set-aside" in error


def test_a_collector_finds_what_was_imported(data: Path) -> None:
    async def values() -> list[float]:
        opened = Storage(data, Limits(60, 10**9, None), lambda: 1_700_000_002_000)
        found = opened.select((Matcher("instance", "=", "web-1"), Matcher("__name__", "=", "load")), 0, 2**60)
        await opened.close()
        return found[0].values.tolist()

    assert asyncio.run(values()) == [0.5, 0.75]


def test_nothing_is_imported_while_a_collector_runs(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Lock(data):
        status, _, error = storage(capsys, data, "import", str(tmp_path / "samples.txt"))
    assert status == 1
    assert "stop the collector first" in error
    assert len(list(data.glob("blocks/*.block"))) == 1


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    with Lock(tmp_path), pytest.raises(Locked):
        Lock(tmp_path)
    Lock(tmp_path).release()


def test_a_wrong_line_is_told_with_its_number(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "wrong.txt").write_text("load 1 1000\n" * 10_001 + "load one 1000\n")
    status, _, error = storage(capsys, data, "import", str(tmp_path / "wrong.txt"))
    assert status == 1
    assert error.startswith("line 10002: ")


def test_statistics_count_what_is_there(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, output, _ = storage(capsys, data, "stats")
    figures = dict(line.rsplit(None, 1) for line in output.splitlines()[:8])
    assert status == 0
    assert (figures["blocks"], figures["series"], figures["samples"]) == ("1", "3", "4")
    assert figures["newest"].startswith("2023-11-14T22:13:21")
    assert figures["bytes"] == str(sum(path.stat().st_size for path in data.glob("blocks/*.block")))
    assert [line.split()[1:] for line in output.splitlines()[9:]] == [["samples", "metric"], ["3", "load"], ["1", "up"]]


def test_a_damaged_block_is_named_and_set_aside_when_asked(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (path,) = data.glob("blocks/*.block")
    assert storage(capsys, data, "check")[0] == 0
    content = bytearray(path.read_bytes())
    content[20] ^= 1
    path.write_bytes(content)
    status, output, _ = storage(capsys, data, "check")
    assert status == 1
    assert str(path) in output
    assert "--set-aside" in output
    assert storage(capsys, data, "check", "--set-aside")[0] == 0
    assert [one.name for one in data.glob("blocks/*")] == [path.with_suffix(".damaged").name]
    assert storage(capsys, data, "check")[:2] == (0, "")


@pytest.mark.parametrize("damage", ["no database", "a page", "cut short"])
def test_a_damaged_state_is_named_and_set_aside_when_asked(
    data: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = data / "state.sqlite"
    StateDatabase(path).close()
    status, output, _ = storage(capsys, data, "check")
    assert status == 0
    assert "state.sqlite: can be read\n" in output
    content = path.read_bytes()
    path.write_bytes(
        {
            "no database": b"something else entirely " * 1000,
            "a page": content[:4096] + b"?" * 4096 + content[8192:],
            "cut short": content[:-4096],
        }[damage]
    )
    for ending in ("-wal", "-shm"):
        Path(f"{path}{ending}").write_bytes(b"")
    status, output, _ = storage(capsys, data, "check")
    assert status == 1
    assert f"{path} is damaged" in output
    assert "--set-aside" in output
    assert storage(capsys, data, "check", "--set-aside")[0] == 0
    assert {one.name for one in data.glob("state*")} == {"state.damaged", "state.damaged-wal", "state.damaged-shm"}
    assert storage(capsys, data, "check")[0] == 0
    StateDatabase(path).close()


def test_the_state_is_looked_at_while_a_collector_uses_it(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = StateDatabase(data / "state.sqlite")
    with database.transaction():
        assert storage(capsys, data, "check")[0] == 0
    database.store([], [], [])
    database.close()


def test_the_log_is_checked_too(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    records = [encode_record(Record(1, Encoding.TEXT, b"load %d 1" % number)) for number in range(3)]
    segment = data / "wal" / "0000000001.wal"
    segment.parent.mkdir()
    segment.write_bytes(MAGIC + b"".join(records) + records[0][:-1])
    status, output, _ = storage(capsys, data, "check")
    assert status == 0, "what a crash has torn off is no damage"
    assert "0000000001.wal: 3 records\n" in output
    segment.write_bytes(MAGIC + records[0] + records[1].replace(b"load", b"lead") + records[2])
    status, output, _ = storage(capsys, data, "check")
    assert status == 1
    assert f"{segment}: {len(records[1])} bytes from byte {8 + len(records[0])} are damaged" in output
    assert "0000000001.wal: 2 records\n" in output


def test_samples_are_imported_into_an_empty_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "samples.txt").write_text(TEXT)
    status, _, error = storage(capsys, tmp_path / "data", "import", str(tmp_path / "samples.txt"))
    assert status == 1
    assert f"{tmp_path / 'data'} is not there" in error
    (tmp_path / "data").mkdir()
    assert storage(capsys, tmp_path / "data", "import", str(tmp_path / "samples.txt"))[0] == 0
    assert storage(capsys, tmp_path / "data", "export") == (0, TEXT, "")


def test_a_directory_that_is_not_a_collectors_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, error = storage(capsys, tmp_path, "stats")
    assert status == 1
    assert "--data-directory" in error
