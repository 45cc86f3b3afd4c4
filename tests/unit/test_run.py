"""Which parts `bin/test` has."""

from __future__ import annotations

import pytest

from tests.run import by_default

PARTS = ("lint", "unit", "vagrant")


def test_virtual_machines_are_left_out_only_where_somebody_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SKIP_VAGRANT", raising=False)
    assert by_default(PARTS) == ["lint", "unit", "vagrant"]
    monkeypatch.setenv("SKIP_VAGRANT", "1")
    assert by_default(PARTS) == ["lint", "unit"]
    assert "no virtual machines" in capsys.readouterr().err
