"""Results of queries as the JSON text of Prometheus' API.

A large answer is millions of numbers, so arrays are turned into text as a whole: orjson writes the digits, and only
the rare numbers that Prometheus writes in another way are done one by one.
https://prometheus.io/docs/prometheus/latest/querying/api/#expression-query-result-formats
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import orjson

from monitor_collector.go_template.numbers import plain, scientific
from monitor_collector.promql import Labels, Matrix, Scalar, Series, Vector
from monitor_collector.promql.limits import Limits
from monitor_collector.queries import Value

# Between these orjson writes digits only, as Prometheus does.
_SMALLEST, _LARGEST = 1e-5, 1e16
# So many numbers are turned into text at a time.
_BATCH_SAMPLES = 1 << 14


def number_text(value: float) -> str:
    """As few digits as identify the number, with an exponent only below 1e-6 and from 1e21 (util/jsonutil)."""
    has_exponent = value != 0 and math.isfinite(value) and not 1e-6 <= abs(value) < 1e21
    return scientific(value) if has_exponent else plain(value)


def number_texts(values: np.ndarray) -> list[bytes]:
    """The same for each of an array of float64."""
    if not len(values):
        return []
    # Contiguous, which orjson demands.
    digits = orjson.dumps(np.ascontiguousarray(values), option=orjson.OPT_SERIALIZE_NUMPY)
    texts = (digits[1:-1] + b",").replace(b".0,", b",").split(b",")
    texts.pop()
    sizes = np.abs(values)
    for position in np.flatnonzero(~((sizes >= _SMALLEST) & (sizes < _LARGEST) | (sizes == 0))).tolist():
        texts[position] = number_text(float(values[position])).encode()
    return texts


def seconds_text(time_ms: int) -> str:
    """Unix milliseconds in seconds: `1700000000` or `1700000000.500`."""
    seconds, rest = divmod(abs(time_ms), 1000)
    return f"{'-' * (time_ms < 0)}{seconds}{f'.{rest:03d}' * (rest > 0)}"


def seconds_texts(times_ms: np.ndarray) -> list[bytes]:
    """The same for each of an array of int64."""
    if len(times_ms) and not (times_ms % 1000).any():
        return orjson.dumps(times_ms // 1000, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1].split(b",")
    return [seconds_text(time_ms).encode() for time_ms in times_ms.tolist()]


def labels_json(labels: Labels) -> bytes:
    return orjson.dumps(dict(labels))


def value_json(value: Value, at_ms: int, limits: Limits, limit: int = 0) -> tuple[orjson.Fragment, bool]:
    """The `data` of a query's answer, and whether series were left out since there are more than `limit` (0: no limit).

    Raises what `limits` does.
    """
    at = seconds_text(at_ms).encode()
    match value:
        case str():
            kind, result = b"string", b"[%b,%b]" % (at, orjson.dumps(value))
        case Scalar():
            # Prometheus writes a number that stands alone without exponent (promql/value.go).
            kind, result = b"scalar", b'[%b,"%b"]' % (at, plain(value.value).encode())
        case Vector():
            kind, result = b"vector", _vector_json(value, at, limits, limit)
        case Matrix():
            kind, result = b"matrix", _matrix_json(value, limits, limit)
    is_truncated = isinstance(value, Vector | Matrix) and 0 < limit < _series_count(value)
    return orjson.Fragment(b'{"resultType":"%b","result":%b}' % (kind, result)), is_truncated


def _series_count(value: Vector | Matrix) -> int:
    return len(value.labels) if isinstance(value, Vector) else len(value.series)


def _vector_json(vector: Vector, at: bytes, limits: Limits, limit: int) -> bytes:
    limits.allow(0)
    texts = number_texts(vector.values)
    pairs = list(zip(vector.labels, texts, strict=True))[: limit or None]
    series = [b'{"metric":%b,"value":[%b,"%b"]}' % (labels_json(labels), at, text) for labels, text in pairs]
    return b"[%b]" % b",".join(series)


def _matrix_json(matrix: Matrix, limits: Limits, limit: int) -> bytes:
    if not matrix.series:
        return b"[]"
    texts: list[bytes] = []
    before = b"["
    for batch in _batches(matrix.series[: limit or None]):
        limits.allow(0)
        times = seconds_texts(batch[0].timestamps)
        numbers = number_texts(np.concatenate([one.values for one in batch]))
        # Each number with what stands before it: the end of the one before, and its time.
        pieces = [b""] * (2 * len(numbers))
        pieces[0::2] = [b'"],[%b,"' % time for time in times] * len(batch)
        pieces[1::2] = numbers
        for place, one in zip(range(0, len(pieces), 2 * len(times)), batch, strict=True):
            pieces[place] = b'%b{"metric":%b,"values":[[%b,"' % (before, labels_json(one.labels), times[0])
            before = b'"]]},'
        texts.append(b"".join(pieces))
    return b"".join([*texts, b'"]]}]'])


def _batches(series: Sequence[Series]) -> Iterator[list[Series]]:
    """Neighbours that have the same times, as most have a sample at every step; not too many samples at once."""
    batch: list[Series] = []
    for one in series:
        times_ms = one.timestamps
        if batch and (
            len(batch) * len(times_ms) >= _BATCH_SAMPLES
            or not (times_ms is batch[0].timestamps or np.array_equal(times_ms, batch[0].timestamps))
        ):
            yield batch
            batch = []
        batch.append(one)
    if batch:
        yield batch
