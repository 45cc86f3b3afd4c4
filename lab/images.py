"""Builds the hosts' images from Debian's own archive; no container registry is involved.

An image is named after its release and its recipe, so a changed recipe is a new image and everything else is
found ready-made.
"""

from __future__ import annotations

import hashlib
import shlex
import subprocess
from collections.abc import Sequence

from lab import debian, proc_view
from lab.commands import as_root
from lab.errors import LabError
from lab.podman import Podman
from lab.progress import say, step
from lab.settings import MONITOR_RELEASE

REPOSITORY = "localhost/monitor-lab"

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


def image_name(release: str) -> str:
    recipe = "\n".join([release, *debian.packages(release), CUSTOMISE, *debian.LEAVE_OUT])
    return f"{REPOSITORY}:{release}-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"


def ensure_image(podman: Podman, release: str) -> str:
    """The name of an image for this release, built now if it is not there yet.

    A release that can be had neither from this machine's mirror nor from Debian's archive host is replaced by
    Debian 12, which one line says; raises LabError when that fails too.
    """
    if podman.succeeds("image", "exists", image_name(release)):
        return image_name(release)
    reasons = []
    for mirror in dict.fromkeys((debian.mirror_of_this_machine(), debian.ARCHIVE)):
        try:
            with step(f"building the image for Debian {release}"):
                _build(podman, release, mirror)
            _remove_outdated(podman, release)
            return image_name(release)
        except LabError as error:
            reasons.append(f"{mirror}: {error}")
    if release == MONITOR_RELEASE:
        raise LabError("no image for the lab could be built:\n" + "\n".join(reasons))
    places = f"{debian.mirror_of_this_machine()} or {debian.ARCHIVE}"
    say(f"  ! Debian {release} cannot be had from {places}: using {MONITOR_RELEASE}")
    return ensure_image(podman, MONITOR_RELEASE)


def _build(podman: Podman, release: str, mirror: str) -> None:
    """Pipes the new root directory straight into podman, which names the image only once it is whole."""
    bootstrap = debian.bootstrap(release, "-", mirror, debian.packages(release), [f"--customize-hook={CUSTOMISE}"])
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
