"""A part is read as it was written, or it is told that it is not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor_collector.blocks import BlockDamaged
from monitor_collector.blocks.format import Part, read_bytes, read_part, write_part

CONTENT = b"labels " * 1000


@pytest.fixture
def written(tmp_path: Path) -> Iterator[tuple[Path, int, Part]]:
    path = tmp_path / "1.block"
    with path.open("wb") as file:
        file.write(b"something before")
        part = write_part(file, CONTENT)
    descriptor = os.open(path, os.O_RDONLY)
    yield path, descriptor, part
    os.close(descriptor)


def test_a_part_is_compressed_and_read_again(written: tuple[Path, int, Part]) -> None:
    assert read_part(*written) == CONTENT
    assert written[2].offset == len(b"something before")
    assert written[2].length < len(CONTENT) / 10


def test_a_part_that_has_changed_or_ends_early_is_told(written: tuple[Path, int, Part]) -> None:
    path, descriptor, part = written
    for wrong in (
        part._replace(checksum=part.checksum ^ 1),
        part._replace(offset=part.offset + 1),
        part._replace(offset=10**9),
    ):
        with pytest.raises(BlockDamaged, match=str(path)):
            read_part(path, descriptor, wrong)


def test_what_the_disk_cannot_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "pread", fail)
    with pytest.raises(BlockDamaged, match="byte 77 cannot be read: Input/output error"):
        read_bytes(tmp_path / "1.block", 0, 77, 1)
