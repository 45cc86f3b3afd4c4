"""The table in the terminal, drawn from a feed as the collector sends it."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from lab import watch
from lab.errors import LabError

NOW_MS = 1_700_000_000_000
HOST = {"state": "up", "heard": NOW_MS, "values": [4.0, 0.104, 200, 48_231.0, None], "firing": 0, "pending": 0}
COLUMNS = [
    {"title": "Health", "unit": "score", "query": "a", "error": None},
    {"title": "CPU", "unit": "ratio", "query": "b", "error": None},
    {"title": "Status", "unit": "status", "query": "c", "error": None},
    {"title": "In", "unit": "bytes_per_second", "query": "d", "error": None},
    {"title": "Own", "unit": "number", "query": "(", "error": "unclosed left parenthesis"},
]
ALARM = {"labels": {"alertname": "HostDown"}, "annotations": {"summary": "web-2 has stopped"}, "state": "firing"}


def picture(**hosts: Any) -> dict[str, Any]:
    named = {name.replace("_", "-"): host for name, host in hosts.items()}
    return {"at": NOW_MS, "columns": COLUMNS, "hosts": named, "alarms": {}}


class Feed(BaseHTTPRequestHandler):
    """Sends the events of the test, then ends."""

    events: ClassVar[list[tuple[str, dict[str, Any]]]] = []

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b": still here\n\n")
        for kind, data in self.events:
            self.wfile.write(f"event: {kind}\ndata: {json.dumps(data)}\n\n".encode())

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Feed) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_hosts_are_drawn_with_their_figures() -> None:
    busy = {**HOST, "values": [1.5, 0.97, 503, 0.0, None], "firing": 2, "pending": 1}
    lines = watch.table(picture(web_1=HOST, web_2=busy), NOW_MS / 1000).splitlines()
    assert lines[0].split() == ["host", "state", "Health", "CPU", "Status", "In", "Own", "alarms"]
    assert lines[1].split() == ["web-1", "up", "4.0", "10", "%", "200", "48.2", "kB/s", "error"]
    assert lines[2].endswith("2 firing, 1 pending")
    assert lines[2].split()[:5] == ["web-2", "up", "1.5", "97", "%"]


def test_a_silent_host_says_since_when_and_shows_no_figures() -> None:
    silent = {**HOST, "state": "silent", "heard": NOW_MS - 12_000, "values": [None] * 5}
    line = watch.table(picture(web_1=silent), NOW_MS / 1000).splitlines()[1]
    assert line.split() == ["web-1", "SILENT", "12", "s", "error"]


def test_alarms_stand_below() -> None:
    shown = {**picture(web_1=HOST), "alarms": {"1": ALARM, "2": {**ALARM, "state": "pending"}}}
    assert watch.table(shown, NOW_MS / 1000).splitlines()[-1] == "HostDown: web-2 has stopped"


def test_nothing_that_a_host_sends_is_a_command_to_the_terminal() -> None:
    evil = {"labels": {"alertname": "A"}, "annotations": {"summary": "\x1b]0;title\x07 é\n"}, "state": "firing"}
    shown = {**picture(**{"web\x1b[2J": HOST}), "alarms": {"1": evil}}
    text = watch.table(shown, NOW_MS / 1000)
    assert "\x1b" not in text and "\x07" not in text
    assert text.splitlines()[-1] == "A: ?]0;title? é?"


@pytest.mark.parametrize(
    ("state", "score", "tone"),
    [
        ("up", 4.0, "good"),
        ("up", 2.5, "fair"),
        ("up", 1.9, "bad"),
        ("up", None, ""),
        ("silent", None, "bad"),
        ("never", None, "bad"),
        ("waiting", None, "off"),
    ],
)
def test_lines_have_the_colours_of_the_squares(state: str, score: float | None, tone: str) -> None:
    assert watch.tone({**HOST, "state": state, "values": [score, None, None, None, None]}, COLUMNS) == tone


def test_only_what_has_changed_is_sent_and_all_of_it_is_drawn(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    change = {"at": NOW_MS + 1000, "hosts": {"web-1": None, "web-3": HOST}, "alarms": {"1": ALARM}}
    monkeypatch.setattr(Feed, "events", [("all", picture(web_1=HOST, web_2=HOST)), ("change", change)])
    first, second = watch.pictures(address)
    assert (first["hosts"].keys(), second["hosts"].keys()) == ({"web-1", "web-2"}, {"web-2", "web-3"})
    assert (second["columns"], second["alarms"]) == (COLUMNS, {"1": ALARM})


def test_once_draws_one_table_without_colours_where_nobody_looks(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Feed, "events", [("all", picture(web_1=HOST))])
    out = io.StringIO()
    watch.watch(address, is_once=True, out=out)
    assert out.getvalue().startswith("host ")
    assert "\x1b" not in out.getvalue()


def test_a_feed_that_ends_is_asked_for_again(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Feed, "events", [("all", picture(web_1=HOST))])
    waits = iter([None])

    def wait(_: float) -> None:
        if next(waits, "enough") == "enough":
            raise KeyboardInterrupt

    monkeypatch.setattr(watch.time, "sleep", wait)
    out = io.StringIO()
    with pytest.raises(KeyboardInterrupt):
        watch.watch(address, out=out)
    assert out.getvalue().count("web-1") == 2
    assert "No news from the collector (it has ended); trying again." in out.getvalue()


def test_a_collector_that_does_not_answer_is_an_error() -> None:
    with pytest.raises(LabError, match="does not answer"):
        watch.watch("http://127.0.0.1:1", is_once=True)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "number", ""),
        (1234.0, "number", "1.23 k"),
        (0.25, "seconds", "250 ms"),
        (2.5, "seconds", "2.5 s"),
        (3 * 1024**3, "bytes", "3 GiB"),
        (12.0, "bytes", "12 B"),
        (5.0, "per_second", "5 /s"),
        (41.7, "celsius", "42 °C"),
    ],
)
def test_values_are_short(value: float | None, unit: str, text: str) -> None:
    assert watch.written(value, unit) == text
