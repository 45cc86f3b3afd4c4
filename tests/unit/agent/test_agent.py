"""The whole program: it collects on the grid, pushes, and loses nothing when it is killed."""

from __future__ import annotations

import contextlib
import gzip
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monitor_agent.agent import Agent
from monitor_agent.cli import main
from monitor_agent.compression import compress
from monitor_agent.config import read_config
from monitor_agent.newest_file import read_newest
from monitor_agent.spool import waiting_bytes
from monitor_agent.systemd import Notifier
from tests.unit.agent.conftest import Server

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_SECONDS = 20
LINE = re.compile(r'[a-z_A-Z0-9]+\{([a-zA-Z_]+="[^"]*",?)+\} \S+ \d+')


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def config(tmp_path: Path, spool: Path) -> Callable[[str], str]:
    def write(url: str = "http://127.0.0.1:1/", more: str = "") -> str:
        path = tmp_path / "agent.ini"
        agent = f"[agent]\ninstance = web-1\ninterval_seconds = 0.1\nspool_directory = {spool}\n"
        path.write_text(f"{agent}[push]\nurl = {url}\n{more}")
        return str(path)

    return write


@pytest.fixture
def agent(config: Callable[..., str]) -> Iterator[subprocess.Popen[str]]:
    """A real agent whose collector is not there."""
    command = [sys.executable, "-m", "monitor_agent", "run", "--config", config()]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.communicate()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


@contextlib.contextmanager
def running(agent: Agent) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=agent.run, args=(stop.wait,), daemon=True)
    thread.start()
    yield
    stop.set()
    thread.join()


def batches(spool: Path) -> dict[int, str]:
    """What waits in a spool, by the time of its samples in milliseconds."""
    found = {int(path.stem): path.read_bytes() for path in spool.glob("*.gz")}
    found |= dict(filter(None, (read_newest(str(path)) for path in spool.glob("newest-*"))))
    return {taken_ms: gzip.decompress(found[taken_ms]).decode() for taken_ms in sorted(found)}


def test_samples_fall_on_the_grid_of_the_interval(agent: subprocess.Popen[str], spool: Path) -> None:
    wait_until(lambda: spool.exists() and len(waiting_bytes(str(spool))) >= 3)
    os.kill(agent.pid, signal.SIGKILL)
    agent.wait()
    for taken_ms, text in batches(spool).items():
        assert taken_ms % 100 == 0
        stamps = {line.rsplit(" ", 1)[1] for line in text.splitlines() if not line.startswith("#")}
        assert stamps == {str(taken_ms)}


def test_every_batch_is_whole_after_kill_9(agent: subprocess.Popen[str], spool: Path) -> None:
    wait_until(lambda: spool.exists() and len(waiting_bytes(str(spool))) >= 3)
    os.kill(agent.pid, signal.SIGKILL)
    agent.wait()
    for text in batches(spool).values():
        assert 'monitor_agent_build_info{instance="web-1",job="host",version="' in text
        assert text.endswith("\n")


def test_what_a_killed_agent_left_is_pushed_by_the_next_one(
    agent: subprocess.Popen[str], spool: Path, server: Server, config: Callable[..., str]
) -> None:
    wait_until(lambda: spool.exists() and len(waiting_bytes(str(spool))) >= 3)
    os.kill(agent.pid, signal.SIGKILL)
    agent.wait()
    left = list(batches(spool))
    with running(Agent(read_config(config(server.url)), Notifier({}))):
        wait_until(lambda: all(any(f" {stamp}\n" in body for body in server.bodies) for stamp in left))


def test_a_stop_is_quick_and_clean(agent: subprocess.Popen[str], spool: Path) -> None:
    wait_until(lambda: spool.exists() and len(waiting_bytes(str(spool))) >= 1)
    agent.terminate()
    assert agent.wait(PATIENCE_SECONDS) == 0


def test_the_first_batch_describes_its_metrics_and_the_next_do_not(config: Callable[..., str], spool: Path) -> None:
    agent = Agent(read_config(config()), Notifier({}))
    for stamp in (300_000, 300_100):
        agent.collect(stamp)
    first, second = batches(spool).values()
    assert "# TYPE node_memory_MemFree_bytes gauge\n" in first
    assert "# TYPE" not in second
    assert all(LINE.fullmatch(line) for line in second.splitlines())


def test_systemd_hears_that_the_agent_is_ready_after_the_first_batch_is_spooled(
    config: Callable[..., str], spool: Path
) -> None:
    class Heard(Notifier):
        states: list[tuple[str, int]] = []  # noqa: RUF012

        def tell(self, state: str) -> None:
            self.states.append((state, len(batches(spool))))

    agent = Agent(read_config(config()), Heard({}))
    assert Heard.states == []
    agent.collect(1000)
    agent.collect(2000)
    assert Heard.states == [("READY=1", 1)]


