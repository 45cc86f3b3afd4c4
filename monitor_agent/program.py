"""Runs a program of somebody else's: with clean surroundings, for a limited time, and with nothing of it left behind.

subprocess would do, but costs the agent half a megabyte of memory.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import signal
import stat
import time

OUTPUT_LIMIT_BYTES = 1024 * 1024
COMPLAINT_LIMIT_BYTES = 4096
CHUNK_BYTES = 65536
LOOK_SECONDS = 0.2  # how often to see whether it has ended, where something that it has left behind holds its output
PATIENCE_SECONDS = 1.0  # for the kernel to end what it was told to
SHORTEST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.001, 0.05
EXPENDABLE = b"500"  # in oom_score_adj(5): where memory runs out the agent, which is spared, must not go first

# Python ignores these; a program expects them to end it.
DEFAULT_SIGNALS = (signal.SIGPIPE, signal.SIGXFSZ)


class ProgramError(Exception):
    """The program must not be run, or its run failed; the text says why."""


def explain(error: OSError) -> str:
    """Why a program cannot be started, and what to look at."""
    if error.errno == errno.ENOENT:
        return "it cannot be started: the interpreter that its first line names is not there"
    if error.errno == errno.ENOEXEC:
        return "it cannot be started: its first line must name its interpreter, such as #!/bin/sh"
    return f"it cannot be started: {error.strerror}"


def check(path: str, *directories: str) -> None:
    """Raises ProgramError for what must not run as the agent: others than root and the agent itself could change it."""
    for each in (*directories, path):
        try:
            found = os.stat(each)
        except OSError as error:
            raise ProgramError(f"{each}: {error.strerror}") from None
        if found.st_uid not in (0, os.geteuid()):
            raise ProgramError(f"it is not run, because it is not root's: chown root {each}")
        if found.st_mode & stat.S_IWOTH:
            raise ProgramError(f"it is not run, because everybody may write to it: chmod o-w {each}")
    if not stat.S_ISREG(found.st_mode):
        raise ProgramError("it is no regular file")
    if not os.access(path, os.X_OK):
        raise ProgramError(f"it is not executable: chmod 755 {path}")


class Program:
    """A program that runs, in a process group of its own. Raises ProgramError when it cannot be started."""

    def __init__(self, path: str, environment: dict[str, str]) -> None:
        self._output = bytearray()
        self._complaint = bytearray()
        self._readers: list[int] = []
        writers: list[int] = []
        try:
            for _ in range(2):
                reader, writer = os.pipe()
                self._readers.append(reader)
                writers.append(writer)
            self._process = os.posix_spawn(
                path,
                [path],
                environment,
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_DUP2, writers[0], 1),
                    (os.POSIX_SPAWN_DUP2, writers[1], 2),
                ],
                setpgroup=0,
                setsigmask=(),
                setsigdef=DEFAULT_SIGNALS,
            )
        except OSError as error:
            self._close()
            raise ProgramError(explain(error)) from None
        finally:
            for writer in writers:
                os.close(writer)
        make_expendable(self._process)

    @property
    def complaint(self) -> str:
        """The first line on stderr that is not empty."""
        lines = self._complaint.decode("utf-8", "replace").split("\n")
        return next((line.strip()[:200] for line in lines if line.strip()), "")

    def output(self, limit_seconds: float) -> bytes:
        """What it prints until it ends. Raises ProgramError when that goes wrong in any way."""
        deadline = time.monotonic() + limit_seconds

        def left_seconds() -> float:
            left = deadline - time.monotonic()
            if left <= 0:
                raise ProgramError(f"it takes longer than {limit_seconds:g} s, and was killed")
            return left

        poller = select.poll()
        for reader in self._readers:
            poller.register(reader, select.POLLIN)
        open_readers = set(self._readers)
        while open_readers:
            ready = poller.poll(min(left_seconds(), LOOK_SECONDS) * 1000)
            if not ready and self._ending() is not None:
                break
            for reader, _ in ready:
                if not self._read(reader):
                    poller.unregister(reader)
                    open_readers.remove(reader)
        # Closing its output is usually the last thing that a program does.
        wait_seconds = SHORTEST_WAIT_SECONDS
        while (ending := self._ending()) is None:
            time.sleep(min(wait_seconds, left_seconds()))
            wait_seconds = min(wait_seconds * 2, LONGEST_WAIT_SECONDS)
        if ending.si_code != os.CLD_EXITED:
            raise ProgramError(f"it was ended by signal {ending.si_status} ({signal.strsignal(ending.si_status)})")
        if ending.si_status:
            raise ProgramError(f"it ended with exit code {ending.si_status}")
        return bytes(self._output)

    def end(self) -> bool:
        """Kills it and whatever it has left behind in its group. False while the kernel cannot end it: ask again."""
        self._close()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process, signal.SIGKILL)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._reap():
            if time.monotonic() > deadline:
                return False
            time.sleep(SHORTEST_WAIT_SECONDS)
        return True

    def _read(self, reader: int) -> bool:
        """Takes what is there; False when nothing will come any more. Raises ProgramError when it is too much."""
        chunk = os.read(reader, CHUNK_BYTES)
        if reader == self._readers[0]:
            self._output += chunk
            if len(self._output) > OUTPUT_LIMIT_BYTES:
                raise ProgramError(f"it prints more than {OUTPUT_LIMIT_BYTES >> 20} MiB, and was killed")
        else:
            self._complaint += chunk[: COMPLAINT_LIMIT_BYTES - len(self._complaint)]
        return bool(chunk)

    def _ending(self) -> os.waitid_result | None:
        """How it ended, None while it runs. It stays a zombie, so that its group cannot become somebody else's."""
        return os.waitid(os.P_PID, self._process, os.WEXITED | os.WNOHANG | os.WNOWAIT)

    def _reap(self) -> bool:
        try:
            return os.waitpid(self._process, os.WNOHANG)[0] != 0
        except ChildProcessError:
            return True

    def _close(self) -> None:
        while self._readers:
            os.close(self._readers.pop())


def make_expendable(process: int) -> None:
    try:
        with open(f"/proc/{process}/oom_score_adj", "wb", buffering=0) as file:
            file.write(EXPENDABLE)
    except OSError:
        pass  # it has ended already, or this is a sandbox without /proc
