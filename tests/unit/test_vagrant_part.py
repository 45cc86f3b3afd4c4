"""What `bin/test vagrant` does where machines cannot be made, or do not start."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from lab.errors import LabError
from tests import run
from tests.vagrant import prepare, scenario


def test_too_little_memory_is_a_failure_that_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(prepare, "available_memory_bytes", lambda: 1_100_000_000)
    assert run.vagrant() == run.Counts(passed=0, failed=1)
    said = capsys.readouterr().err
    assert "need 3.2 GB of free memory, and there are 1.1 GB" in said
    assert "SKIP_VAGRANT=1" in said


class Vagrant:
    """Stands in for the program: each `vagrant up` fails, until as many have failed as it is told."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.commands: list[Sequence[str]] = []

    def call(self, command: Sequence[str]) -> str:
        self.commands.append(command)
        if len(self.commands) <= self.failures:
            raise LabError(f"{' '.join(command)} ended with exit code 1")
        return ""


@pytest.mark.parametrize(
    ("failures", "commands"), [(0, [["vagrant", "up"]]), (1, [["vagrant", "up"], ["vagrant", "up", "--provision"]])]
)
def test_machines_that_did_not_start_are_tried_once_more(
    monkeypatch: pytest.MonkeyPatch, failures: int, commands: list[list[str]]
) -> None:
    vagrant = Vagrant(failures)
    monkeypatch.setattr(scenario, "call", vagrant.call)
    scenario.bring_up()
    assert vagrant.commands == commands


def test_machines_that_do_not_start_at_the_second_try_are_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    vagrant = Vagrant(failures=2)
    monkeypatch.setattr(scenario, "call", vagrant.call)
    with pytest.raises(LabError, match="vagrant up --provision ended with exit code 1"):
        scenario.bring_up()
    assert len(vagrant.commands) == 2


def test_site_yml_that_changes_something_again_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    recap = "web-1 : ok=41   changed={}    unreachable=0    failed=0"
    monkeypatch.setattr(scenario, "call", lambda _: recap.format(0))
    scenario.provision_again()
    monkeypatch.setattr(scenario, "call", lambda _: recap.format(3))
    with pytest.raises(LabError, match="changed something that it had done before: 3 tasks"):
        scenario.provision_again()
