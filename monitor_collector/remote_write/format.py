"""Remote write as a format of pushes: the content type says the version, and 2.0 is told what was stored.

A 2.0 message of which something is left out is answered with 400 and the counts of what was stored, as its
specification wants; 1.0 has no words for that, so it is answered like a text.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from email.message import Message

from monitor_collector.exposition import Metadata
from monitor_collector.push_format import Answer, Refusal, taken
from monitor_collector.remote_write.contents import Contents
from monitor_collector.remote_write.protobuf import Malformed
from monitor_collector.remote_write.series import SeriesMemory
from monitor_collector.remote_write.snappy import decompressed
from monitor_collector.remote_write.version_1 import read_version_1
from monitor_collector.remote_write.version_2 import read_version_2
from monitor_collector.samples import Batch
from monitor_collector.wal_records import Encoding, Record

CONTENT_TYPE = "application/x-protobuf"
ENCODINGS = {
    "prometheus.WriteRequest": Encoding.REMOTE_WRITE_1,
    "io.prometheus.write.v2.Request": Encoding.REMOTE_WRITE_2,
}
METADATA_MAX = 1_000_000
# Of a name with its help, as of a comment in a text.
DESCRIPTION_MAX_CHARACTERS = 1024


class WrittenBatch(Batch):
    """The samples of a 2.0 message, and how many histograms and exemplars it had, which are not stored."""

    __slots__ = ("exemplars", "histograms")

    def __init__(self, samples: Batch, histograms: int, exemplars: int) -> None:
        super().__init__(samples.layout, samples.values, samples.timestamps_ms)
        self.histograms = histograms
        self.exemplars = exemplars


class RemoteWriteFormat:
    """A message may have `max_bytes` when it is decompressed. What messages say about metrics goes to `metadata`; what
    series they have is remembered in `memory`."""

    encodings = frozenset(ENCODINGS.values())

    def __init__(
        self, metadata: MutableMapping[str, Metadata], max_bytes: int, memory: SeriesMemory | None = None
    ) -> None:
        self._metadata = metadata
        self._max_bytes = max_bytes
        self._memory = memory or SeriesMemory()

    def encoding(self, headers: Mapping[bytes, bytes]) -> Encoding:
        content_encoding = headers.get(b"content-encoding", b"").decode("latin-1").strip().lower()
        if content_encoding != "snappy":
            raise Refusal(415, f"Content-Encoding {content_encoding!r} is not known here; use snappy")
        header = Message()
        header["Content-Type"] = headers.get(b"content-type", b"").decode("latin-1")
        name = header.get_param("proto", "prometheus.WriteRequest")
        if header.get_content_type() != CONTENT_TYPE or name not in ENCODINGS:
            known = " or ".join(f"{CONTENT_TYPE};proto={one}" for one in ENCODINGS)
            raise Refusal(415, f"Content-Type {header['Content-Type']!r} is not known here; use {known}")
        return ENCODINGS[name]

    def batch(self, record: Record) -> Batch:
        try:
            return self._batch(record)
        except Refusal as refusal:
            if record.encoding is Encoding.REMOTE_WRITE_2:
                raise Refusal(refusal.status, refusal.reason, written(samples=0)) from None
            raise

    def _batch(self, record: Record) -> Batch:
        message = decompressed(record.body, self._max_bytes)
        read = read_version_2 if record.encoding is Encoding.REMOTE_WRITE_2 else read_version_1
        try:
            contents = read(message, self._memory)
        except Malformed as error:
            raise Refusal(400, f"the message is malformed: {error}") from None
        self._describe(contents)
        batch = contents.samples.batch(self._memory)
        if record.encoding is Encoding.REMOTE_WRITE_2:
            return WrittenBatch(batch, contents.histograms, contents.exemplars)
        return batch

    def answer(self, whole: Batch, dropped: int) -> Answer:
        if not isinstance(whole, WrittenBatch):
            return taken(dropped)
        left_out = {
            "samples, which are more than a day old or from the future": dropped,
            "native histograms, which are not stored here": whole.histograms,
            "exemplars, which are not stored here": whole.exemplars,
        }
        reasons = [f"{count} {what}" for what, count in left_out.items() if count]
        answer = taken(dropped)
        headers = {**answer.headers, **written(len(whole) - dropped)}
        if not reasons:
            return Answer(answer.status, headers, answer.body)
        reason = f"{len(whole) - dropped} samples are stored; left out: {'; '.join(reasons)}\n"
        return Answer(400, headers, reason.encode())

    def _describe(self, contents: Contents) -> None:
        for name, kind, text in contents.descriptions:
            if len(name) + len(text) > DESCRIPTION_MAX_CHARACTERS:
                continue
            if name in self._metadata or len(self._metadata) < METADATA_MAX:
                self._metadata[name] = Metadata(kind, text)


def written(samples: int) -> dict[str, str]:
    """The headers that tell a sender of 2.0 how much of its message was stored."""
    return {
        "X-Prometheus-Remote-Write-Samples-Written": str(samples),
        "X-Prometheus-Remote-Write-Histograms-Written": "0",
        "X-Prometheus-Remote-Write-Exemplars-Written": "0",
    }
