"""The .pyz: the same sources, the same bytes; and it runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.unit.plugins.conftest import RunModule


def make_package(directory: Path) -> Path:
    package = directory / "a_program"
    (package / "parts").mkdir(parents=True)
    (package / "__init__.py").write_text('__version__ = "1.2.3"\n')
    (package / "parts" / "__init__.py").write_text("ANSWER = 42\n")
    (package / "cli.py").write_text(
        "from a_program.parts import ANSWER\n\n\ndef main(arguments):\n    print(ANSWER, *arguments)\n    return 3\n"
    )
    return package


def test_the_packed_program_runs_with_its_arguments_and_exit_code(run_module: RunModule, tmp_path: Path) -> None:
    built = run_module("python_zipapp", package=str(make_package(tmp_path)), dest_directory=str(tmp_path / "out"))
    result = subprocess.run(
        [sys.executable, "-I", "-S", built["path"], "x"], capture_output=True, text=True, check=False
    )
    assert (result.stdout, result.returncode) == ("42 x\n", 3)


def test_the_same_sources_give_the_same_bytes_whatever_their_times_and_modes(
    run_module: RunModule, tmp_path: Path
) -> None:
    contents = []
    for name in ("first", "second"):
        package = make_package(tmp_path / name)
        if name == "second":
            os.utime(package / "cli.py", (1_000_000, 1_000_000))
            (package / "cli.py").chmod(0o600)
            (package / "__pycache__").mkdir()
            (package / "__pycache__" / "cli.pyc").write_bytes(b"left over")
        built = run_module("python_zipapp", package=str(package), dest_directory=str(tmp_path / name / "out"))
        contents.append((built["release"], Path(built["path"]).read_bytes()))
    assert contents[0] == contents[1]


def test_a_changed_source_is_another_release_of_the_same_version(run_module: RunModule, tmp_path: Path) -> None:
    package = make_package(tmp_path)
    before = run_module("python_zipapp", package=str(package), dest_directory=str(tmp_path / "out"))["release"]
    (package / "parts" / "__init__.py").write_text("ANSWER = 43\n")
    after = run_module("python_zipapp", package=str(package), dest_directory=str(tmp_path / "out"))["release"]
    assert before != after
    assert before.split("+")[0] == after.split("+")[0] == "1.2.3"
