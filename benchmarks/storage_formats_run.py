"""The candidates for a block's columns, each as a way to write and to read the values of a frame."""

from __future__ import annotations

import importlib.util
import io
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import cramjam
import numpy as np
from pcodec import ChunkConfig, standalone

from benchmarks.agent_figures import aligned
from benchmarks.errors import BenchmarkError
from benchmarks.machine import describe_machine
from monitor_collector.blocks import merge_blocks
from monitor_collector.blocks.columns import COMPRESSION_LEVEL, Column, decode, encode
from monitor_collector.frame import MISSING, FrameRows
from monitor_collector.history import History

_ZSTD_LEVEL = 9


class Candidate(NamedTuple):
    """`write` takes the values of a frame, float64 (series, rows); `size` is in bytes. `read_one` reads the column of
    one series out of what was written, as a query does."""

    title: str
    write: Callable[[np.ndarray], Any]
    size: Callable[[Any], int]
    read_one: Callable[[Any, int], np.ndarray]


def measure_formats(data_directory: Path, directory: Path, rounds: int) -> str:
    """The table. Raises BenchmarkError."""
    frames = _frames(data_directory / "blocks", directory)
    samples = sum(frame.values.size for frame in frames)
    rows = [[one.title, *_figures(one, frames, rounds)] for one in candidates()]
    titles = ["", "bytes per sample", "ms to write 1 M samples", "us to read a column", "ns per sample of it"]
    machine = describe_machine(f"pcodec level {COMPRESSION_LEVEL} where nothing else is said; zstd level {_ZSTD_LEVEL}")
    what = (
        f"{len(frames)} hosts, {samples} cells, {max(len(frame.timestamps) for frame in frames)} rows; "
        f"values only, without labels and times; median CPU time of {rounds} rounds."
    )
    table = aligned([titles, *rows])
    return f"{machine.date}; {machine.hardware}; {machine.system}\n{machine.programs}\n{what}\n\n{table}"


def _frames(blocks: Path, directory: Path) -> list[FrameRows]:
    """What the blocks of a data directory hold, as one block would; only what hosts have pushed."""
    if not blocks.is_dir():
        raise BenchmarkError(f"{blocks} is not there: name the data directory of a collector")
    history = History(blocks)
    try:
        merged = merge_blocks(directory / "merged.block", history.blocks, {})
    finally:
        history.close()
    frames = [frame for frame in merged.frames() if frame.name.startswith("instance ")]
    merged.close()
    if not frames:
        raise BenchmarkError(f"{blocks} holds no samples of hosts: stop the collector first")
    return frames


def _figures(candidate: Candidate, frames: Sequence[FrameRows], rounds: int) -> list[str]:
    """As the columns of the table. Raises BenchmarkError where what is read is not what was written."""
    cells = sum(frame.values.size for frame in frames)
    written: list[Any] = []
    write_ns, read_ns = [], []
    for _ in range(rounds):
        started = time.process_time_ns()
        written = [candidate.write(frame.values) for frame in frames]
        write_ns.append(time.process_time_ns() - started)
        changing = [
            (content, frame, i)
            for content, frame in zip(written, frames, strict=True)
            for i in np.flatnonzero((frame.values != frame.values[:, :1]).any(axis=1)).tolist()
        ]
        started = time.process_time_ns()
        read = [candidate.read_one(content, i) for content, _, i in changing]
        read_ns.append((time.process_time_ns() - started) / len(changing))
        for values, (_, frame, i) in zip(read, changing, strict=True):
            if values.tobytes() != frame.values[i].tobytes():
                raise BenchmarkError(f"{candidate.title}: {frame.series[i]} is not read as it was written")
    size = sum(map(candidate.size, written))
    rows = np.mean([len(frame.timestamps) for frame in frames])
    return [
        f"{size / cells:.3f}",
        f"{median(write_ns) / cells:.1f}",
        f"{median(read_ns) / 1e3:.1f}",
        f"{median(read_ns) / rows:.2f}",
    ]


