"""Files of sysfs and /proc/sys that are kept open."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest

from monitor_agent.collectors.attributes import Attributes, read_attribute, read_number
from tests.unit.agent.collectors.machine import write


def open_below(root: Path) -> set[str]:
    """The files below the root that this process has open."""
    found = set()
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the one that listed them
            path = link.readlink()
            if path.is_relative_to(root):
                found.add(str(path.relative_to(root)))
    return found


def test_the_value_is_the_one_of_now(tmp_path: Path) -> None:
    attributes = Attributes(str(tmp_path))
    for text in ("1\n", "20\n", "3\n"):
        write(tmp_path, {"mtu": text})
        assert attributes.read("mtu") == text[:-1]
    assert open_below(tmp_path) == {"mtu"}


def test_no_more_files_are_kept_open_than_allowed(tmp_path: Path) -> None:
    attributes = Attributes(str(tmp_path), kept_open=2)
    for name in "abc":
        write(tmp_path, {name: name})
        assert attributes.read(name) == name
    assert open_below(tmp_path) == {"a", "b"}
    assert attributes.read("c") == "c"


def test_what_is_read_no_more_is_closed(tmp_path: Path) -> None:
    attributes = Attributes(str(tmp_path))
    write(tmp_path, {"a": "1", "b": "2"})
    for names in ("ab", "a", "a"):
        for name in names:
            attributes.read(name)
        attributes.close_unread()
    assert open_below(tmp_path) == {"a"}


def test_a_device_that_is_back_under_its_name_is_opened_again(tmp_path: Path) -> None:
    attributes = Attributes(str(tmp_path))
    write(tmp_path, {"a": "1"})
    attributes.read("a")
    directory = os.open(tmp_path, os.O_RDONLY)
    os.dup2(directory, attributes._kept["a"].fileno())  # which fails from now on, as what stood for a device does
    os.close(directory)
    write(tmp_path, {"a": "2"})
    assert attributes.read("a") == "2"


def test_a_device_that_has_gone_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Attributes(str(tmp_path)).read("a")


@pytest.mark.parametrize("text", ["", "\n", "-1\n", "1 2\n", "x\n", "\u0661\n", "1\x002"])
def test_what_is_no_whole_number_is_refused_with_its_path(tmp_path: Path, text: str) -> None:
    write(tmp_path, {"a": text})
    with pytest.raises(ValueError, match="/a holds"):
        read_number(f"{tmp_path}/a")
    with pytest.raises(ValueError, match="a holds"):
        Attributes(str(tmp_path)).read_number("a")


def test_one_that_is_read_now_and_then_is_not_kept_open(tmp_path: Path) -> None:
    write(tmp_path, {"a": "1\n"})
    assert read_attribute(f"{tmp_path}/a") == "1"
    assert open_below(tmp_path) == set()
