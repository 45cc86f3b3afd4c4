"""A peer is taken from where it is, else fetched; a test hears why when it cannot be had."""

from pathlib import Path

import pytest

from tests import peers

PROGRAM = "promtool"
UNPACK = "/bin/mkdir -p $3/usr/bin; : > $3/usr/bin/promtool"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only directory on the PATH; nothing was fetched before."""
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    monkeypatch.setattr(peers, "PEERS", tmp_path / "peers")
    return directory


def put_program(directory: Path, name: str, script: str) -> Path:
    program = directory / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


def test_a_program_that_is_installed_is_taken(path: Path) -> None:
    installed = put_program(path, PROGRAM, "exit 0")
    assert peers.peer(PROGRAM) == installed


def test_a_program_is_fetched_once(path: Path) -> None:
    put_program(path, "apt-get", f"echo $* >> {path}/asked; : > prometheus.deb")
    put_program(path, "dpkg-deb", UNPACK)
    assert peers.peer(PROGRAM) == peers.peer(PROGRAM)
    assert peers.peer(PROGRAM).is_relative_to(peers.PEERS)
    assert (path / "asked").read_text() == "download prometheus\n"


def test_package_lists_that_are_out_of_date_are_renewed(path: Path) -> None:
    renewed = path / "renewed"
    put_program(
        path,
        "apt-get",
        f'for last; do :; done; case "$*" in *update) : > {renewed};; *) : > prometheus.deb; test -e {renewed};; esac',
    )
    put_program(path, "dpkg-deb", UNPACK)
    assert peers.peer(PROGRAM).exists()


def test_what_apt_said_is_told_when_it_cannot_fetch_the_package(path: Path) -> None:
    put_program(path, "apt-get", "echo 'E: Could not resolve deb.debian.org'; exit 100")
    with pytest.raises(pytest.fail.Exception, match=r"Could not resolve deb\.debian\.org"):
        peers.peer(PROGRAM)


def test_a_machine_without_apt_skips(path: Path) -> None:
    with pytest.raises(pytest.skip.Exception, match="Debian's package prometheus has it"):
        peers.peer(PROGRAM)
