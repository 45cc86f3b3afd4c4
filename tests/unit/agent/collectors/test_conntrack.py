"""Tracked connections."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor_agent.collectors.collector import NoData
from tests.unit.agent.collectors.machine import read, write

OLD_NAMES = (
    "entries  searched found new invalid ignore delete delete_list insert insert_failed drop early_drop icmp_error"
    "  expect_new expect_create expect_delete search_restart\n"
)
NEW_NAMES = OLD_NAMES.replace("searched", "clashres").replace("delete_list", "chainlength")
PROCESSORS = (
    "00000021  00000000 0000000f 00000000 00000003 0000588a 00000000 00000000 00000001 00000002 00000003 00000004"
    " 00000000  00000000 00000000 00000000 00000005\n"
    "00000021  00000000 00000001 00000000 00000002 000056a4 00000000 00000000 00000000 00000000 00000000 00000000"
    " 00000000  00000000 00000000 00000000 0000000a\n"
)
FILES = {
    "proc/sys/net/netfilter/nf_conntrack_count": "123\n",
    "proc/sys/net/netfilter/nf_conntrack_max": "65536\n",
}


@pytest.mark.parametrize("names", [OLD_NAMES, NEW_NAMES])
def test_the_processors_counts_are_added_up(tmp_path: Path, names: str) -> None:
    write(tmp_path, {**FILES, "proc/net/stat/nf_conntrack": names + PROCESSORS})
    assert read("conntrack", tmp_path) == [
        "node_nf_conntrack_entries 123",
        "node_nf_conntrack_entries_limit 65536",
        "node_nf_conntrack_stat_found 16",
        "node_nf_conntrack_stat_invalid 5",
        "node_nf_conntrack_stat_ignore 44846",
        "node_nf_conntrack_stat_insert 1",
        "node_nf_conntrack_stat_insert_failed 2",
        "node_nf_conntrack_stat_drop 3",
        "node_nf_conntrack_stat_early_drop 4",
        "node_nf_conntrack_stat_search_restart 15",
    ]


def test_a_machine_without_the_module_has_no_data(tmp_path: Path) -> None:
    with pytest.raises(NoData):
        read("conntrack", tmp_path)


@pytest.mark.parametrize("text", ["", "entries found\n1 1\n", OLD_NAMES + "1 2\n", OLD_NAMES + "x " * 17])
def test_a_table_that_lacks_something_is_refused(tmp_path: Path, text: str) -> None:
    write(tmp_path, {**FILES, "proc/net/stat/nf_conntrack": text})
    with pytest.raises((ValueError, IndexError)):
        read("conntrack", tmp_path)
