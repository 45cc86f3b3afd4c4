"""Debian from its own archive: what the hosts of a lab have, whether they are containers or virtual machines."""

from __future__ import annotations

from collections.abc import Sequence

from lab.commands import run
from lab.errors import LabError

DEFAULT_MIRROR = "http://deb.debian.org/debian"
ARCHIVE = "http://archive.debian.org/debian"

PACKAGES = (
    "systemd",
    "systemd-sysv",
    "dbus",
    "openssh-server",
    "sudo",
    "python3",
    "iproute2",
    "procps",
    "siege",
)
# The drill's load; left out of Debian 13, where it brings 200 MB of graphics libraries (there the drill uses Python).
LOAD_TOOL = "stress-ng"
RELEASES_WITHOUT_LOAD_TOOL = ("trixie",)

# Documentation and translations are a third of a small Debian.
LEAVE_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")


def packages(release: str) -> tuple[str, ...]:
    return PACKAGES if release in RELEASES_WITHOUT_LOAD_TOOL else (*PACKAGES, LOAD_TOOL)


def bootstrap(release: str, target: str, mirror: str, packages: Sequence[str], hooks: Sequence[str]) -> list[str]:
    """The command, for root, that makes a root directory of a release; `hooks` are further options of mmdebstrap."""
    return [
        "mmdebstrap",
        "--quiet",
        "--variant=apt",
        f"--include={','.join(packages)}",
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in LEAVE_OUT),
        *hooks,
        release,
        target,
        mirror,
    ]


def mirror_of_this_machine() -> str:
    """The Debian mirror in this machine's apt configuration; Debian's own where it has none (Ubuntu)."""
    try:
        targets = run(
            [
                "apt-get",
                "indextargets",
                "--format",
                "$(REPO_URI)",
                "Created-By: Packages",
                "Origin: Debian",
                "Label: Debian",
            ]
        )
    except LabError:
        return DEFAULT_MIRROR
    return next((uri.rstrip("/") for uri in targets.split()), DEFAULT_MIRROR)
