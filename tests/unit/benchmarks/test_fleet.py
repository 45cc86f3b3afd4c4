"""Both sides are sent the same samples, each in the form that it takes."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import pytest

from benchmarks.errors import BenchmarkError
from benchmarks.fleet import Fleet, Pusher, RemoteWrites, Texts
from tests.unit.benchmarks.test_remote_write import decoded


@pytest.fixture
def fleet() -> Fleet:
    return Fleet(count=2, interval_seconds=5, past_seconds=10, future_seconds=10)


def test_text_has_a_line_for_each_sample_with_its_time(fleet: Fleet) -> None:
    lines = Texts(fleet).body(range(1, 2), slice(0, 2)).decode().splitlines()
    assert len(lines) == 2 * len(fleet.models)
    first = fleet.models[0]
    assert lines[0] == (
        f'{first.name}{{cpu="0",instance="host-0001",job="host",mode="idle"}} '
        f"{float(fleet.values[1, 0, 0])!r} {fleet.times_ms[0]}"
    )


def test_remote_write_has_the_same_samples_and_the_constants_of_each_host(fleet: Fleet) -> None:
    body = RemoteWrites(fleet, [({"__name__": "up", "job": "host"}, 1.0)]).body(range(2), slice(1, 2))
    found = decoded(body)
    assert len(found) == 2 * (len(fleet.models) + 1)
    time_ms = int(fleet.times_ms[1])
    assert found[0] == (dict(fleet.models[0].of_host("host-0000")), [(time_ms, float(fleet.values[0, 0, 1]))])
    assert found[-1] == ({"__name__": "up", "instance": "host-0001", "job": "host"}, [(time_ms, 1.0)])


@pytest.fixture
def refusing() -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(400)
            self.send_header("Content-Length", "8")
            self.end_headers()
            self.wfile.write(b"too late")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_a_refused_push_is_told_with_the_answer(fleet: Fleet, refusing: str) -> None:
    with Pusher(fleet, refusing, Texts(fleet)) as pusher, pytest.raises(BenchmarkError, match="400: too late"):
        pusher.push_the_past()
