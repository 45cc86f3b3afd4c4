"""The archive of a program with what it imports, for the Python of another machine."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.unit.plugins.conftest import RunModule
from tests.unit.plugins.test_python_zipapp import make_package

THIS_PYTHON = "{}.{}".format(*sys.version_info)


class Bundle:
    """`bundle()` packs a program that prints 42 and its arguments."""

    def __init__(self, run_module: RunModule, directory: Path) -> None:
        self._run_module = run_module
        self._directory = directory
        self.package = make_package(directory)
        (directory / "requirements.txt").write_text("")

    def __call__(self, python_version: str = THIS_PYTHON) -> dict[str, Any]:
        return self._run_module(
            "python_bundle",
            package=str(self.package),
            requirements=str(self._directory / "requirements.txt"),
            python_version=python_version,
            architecture="x86_64",
            dest_directory=str(self._directory / "out"),
        )


@pytest.fixture
def bundle(run_module: RunModule, tmp_path: Path) -> Bundle:
    return Bundle(run_module, tmp_path)


def unpacked(built: dict[str, Any], place: Path) -> Path:
    with tarfile.open(built["path"]) as archive:
        archive.extractall(place, filter="tar")
    return place / "a-program"


def run(program: Path) -> tuple[str, int]:
    command = [sys.executable, "-I", str(program), "x"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return result.stdout, result.returncode


def test_for_the_same_python_it_comes_compiled(bundle: Bundle, tmp_path: Path) -> None:
    built = bundle()
    assert built["is_compiled"]
    program = unpacked(built, tmp_path / "place")
    library = program.parent / "lib" / "a_program"
    # It must run from what is compiled, though all times are others, and not compile it again.
    for source in library.rglob("*.py"):
        source.write_text("this is no Python")
    assert run(program) == ("42 x\n", 3)


def test_for_another_python_it_comes_as_sources(bundle: Bundle, tmp_path: Path) -> None:
    built = bundle("3.99")
    assert not built["is_compiled"]
    program = unpacked(built, tmp_path / "place")
    assert not list(program.parent.rglob("*.pyc"))
    assert run(program) == ("42 x\n", 3)


def test_it_is_packed_once_for_each_state_of_the_sources(bundle: Bundle) -> None:
    built = bundle()
    assert not built["changed"]
    Path(built["path"]).write_bytes(b"kept")
    again = bundle()
    assert (again["release"], Path(again["path"]).read_bytes()) == (built["release"], b"kept")
    (bundle.package / "cli.py").write_text("def main(arguments):\n    return 0\n")
    assert bundle()["release"] != built["release"]
