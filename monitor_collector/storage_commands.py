"""`monitor-collector storage`: looks at the history on disk, and takes samples out and in.

The collector leaves everything in blocks when it stops, so what is exported after that is all there is. While it runs
the newest samples are in its log and memory only; importing is refused then, all else may be done.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple, TextIO

from monitor_collector.blocks import Block, BlockDamaged, select_all
from monitor_collector.exposition import ExpositionError, Parser
from monitor_collector.head import Head
from monitor_collector.history import History, HistoryDamaged
from monitor_collector.lock import Lock, Locked
from monitor_collector.notifications.payload import rfc3339
from monitor_collector.promql import METRIC_NAME, Matcher, QueryError, Series, parse_selector
from monitor_collector.samples import instance_of
from monitor_collector.storage import UNSTORED_MAX_BYTES
from monitor_collector.storage_check import check
from monitor_collector.storage_export import TEXT_FORMATS, ParquetMissing, write_parquet

_IMPORTED_LINES = 10_000
# While the collector runs, a block may be merged into another between being listed and being opened.
_ATTEMPTS = 10
_METRICS_SHOWN = 10


def run(options: argparse.Namespace) -> int:
    """Returns the exit status: 1 where something is damaged or cannot be done."""
    directory: Path = options.data_directory / "blocks"
    # What is imported may be the first that there is.
    needed = options.data_directory if options.action == "import" else directory
    if not needed.is_dir():
        print(f"{needed} is not there; name the collector's with --data-directory", file=sys.stderr)
        return 1
    try:
        match options.action:
            case "check":
                return check(options.data_directory, options.set_aside, sys.stdout)
            case "stats":
                print_statistics(directory, sys.stdout)
            case "export":
                _export(directory, options)
            case "import":
                with Lock(options.data_directory), _input(options.file) as file:
                    print(f"imported {import_text(directory, file)} samples")
    except BlockDamaged as error:
        print(f"{error}; to go on without it: monitor-collector storage check --set-aside", file=sys.stderr)
        return 1
    except (HistoryDamaged, ExpositionError, Locked, OSError, ParquetMissing, QueryError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def print_statistics(directory: Path, output: TextIO) -> None:
    """What the blocks hold, and which metrics take the most room. Raises BlockDamaged."""
    with _opened(directory) as blocks:
        samples, size = (sum(getattr(block, figure) for block in blocks) for figure in ("sample_count", "size_bytes"))
        print(f"blocks             {len(blocks)}", file=output)
        if samples:
            print(f"oldest             {rfc3339(min(block.oldest_ms for block in blocks))}", file=output)
            print(f"newest             {rfc3339(max(block.newest_ms for block in blocks))}", file=output)
        series = {labels for block in blocks for labels in block.labels()}
        print(f"series             {len(series)}", file=output)
        print(f"samples            {samples}", file=output)
        print(f"bytes              {size}", file=output)
        print(f"bytes of index     {sum(block.index_bytes for block in blocks)}", file=output)
        print(f"bytes per sample   {size / samples if samples else 0:.3f}", file=output)
        print(f"\n{'bytes':>14} {'samples':>14} metric", file=output)
        for name, room in _largest_metrics(blocks):
            print(f"{room.size_bytes:>14} {room.samples:>14} {name}", file=output)


class _Room(NamedTuple):
    size_bytes: int
    samples: int


def _largest_metrics(blocks: Iterable[Block]) -> list[tuple[str, _Room]]:
    found: dict[str, _Room] = {}
    for block in blocks:
        for labels, size_bytes, samples in block.columns():
            name = dict(labels).get(METRIC_NAME, "")
            before = found.get(name, _Room(0, 0))
            found[name] = _Room(before.size_bytes + size_bytes, before.samples + samples)
    return sorted(found.items(), key=lambda pair: pair[1], reverse=True)[:_METRICS_SHOWN]


def _export(directory: Path, options: argparse.Namespace) -> None:
    window = (round(options.start * 1000), round(options.end * 1000))
    matchers = parse_selector(options.match)
    if options.format == "parquet":
        if options.output is None:
            raise ParquetMissing("Parquet is written to a file: name it with --output FILE")
        with _opened(directory) as blocks:
            write_parquet(_grouped(blocks, matchers, *window), options.output)
        return
    with nullcontext(sys.stdout) if options.output is None else options.output.open("w") as output:
        export(directory, matchers, *window, options.format, output)


def export(
    directory: Path, matchers: tuple[Matcher, ...], start_ms: int, end_ms: int, form: str, output: TextIO
) -> None:
    """Prints the samples with start_ms < t <= end_ms, metric by metric and series by series.

    `form` is one of TEXT_FORMATS. Raises BlockDamaged.
    """
    with _opened(directory) as blocks:
        TEXT_FORMATS[form](_grouped(blocks, matchers, start_ms, end_ms), output)


def _grouped(
    blocks: Sequence[Block], matchers: tuple[Matcher, ...], start_ms: int, end_ms: int
) -> Iterator[list[Series]]:
    """The series of one metric and one instance at a time: more need not fit into memory."""
    groups = {
        (dict(labels).get(METRIC_NAME, ""), instance_of(labels))
        for block in blocks
        for labels in block.labels(matchers)
    }
    for name, instance in sorted(groups):
        exact = (Matcher(METRIC_NAME, "=", name), Matcher("instance", "=", instance))
        series = select_all(blocks, (*exact, *matchers), start_ms, end_ms)
        if series:
            yield series


@contextmanager
def _opened(directory: Path) -> Iterator[list[Block]]:
    """All blocks, changing nothing in the directory. Raises BlockDamaged."""
    blocks: list[Block] = []
    try:
        for attempt in range(_ATTEMPTS):
            try:
                blocks += (Block.open(path) for path in sorted(directory.glob("*.block")))
                break
            except FileNotFoundError:
                while blocks:
                    blocks.pop().close()
                if attempt == _ATTEMPTS - 1:
                    raise
        yield blocks
    finally:
        for block in blocks:
            block.close()


def _input(path: Path) -> AbstractContextManager[BinaryIO]:
    return nullcontext(sys.stdin.buffer) if str(path) == "-" else path.open("rb")


def import_text(directory: Path, file: BinaryIO) -> int:
    """Puts samples, each with a timestamp, into new blocks; returns how many there were.

    Raises ExpositionError, after which the lines of earlier blocks are there, and OSError.
    """
    history = History(directory)
    try:
        parser, head, count, first_line = Parser(), Head(0), 0, 1
        while lines := list(islice(file, _IMPORTED_LINES)):
            try:
                batch = parser.parse(b"".join(lines), -1)
            except ExpositionError as error:
                raise ExpositionError(first_line + error.line - 1, error.reason) from None
            head.append(batch)
            count += len(batch)
            first_line += len(lines)
            if head.unstored_bytes > UNSTORED_MAX_BYTES:
                history.add(head.cut().frames(), history.stored_through)
                head = Head(0)
        if count:
            history.add(head.cut().frames(), history.stored_through)
        return count
    finally:
        history.close()
