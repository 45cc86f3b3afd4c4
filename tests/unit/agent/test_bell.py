"""A bell wakes who waits for it."""

from __future__ import annotations

import threading

from monitor_agent.bell import Bell


def test_a_bell_that_was_rung_is_heard_once() -> None:
    bell = Bell()
    bell.ring()
    bell.ring()
    assert bell.wait(0.01)
    assert not bell.wait(0.01)


def test_a_bell_wakes_another_thread() -> None:
    bell, answer = Bell(), Bell()

    def listen() -> None:
        bell.wait()
        answer.ring()

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    bell.ring()
    assert answer.wait(20)
    thread.join()
