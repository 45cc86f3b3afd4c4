"""The counters of the network protocols."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor_agent.collectors.options import Options
from tests.unit.agent.collectors.machine import make, read, samples, write

NETSTAT = (
    "TcpExt: SyncookiesSent TW ListenDrops\nTcpExt: 1 2 3\n"
    "IpExt: InNoRoutes InOctets OutOctets\nIpExt: 4 5 6\n"
    "MPTcpExt: MPCapableSYNRX\nMPTcpExt: 7\n"
)
SNMP = "Ip: Forwarding DefaultTTL\nIp: 1 64\nTcp: MaxConn InSegs InErrs\nTcp: -1 8 9\n"
SNMP6 = "Ip6InOctets                     \t10\nIcmp6OutType133                \t11\nUdp6NoPorts 12\n"
FILES = {"proc/net/netstat": NETSTAT, "proc/net/snmp": SNMP, "proc/net/snmp6": SNMP6}


def test_the_fields_that_node_exporter_takes_are_reported(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    assert read("netstat", tmp_path) == [
        "node_netstat_TcpExt_SyncookiesSent 1",
        "node_netstat_TcpExt_ListenDrops 3",
        "node_netstat_IpExt_InOctets 5",
        "node_netstat_IpExt_OutOctets 6",
        "node_netstat_Ip_Forwarding 1",
        "node_netstat_Tcp_InSegs 8",
        "node_netstat_Tcp_InErrs 9",
        "node_netstat_Ip6_InOctets 10",
        "node_netstat_Udp6_NoPorts 12",
    ]


def test_a_machine_without_ipv6_reports_the_rest(tmp_path: Path) -> None:
    write(tmp_path, {**FILES, "proc/net/snmp6": ""})
    assert len(read("netstat", tmp_path)) == 7
    (tmp_path / "proc/net/snmp6").unlink()
    assert len(read("netstat", tmp_path)) == 7


def test_the_fields_can_be_chosen_and_one_below_zero_is_no_mistake(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    assert read("netstat", tmp_path, Options(netstat_fields="^Tcp_MaxConn$")) == ["node_netstat_Tcp_MaxConn -1"]


def test_values_follow_their_names_when_a_module_brings_new_ones(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    collector = make("netstat", tmp_path, Options(netstat_fields="^Tcp_InSegs$|^Udp6_NoPorts$"))
    assert samples(collector) == ["node_netstat_Tcp_InSegs 8", "node_netstat_Udp6_NoPorts 12"]
    write(
        tmp_path,
        {
            "proc/net/snmp": f"Icmp: InMsgs\nIcmp: 1\n{SNMP.replace('MaxConn', 'New MaxConn').replace('-1', '0 -1')}",
            "proc/net/snmp6": f"Ip6New 3\n{SNMP6}",
        },
    )
    assert samples(collector) == ["node_netstat_Tcp_InSegs 8", "node_netstat_Udp6_NoPorts 12"]


@pytest.mark.parametrize("snmp", ["Tcp: InSegs InErrs\nTcp: 1\n", "Tcp: InSegs\n", "Tcp: InSegs\nTcp: many\n"])
def test_values_that_do_not_fit_their_names_are_refused(tmp_path: Path, snmp: str) -> None:
    write(tmp_path, {**FILES, "proc/net/snmp": snmp})
    with pytest.raises((ValueError, IndexError)):
        read("netstat", tmp_path)
