"""What the kernel calls itself and the host."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from monitor_agent.collectors import uname
from tests.unit.agent.collectors.machine import make, read, samples, write

DOMAIN_NAME = "proc/sys/kernel/domainname"


def test_every_part_of_the_name_is_a_label(tmp_path: Path) -> None:
    write(tmp_path, {DOMAIN_NAME: "(none)\n"})
    name = os.uname()
    assert read("uname", tmp_path) == [
        f'node_uname_info{{domainname="(none)",machine="{name.machine}",nodename="{name.nodename}",'
        f'release="{name.release}",sysname="Linux",version="{name.version}"}} 1'
    ]


def test_a_domain_that_the_host_joins_is_seen_within_a_minute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(uname.time, "monotonic", lambda: now[0])
    write(tmp_path, {DOMAIN_NAME: "(none)\n"})
    collector = make("uname", tmp_path)
    samples(collector)
    write(tmp_path, {DOMAIN_NAME: "example.org\n"})
    now[0] += 60
    assert 'domainname="example.org"' in samples(collector)[0]
