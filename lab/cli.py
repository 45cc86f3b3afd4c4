"""What `bin/lab` can do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from lab import hosts, images, prerequisites, proc_view, report, settings, watch
from lab.box import build
from lab.commands import run
from lab.errors import LabError
from lab.podman import Podman
from lab.progress import say, step
from lab.settings import ROOT, Lab

CONTROLLER_TOOLS = ROOT / "requirements" / "controller.txt"

USAGE = """\
bin/lab up           build the lab, provision it with site.yml and show that every host reports
bin/lab hosts        only the hosts, with nothing on them yet
bin/lab provision    run site.yml on the hosts that are up; further arguments go to ansible-playbook
bin/lab status       hosts, since when they report, and alarms
bin/lab watch        all hosts live in the terminal, until Ctrl-C; with --once as they are now
bin/lab ssh HOST     a shell on a host, or `bin/lab ssh HOST COMMAND…`
bin/lab tools        only Ansible, in .venv; `vagrant up` asks for this
bin/lab box          a box for Vagrant with libvirt, made from Debian's archive: LAB_BOX=monitor-lab vagrant up
bin/lab down         remove everything that up made, but for the images
bin/lab purge        the same with the images

Set in the environment:
  LAB_RELEASES        the servers' Debian releases             (bullseye bookworm trixie)
  LAB_CPUS            processors of each host                  (1)
  LAB_MEMORY          memory of each server                    (512m)
  LAB_MONITOR_MEMORY  memory of the monitor host               (1g)
  LAB_PORT            port of the page on 127.0.0.1, 0: any    (9430)
  LAB_NAME            another name is another lab beside it    (lab)
"""


def main(arguments: Sequence[str]) -> int:
    """Runs one command and returns its exit code: 1 when a person has to mend something, 130 after Ctrl-C."""
    commands: dict[str, Callable[[Lab, Sequence[str]], int]] = {
        "up": up,
        "hosts": bring_up_hosts,
        "provision": provision,
        "status": status,
        "watch": watch_hosts,
        "ssh": ssh,
        "tools": install_tools,
        "box": make_box,
        "down": down,
        "purge": purge,
    }
    name = arguments[0] if arguments else "help"
    if name not in commands:
        print(USAGE, end="")
        return 0 if name in ("help", "-h", "--help") else 2
    try:
        return commands[name](settings.from_environment(), arguments[1:])
    except LabError as error:
        say(f"\nbin/lab {name}: {error}")
        return 1
    except KeyboardInterrupt:
        say(f"\nbin/lab {name}: interrupted; the next run goes on from here")
        return 130


def up(lab: Lab, arguments: Sequence[str]) -> int:
    return bring_up_hosts(lab, []) or provision(lab, arguments)


def bring_up_hosts(lab: Lab, _: Sequence[str]) -> int:
    prerequisites.install_packages(prerequisites.missing_packages())
    podman = Podman(lab)
    releases = list(dict.fromkeys(host.release for host in lab.hosts))
    with ThreadPoolExecutor() as pool:
        python_tools = pool.submit(prerequisites.install_python_tools, CONTROLLER_TOOLS)
        built = dict(
            zip(
                releases,
                pool.map(lambda release: images.ensure_image(podman, release), releases),
                strict=True,
            )
        )
        python_tools.result()
    with step(f"starting {', '.join(host.name for host in lab.hosts)}"):
        hosts.start(lab, podman, built)
    return 0


def provision(lab: Lab, arguments: Sequence[str]) -> int:
    _require_hosts(lab)
    playbook = [str(prerequisites.VIRTUAL_ENVIRONMENT / "bin" / "ansible-playbook"), "site.yml", *arguments]
    with step("provisioning with ansible-playbook site.yml"):
        code = subprocess.run(playbook, cwd=ROOT, env={**os.environ, "LAB_NAME": lab.name}, check=False).returncode
    if code != 0:
        raise LabError(f"ansible-playbook site.yml ended with exit code {code}; what it says above names the cause")
    return status(lab, [])


def status(lab: Lab, _: Sequence[str]) -> int:
    _require_hosts(lab)
    address = f"http://127.0.0.1:{hosts.published_port(lab, Podman(lab))}"
    print(report.table(lab, address))
    return 0


def watch_hosts(lab: Lab, arguments: Sequence[str]) -> int:
    if arguments not in ([], ["--once"]):
        raise LabError(f"{' '.join(arguments)} is not known here; there is --once")
    _require_hosts(lab)
    address = f"http://127.0.0.1:{hosts.published_port(lab, Podman(lab))}"
    try:
        watch.watch(address, is_once=bool(arguments))
    except KeyboardInterrupt:
        print()
    return 0


def ssh(lab: Lab, arguments: Sequence[str]) -> int:
    _require_hosts(lab)
    names = [host.name for host in lab.hosts]
    if not arguments or arguments[0] not in names:
        raise LabError(f"name one of the hosts: {', '.join(names)}")
    return subprocess.run(["ssh", "-F", str(lab.state / "ssh_config"), *arguments], check=False).returncode


def install_tools(_: Lab, __: Sequence[str]) -> int:
    prerequisites.install_python_tools(CONTROLLER_TOOLS)
    return 0


def make_box(_: Lab, __: Sequence[str]) -> int:
    box = build.ensure_box()
    run(["vagrant", "box", "add", "--force", "--name", build.NAME, str(box)])
    say(f"The box {build.NAME} is there: LAB_BOX={build.NAME} vagrant up --provider libvirt")
    return 0


def down(lab: Lab, _: Sequence[str]) -> int:
    if not lab.state.exists():
        say(f"There is no lab called {lab.name}.")
        return 0
    podman = Podman(lab)
    with step("removing hosts, network and /proc view"):
        hosts.remove(lab, podman)
        if podman.succeeds("network", "exists", lab.network):
            podman.run("network", "rm", "--force", lab.network)
        proc_view.stop(lab)
        run(["rm", "--recursive", str(lab.state)])
    return 0


def purge(lab: Lab, arguments: Sequence[str]) -> int:
    podman = Podman(lab)
    down(lab, arguments)
    podman = Podman(lab)
    found = podman.run("images", "--format", "{{.Repository}}:{{.Tag}}", images.REPOSITORY).split()
    if found:
        podman.run("rmi", *found)
    run(["rm", "--recursive", str(lab.state)])
    return 0


def _require_hosts(lab: Lab) -> None:
    if not (lab.state / "ssh_config").exists():
        raise LabError("the lab is not up: run bin/lab up first")
    sys.stdout.flush()
