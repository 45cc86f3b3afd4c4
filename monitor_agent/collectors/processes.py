"""Processes and threads by state, from /proc/PID/stat and /proc/PID/task/TID/stat, and their limits.

https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from monitor_agent.collectors.attributes import read_attribute, read_number
from monitor_agent.collectors.collector import Collector, register
from monitor_agent.exposition import Columns, Metric, Row

COLUMNS = Columns(
    Metric("node_processes_threads", "gauge", "Allocated threads in system"),
    Metric("node_processes_max_threads", "gauge", "Limit of threads in the system"),
    Metric("node_processes_pids", "gauge", "Number of PIDs"),
    Metric("node_processes_max_processes", "gauge", "Number of max PIDs limit"),
)
STATE = Columns(Metric("node_processes_state", "gauge", "Number of processes in each state."))
THREADS_STATE = Columns(Metric("node_processes_threads_state", "gauge", "Number of threads in each state."))

# Places behind the name, which may hold spaces and parentheses itself.
STATE_PLACE = 0
THREADS_PLACE = 17


def read_stat(directory: str) -> tuple[str, int] | None:
    """State and number of threads of the process or thread in a directory of /proc, None when it is gone."""
    try:
        text = read_attribute(f"{directory}/stat")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text[text.rindex(")") + 1 :].split(None, THREADS_PLACE + 1)
    return fields[STATE_PLACE], int(fields[THREADS_PLACE])


@register("processes")
class Processes(Collector):
    """Off unless asked for: 1000 processes cost 6 to 12 ms of a processor's time, more with many threads.

    It sees what the agent sees: with `ProtectProc=invisible`, or /proc mounted with hidepid, only its own process.
    """

    is_on_by_default = False
    interval_seconds = 15.0

    def update(self) -> Iterable[Row]:
        directory = f"{self.root}/proc"
        processes = threads = 0
        states: dict[str, int] = {}
        thread_states: dict[str, int] = {}
        for pid in filter(str.isdigit, os.listdir(directory)):
            found = read_stat(f"{directory}/{pid}")
            if found is None:
                continue
            state, count = found
            processes += 1
            threads += count
            states[state] = states.get(state, 0) + 1
            thread_states[state] = thread_states.get(state, 0) + 1
            if count > 1:
                for state in self._states_of_other_threads(f"{directory}/{pid}/task", pid):
                    thread_states[state] = thread_states.get(state, 0) + 1
        kernel = f"{directory}/sys/kernel"
        limits = read_number(f"{kernel}/threads-max"), read_number(f"{kernel}/pid_max")
        yield Row(COLUMNS, (), (threads, limits[0], processes, limits[1]))
        for state, count in sorted(states.items()):
            yield Row(STATE, (("state", state),), (count,))
        for state, count in sorted(thread_states.items()):
            yield Row(THREADS_STATE, (("thread_state", state),), (count,))

    def _states_of_other_threads(self, directory: str, pid: str) -> Iterable[str]:
        try:
            threads = os.listdir(directory)
        except (FileNotFoundError, ProcessLookupError):
            return
        for thread in threads:
            found = read_stat(f"{directory}/{thread}") if thread != pid else None
            if found is not None:
                yield found[0]
