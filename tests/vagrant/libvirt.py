"""A libvirt of our own, for as long as a test lasts: its files, its network and its processes are nobody else's.

Everything runs in namespaces for mounts, the network and processes. So no bridge, address or rule of the firewall
touches the machine, a libvirt that runs already is not disturbed, and whatever was started ends with the namespace.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from lab.commands import run, succeeds
from lab.errors import LabError

START_SECONDS = 30
# Of the machine's directories, those that libvirt writes to, and what we have in their place.
PLACES = {"/var/lib/libvirt": "lib", "/var/cache/libvirt": "cache", "/var/log/libvirt": "log", "/etc/libvirt": "etc"}

# Nobody but this test can reach these machines; and where no systemd runs there are no controllers to put them under.
QEMU_SETTINGS = """\
user = "root"
group = "root"
security_driver = "none"
cgroup_controllers = []
"""
DAEMON_SETTINGS = """\
unix_sock_group = "root"
auth_unix_rw = "none"
"""


def isolated(command: Sequence[str]) -> list[str]:
    """The command line, for root, that runs a command in namespaces of its own. All that it has started ends with it,
    and with whoever has started it."""
    # A shell is the first process there, since that must look after the orphans of others.
    shell = ["sh", "-c", '"$@"; exit $?', "sh", *command]
    namespaces = ["unshare", "--mount", "--net", "--pid", "--ipc", "--fork", "--kill-child", "--mount-proc"]
    return ["setpriv", "--pdeathsig", "KILL", *namespaces, *shell]


def start(directory: Path) -> None:
    """Starts libvirt, with its files below `directory`, inside of `isolated`. Raises LabError."""
    run(["ip", "link", "set", "lo", "up"])
    # The devices of this network namespace, not those of the machine.
    run(["mount", "-t", "sysfs", "sysfs", "/sys"])
    run(["mount", "-t", "tmpfs", "tmpfs", "/run"])
    for place, name in PLACES.items():
        ours = directory / name
        ours.mkdir(parents=True, exist_ok=True)
        Path(place).mkdir(parents=True, exist_ok=True)
        run(["mount", "--bind", str(ours), place])
    Path("/etc/libvirt/qemu.conf").write_text(QEMU_SETTINGS)
    Path("/etc/libvirt/libvirtd.conf").write_text(DAEMON_SETTINGS)
    Path("/etc/libvirt/virtlogd.conf").write_text("")
    Path("/run/lock").mkdir()
    log = (directory / "daemons.log").open("wb")
    for daemon in ("virtlogd", "libvirtd"):
        subprocess.Popen([f"/usr/sbin/{daemon}"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    deadline = time.monotonic() + START_SECONDS
    while not succeeds(["virsh", "--connect", "qemu:///system", "version"]):
        if time.monotonic() > deadline:
            raise LabError(
                f"libvirt has not started within {START_SECONDS} s: {(directory / 'daemons.log').read_text()}"
            )
        time.sleep(0.2)
