"""Runs what may never come back, without waiting for it for ever.

A read from a dead network file system, or from a sensor on a stuck bus, cannot be interrupted. So it is done in a
thread; one that hangs is left behind, and another takes over its work.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from monitor_agent.bell import Bell

Tasks = list[tuple[str, Callable[[], object]]]  # each name with what to do under it


class Worker:
    """A thread that does one list of tasks after another, until it hangs in one."""

    def __init__(self, name: str) -> None:
        self._given = Bell()
        self._finished = Bell()
        self._tasks: Tasks = []
        self._is_dismissed = False
        self.results: dict[str, object] = {}
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def do(self, tasks: Tasks, seconds: float) -> bool:
        """Fills `results`, by name. False when a task had not come back after that time: the worker is lost then."""
        self._tasks = tasks
        self.results = {}
        self._given.ring()
        is_finished = self._finished.wait(seconds)
        if not is_finished:
            self.dismiss()
        return is_finished

    def dismiss(self) -> None:
        """Ends the thread, as soon as it comes back."""
        self._is_dismissed = True
        self._given.ring()

    def _run(self) -> None:
        while True:
            self._given.wait()
            for name, task in self._tasks:
                if self._is_dismissed:
                    return
                self.results[name] = task()
            if self._is_dismissed:
                return
            self._finished.ring()


class TimeLimit:
    """Runs tasks in order. When they have not all come back after `seconds`, the rest go on without the one that hangs.

    What hangs is skipped until it has come back. Others that hang behind it, as all that ask one dead server do, cost a
    tenth of the time each. A task must not raise; a name stands for the same task every time.
    """

    def __init__(self, name: str, seconds: float) -> None:
        self.seconds = seconds
        self._name = name
        self._worker: Worker | None = None
        self._lost: dict[str, Worker] = {}

    def run(self, tasks: Tasks) -> dict[str, object]:
        """What the tasks gave, by name and in their order; those that hang are missing."""
        self._lost = {name: worker for name, worker in self._lost.items() if worker.is_alive()}
        tasks = [task for task in tasks if task[0] not in self._lost]
        results: dict[str, object] = {}
        seconds = self.seconds
        while tasks:
            worker = self._worker or Worker(self._name)
            self._worker = worker if worker.do(tasks, seconds) else None
            found = worker.results.copy()  # one who hangs may come back at any time
            results.update(found)
            left = tasks[len(found) :]
            if left:
                self._lost[left[0][0]] = worker
                seconds = self.seconds / 10
            tasks = left[1:]
        return results

    def close(self) -> None:
        """Ends the thread; what hangs is left behind."""
        if self._worker is not None:
            self._worker.dismiss()
            self._worker = None
