"""Whatever a kernel or a broken disk writes: a reading gives well-formed samples, or an ordinary exception."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor_agent.collectors.collector import Collector
from monitor_agent.exposition import Renderer
from tests.unit.agent.collectors.machine import make, samples, write

CPU = "sys/devices/system/cpu"
CLOCK_SOURCE = "sys/devices/system/clocksource/clocksource0"
TRAFFIC = "Inter-| Receive\n face |bytes\n  eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
CONNTRACK = (
    "entries searched found new invalid ignore delete delete_list insert insert_failed drop early_drop icmp_error"
    " expect_new expect_create expect_delete search_restart\n1 2 3 4 5 6 7 8 9 a b c d e f 10 11\n"
)
STALL = "some avg10=0.00 avg60=0.00 avg300=0.00 total=1\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=2\n"
PROCESS = "1 (a b) S 1 1 1 0 -1 4194560 1 1 1 1 1 1 1 1 20 0 2 0 12 4096\n"

# What each collector reads, in an ordinary form.
FILES = {
    "conntrack": {
        "proc/sys/net/netfilter/nf_conntrack_count": "1\n",
        "proc/sys/net/netfilter/nf_conntrack_max": "2\n",
        "proc/net/stat/nf_conntrack": CONNTRACK,
    },
    "cpu": {
        "proc/stat": "cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 2 3 4 5 6 7 8 9 10\nintr 1 2\n",
        f"{CPU}/cpu0/topology/physical_package_id": "0\n",
        f"{CPU}/cpu0/topology/core_id": "0\n",
        f"{CPU}/cpu0/thermal_throttle/core_throttle_count": "1\n",
        f"{CPU}/isolated": "1-2,4\n",
    },
    "diskstats": {
        "proc/diskstats": "8 0 sda 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n",
        "run/udev/data/b8:0": "E:ID_MODEL=disk\nE:ID_ATA=1\nE:ID_ATA_WRITE_CACHE=1\nE:ID_FS_TYPE=ext4\nE:DM_NAME=a\n",
    },
    "entropy": {"proc/sys/kernel/random/entropy_avail": "256\n", "proc/sys/kernel/random/poolsize": "256\n"},
    "filefd": {"proc/sys/fs/file-nr": "1\t0\t2\n"},
    "filesystem": {"proc/self/mountinfo": "1 0 0:1 / / rw - ext4 /dev/vda1 rw\n"},
    "hwmon": {
        "sys/class/hwmon/hwmon0/name": "chip\n",
        "sys/class/hwmon/hwmon0/temp1_input": "55000\n",
        "sys/class/hwmon/hwmon0/temp1_label": "Core 0\n",
    },
    "loadavg": {"proc/loadavg": "0.52 1.04 2.08 1/2 3\n"},
    "meminfo": {"proc/meminfo": "MemTotal: 1 kB\nActive(anon): 2 kB\nHugePages_Total: 3\n"},
    "netdev": {"proc/net/dev": TRAFFIC, "sys/class/net/eth0/statistics/rx_nohandler": "1\n"},
    "netstat": {
        "proc/net/netstat": "TcpExt: TW ListenDrops TCPTimeouts\nTcpExt: 1 2 3\n",
        "proc/net/snmp": "Tcp: MaxConn InSegs OutSegs\nTcp: -1 2 3\n",
        "proc/net/snmp6": "Ip6InOctets 1\nUdp6NoPorts 2\n",
    },
    "os": {"etc/os-release": 'NAME="A B"\nVERSION_ID="12.4"\nID=x\n'},
    "pressure": {f"proc/pressure/{resource}": STALL for resource in ("cpu", "io", "memory")},
    "processes": {
        "proc/1/stat": PROCESS,
        "proc/1/task/2/stat": PROCESS,
        "proc/sys/kernel/threads-max": "1\n",
        "proc/sys/kernel/pid_max": "2\n",
    },
    "sockstat": {
        "proc/net/sockstat": "sockets: used 1\nTCP: inuse 1 orphan 0 tw 2 alloc 3 mem 4\n",
        "proc/net/sockstat6": "TCP6: inuse 1\n",
    },
    "stat": {
        "proc/stat": "cpu  1\nintr 1 2\nctxt 1\nbtime 2\nprocesses 3\nprocs_running 4\nprocs_blocked 5\nsoftirq 6 7\n"
    },
    "time": {f"{CLOCK_SOURCE}/available_clocksource": "tsc hpet\n", f"{CLOCK_SOURCE}/current_clocksource": "tsc\n"},
    "uname": {"proc/sys/kernel/domainname": "(none)\n"},
    "vmstat": {"proc/vmstat": "pgpgin 1\nnr_x 2\noom_kill 3\n"},
}
PLACES = [(name, path) for name, files in FILES.items() for path in files]

LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"'
NUMBER = r"(?:[+-]?(?:[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?|Inf)|NaN)"
is_exposition = re.compile(rf"(?:[a-zA-Z_:][a-zA-Z0-9_:]*(?:\{{{LABEL}(?:,{LABEL})*\}})? {NUMBER} 7\n)*").fullmatch


@st.composite
def damaged(draw: st.DrawFn, text: str) -> bytes:
    """A piece of the text is gone or replaced by something else; or everything is."""
    content = text.encode()
    start = draw(st.integers(0, len(content)))
    end = draw(st.integers(start, len(content)))
    piece = draw(
        st.one_of(
            st.just(b""),
            st.binary(max_size=20),
            st.sampled_from((b"-1", b"1e3", b"0x1f", b"nan", b"_", "\u0661\u00b2".encode(), b'"', b"\\", b"9" * 5000)),
            st.text(" \n\t:=-.()x0123456789", max_size=20).map(str.encode),
        )
    )
    return draw(st.sampled_from((content[:start] + piece + content[end:], content[:start], piece)))


def text_of(get_collector: Callable[[], Collector]) -> str:
    """The samples of a reading; nothing where it raises an exception that the gatherer tells of."""
    try:
        rows = list(get_collector().update())
    except Exception:
        return ""
    return Renderer({}).batch(rows, 7).decode()


@pytest.mark.parametrize(("name", "path"), PLACES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(data=st.data())
def test_an_odd_file_gives_well_formed_samples_or_an_ordinary_exception(
    tmp_path: Path, name: str, path: str, data: st.DataObject
) -> None:
    write(tmp_path, FILES[name])
    collector = make(name, tmp_path)
    assert samples(collector)
    (tmp_path / path).write_bytes(data.draw(damaged(FILES[name][path])))
    for each in (lambda: collector, lambda: make(name, tmp_path)):  # one that has learned the layout, one that has not
        assert is_exposition(text_of(each))


@pytest.mark.parametrize("name", FILES)
def test_a_machine_without_the_files_gives_an_ordinary_exception_or_less(tmp_path: Path, name: str) -> None:
    (tmp_path / "proc").mkdir()
    assert is_exposition(text_of(lambda: make(name, tmp_path)))
