"""Open files of the whole host."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.agent.collectors.machine import read, write


def test_allocated_and_maximum_are_the_first_and_the_third_number(tmp_path: Path) -> None:
    write(tmp_path, {"proc/sys/fs/file-nr": "1024\t0\t9223372036854775807\n"})
    assert read("filefd", tmp_path) == ["node_filefd_allocated 1024", "node_filefd_maximum 9223372036854775807"]


@pytest.mark.parametrize("text", ["", "1024\n", "1024\t0\tmany\n"])
def test_anything_else_is_refused(tmp_path: Path, text: str) -> None:
    write(tmp_path, {"proc/sys/fs/file-nr": text})
    with pytest.raises(ValueError, match=r"number|values"):
        read("filefd", tmp_path)
