"""`monitor-collector storage check`: reads every block, the log and the state, and says what is damaged in them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from monitor_collector.blocks import Block, BlockDamaged
from monitor_collector.notifications.payload import rfc3339
from monitor_collector.state import FILE_NAME, StateDamaged, check_file
from monitor_collector.wal_records import Flaw, Record, read_segment


def check(data_directory: Path, sets_aside: bool, output: TextIO) -> int:
    """Prints a line about each file; renames, where that was asked for, those that keep the collector from starting.

    Returns the exit status: 1 where something is still damaged. Raises OSError.
    """
    status = 0
    for path in sorted(data_directory.glob("blocks/*.block")):
        status |= _examine(path, _content_of_block, sets_aside, output)
    for path in sorted(data_directory.glob("wal/*.wal")):
        # A running collector deletes what it has put into a block.
        with suppress(FileNotFoundError):
            status |= _examine_segment(path, output)
    state = data_directory / FILE_NAME
    if state.exists():
        status |= _examine(state, _content_of_state, sets_aside, output)
    return status


def _examine(path: Path, content: Callable[[Path], str], sets_aside: bool, output: TextIO) -> int:
    try:
        print(f"{path.name}: {content(path)}", file=output)
    except (BlockDamaged, StateDamaged) as error:
        if not sets_aside:
            print(f"{error}; to go on without it, call this again with --set-aside", file=output)
            return 1
        print(f"{error}; renamed to {_set_aside(path).name}", file=output)
    return 0


def _content_of_block(path: Path) -> str:
    block = Block.open(path)
    try:
        block.check()
        span = f"{rfc3339(block.oldest_ms)} to {rfc3339(block.newest_ms)}"
        return f"{block.series_count} series, {block.sample_count} samples, {span}"
    finally:
        block.close()


def _content_of_state(path: Path) -> str:
    check_file(path)
    return "can be read"


def _examine_segment(path: Path, output: TextIO) -> int:
    records, status = 0, 0
    for found in read_segment(path):
        if isinstance(found, Record):
            records += 1
        # What is torn off at the end was never acknowledged, or the collector is just writing it.
        elif found.flaw is not Flaw.TORN:
            status = 1
            print(f"{path}: {found}, as the collector does by itself", file=output)
    print(f"{path.name}: {records} records", file=output)
    return status


def _set_aside(path: Path) -> Path:
    aside = path.with_suffix(".damaged")
    # With what SQLite has beside its file: it would count as that of the next one.
    for ending in ("", "-wal", "-shm"):
        Path(f"{aside}{ending}").unlink(missing_ok=True)
        with suppress(FileNotFoundError):
            Path(f"{path}{ending}").rename(f"{aside}{ending}")
    return aside
