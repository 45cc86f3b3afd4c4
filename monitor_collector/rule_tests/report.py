"""What became of a file of tests, told so that a person sees at once what is different."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from monitor_collector.go_template.literals import quote
from monitor_collector.go_template.numbers import shortest
from monitor_collector.promql import METRIC_NAME, Labels


@dataclass(frozen=True)
class Failure:
    """A case that does not hold: where it stands, what it is about, and how what came differs."""

    line: int
    subject: str
    differences: tuple[str, ...]


@dataclass(frozen=True)
class TestResult:
    """One test of the file."""

    name: str
    line: int
    failures: tuple[Failure, ...]

    __test__ = False  # not one of pytest's


@dataclass(frozen=True)
class Report:
    """A file's tests, or why it could not be read (`problems`, one line each)."""

    path: Path
    results: tuple[TestResult, ...] = ()
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = field(default=())

    @property
    def passed(self) -> bool:
        return not self.problems and not any(result.failures for result in self.results)

    def __str__(self) -> str:
        lines = [*(f"warning: {warning}" for warning in self.warnings), *self.problems]
        for result in self.results:
            for failure in result.failures:
                name = f" ({result.name})" if result.name else ""
                lines.append(f"{self.path}:{failure.line}: {failure.subject}{name}")
                lines += [f"    {difference}" for difference in failure.differences]
        failed = sum(bool(result.failures) for result in self.results)
        if not self.problems:
            counts = f"{len(self.results) - failed} passed" + (f", {failed} failed" if failed else "")
            lines.append(f"{self.path}: {counts}")
        return "\n".join(lines)


def series_text(labels: Labels | Mapping[str, str]) -> str:
    """As PromQL writes a series: `up{job="host"}`."""
    pairs = dict(labels)
    name = pairs.pop(METRIC_NAME, "")
    inside = ", ".join(f"{label}={quote(value)}" for label, value in sorted(pairs.items()))
    return f"{name}{{{inside}}}"


def sample_text(labels: Labels, value: float) -> str:
    return f"{series_text(labels)} {shortest(value)}"
