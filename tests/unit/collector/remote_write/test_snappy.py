"""Snappy blocks."""

from __future__ import annotations

import cramjam
import pytest

from monitor_collector.push_format import Refusal
from monitor_collector.remote_write.snappy import decompressed
from tests.unit.collector.remote_write.messages import compressed, varint

TEXT = b"a text that is there " * 100


def test_a_block_is_decompressed() -> None:
    assert decompressed(compressed(TEXT), len(TEXT)) == TEXT
    assert decompressed(compressed(b""), 0) == b""


def test_a_block_that_says_it_is_too_large_is_not_decompressed() -> None:
    for body in (compressed(TEXT), varint(2**63) + b"no snappy at all"):
        with pytest.raises(Refusal) as caught:
            decompressed(body, len(TEXT) - 1)
        assert caught.value.status == 413


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff" * 10,
        compressed(TEXT)[:-1],
        compressed(TEXT) + b"\x00",
        varint(3) + compressed(TEXT)[2:],
        bytes(cramjam.snappy.compress(TEXT)),
    ],
    ids=["empty", "no length", "cut off", "more behind", "another length", "framed"],
)
def test_what_is_no_block_is_refused(body: bytes) -> None:
    with pytest.raises(Refusal, match="no snappy block") as caught:
        decompressed(body, 10 * len(TEXT))
    assert caught.value.status == 400
