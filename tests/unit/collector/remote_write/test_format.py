"""Remote write over HTTP: what is taken, what is answered, and what a restart finds again."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable

import httpx
import pytest

from monitor_collector.exposition import Metadata
from monitor_collector.ingest import PATH, REMOTE_WRITE_PATH
from monitor_collector.push_format import Refusal
from monitor_collector.push_limits import Limits
from monitor_collector.remote_write.format import DESCRIPTION_MAX_CHARACTERS, RemoteWriteFormat
from monitor_collector.wal import Wal
from monitor_collector.wal_records import Encoding, Record
from tests.unit.collector.conftest import START_MS, Bench
from tests.unit.collector.remote_write.messages import STALE, One, compressed, span, version_1, version_2

VERSION_1 = "application/x-protobuf"
VERSION_2 = "application/x-protobuf;proto=io.prometheus.write.v2.Request"
LOAD = [("__name__", "load"), ("instance", "web-1")]
BOTH = pytest.mark.parametrize(("version", "content_type"), [(version_1, VERSION_1), (version_2, VERSION_2)])
Writer = Callable[..., bytes]
DAY_MS = 24 * 3_600_000


def headers(content_type: str = VERSION_1, **others: str) -> dict[str, str]:
    return {"Content-Type": content_type, "Content-Encoding": "snappy", **others}


async def push(bench: Bench, message: bytes, content_type: str = VERSION_1, **others: str) -> httpx.Response:
    body = compressed(message)
    return await bench.client.post(REMOTE_WRITE_PATH, content=body, headers=headers(content_type, **others))


def written(answer: httpx.Response) -> list[str | None]:
    names = ("Samples", "Histograms", "Exemplars")
    return [answer.headers.get(f"X-Prometheus-Remote-Write-{name}-Written") for name in names]


async def stored(bench: Bench, selector: str = "load") -> list[tuple[dict[str, str], list[tuple[int, str]]]]:
    result = (await bench.data("query", query=f"{selector}[2d]", time=(bench.now_ms + 700_000) / 1000))["result"]
    return [(one["metric"], [(round(at * 1000), value) for at, value in one["values"]]) for one in result]


def kill(bench: Bench) -> None:
    """The next collector finds what there is on disk now, and not what this one still writes when it stops."""
    shutil.copytree(bench.directory / "data", bench.directory / "killed")
    bench.write("collector", external_url="http://monitor", data_directory=str(bench.directory / "killed"))


@BOTH
def test_what_is_written_can_be_queried_and_outlives_a_kill(bench: Bench, version: Writer, content_type: str) -> None:
    message = version(
        One(LOAD, [(0.1, START_MS - 2000), (0.2, START_MS - 1000)]),
        One([("__name__", "load"), ("job", "no instance")], [(-0.5, START_MS)]),
    )
    expected = [
        ({"__name__": "load", "instance": "web-1"}, [(START_MS - 2000, "0.1"), (START_MS - 1000, "0.2")]),
        ({"__name__": "load", "job": "no instance"}, [(START_MS, "-0.5")]),
    ]

    async def write() -> None:
        for _ in range(2):  # a re-sent request changes nothing
            answer = await push(bench, message, content_type)
            assert (answer.status_code, answer.content) == (204, b"")
            assert await stored(bench) == expected
        kill(bench)

    async def read() -> None:
        assert await stored(bench) == expected
        assert bench.collector.ingest.arrivals["web-1"] == START_MS

    bench.run(write)
    bench.run(read)


def test_the_log_has_the_body_as_it_came(bench: Bench) -> None:
    first, second = version_1(One(LOAD, [(1, START_MS)])), version_2(One(LOAD, [(2, START_MS + 1)]))

    async def work() -> None:
        await push(bench, first)
        await push(bench, second, VERSION_2)
        (directory,) = {path.parent for path in bench.directory.glob("data/**/*.wal")}
        records = [one for one in Wal(directory).replay() if one.encoding in RemoteWriteFormat.encodings]
        assert records == [
            (START_MS, Encoding.REMOTE_WRITE_1, compressed(first)),
            (START_MS, Encoding.REMOTE_WRITE_2, compressed(second)),
        ]

    bench.run(work)


@BOTH
def test_a_stale_marker_ends_a_series(bench: Bench, version: Writer, content_type: str) -> None:
    async def work() -> None:
        await push(bench, version(One(LOAD, [(1, START_MS - 2000)])), content_type)
        assert await bench.value("load") == ["1"]
        await push(bench, version(One(LOAD, [(STALE, START_MS - 1000)])), content_type)
        assert await bench.value("load") == []

    bench.run(work)


def test_only_2_0_is_told_how_much_was_written(bench: Bench) -> None:
    async def work() -> None:
        series = One(LOAD, [(1, START_MS), (2, START_MS + 1)])
        assert written(await push(bench, version_1(series))) == [None, None, None]
        assert written(await push(bench, version_2(series), VERSION_2)) == ["2", "0", "0"]
        assert written(await push(bench, version_2(), VERSION_2)) == ["0", "0", "0"]

    bench.run(work)


def test_samples_out_of_time_are_left_out_and_counted(bench: Bench) -> None:
    times = [START_MS - DAY_MS - 1, START_MS - DAY_MS, START_MS + 600_000, START_MS + 600_001]
    series = One(LOAD, [(number, time) for number, time in enumerate(times)])

    async def work() -> None:
        answer = await push(bench, version_1(series))
        assert (answer.status_code, answer.headers["X-Monitor-Dropped-Samples"]) == (204, "2")
        answer = await push(bench, version_2(series), VERSION_2)
        assert (answer.status_code, answer.headers["X-Monitor-Dropped-Samples"]) == (400, "2")
        assert written(answer) == ["2", "0", "0"]
        reason = "2 samples are stored; left out: 2 samples, which are more than a day old or from the future\n"
        assert answer.text == reason
        ((_, samples),) = await stored(bench)
        assert samples == [(START_MS - DAY_MS, "1"), (START_MS + 600_000, "2")]

    bench.run(work)


def test_of_a_2_0_message_with_histograms_and_exemplars_the_samples_are_stored(bench: Bench) -> None:
    async def work() -> None:
        message = version_2(One(LOAD, [(1, START_MS)], exemplars=2), One([("__name__", "h")], histograms=1))
        answer = await push(bench, message, VERSION_2)
        assert (answer.status_code, written(answer)) == (400, ["1", "0", "0"])
        assert "1 native histograms, which are not stored here; 2 exemplars, which are not stored here" in answer.text
        assert "X-Monitor-Dropped-Samples" not in answer.headers
        assert await bench.value("load") == ["1"]

    bench.run(work)


@BOTH
def test_nothing_of_a_message_with_a_wrong_series_is_stored(bench: Bench, version: Writer, content_type: str) -> None:
    wrong = [("__name__", "bad"), ("a", "1"), ("a", "2")]

    async def work() -> None:
        message = version(One(LOAD, [(1, START_MS)]), One(wrong, [(1, START_MS)]))
        answer = await push(bench, message, content_type)
        assert answer.status_code == 400
        assert "series 2: bad: the label a is there twice" in answer.text
        assert written(answer) == ([None] * 3 if version is version_1 else ["0", "0", "0"])
        assert await bench.value("load") == []

    bench.run(work)


def test_a_body_of_either_version_is_not_read_as_the_other(bench: Bench) -> None:
    async def work() -> None:
        answer = await push(bench, version_2(One(LOAD, [(1, START_MS)])), VERSION_1)
        assert (answer.status_code, written(answer)) == (204, [None] * 3)
        answer = await push(bench, version_1(One(LOAD, [(1, START_MS)])), VERSION_2)
        assert (answer.status_code, written(answer)) == (204, ["0", "0", "0"])
        assert await bench.value("load") == []

    bench.run(work)


def test_metadata_are_told_as_those_of_a_text_are(bench: Bench) -> None:
    async def work() -> None:
        await bench.client.post(PATH, content=b"# HELP load Text.\n")
        await push(bench, version_1(metadata={"requests_total": (1, "By 1.0.")}))
        await push(bench, version_2(One(LOAD, [(1, START_MS)], metadata=(2, "By 2.0."))), VERSION_2)
        assert await bench.data("metadata") == {
            "requests_total": [{"type": "counter", "help": "By 1.0.", "unit": ""}],
            "load": [{"type": "gauge", "help": "By 2.0.", "unit": ""}],
        }

    bench.run(work)


def test_metadata_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor_collector.remote_write.format.METADATA_MAX", 2)
    metadata: dict[str, Metadata] = {}
    form = RemoteWriteFormat(metadata, 1000)
    for name, kind in (("a", 1), ("b", 1), ("c", 1), ("a", 2)):
        form.batch(record(compressed(version_1(metadata={name: (kind, "")}))))
    assert metadata == {"a": Metadata("gauge", ""), "b": Metadata("counter", "")}


def test_metadata_too_long_to_be_kept_are_left_out() -> None:
    metadata: dict[str, Metadata] = {}
    form = RemoteWriteFormat(metadata, 10_000)
    help_text = "x" * (DESCRIPTION_MAX_CHARACTERS - 1)
    form.batch(record(compressed(version_1(metadata={"a": (1, help_text), "b": (1, help_text + "x")}))))
    assert metadata == {"a": Metadata("counter", help_text)}


def test_a_token_is_for_one_instance(bench: Bench) -> None:
    token = "secret"
    digest = hashlib.sha256(token.encode()).hexdigest()

    async def work() -> None:
        bench.collector.ingest.credentials = {digest: "web-1"}
        own, strange = version_1(One(LOAD, [(1, START_MS)])), version_1(One([("__name__", "load")], [(1, START_MS)]))
        assert (await push(bench, own)).status_code == 401
        assert (await push(bench, own + strange, Authorization=f"Bearer {token}")).status_code == 403
        assert (await push(bench, own, Authorization=f"Bearer {token}")).status_code == 204

    bench.run(work)


def test_series_are_limited_as_those_of_a_text_are(bench: Bench) -> None:
    async def work() -> None:
        bench.collector.ingest.limits = Limits(labels=1)
        answer = await push(bench, version_1(One([*LOAD, ("job", "node")], [(1, START_MS)])))
        assert (answer.status_code, "may have 1 labels" in answer.text) == (400, True)

    bench.run(work)


def record(body: bytes) -> Record:
    return Record(START_MS, Encoding.REMOTE_WRITE_1, body)


def test_a_message_that_is_too_large_when_decompressed_is_refused() -> None:
    form = RemoteWriteFormat({}, 100)
    assert len(form.batch(record(compressed(span(9, bytes(98)))))) == 0
    with pytest.raises(Refusal) as caught:
        form.batch(record(compressed(span(9, bytes(99)))))
    assert caught.value.status == 413


@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [
        ("application/x-protobuf", Encoding.REMOTE_WRITE_1),
        ("Application/X-Protobuf; charset=utf-8", Encoding.REMOTE_WRITE_1),
        ("application/x-protobuf;proto=prometheus.WriteRequest", Encoding.REMOTE_WRITE_1),
        ('application/x-protobuf ; proto="io.prometheus.write.v2.Request"', Encoding.REMOTE_WRITE_2),
    ],
)
def test_the_content_type_says_the_version(content_type: str, encoding: Encoding) -> None:
    sent = {b"content-type": content_type.encode(), b"content-encoding": b" Snappy"}
    assert RemoteWriteFormat({}, 100).encoding(sent) is encoding


@pytest.mark.parametrize(
    ("content_type", "content_encoding", "reason"),
    [
        (b"", b"snappy", "Content-Type '' is not known here"),
        (b"text/plain", b"snappy", "Content-Type 'text/plain' is not known here"),
        (b"application/x-protobuf;proto=io.prometheus.write.v3.Request", b"snappy", "v3.Request' is not known here"),
        (b"application/x-protobuf;proto*=utf-8''x", b"snappy", "is not known here; use application/x-protobuf;proto="),
        (b"\xff\x00\n;;=", b"snappy", "is not known here"),
        (b"application/x-protobuf", b"", "Content-Encoding '' is not known here; use snappy"),
        (b"application/x-protobuf", b"zstd", "Content-Encoding 'zstd' is not known here; use snappy"),
    ],
)
def test_other_types_and_encodings_are_not_known(content_type: bytes, content_encoding: bytes, reason: str) -> None:
    with pytest.raises(Refusal) as caught:
        RemoteWriteFormat({}, 100).encoding({b"content-type": content_type, b"content-encoding": content_encoding})
    assert caught.value.status == 415
    assert reason in caught.value.reason
