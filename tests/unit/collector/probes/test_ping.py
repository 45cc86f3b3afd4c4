"""Echoes."""

from __future__ import annotations

import asyncio
import socket

import pytest

from monitor_collector.probes.measured import Findings, ProbeFailure
from monitor_collector.probes.ping import PingCheck
from tests.unit.collector.probes.servers import figures


def test_this_machine_answers_or_it_is_said_why_nobody_could_ask() -> None:
    try:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP).close()
        may_ping = True
    except PermissionError:
        may_ping = False
    findings = Findings()
    if may_ping:
        asyncio.run(PingCheck("127.0.0.1").run(findings))
        found = figures(findings)
        assert found["probe_icmp_duration_seconds rtt"] > 0
        assert {"probe_icmp_duration_seconds resolve", "probe_icmp_duration_seconds setup"} <= found.keys()
    else:
        with pytest.raises(ProbeFailure, match="ping_group_range"):
            asyncio.run(PingCheck("127.0.0.1").run(findings))


def test_a_user_who_may_not_ping_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(*_: object) -> None:
        raise PermissionError

    async def work() -> None:
        monkeypatch.setattr(socket, "socket", forbid)
        await PingCheck("127.0.0.1").run(Findings())

    with pytest.raises(ProbeFailure, match="ping_group_range"):
        asyncio.run(work())
