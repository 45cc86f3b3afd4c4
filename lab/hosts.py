"""The lab's hosts: containers with systemd as PID 1, on a network of their own, reached over ssh."""

from __future__ import annotations

import hashlib
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor

from lab import podman as podman_settings
from lab import proc_view
from lab.commands import run, succeeds
from lab.errors import LabError
from lab.podman import Podman
from lab.settings import Host, Lab

USER = "lab"
SSH_LIMIT_SECONDS = 60

# systemd's sandboxing of units (user and mount namespaces, /proc of their own) fails with 217 or 226 without these.
SANDBOXING = (
    "--systemd=always",
    "--cap-add=ALL",
    "--security-opt=seccomp=unconfined",
    "--security-opt=apparmor=unconfined",
    "--security-opt=unmask=ALL",
)
# Debian 13's systemd refuses to run on cgroup v1 unless it is told twice.
LEGACY_CGROUPS = "systemd.unified_cgroup_hierarchy=0 SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1"


def start(lab: Lab, podman: Podman, images: dict[str, str]) -> None:
    """Brings every host up, making anew what is missing or was made with other settings.

    `images` maps a release to its image. Afterwards `ssh_config` in the lab's state reaches each host by name.
    """
    if not podman.succeeds("network", "exists", lab.network):
        podman.run("network", "create", lab.network)
    if not proc_view.is_running(lab):
        # Hosts keep the files of the lxcfs they were started with; a new one is of no use to them.
        remove(lab, podman)
        proc_view.start(lab)
    _ensure_key(lab)
    with ThreadPoolExecutor(len(lab.hosts)) as pool:
        addresses = list(pool.map(lambda host: _start_host(lab, podman, host, images[host.release]), lab.hosts))
        list(pool.map(_wait_for_ssh, addresses))
        host_keys = list(pool.map(lambda host: _let_key_in(lab, podman, host), lab.hosts))
    _write_ssh_config(lab, addresses, host_keys)


def remove(lab: Lab, podman: Podman) -> None:
    """Removes the hosts that exist; those that do not are no error."""
    names = podman.run("ps", "--all", "--filter", f"label=monitor-lab={lab.name}", "--format", "{{.Names}}").split()
    if names:
        _remove(lab, podman, names)


def end_kept_connections(lab: Lab) -> None:
    """Ends what Ansible keeps open: a new host gets the address of one that is gone, and nobody answers there."""
    for connection in lab.kept_connections.glob("*"):
        succeeds(["ssh", "-F", "none", "-S", str(connection), "-O", "exit", "any"])
        connection.unlink(missing_ok=True)


def published_port(lab: Lab, podman: Podman) -> int:
    """Where on 127.0.0.1 the collector's API and page are."""
    host = next(host for host in lab.hosts if host.published_port)
    return int(podman.run("port", lab.container(host), f"{host.published_port}/tcp").split(":")[-1])


def _remove(lab: Lab, podman: Podman, containers: list[str]) -> None:
    podman.run("rm", "--force", "--time", "2", *containers)
    end_kept_connections(lab)


def _start_host(lab: Lab, podman: Podman, host: Host, image: str) -> str:
    """Starts one host and returns its address."""
    name = lab.container(host)
    create = _create_arguments(lab, host, image)
    fingerprint = hashlib.sha256(json.dumps(create).encode()).hexdigest()[:12]
    found = podman.run("ps", "--all", "--filter", f"name=^{name}$", "--format", '{{index .Labels "fingerprint"}}')
    if found != fingerprint:
        if found:
            _remove(lab, podman, [name])
        podman.run("create", "--label", f"fingerprint={fingerprint}", *create)
    try:
        podman.run("start", name)
    except LabError as error:
        if "address already in use" in str(error):
            raise LabError(
                f"port {lab.port} on 127.0.0.1 is in use by another program: choose another one, "
                f"for example LAB_PORT={lab.port + 1} bin/lab up"
            ) from None
        raise
    network = f'{{{{(index .NetworkSettings.Networks "{lab.network}").IPAddress}}}}'
    return podman.run("inspect", "--format", network, name)


def _create_arguments(lab: Lab, host: Host, image: str) -> list[str]:
    arguments = ["--name", lab.container(host), "--hostname", host.name, "--label", f"monitor-lab={lab.name}"]
    arguments += ["--network", f"{lab.network}:alias={host.name}"]
    arguments += ["--cpus", host.cpus, "--memory", host.memory, "--memory-swap", host.memory]
    arguments += SANDBOXING
    if not podman_settings.has_unified_cgroups():
        arguments += ["--env", f"SYSTEMD_PROC_CMDLINE={LEGACY_CGROUPS}"]
    if host.published_port:
        published = f"{lab.port}:" if lab.port else ":"
        arguments += ["--publish", f"127.0.0.1:{published}{host.published_port}"]
    return [*arguments, *proc_view.volumes(lab), image, "/sbin/init"]


def _ensure_key(lab: Lab) -> None:
    key = lab.state / "id_ed25519"
    if not key.exists() or not key.with_suffix(".pub").exists():
        key.unlink(missing_ok=True)
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"monitor-{lab.name}", "-f", str(key)])


def _let_key_in(lab: Lab, podman: Podman, host: Host) -> str:
    """Lets the lab's key in and returns the host's own public key, which exists once its ssh server answers."""
    public_key = (lab.state / "id_ed25519.pub").read_text()
    script = (
        f"install -d -m 0700 -o {USER} -g {USER} /home/{USER}/.ssh && "
        f"cat > /home/{USER}/.ssh/authorized_keys && chown {USER}: /home/{USER}/.ssh/authorized_keys && "
        "cat /etc/ssh/ssh_host_ed25519_key.pub"
    )
    name = lab.container(host)
    key_type, key, *_ = podman.run("exec", "--interactive", name, "sh", "-c", script, input_text=public_key).split()
    return f"{key_type} {key}"


def _wait_for_ssh(address: str) -> None:
    deadline = time.monotonic() + SSH_LIMIT_SECONDS
    while True:
        try:
            with socket.create_connection((address, 22), timeout=2) as connection:
                if connection.recv(4) == b"SSH-":
                    return
        except OSError:
            pass
        if time.monotonic() > deadline:
            raise LabError(f"no ssh server answered at {address} within {SSH_LIMIT_SECONDS} s")
        time.sleep(0.1)


def _write_ssh_config(lab: Lab, addresses: list[str], host_keys: list[str]) -> None:
    known_hosts = lab.state / "known_hosts"
    known_hosts.write_text("".join(f"{host.name} {key}\n" for host, key in zip(lab.hosts, host_keys, strict=True)))
    sections = [
        f"Host {host.name}\n  HostName {address}\n  HostKeyAlias {host.name}\n"
        for host, address in zip(lab.hosts, addresses, strict=True)
    ]
    everywhere = (
        f"Host *\n  User {USER}\n  IdentityFile {lab.state / 'id_ed25519'}\n  IdentitiesOnly yes\n"
        f"  UserKnownHostsFile {known_hosts}\n  StrictHostKeyChecking yes\n"
    )
    (lab.state / "ssh_config").write_text("\n".join([*sections, everywhere]))
