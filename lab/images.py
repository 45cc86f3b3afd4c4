"""Builds the hosts' images from Debian's own archive; no container registry is involved.

An image is named after its release and its recipe, so a changed recipe is a new image and everything else is
found ready-made.
"""

from __future__ import annotations

import hashlib
import shlex
import subprocess
from collections.abc import Sequence

from lab import proc_view
from lab.commands import as_root, run
from lab.errors import LabError
from lab.podman import Podman
from lab.progress import say, step
from lab.settings import MONITOR_RELEASE

REPOSITORY = "localhost/monitor-lab"
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

# What makes a Debian root directory a host of the lab. `$1` is the directory.
CUSTOMISE = r"""
set -e
chroot "$1" useradd --create-home --shell /bin/bash lab
echo 'lab ALL=(ALL) NOPASSWD: ALL' > "$1/etc/sudoers.d/lab"
chmod 0440 "$1/etc/sudoers.d/lab"
# Every host makes host keys of its own when its ssh server first starts.
rm -f "$1"/etc/ssh/ssh_host_*
mkdir -p "$1/etc/systemd/system/ssh.service.d"
printf '[Service]\nExecStartPre=\nExecStartPre=/usr/bin/ssh-keygen -A\nExecStartPre=/usr/sbin/sshd -t\n' \
  > "$1/etc/systemd/system/ssh.service.d/host-keys.conf"
# Things of the kernel, which a container does not own.
for unit in systemd-modules-load.service systemd-udevd.service systemd-udev-trigger.service \
  systemd-firstboot.service systemd-timesyncd.service getty.target console-getty.service \
  apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer fstrim.timer; do
  ln -sf /dev/null "$1/etc/systemd/system/$unit"
done
# A unit with a /proc of its own sees the whole machine again; these files show it the host.
mkdir -p "$1/etc/systemd/system/monitor-agent@.service.d"
{
  echo '[Service]'
  for name in @FILES@; do echo "BindReadOnlyPaths=@INSIDE@/proc/$name:/proc/$name"; done
} > "$1/etc/systemd/system/monitor-agent@.service.d/lab-proc.conf"
rm -f "$1/etc/machine-id"
touch "$1/etc/machine-id"
""".replace("@FILES@", " ".join(proc_view.FILES)).replace("@INSIDE@", str(proc_view.INSIDE))

# Documentation and translations are a third of a small Debian.
LEAVE_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")


def image_name(release: str) -> str:
    recipe = "\n".join([release, *packages(release), CUSTOMISE, *LEAVE_OUT])
    return f"{REPOSITORY}:{release}-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"


def packages(release: str) -> tuple[str, ...]:
    return PACKAGES if release in RELEASES_WITHOUT_LOAD_TOOL else (*PACKAGES, LOAD_TOOL)


def ensure_image(podman: Podman, release: str) -> str:
    """The name of an image for this release, built now if it is not there yet.

    A release that can be had neither from this machine's mirror nor from Debian's archive host is replaced by
    Debian 12, which one line says; raises LabError when that fails too.
    """
    if podman.succeeds("image", "exists", image_name(release)):
        return image_name(release)
    reasons = []
    for mirror in dict.fromkeys((mirror_of_this_machine(), ARCHIVE)):
        try:
            with step(f"building the image for Debian {release}"):
                _build(podman, release, mirror)
            _remove_outdated(podman, release)
            return image_name(release)
        except LabError as error:
            reasons.append(f"{mirror}: {error}")
    if release == MONITOR_RELEASE:
        raise LabError("no image for the lab could be built:\n" + "\n".join(reasons))
    say(f"  ! Debian {release} cannot be had from {mirror_of_this_machine()} or {ARCHIVE}: using {MONITOR_RELEASE}")
    return ensure_image(podman, MONITOR_RELEASE)


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


def _build(podman: Podman, release: str, mirror: str) -> None:
    """Pipes the new root directory straight into podman, which names the image only once it is whole."""
    bootstrap = [
        "mmdebstrap",
        "--quiet",
        "--variant=apt",
        f"--include={','.join(packages(release))}",
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in LEAVE_OUT),
        f"--customize-hook={CUSTOMISE}",
        release,
        "-",
        mirror,
    ]
    import_image = podman.command("import", "--quiet", "--change", 'CMD ["/sbin/init"]', "-", image_name(release))
    _pipe(as_root(bootstrap), import_image)


def _remove_outdated(podman: Podman, release: str) -> None:
    """Removes this release's images of earlier recipes; one that a host still runs from stays until next time."""
    tagged = podman.run("images", "--format", "{{.Repository}}:{{.Tag}}", REPOSITORY).split()
    for name in tagged:
        if name.startswith(f"{REPOSITORY}:{release}-") and name != image_name(release):
            podman.succeeds("rmi", name)


def _pipe(producer: Sequence[str], consumer: Sequence[str]) -> None:
    with subprocess.Popen(producer, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=False) as source:
        assert source.stdout is not None and source.stderr is not None
        sink = subprocess.run(consumer, stdin=source.stdout, capture_output=True, check=False)
        source.stdout.close()
        complaint = source.stderr.read().decode(errors="replace")
    if source.returncode != 0:
        raise LabError(_last_lines(complaint) or f"{producer[0]} failed")
    if sink.returncode != 0:
        raise LabError(f"{shlex.join(consumer)}: {_last_lines(sink.stderr.decode(errors='replace'))}")


def _last_lines(text: str, count: int = 3) -> str:
    return "; ".join(text.strip().splitlines()[-count:])
