"""The kernel's entropy pool."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.agent.collectors.machine import read, write

DIRECTORY = "proc/sys/kernel/random"


def test_the_pool_and_its_size_are_reported_in_bits(tmp_path: Path) -> None:
    write(tmp_path, {f"{DIRECTORY}/entropy_avail": "1337\n", f"{DIRECTORY}/poolsize": "4096\n"})
    assert read("entropy", tmp_path) == ["node_entropy_available_bits 1337", "node_entropy_pool_size_bits 4096"]


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {f"{DIRECTORY}/entropy_avail": "", f"{DIRECTORY}/poolsize": "4096\n"})
    with pytest.raises(ValueError, match="entropy_avail"):
        read("entropy", tmp_path)
