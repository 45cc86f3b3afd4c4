"""What hangs is left behind, and costs the rest no more than its limit, once."""

from __future__ import annotations

import threading
from functools import partial

from monitor_agent.time_limit import Tasks, TimeLimit

PATIENCE_SECONDS = 20


class Hosts:
    """Tasks that answer with their own name; the one called dead only when it is alive again."""

    def __init__(self) -> None:
        self.alive = threading.Event()
        self.asked: list[str] = []

    def tasks(self, *names: str) -> Tasks:
        return [(name, partial(self._ask, name)) for name in names]

    def _ask(self, name: str) -> str:
        self.asked.append(name)
        if name == "dead":
            self.alive.wait()
        return name


def threads_named(name: str) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == name]


def test_what_hangs_is_left_alone_until_it_comes_back_and_stops_nothing_else() -> None:
    hosts = Hosts()
    limit = TimeLimit("left-alone", 0.05)
    for _ in range(3):
        assert limit.run(hosts.tasks("a", "dead", "b")) == {"a": "a", "b": "b"}
    assert hosts.asked.count("dead") == 1
    assert hosts.asked.count("b") == 3
    lost, current = threads_named("left-alone")
    hosts.alive.set()
    lost.join()
    assert limit.run(hosts.tasks("dead")) == {"dead": "dead"}
    limit.close()
    current.join()


def test_what_had_no_time_to_begin_is_not_lost() -> None:
    hosts = Hosts()
    limit = TimeLimit("no-time", 0)
    limit.run(hosts.tasks("a", "b", "c"))
    limit.seconds = PATIENCE_SECONDS
    for thread in threads_named("no-time"):
        thread.join()
    assert list(limit.run(hosts.tasks("a", "b", "c"))) == ["a", "b", "c"]
    limit.close()


def test_one_thread_is_enough_as_long_as_nothing_hangs() -> None:
    hosts = Hosts()
    limit = TimeLimit("enough", PATIENCE_SECONDS)
    for _ in range(50):
        assert list(limit.run(hosts.tasks("b", "a"))) == ["b", "a"]
    (thread,) = threads_named("enough")
    limit.close()
    thread.join()


def test_nothing_to_do_needs_no_thread() -> None:
    assert TimeLimit("idle", PATIENCE_SECONDS).run([]) == {}
    assert not threads_named("idle")
