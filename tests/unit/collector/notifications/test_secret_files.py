"""Secrets are read from files that the service alone can read, and are never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor_collector.notifications.secret_files import Secret, SecretError, read_secret


def test_a_secret_is_the_text_of_a_file_without_its_line_end(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("https://hook/token\n")
    file.chmod(0o400)
    assert Secret(file=file).read() == "https://hook/token"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o620])
def test_a_file_that_others_can_read_is_refused_with_the_way_to_mend_it(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "secret"
    file.write_text("token")
    file.chmod(mode)
    with pytest.raises(SecretError, match=f"mode 0{mode:o}.*chmod 600 {file}") as error:
        read_secret(file)
    assert "token" not in str(error.value)


def test_a_file_that_is_absent_empty_or_no_text_is_named(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    with pytest.raises(SecretError, match="No such file"):
        read_secret(file)
    for content in (b" \n", b"\xff"):
        file.write_bytes(content)
        file.chmod(0o600)
        with pytest.raises(SecretError, match=str(file)):
            read_secret(file)


def test_a_secret_is_not_part_of_what_is_printed_of_it() -> None:
    assert "token" not in f"{Secret('token')!r} {Secret('token')} {[Secret('token')]}"
