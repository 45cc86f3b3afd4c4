"""Gives every host a /proc of its own.

Containers share the kernel's /proc/stat, /proc/meminfo and /proc/loadavg, so load on one host would show on all.
lxcfs answers these files from the reader's own control group; one lxcfs serves all hosts of a lab.
"""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from lab.commands import as_root, run, succeeds
from lab.errors import LabError
from lab.settings import Lab

FILES = ("cpuinfo", "diskstats", "loadavg", "meminfo", "stat", "swaps", "uptime")
INSIDE = Path("/var/lib/lxcfs")
START_LIMIT_SECONDS = 10


def volumes(lab: Lab) -> list[str]:
    """podman's --volume arguments: the files over /proc, and the whole view for units with a /proc of their own."""
    arguments = ["--volume", f"{lab.proc_view}:{INSIDE}:ro"]
    for name in FILES:
        arguments += ["--volume", f"{lab.proc_view}/proc/{name}:/proc/{name}:ro"]
    return arguments


def is_running(lab: Lab) -> bool:
    return succeeds(as_root(["test", "-r", str(lab.proc_view / "proc" / "stat")]))


def start(lab: Lab) -> None:
    """Mounts the view; raises LabError with lxcfs' own words when it does not come up."""
    if not Path("/dev/fuse").exists():
        raise LabError(
            "/dev/fuse is missing, so lxcfs cannot give the hosts a /proc of their own: load the fuse module"
        )
    stop(lab)
    run(as_root(["mkdir", "--parents", str(lab.proc_view)]))
    log = lab.state / "lxcfs.log"
    with log.open("wb") as output:
        lxcfs = subprocess.Popen(
            as_root(
                [
                    "lxcfs",
                    "--foreground",
                    "--enable-cfs",
                    "--enable-loadavg",
                    "--pidfile",
                    str(_pid_file(lab)),
                    str(lab.proc_view),
                ]
            ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_LIMIT_SECONDS
    while not is_running(lab):
        if lxcfs.poll() is not None or time.monotonic() > deadline:
            raise LabError(f"lxcfs did not start:\n    {log.read_text(errors='replace')[-800:]}")
        time.sleep(0.05)


def stop(lab: Lab) -> None:
    """Ends the lab's lxcfs, unmounts its view and removes its directory; nothing to do when there is none."""
    pid = _pid(lab)
    if pid is not None:
        run(as_root(["kill", "-TERM", str(pid)]))
        deadline = time.monotonic() + START_LIMIT_SECONDS
        while _pid(lab) is not None and time.monotonic() < deadline:
            time.sleep(0.05)
    if str(lab.proc_view) in Path("/proc/self/mounts").read_text():
        run(as_root(["umount", "--lazy", str(lab.proc_view)]))
    run(as_root(["rm", "--force", str(_pid_file(lab))]))
    for directory in (lab.proc_view, lab.proc_view.parent, lab.proc_view.parent.parent):
        if directory.exists() and not any(directory.iterdir()):
            run(as_root(["rmdir", str(directory)]))


def _pid_file(lab: Lab) -> Path:
    return lab.state / "lxcfs.pid"


def _pid(lab: Lab) -> int | None:
    """The lab's lxcfs, if the process with the recorded number is one and serves this lab."""
    try:
        # The file is root's, and lxcfs removes it when it ends, at any moment.
        pid = run(as_root(["cat", str(_pid_file(lab))])).strip()
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (LabError, OSError):
        return None
    return int(pid) if str(lab.proc_view).encode() in arguments else None
