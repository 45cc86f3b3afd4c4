"""`monitor-collector silence`, against the API over a real socket."""

from __future__ import annotations

import argparse
import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette

from monitor_collector.clock import system_clock
from monitor_collector.metrics import Metrics
from monitor_collector.notifications import commands
from monitor_collector.notifications.api import NotificationsApi
from monitor_collector.notifications.service import Notifications
from monitor_collector.state import StateDatabase
from tests.unit.collector.webhooks import wait_for

Run = Callable[..., int]


def system_time_ms() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    database = StateDatabase(tmp_path / "state.sqlite")
    notifications = Notifications(database, Metrics(), system_clock().now_ms)
    application = Starlette(routes=NotificationsApi(notifications, "http://monitor", system_clock().now_ms).routes())
    server = uvicorn.Server(uvicorn.Config(application, lifespan="off", log_config=None, ws="none"))
    with socket.socket() as listener, ThreadPoolExecutor(1) as executor:
        listener.bind(("127.0.0.1", 0))
        serving = executor.submit(lambda: asyncio.run(server.serve([listener])))
        wait_for(lambda: server.started, "the server")
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        serving.result()
    asyncio.run(notifications.close())
    database.close()


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    commands.add_parser(parser.add_subparsers(dest="command"))
    options = parser.parse_args(["silence", *arguments])
    assert options.command == "silence"
    return commands.run(options)


def test_a_silence_is_added_listed_and_ended(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    matchers = ['alertname="HostDown"', "instance=~web-.+", "env!=lab"]
    assert run("add", *matchers, "--duration", "2h", "--comment", "disk swap", "--author", "ana", "--url", url) == 0
    number = capsys.readouterr().out.strip()
    assert run("list", "--url", url) == 0
    line = capsys.readouterr().out
    assert line.startswith(f'{number}  active  {{alertname="HostDown",instance=~"web-.+",env!="lab"}}  20')
    assert line.endswith("  ana: disk swap\n")
    assert run("expire", number, "--url", url) == 0
    run("list", "--url", url)
    assert capsys.readouterr().out == ""
    run("list", "--expired", "--url", url)
    assert f"{number}  expired" in capsys.readouterr().out


def test_what_the_collector_refuses_is_told(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("expire", "x", "--url", url) == 1
    assert 'answered 404: "there is no silence x"' in capsys.readouterr().err
    assert run("add", "a=~.*", "--comment", "all", "--url", url) == 1
    assert "must not match the empty string" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nonsense"], "is no condition on a label"),
        (["a=b", "--duration", "soon"], "--duration soon is no duration"),
    ],
)
def test_a_mistake_is_told_before_anybody_is_asked(
    arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("add", *arguments, "--comment", "x", "--url", "http://127.0.0.1:9") == 2
    assert reason in capsys.readouterr().err


def test_a_collector_that_does_not_answer_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list", "--url", "http://127.0.0.1:9") == 1
    assert "cannot ask the collector at http://127.0.0.1:9" in capsys.readouterr().err
