"""The events of the virtual memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor_agent.collectors.options import Options
from tests.unit.agent.collectors.machine import make, read, samples, write

VMSTAT = "nr_free_pages 5\npgpgin 12\npswpout 3\npgfault 18446744073709551615\nthp_fault_alloc 4\noom_kill 1\n"


def test_the_fields_that_node_exporter_takes_are_reported(tmp_path: Path) -> None:
    write(tmp_path, {"proc/vmstat": VMSTAT})
    assert read("vmstat", tmp_path) == [
        "node_vmstat_pgpgin 12",
        "node_vmstat_pswpout 3",
        "node_vmstat_pgfault 18446744073709551615",
        "node_vmstat_oom_kill 1",
    ]


def test_the_fields_can_be_chosen(tmp_path: Path) -> None:
    write(tmp_path, {"proc/vmstat": VMSTAT})
    assert read("vmstat", tmp_path, Options(vmstat_fields="^nr_")) == ["node_vmstat_nr_free_pages 5"]
    assert read("vmstat", tmp_path, Options(vmstat_fields="^nothing")) == []


def test_a_line_that_comes_with_a_module_is_reported_from_then_on(tmp_path: Path) -> None:
    write(tmp_path, {"proc/vmstat": "pgpgin 1\nnr_x 2\n"})
    collector = make("vmstat", tmp_path)
    assert samples(collector) == ["node_vmstat_pgpgin 1"]
    write(tmp_path, {"proc/vmstat": "pgpgin 3\noom_kill 4\nnr_x 2\n"})
    assert samples(collector) == ["node_vmstat_pgpgin 3", "node_vmstat_oom_kill 4"]


@pytest.mark.parametrize("text", ["pgpgin twelve\n", "pgpgin\n", "pg-fault 1\n", "pgpgin 1 2\n"])
def test_what_is_no_number_or_no_name_is_refused(tmp_path: Path, text: str) -> None:
    write(tmp_path, {"proc/vmstat": text})
    with pytest.raises((ValueError, IndexError)):
        read("vmstat", tmp_path)
