"""Real load and real faults on the hosts of the lab: context managers that begin them and undo them again.

Whatever runs meanwhile is a transient unit of systemd with a time limit: a killed test leaves nothing for long.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from testinfra.host import Host

LIMIT_SECONDS = 600
AGENT_UNIT = "monitor-agent@blue.service"
AGENT_CONFIGURATION = "/etc/monitor-agent/agent.ini"
AGENT_SPOOL = "/var/lib/monitor-agent/spool"
SPOOL_MAX_BYTES = 64 * 1024 * 1024
COLLECTOR_CONFIGURATION = "/etc/monitor-collector"

TAKE_MEMORY = "import time; taken = bytearray({size_bytes}); time.sleep({limit_seconds})"

# A process whose child came from vfork waits for it as it would for a disk that does not answer: it counts for the load
# without using a processor.
WAIT_UNINTERRUPTIBLY = """
import ctypes, os, time
for _ in range({count}):
    if os.fork() == 0:
        ctypes.CDLL(None).vfork()
        time.sleep({limit_seconds})
        os._exit(0)
time.sleep({limit_seconds})
"""


RESTART = """
import subprocess, time
while True:
    subprocess.run(["systemctl", "restart", "{unit}"])
    time.sleep(5)
"""


@contextmanager
def running(host: Host, name: str, program: str) -> Iterator[None]:
    """A Python program on a host, as root."""
    unit = f"fault-{name}.service"
    host.check_output(
        "systemd-run --quiet --collect --unit=%s --property=RuntimeMaxSec=%s python3 -c %s",
        unit,
        str(LIMIT_SECONDS),
        program,
    )
    try:
        yield
    finally:
        host.run("systemctl stop %s", unit)


@contextmanager
def memory_taken(host: Host, ratio: float) -> Iterator[None]:
    """A share of the host's memory, besides what it needs anyway."""
    total_bytes = int(host.check_output("awk '/^MemTotal/ {print $2}' /proc/meminfo")) * 1024
    program = TAKE_MEMORY.format(size_bytes=int(total_bytes * ratio), limit_seconds=LIMIT_SECONDS)
    with running(host, "memory", program):
        yield


def agent_restarting(host: Host) -> AbstractContextManager[None]:
    """An agent that is started anew every five seconds."""
    return running(host, "restarting", RESTART.format(unit=AGENT_UNIT))


@contextmanager
def agent_stopped(host: Host) -> Iterator[None]:
    host.check_output("systemctl stop %s", AGENT_UNIT)
    try:
        yield
    finally:
        host.run("systemctl start %s", AGENT_UNIT)


@contextmanager
def processes_waiting(host: Host, count: int) -> Iterator[None]:
    """So many processes that nothing can interrupt, as where a disk has died."""
    with running(host, "load", WAIT_UNINTERRUPTIBLY.format(count=count, limit_seconds=LIMIT_SECONDS)):
        yield


@contextmanager
def file_system_full(host: Host, name: str) -> Iterator[None]:
    host.check_output(f"head --bytes=7800K /dev/zero > /srv/{name}/fill")
    try:
        yield
    finally:
        host.run(f"rm /srv/{name}/fill")


@contextmanager
def inodes_used_up(host: Host, name: str) -> Iterator[None]:
    free = int(host.check_output(f"df --output=iavail /srv/{name} | tail -n 1"))
    host.check_output(f"mkdir /srv/{name}/fill && seq {free - 2} | (cd /srv/{name}/fill && xargs touch)")
    try:
        yield
    finally:
        host.run(f"rm --recursive /srv/{name}/fill")


@contextmanager
def read_only(host: Host, name: str) -> Iterator[None]:
    """As after an error on its disk. The agent notices within a minute: here nothing tells it of the change."""
    host.check_output(f"mount -o remount,ro /srv/{name}")
    try:
        yield
    finally:
        host.run(f"mount -o remount,rw /srv/{name}")


@contextmanager
def unit_failed(host: Host) -> Iterator[None]:
    unit = "fault-failing.service"
    host.run("systemd-run --quiet --wait --unit=%s false", unit)
    try:
        yield
    finally:
        host.run("systemctl reset-failed %s", unit)


@contextmanager
def file_with(host: Host, path: str, content: str) -> Iterator[None]:
    """A file that is not there otherwise."""
    host.check_output("mkdir --parents %s", str(Path(path).parent))
    host.check_output("printf %%s %s > %s", content, path)
    try:
        yield
    finally:
        host.run("rm %s", path)


@contextmanager
def file_grown_old(host: Host, path: str) -> Iterator[None]:
    """A file for the textfile collector that nobody has written for two days."""
    with file_with(host, path, "fault_total 1\n"):
        host.check_output("touch --date='2 days ago' %s", path)
        yield


@contextmanager
def script_failing(host: Host, path: str) -> Iterator[None]:
    with file_with(host, path, "#!/bin/sh\nexit 1\n"):
        host.check_output("chmod 0755 %s", path)
        yield


@contextmanager
def watched(
    host: Host, destinations: Mapping[str, str], *file_systems: str, spool_max_bytes: int = SPOOL_MAX_BYTES
) -> Iterator[None]:
    """A host whose agent pushes to more destinations (name -> address) and has small file systems at /srv/<name>.

    They have 8 MiB and 64 inodes, and are overlays, since a tmpfs is not reported. In a container mounts do not spread
    to units that run already, so the agent is restarted.
    """
    kept = f"{AGENT_CONFIGURATION}.kept"
    host.check_output("cp --preserve=all %s %s", AGENT_CONFIGURATION, kept)
    try:
        further = "".join(f"[push {name}]\\nurl = {address}\\n\\n" for name, address in destinations.items())
        replacement = f"s|^\\[listen\\]$|{further}[listen]|"
        room = f"s/^spool_max_bytes = .*/spool_max_bytes = {spool_max_bytes}/"
        command = "sed --in-place -e 's/^mode = .*/mode = all/' -e %s -e %s %s"
        host.check_output(command, room, replacement, AGENT_CONFIGURATION)
        for name in file_systems:
            below = f"/run/fault/{name}"
            layers = f"lowerdir={below}/lower,upperdir={below}/upper,workdir={below}/work"
            host.check_output(
                f"mkdir --parents {below} /srv/{name} && "
                f"mount -t tmpfs -o size=8m,nr_inodes=64 fault-{name} {below} && "
                f"mkdir {below}/lower {below}/upper {below}/work && "
                f"mount -t overlay -o {layers} fault-{name} /srv/{name}"
            )
        host.check_output(f"systemctl restart {AGENT_UNIT}")
        yield
    finally:
        for name in file_systems:
            host.run(f"umount /srv/{name}; umount /run/fault/{name}; rmdir /srv/{name} /run/fault/{name}")
        host.run("mv %s %s", kept, AGENT_CONFIGURATION)
        spools = " ".join(f"{AGENT_SPOOL}/{name}" for name in destinations)
        host.run(f"rmdir /run/fault; systemctl restart {AGENT_UNIT}; rm --recursive {spools}")
