"""What must be there before the machines are made: programs, memory, a box, and what Ansible fetches from outside.

Inside of the namespaces nothing reaches a network but the machines' own.
"""

from __future__ import annotations

from pathlib import Path

from lab import prerequisites
from lab.box import build
from lab.commands import run
from lab.errors import LabError
from lab.progress import step
from lab.settings import ROOT

# Debian package -> a program or file that shows that it is there. Vagrant alone is enough to judge a Vagrantfile.
VAGRANT = {"vagrant": "vagrant", "vagrant-libvirt": "/usr/share/vagrant-plugins/plugins.d/vagrant-libvirt.json"}
PACKAGES = {
    **VAGRANT,
    "libvirt-daemon-system": "/usr/sbin/libvirtd",
    "libvirt-daemon-driver-qemu": "/usr/lib/x86_64-linux-gnu/libvirt/connection-driver/libvirt_driver_qemu.so",
    "libvirt-clients": "virsh",
    "qemu-system-x86": "qemu-system-x86_64",
    "qemu-utils": "qemu-img",
    "dnsmasq-base": "dnsmasq",
    "iptables": "iptables",
}
# Two machines, each with what an emulator needs for itself.
LEAST_MEMORY_BYTES = 3 * 1024**3


def prepare() -> None:
    """Raises LabError with what is missing."""
    available = available_memory_bytes()
    if available < LEAST_MEMORY_BYTES:
        raise LabError(
            f"two virtual machines need {LEAST_MEMORY_BYTES / 1e9:.1f} GB of free memory, and there are "
            f"{available / 1e9:.1f} GB; SKIP_VAGRANT=1 bin/test leaves them out"
        )
    prerequisites.install_packages(prerequisites.missing_of(PACKAGES))
    build.ensure_box()
    with step("packing the collector, while there is a way out"):
        run(
            [
                str(prerequisites.VIRTUAL_ENVIRONMENT / "bin" / "ansible"),
                "localhost",
                "--module-name=python_bundle",
                f"--args=package={ROOT}/monitor_collector requirements={ROOT}/requirements/collector.txt "
                f"python_version=3.11 architecture=x86_64 dest_directory={ROOT}/.build",
                f"--extra-vars=ansible_connection=local ansible_become=false "
                f"ansible_python_interpreter={prerequisites.VIRTUAL_ENVIRONMENT}/bin/python",
            ],
            environment={"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")},
        )


def available_memory_bytes() -> int:
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
