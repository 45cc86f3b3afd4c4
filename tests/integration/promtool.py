"""Asks the real promtool what it makes of rule files and their tests."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from monitor_collector.go_template.literals import unquote
from tests.peers import peer

_ALERT = re.compile(r"Labels:\{(?P<labels>.*)\}\n\s*Annotations:\{(?P<annotations>.*)\}")
_PAIR = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*")')


class Verdict(NamedTuple):
    """Whether promtool is content, and what it said."""

    is_content: bool
    output: str


class FiringAlert(NamedTuple):
    labels: Mapping[str, str]
    annotations: Mapping[str, str]


def promtool(*arguments: str | Path) -> Verdict:
    """What `promtool …` says."""
    command = [peer("promtool"), *map(str, arguments)]
    result = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=120
    )
    return Verdict(result.returncode == 0, result.stdout)


def verdicts(command: Sequence[str], files: Sequence[Path]) -> list[Verdict]:
    """What it says of each of several files, asked in one go."""
    said = promtool(*command, *files).output
    parts = re.split(r"^(?:Checking|Unit Testing:) +", said, flags=re.MULTILINE)[1:]
    assert [part.splitlines()[0] for part in parts] == [str(file) for file in files], said
    return [Verdict("SUCCESS" in part, part) for part in parts]


def firing(
    directory: Path,
    rules: Sequence[Mapping[str, Any]],
    series: Mapping[str, str],
    alert: str,
    at: str = "0s",
    **test: Any,
) -> list[FiringAlert]:
    """The alerts of one name that fire at a moment, as promtool tells them when it is told to expect others."""
    nothing = {"eval_time": at, "alertname": alert, "exp_alerts": [{"exp_labels": {"never": "there"}}]}
    inputs = [{"series": name, "values": values} for name, values in series.items()]
    write(directory / "asked.rules.yml", {"groups": [{"name": "asked", "rules": list(rules)}]})
    write(
        directory / "asked.test.yml",
        {
            "rule_files": ["asked.rules.yml"],
            "tests": [{"interval": "1m", "input_series": inputs, "alert_rule_test": [nothing], **test}],
        },
    )
    verdict = promtool("test", "rules", directory / "asked.test.yml")
    assert "got:" in verdict.output, verdict.output
    got = verdict.output.split("got:", 1)[1]
    return [FiringAlert(_pairs(one["labels"]), _pairs(one["annotations"])) for one in _ALERT.finditer(got)]


def write(path: Path, content: Any) -> Path:
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=10_000))
    return path


def _pairs(text: str) -> dict[str, str]:
    return {name: unquote(value) for name, value in _PAIR.findall(text)}
