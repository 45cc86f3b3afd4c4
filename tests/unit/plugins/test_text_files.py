"""Files that belong together: all of them are in place and right, or all are as they were."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.plugins.conftest import RunModule

# Finds wrong what has the word in it, and names the file.
CHECK = ["/usr/bin/env", "sh", "-c", "! grep -rn wrong {directory}"]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "configuration" / "rules.d").mkdir(parents=True)
    return tmp_path / "configuration"


class Write:
    """`write({path: text}, …)` runs the module."""

    def __init__(self, run_module: RunModule, directory: Path) -> None:
        self.run_module = run_module
        self.directory = directory

    def __call__(self, files: dict[str, str], **arguments: Any) -> dict[str, Any]:
        given = {"directory": str(self.directory), "files": files, "check": CHECK, "only_in": "rules.d", **arguments}
        return self.run_module("text_files", **given)

    def texts(self) -> dict[str, str]:
        files = (path for path in self.directory.rglob("*") if path.is_file())
        return {str(path.relative_to(self.directory)): path.read_text() for path in files}


@pytest.fixture
def write(run_module: RunModule, directory: Path) -> Write:
    return Write(run_module, directory)


def test_files_are_written_once(write: Write) -> None:
    files = {"a.yml": "a: 1\n", "rules.d/b.yml": "b: ä\n"}
    first = write(files, mode="0640")
    assert first["changed"]
    assert sorted(first["paths"]) == [str(write.directory / path) for path in files]
    assert write.texts() == files
    assert {path.stat().st_mode & 0o777 for path in write.directory.rglob("*.yml")} == {0o640}
    again = write(files, mode="0640", check=["/bin/false"])  # there is nothing to be checked
    assert (again["changed"], again["paths"], again["diff"]) == (False, [], [])


def test_what_is_wrong_is_named_and_leaves_all_as_it_was(write: Write) -> None:
    files = {"a.yml": "a: 1\n", "rules.d/b.yml": "b: 1\n"}
    write(files)
    result = write({"a.yml": "a: 2\n", "rules.d/c.yml": "c: wrong\n"})
    assert result["failed"]
    assert result["msg"] == f"{write.directory}/rules.d/c.yml:1:c: wrong"
    assert write.texts() == files


def test_a_check_that_says_nothing_still_counts(write: Write) -> None:
    assert write({"a.yml": ""}, check=["/bin/false"])["msg"] == "exit status 1"
    assert write.texts() == {}


def test_what_is_named_no_longer_is_removed(write: Write) -> None:
    (write.directory / "mine").write_text("stays")
    write({"rules.d/a.yml": "a", "rules.d/b.yml": "b"})
    result = write({"rules.d/a.yml": "a"})
    assert result["paths"] == [str(write.directory / "rules.d/b.yml")]
    assert write.texts() == {"rules.d/a.yml": "a", "mine": "stays"}


def test_check_mode_checks_and_writes_nothing(write: Write) -> None:
    assert write({"a.yml": "a"}, _ansible_check_mode=True)["changed"]
    assert write({"a.yml": "wrong"}, _ansible_check_mode=True)["failed"]
    # The program that checks comes with the first installation.
    assert write({"a.yml": "a"}, check=["/nowhere/program"], _ansible_check_mode=True)["changed"]
    assert write.texts() == {}


def test_a_secret_is_not_shown(write: Write) -> None:
    result = write({"a.yml": "a\n", "token.yml": "hunter2\n"}, secret=["token.yml"], _ansible_diff=True)
    assert result["diff"] == [{"before": "", "after": "a\n", "before_header": "a.yml", "after_header": "a.yml"}]
    assert "hunter2" not in str(result)


def test_other_modes_are_put_right(write: Write) -> None:
    write({"a.yml": "a"}, mode="0640")
    (write.directory / "a.yml").chmod(0o666)
    assert write({"a.yml": "a"}, mode="0640")["paths"] == [str(write.directory / "a.yml")]
    assert (write.directory / "a.yml").stat().st_mode & 0o777 == 0o640
