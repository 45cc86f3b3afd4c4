"""Snappy's block format, which every remote-write body is compressed with.

https://github.com/google/snappy/blob/main/format_description.txt
"""

from __future__ import annotations

import cramjam

from monitor_collector.push_format import Refusal
from monitor_collector.remote_write.protobuf import Malformed, read_varint


def decompressed(body: bytes, max_bytes: int) -> bytes:
    """The message in a body, which says in its first bytes how long that is: memory is taken only for one of at most
    `max_bytes`. Raises Refusal."""
    try:
        size_bytes, _ = read_varint(body, 0, len(body))
    except Malformed:
        raise Refusal(400, "the body is no snappy block: it does not begin with the length of what is in it") from None
    if size_bytes > max_bytes:
        raise Refusal(413, f"a body may have {max_bytes} bytes when decompressed, and this one has {size_bytes}")
    try:
        return bytes(cramjam.snappy.decompress_raw(body))
    except cramjam.DecompressionError as error:
        raise Refusal(400, f"the body is no snappy block: {error}") from None