def test_a_full_disk_does_not_stop_the_pushing(server: Server, config: Callable[..., str], spool: Path) -> None:
    agent = Agent(read_config(config(server.url)), Notifier({}))
    spool.rename(spool.with_name("away"))
    with running(agent):
        wait_until(lambda: len(server.bodies) >= 2)


def test_of_two_collectors_that_get_everything_one_that_is_away_misses_nothing(
    server: Server, config: Callable[..., str], spool: Path
) -> None:
    more = f"mode = all\n[push second]\nurl = {server.url}\n"
    agent = Agent(read_config(config(more=more)), Notifier({}))
    with running(agent):
        wait_until(lambda: len(server.bodies) >= 3)
    waiting = batches(spool)
    assert all(any(f" {taken_ms}\n" in body for taken_ms in waiting) for body in server.bodies)
    assert 'monitor_agent_batches_sent_total{destination="second",' in server.bodies[-1]
    assert 'monitor_agent_batches_retried_total{instance="web-1",' in server.bodies[-1]


def test_of_two_collectors_the_second_gets_what_the_first_does_not_take(
    server: Server, config: Callable[..., str], spool: Path
) -> None:
    with running(Agent(read_config(config(more=f"[push second]\nurl = {server.url}\n")), Notifier({}))):
        wait_until(lambda: len(server.bodies) >= 3)
    assert "monitor_agent_batches_retried_total" in server.bodies[-1]
    assert "destination=" not in server.bodies[-1]


def test_slower_collectors_come_along_in_the_batches_of_their_time(config: Callable[..., str], spool: Path) -> None:
    agent = Agent(read_config(config(more="[interval_seconds]\nloadavg = 0.3\n")), Notifier({}))
    for stamp in range(300, 1000, 100):
        agent.collect(stamp)
    texts = batches(spool).values()
    assert [" 0." in text and "node_load1{" in text for text in texts] == [True, False, False, True, False, False, True]
    assert all("node_memory_MemFree_bytes{" in text for text in texts)


def test_the_page_for_those_who_scrape_is_offered_when_asked_for(config: Callable[..., str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = "{}:{}".format(*free.getsockname())
    with running(Agent(read_config(config(more=f"[listen]\naddress = {address}\n")), Notifier({}))):
        pages: list[str] = []

        def ask() -> bool:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as answer:
                pages.append(answer.read().decode())
            return bool(pages) and "# TYPE node_load1 gauge\nnode_load1{" in pages[-1]

        wait_until(ask)
    assert "monitor_agent_spool_batches{" in pages[-1]


def test_a_page_that_cannot_be_offered_is_told_and_is_no_traceback(
    config: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = "{}:{}".format(*taken.getsockname())
        assert main(["run", "--config", config(more=f"[listen]\naddress = {address}\n")]) == 1
    assert "<3>/metrics cannot be offered on 127.0.0.1 port " in capsys.readouterr().err


def test_a_stopped_agent_leaves_no_thread_behind(server: Server, config: Callable[..., str]) -> None:
    before = set(threading.enumerate())
    with running(Agent(read_config(config(server.url)), Notifier({}))):
        wait_until(lambda: len(server.bodies) >= 1)
        names = {thread.name for thread in set(threading.enumerate()) - before}
        assert {"collect", "push"} <= names
    wait_until(lambda: not [each for each in set(threading.enumerate()) - before if each.name in ("collect", "push")])


def test_compressing_the_same_text_gives_the_same_bytes() -> None:
    assert compress(b"m 1 1\n") == compress(b"m 1 1\n")
    assert gzip.decompress(compress(b"m 1 1\n")) == b"m 1 1\n"


def test_once_prints_one_collection_for_people(config: Callable[..., str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["once", "--config", config()]) == 0
    page = capsys.readouterr().out
    assert "# TYPE node_load1 gauge\nnode_load1{" in page
    assert page.count("# TYPE node_cpu_seconds_total counter\n") == 1


def test_a_spool_that_cannot_be_made_is_told_and_is_no_traceback(
    config: Callable[..., str], spool: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spool.write_text("a file where the directory should be")
    assert main(["run", "--config", config()]) == 1
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set(), "whoever starts programs next would pass this on"
    assert f"<3>the spool in {spool} cannot be used" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["walk"], ["run", "--config"], ["run", "--conf", "x"]])
def test_a_wrong_command_shows_the_right_ones(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "monitor-agent check" in capsys.readouterr().err


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version"]) == 0
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", capsys.readouterr().out)
