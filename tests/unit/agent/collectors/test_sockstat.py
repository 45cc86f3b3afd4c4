"""Sockets by protocol."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor_agent.collectors import sockstat
from tests.unit.agent.collectors.machine import read, write

SOCKSTAT = "sockets: used 229\nTCP: inuse 4 orphan 0 tw 3 alloc 17 mem 2\nRAW: inuse 5 new 6\nFRAG: inuse 0 memory 7\n"
SOCKSTAT6 = "TCP6: inuse 8\n"


def test_each_protocol_has_its_states_and_its_memory_in_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockstat, "PAGE_BYTES", 4096)
    write(tmp_path, {"proc/net/sockstat": SOCKSTAT, "proc/net/sockstat6": SOCKSTAT6})
    assert read("sockstat", tmp_path) == [
        "node_sockstat_sockets_used 229",
        "node_sockstat_TCP_inuse 4",
        "node_sockstat_TCP_orphan 0",
        "node_sockstat_TCP_tw 3",
        "node_sockstat_TCP_alloc 17",
        "node_sockstat_TCP_mem 2",
        "node_sockstat_TCP_mem_bytes 8192",
        "node_sockstat_RAW_inuse 5",
        "node_sockstat_FRAG_inuse 0",
        "node_sockstat_FRAG_memory 7",
        "node_sockstat_TCP6_inuse 8",
    ]


def test_a_machine_without_one_of_the_protocols_reports_the_other(tmp_path: Path) -> None:
    write(tmp_path, {"proc/net/sockstat6": SOCKSTAT6})
    assert read("sockstat", tmp_path) == ["node_sockstat_TCP6_inuse 8"]


@pytest.mark.parametrize("text", ["TCP: inuse many\n", "TCP: inuse\n", "T-P: inuse 1\n", "sockets: 1 used\n"])
def test_what_is_no_number_or_no_name_is_refused(tmp_path: Path, text: str) -> None:
    write(tmp_path, {"proc/net/sockstat": text})
    with pytest.raises((ValueError, IndexError)):
        read("sockstat", tmp_path)
