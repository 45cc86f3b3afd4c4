"""The distribution's name and version."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from monitor_agent.collectors.collector import NoData
from monitor_agent.collectors.os_release import parse
from tests.unit.agent.collectors.machine import make, read, samples, write

UBUNTU = """# a remark
PRETTY_NAME="Ubuntu 22.04.4 LTS"
NAME='Ubuntu'
VERSION_ID="22.04"
VERSION="22.04.4 LTS (Jammy \\"Jellyfish\\")"
VERSION_CODENAME=jammy
ID=ubuntu
ID_LIKE=debian

export VARIANT=a=b
"""


def test_every_label_of_node_exporter_is_there(tmp_path: Path) -> None:
    write(tmp_path, {"etc/os-release": UBUNTU})
    assert read("os", tmp_path) == [
        'node_os_info{build_id="",id="ubuntu",id_like="debian",image_id="",image_version="",name="Ubuntu",'
        'pretty_name="Ubuntu 22.04.4 LTS",variant="a=b",variant_id="",version="22.04.4 LTS (Jammy \\"Jellyfish\\")",'
        'version_codename="jammy",version_id="22.04"} 1',
        'node_os_version{id="ubuntu",id_like="debian",name="Ubuntu"} 22.04',
    ]


@pytest.mark.parametrize(
    ("version_id", "version"),
    [("12", "12"), ("3.18.4", "3.18"), ("9.3", "9.3"), ("rolling", None), ("", None), ("0", None)],
)
def test_the_version_is_the_number_that_it_begins_with(tmp_path: Path, version_id: str, version: str | None) -> None:
    write(tmp_path, {"etc/os-release": f"ID=x\nVERSION_ID={version_id}\n"})
    found = [line for line in read("os", tmp_path) if line.startswith("node_os_version")]
    assert found == ([f'node_os_version{{id="x",id_like="",name=""}} {version}'] if version else [])


def test_the_file_below_usr_is_read_where_there_is_none_below_etc(tmp_path: Path) -> None:
    write(tmp_path, {"usr/lib/os-release": "ID=usr\n"})
    assert 'id="usr"' in read("os", tmp_path)[0]
    write(tmp_path, {"etc/os-release": "ID=etc\n"})
    assert 'id="etc"' in read("os", tmp_path)[0]


def test_an_upgrade_is_seen_when_the_file_changes(tmp_path: Path) -> None:
    write(tmp_path, {"etc/os-release": "VERSION_ID=11\n"})
    collector = make("os", tmp_path)
    assert samples(collector)[1].endswith(" 11")
    write(tmp_path, {"etc/os-release": "VERSION_ID=12\n"})
    os.utime(tmp_path / "etc/os-release", (1, 1))
    assert samples(collector)[1].endswith(" 12")


def test_a_machine_that_does_not_say_what_it_is_has_no_data(tmp_path: Path) -> None:
    with pytest.raises(NoData):
        read("os", tmp_path)


def test_what_is_no_assignment_has_no_value() -> None:
    assert parse('A="\nB\n"C"=1\n')["b"] == ""
    assert parse('A="')["a"] == ""