def candidates() -> list[Candidate]:
    found = [
        Candidate("columns as the blocks write them", _write_columns, _size_of_columns, _read_column),
        Candidate("... in chunks of 1024 rows", _write_chunks, _size_of_chunks, _read_chunks),
        Candidate("pcodec, each column as floats", _each(_pcodec), _size, _read_each(_from_pcodec)),
        Candidate("... level 4", _each(partial(_pcodec, level=4)), _size, _read_each(_from_pcodec)),
        Candidate("... level 12", _each(partial(_pcodec, level=12)), _size, _read_each(_from_pcodec)),
        Candidate("pcodec, all columns of a host at once", _write_together, _size_of_together, _read_together),
        Candidate("zstd, each column XORed with itself", _each(_zstd), _size, _read_each(_from_zstd)),
    ]
    if importlib.util.find_spec("pyarrow"):
        found.append(Candidate("Parquet with zstd, a column each", _write_parquet, len, _read_parquet))
    return found


Columns = Sequence[tuple[Column | None, int]]


def _write_columns(values: np.ndarray) -> Columns:
    return [(encode(row), len(row)) for row in values]


def _size_of_columns(written: Columns) -> int:
    """With their part of the table of columns: kind, length, and the value of a constant one."""
    return sum(13 + len(column.content) for column, _ in written if column is not None)


def _read_column(written: Columns, i: int) -> np.ndarray:
    column, rows = written[i]
    if column is None:
        return np.full(rows, MISSING)
    return decode(column.kind, column.constant, column.content, rows)


_CHUNK_ROWS = 1024


def _write_chunks(values: np.ndarray) -> list[Columns]:
    return [_write_columns(values[:, start : start + _CHUNK_ROWS]) for start in range(0, values.shape[1], _CHUNK_ROWS)]


def _size_of_chunks(written: Iterable[Columns]) -> int:
    return sum(map(_size_of_columns, written))


def _read_chunks(written: Sequence[Columns], i: int) -> np.ndarray:
    return np.concatenate([_read_column(chunk, i) for chunk in written])


def _each(write: Callable[[np.ndarray], bytes]) -> Callable[[np.ndarray], list[bytes]]:
    return lambda values: [write(row) for row in values]


def _read_each(read: Callable[[bytes], np.ndarray]) -> Callable[[Sequence[bytes], int], np.ndarray]:
    return lambda written, i: read(written[i])


def _size(written: Iterable[bytes]) -> int:
    return sum(map(len, written))


def _pcodec(values: np.ndarray, level: int = COMPRESSION_LEVEL) -> bytes:
    return standalone.simple_compress(values, ChunkConfig(compression_level=level))


def _from_pcodec(content: bytes) -> np.ndarray:
    return standalone.simple_decompress(content)


def _write_together(values: np.ndarray) -> tuple[bytes, int]:
    return _pcodec(np.ascontiguousarray(values).reshape(-1)), values.shape[1]


def _size_of_together(written: tuple[bytes, int]) -> int:
    return len(written[0])


def _read_together(written: tuple[bytes, int], i: int) -> np.ndarray:
    content, rows = written
    return _from_pcodec(content)[i * rows : (i + 1) * rows]


def _zstd(values: np.ndarray) -> bytes:
    bits = values.view(np.uint64).copy()
    bits[1:] ^= bits[:-1].copy()
    return bytes(cramjam.zstd.compress(bits.tobytes(), level=_ZSTD_LEVEL))


def _from_zstd(content: bytes) -> np.ndarray:
    bits = np.frombuffer(bytes(cramjam.zstd.decompress(content)), np.uint64)
    return np.bitwise_xor.accumulate(bits).view(np.float64)


def _write_parquet(values: np.ndarray) -> bytes:
    import pyarrow
    from pyarrow import parquet

    table = pyarrow.table({str(i): row for i, row in enumerate(values)})
    file = io.BytesIO()
    parquet.write_table(table, file, compression="zstd", compression_level=_ZSTD_LEVEL, store_schema=False)
    return file.getvalue()


def _read_parquet(written: bytes, i: int) -> np.ndarray:
    from pyarrow import parquet

    table = parquet.read_table(io.BytesIO(written), columns=[str(i)])
    return table.column(0).to_numpy()
