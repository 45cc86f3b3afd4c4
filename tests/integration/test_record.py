"""A recording of this machine is a root that every collector can read instead of the machine itself."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from monitor_agent.collectors import COLLECTORS
from monitor_agent.collectors.collector import NoData
from monitor_agent.collectors.options import Options
from tests.unit.agent.machines import record

# They ask a service of the machine, or run programs of the user's.
NOT_READ_FROM_FILES = ("systemd", "script")

# What is left of a FUSE file system whose server was killed: "Transport endpoint is not connected".
MOUNT_WITHOUT_SERVER = """
exec 9<>/dev/fuse
mount -i -t fuse -o fd=9,rootmode=40000,user_id=0,group_id=0 dead "$1"
exec 9>&-
"""


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("recording")
    assert record.main([str(directory)]) == 0
    return directory


def metrics(collector: str, root: str) -> set[str] | str:
    try:
        rows = list(COLLECTORS[collector](root, Options()).update())
    except (NoData, OSError) as error:
        return error.__class__.__name__
    return {metric.name for row in rows for metric, _ in zip(row.columns.metrics, row.values, strict=False)}


@pytest.mark.parametrize("collector", [name for name in COLLECTORS if name not in NOT_READ_FROM_FILES])
def test_a_collector_finds_in_a_recording_what_it_finds_on_the_machine(collector: str, recording: Path) -> None:
    assert metrics(collector, str(recording)) == metrics(collector, "")


def test_no_link_leads_out_of_a_recording(recording: Path) -> None:
    links = [path for path in recording.rglob("*") if path.is_symlink()]
    assert links
    for link in links:
        assert not link.readlink().is_absolute()
        assert link.resolve().is_relative_to(recording)


def test_more_files_can_be_named(tmp_path: Path) -> None:
    assert record.main([str(tmp_path), "/proc/sys/kernel/ostyp*"]) == 0
    assert (tmp_path / "proc/sys/kernel/ostype").read_text() == "Linux\n"


@pytest.mark.skipif(os.geteuid() != 0 or not Path("/dev/fuse").is_char_device(), reason="cannot mount by FUSE here")
def test_a_mount_point_whose_server_has_gone_is_left_out(tmp_path: Path) -> None:
    dead, copy = tmp_path / "dead", tmp_path / "copy"
    dead.mkdir()
    in_own_namespace = ["unshare", "--mount", "sh", "-ec", MOUNT_WITHOUT_SERVER + 'shift; exec "$@"', "sh"]
    subprocess.run([*in_own_namespace, dead, sys.executable, record.__file__, copy], check=True)
    mounted = (copy / "proc/self/mountinfo").read_text()
    assert f" {dead} " in mounted
    assert not (copy / dead.relative_to("/")).exists()


def test_without_a_directory_it_says_how_it_is_called(capsys: pytest.CaptureFixture[str]) -> None:
    assert record.main([]) == 2
    assert "record.py DIRECTORY [PATTERN...]" in capsys.readouterr().err
