"""A compiled .pyz: it runs without compiling, and a Python that it was not made for still has the sources."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.unit.plugins.conftest import RunModule
from tests.unit.plugins.test_python_zipapp import make_package


@pytest.fixture
def sources(run_module: RunModule, tmp_path: Path) -> Path:
    package = make_package(tmp_path)
    return Path(run_module("python_zipapp", package=str(package), dest_directory=str(tmp_path / "out"))["path"])


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    return tmp_path / "program.pyz"


def run(path: Path) -> tuple[str, int]:
    command = [sys.executable, "-I", "-S", str(path), "x"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return result.stdout, result.returncode


def with_other_entries(path: Path, suffix: str, start: bytes) -> Path:
    """A copy in which the files with a suffix begin with something else."""
    other = path.with_name("other.pyz")
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(other, "w") as copy:
        for entry in archive.infolist():
            content = archive.read(entry)
            copy.writestr(entry, start + content[len(start) :] if entry.filename.endswith(suffix) else content)
    return other


def test_it_runs_without_being_compiled_again(run_module: RunModule, sources: Path, dest: Path) -> None:
    assert run_module("python_zipapp_compile", src=str(sources), dest=str(dest))["changed"]
    assert run(dest) == ("42 x\n", 3)
    assert run(with_other_entries(dest, ".py", b"this is no Python")) == ("42 x\n", 3)


def test_a_python_that_it_was_not_made_for_takes_the_sources(run_module: RunModule, sources: Path, dest: Path) -> None:
    run_module("python_zipapp_compile", src=str(sources), dest=str(dest))
    assert run(with_other_entries(dest, ".pyc", b"????")) == ("42 x\n", 3)


def test_it_is_compiled_again_only_when_its_sources_have_changed(
    run_module: RunModule, sources: Path, dest: Path
) -> None:
    assert run_module("python_zipapp_compile", src=str(sources), dest=str(dest))["changed"]
    before = dest.read_bytes()
    assert not run_module("python_zipapp_compile", src=str(sources), dest=str(dest))["changed"]
    assert dest.read_bytes() == before
    with zipfile.ZipFile(sources, "a") as archive:
        archive.writestr("a_program/more.py", "MORE = 1\n")
    assert run_module("python_zipapp_compile", src=str(sources), dest=str(dest))["changed"]
    assert dest.read_bytes() != before


def test_check_mode_writes_nothing(run_module: RunModule, sources: Path, dest: Path) -> None:
    assert run_module("python_zipapp_compile", src=str(sources), dest=str(dest), _ansible_check_mode=True)["changed"]
    assert not dest.exists()


def test_a_file_that_is_not_there_is_named(run_module: RunModule, dest: Path) -> None:
    result = run_module("python_zipapp_compile", src=str(dest.with_name("missing")), dest=str(dest))
    assert result["failed"]
    assert "missing cannot be read: No such file" in result["msg"]
