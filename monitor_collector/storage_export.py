"""Writes series for other programs: Prometheus text, OpenMetrics, or Parquet."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TextIO

import numpy as np

from monitor_collector.go_template.numbers import plain
from monitor_collector.metrics import escaped
from monitor_collector.promql import Labels, Series


class ParquetMissing(Exception):
    """The library that writes Parquet is not installed."""


def write_prometheus(groups: Iterable[list[Series]], output: TextIO) -> None:
    """With times in ms, which our import and that of VictoriaMetrics read."""
    for series in _each(groups):
        text = _series_text(series.labels)
        pairs = zip(series.timestamps.tolist(), series.values.tolist(), strict=True)
        output.writelines(f"{text} {plain(value)} {at_ms}\n" for at_ms, value in pairs)


def write_openmetrics(groups: Iterable[list[Series]], output: TextIO) -> None:
    """With times in seconds, for `promtool tsdb create-blocks-from openmetrics`. Series of one metric are together."""
    for series in _each(groups):
        text = _series_text(series.labels)
        pairs = zip(series.timestamps.tolist(), series.values.tolist(), strict=True)
        output.writelines(f"{text} {plain(value)} {_seconds(at_ms)}\n" for at_ms, value in pairs)
    output.write("# EOF\n")


TEXT_FORMATS = {"prometheus": write_prometheus, "openmetrics": write_openmetrics}


def write_parquet(groups: Iterable[list[Series]], path: Path) -> None:
    """A row for each sample: `name`, `labels` (a map, without the name), `time` (UTC, in ms), `value`.

    Raises ParquetMissing where pyarrow cannot be imported, and OSError.
    """
    if importlib.util.find_spec("pyarrow") is None:
        raise ParquetMissing("Parquet needs pyarrow, which is not installed here: pip install pyarrow")
    import pyarrow
    from pyarrow import parquet

    schema = pyarrow.schema(
        {
            "name": pyarrow.dictionary(pyarrow.int32(), pyarrow.string()),
            "labels": pyarrow.map_(pyarrow.string(), pyarrow.string()),
            "time": pyarrow.timestamp("ms", tz="UTC"),
            "value": pyarrow.float64(),
        }
    )
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for group in groups:
            labels = [dict(series.labels) for series in group]
            names = pyarrow.array([pairs.pop("__name__", "") for pairs in labels], schema.field("name").type)
            which = np.repeat(np.arange(len(group)), [len(series.timestamps) for series in group])
            columns = [
                names.take(which),
                pyarrow.array([list(pairs.items()) for pairs in labels], schema.field("labels").type).take(which),
                pyarrow.array(np.concatenate([series.timestamps for series in group]), schema.field("time").type),
                pyarrow.array(np.concatenate([series.values for series in group])),
            ]
            writer.write_batch(pyarrow.record_batch(columns, schema=schema))


def _each(groups: Iterable[list[Series]]) -> Iterator[Series]:
    for group in groups:
        yield from group


def _seconds(at_ms: int) -> str:
    sign, at_ms = ("-", -at_ms) if at_ms < 0 else ("", at_ms)
    return f"{sign}{at_ms // 1000}.{at_ms % 1000:03d}"


def _series_text(labels: Labels) -> str:
    pairs: Mapping[str, str] = dict(labels)
    others = ",".join(f'{label}="{escaped(value)}"' for label, value in pairs.items() if label != "__name__")
    return f"{pairs.get('__name__', '')}{{{others}}}"
