"""`monitor-collector storage`: looks at the history on disk, and takes samples out and in.

The collector leaves everything in blocks when it stops, so what is exported after that is all there is. While it runs
the newest samples are in its log and memory only; importing is refused then.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TextIO

from monitor_collector.blocks import Block, BlockDamaged
from monitor_collector.exposition import ExpositionError, Parser
from monitor_collector.frame import MISSING_BITS
from monitor_collector.head import Head
from monitor_collector.history import History, HistoryDamaged
from monitor_collector.lock import Lock, Locked
from monitor_collector.metrics import escaped
from monitor_collector.notifications.payload import rfc3339
from monitor_collector.promql import Labels, Matcher, QueryError, Series, parse_selector
from monitor_collector.storage import UNSTORED_MAX_BYTES
from monitor_collector.templates import plain

_IMPORTED_LINES = 10_000
_METRICS_SHOWN = 10


def run(options: argparse.Namespace) -> int:
    """Returns the exit status: 1 where something is damaged or cannot be done."""
    directory: Path = options.data_directory / "blocks"
    if not directory.is_dir():
        print(f"{directory} is not there; name the collector's with --data-directory", file=sys.stderr)
        return 1
    try:
        match options.action:
            case "check":
                return check(directory, options.set_aside, sys.stdout)
            case "stats":
                print_statistics(directory, sys.stdout)
            case "export":
                window = (round(options.start * 1000), round(options.end * 1000))
                export(directory, parse_selector(options.match), *window, options.format, sys.stdout)
            case "import":
                with Lock(options.data_directory):
                    if str(options.file) == "-":
                        count = import_text(directory, sys.stdin.buffer)
                    else:
                        with options.file.open("rb") as file:
                            count = import_text(directory, file)
                print(f"imported {count} samples")
    except (BlockDamaged, HistoryDamaged, ExpositionError, Locked, OSError, QueryError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def check(directory: Path, sets_aside: bool, output: TextIO) -> int:
    """Reads every block and prints a line about each; renames those that are damaged where that was asked for."""
    status = 0
    for path in sorted(directory.glob("*.block")):
        try:
            block = Block.open(path)
            try:
                block.check()
                span = f"{rfc3339(block.oldest_ms)} to {rfc3339(block.newest_ms)}"
                print(f"{path.name}: {block.series_count} series, {block.sample_count} samples, {span}", file=output)
            finally:
                block.close()
        except BlockDamaged as error:
            if sets_aside:
                aside = path.with_suffix(".damaged")
                path.rename(aside)
                print(f"{error}; renamed to {aside.name}", file=output)
            else:
                status = 1
                print(f"{error}; to go on without it, call this again with --set-aside", file=output)
    return status


def print_statistics(directory: Path, output: TextIO) -> None:
    """What the blocks hold, and which metrics have the most samples. Raises HistoryDamaged and BlockDamaged."""
    history = History(directory)
    try:
        samples, size = history.sample_count, history.size_bytes
        print(f"blocks             {len(history.blocks)}", file=output)
        if samples:
            print(f"oldest             {rfc3339(min(block.oldest_ms for block in history.blocks))}", file=output)
            print(f"newest             {rfc3339(history.newest_ms)}", file=output)
        series = {labels for block in history.blocks for labels in block.labels()}
        print(f"series             {len(series)}", file=output)
        print(f"samples            {samples}", file=output)
        print(f"bytes              {size}", file=output)
        print(f"bytes per sample   {size / samples if samples else 0:.3f}", file=output)
        for name, count in _samples_by_metric(history.blocks).most_common(_METRICS_SHOWN):
            print(f"{count:>18} {name}", file=output)
    finally:
        history.close()


def _samples_by_metric(blocks: Iterable[Block]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for block in blocks:
        for frame in block.frames():
            for labels, values in zip(frame.series, frame.values, strict=True):
                counts[dict(labels).get("__name__", "")] += int((values.view("u8") != MISSING_BITS).sum())
    return counts


def export(
    directory: Path, matchers: tuple[Matcher, ...], start_ms: int, end_ms: int, form: str, output: TextIO
) -> None:
    """Prints the samples with start_ms < t <= end_ms, metric by metric and series by series.

    `form` is `prometheus`, with times in ms, which the import of this and of VictoriaMetrics reads, or `openmetrics`,
    with times in seconds, for `promtool tsdb create-blocks-from openmetrics`. Raises HistoryDamaged and BlockDamaged.
    """
    history = History(directory)
    try:
        names = {dict(labels).get("__name__", "") for block in history.blocks for labels in block.labels()}
        for name in sorted(names):
            for series in history.select((Matcher("__name__", "=", name), *matchers), start_ms, end_ms):
                output.writelines(_lines(series, form == "openmetrics"))
        if form == "openmetrics":
            output.write("# EOF\n")
    finally:
        history.close()


def _lines(series: Series, is_openmetrics: bool) -> Iterator[str]:
    text = _series_text(series.labels)
    for at_ms, value in zip(series.timestamps.tolist(), series.values.tolist(), strict=True):
        at = f"{at_ms // 1000}.{at_ms % 1000:03d}" if is_openmetrics else str(at_ms)
        yield f"{text} {plain(value)} {at}\n"


def _series_text(labels: Labels) -> str:
    pairs = dict(labels)
    name = pairs.pop("__name__", "")
    return name + "{" + ",".join(f'{label}="{escaped(value)}"' for label, value in pairs.items()) + "}"


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
