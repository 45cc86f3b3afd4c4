from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lab import proc_view


def test_an_lxcfs_that_ends_just_when_it_is_looked_for_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab: Any = SimpleNamespace(state=tmp_path, proc_view=tmp_path / "view")
    pid_file = tmp_path / "lxcfs.pid"
    pid_file.write_text("1\n")

    def as_root(command: list[str]) -> list[str]:
        pid_file.unlink(missing_ok=True)
        return command

    monkeypatch.setattr(proc_view, "as_root", as_root)
    proc_view.stop(lab)
    assert not pid_file.exists()
