"""Runs a server with the rules and without them by turns, and takes the difference of their CPU time.

All else stays as it is meanwhile: the same hosts push the same samples at the same rate.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.errors import BenchmarkError
from benchmarks.fleet import Fleet, Pusher
from benchmarks.machine import describe_machine, find_peer, version_of
from benchmarks.rule_evaluation_sides import RULES, Server, ours, theirs
from benchmarks.table import Row, as_table
from lab.progress import say

SIDES = {"monitor_collector": ours, "Prometheus": theirs}
INTERVAL_SECONDS = 5
PAST_SECONDS = 330  # the rules look back at most five minutes
PUSH_SECONDS = 60  # that it takes, at most, to push all that
EVALUATION_SECONDS = 1
TAKE_UP_SECONDS = 60  # that it takes, at most, until rules are evaluated or no longer are
LIMIT_CPU_SECONDS = 0.2


class Plan(NamedTuple):
    """`settle_seconds` is waited after each change of the rules: caches are warm again then, and old alerts gone."""

    hosts: int
    rounds: int
    seconds: int
    settle_seconds: float = 5.0


class Turn(NamedTuple):
    """CPU seconds and evaluated rules, each per second of wall time; how long the last evaluation of all rules took;
    and the memory at the end."""

    cpu_ratio: float
    rules_per_second: float
    evaluation_seconds: float
    rss_bytes: int


class Round(NamedTuple):
    with_rules: Turn
    without: Turn


def report(directory: Path, plan: Plan) -> str:
    """The table. Raises BenchmarkError when something does not run, or evaluates no rules."""
    # Twice the time that turns take, so that the hosts have samples for as long as anybody waits.
    future_seconds = PUSH_SECONDS + round(4 * plan.rounds * (plan.seconds + plan.settle_seconds))
    found: list[list[Round]] = []
    for name, side in SIDES.items():
        say(f"{name}: {plan.hosts} hosts")
        own = directory / name
        own.mkdir()
        fleet = Fleet(plan.hosts, INTERVAL_SECONDS, PAST_SECONDS, future_seconds)
        with side(fleet, own) as server, Pusher(fleet, server.url, server.bodies) as pusher:
            pusher.push_the_past()
            pusher.live()
            found.append([run_round(server, pusher, plan, number) for number in range(plan.rounds)])
    what = (
        f"{plan.hosts} hosts with {len(fleet.models)} series every {INTERVAL_SECONDS} s, {rule_count()} rules every "
        f"second; {plan.rounds} rounds of {plan.seconds} s with rules and as long without, one side after the other."
    )
    machine = describe_machine(f"Prometheus {version_of(find_peer('prometheus'))}")
    of_ours, of_theirs = SIDES
    return as_table(machine, what, (of_ours, of_theirs), rows(found, rule_count()))


def rule_count() -> int:
    return len(re.findall(r"^ +- (?:record|alert):", RULES.read_text(), re.MULTILINE))


def run_round(server: Server, pusher: Pusher, plan: Plan, number: int) -> Round:
    say(f"round {number + 1} of {plan.rounds}")
    return Round(turn(server, pusher, plan, has_rules=True), turn(server, pusher, plan, has_rules=False))


def turn(server: Server, pusher: Pusher, plan: Plan, has_rules: bool) -> Turn:
    server.use_rules(has_rules)
    time.sleep(plan.settle_seconds)
    wait_until_evaluating(server, has_rules)
    before, cpu_before, started = server.evaluated(), server.process.cpu_ns(), time.monotonic()
    time.sleep(plan.seconds)
    duration, reading, after = time.monotonic() - started, server.process.reading(), server.evaluated()
    pusher.check()
    if has_rules == (after.rules == before.rules):
        raise BenchmarkError(f"rules were evaluated without being there, or not at all; {server.process.last_words()}")
    return Turn(
        (reading.cpu_ns - cpu_before) / 1e9 / duration,
        (after.rules - before.rules) / duration,
        after.last_seconds,
        reading.memory.resident,
    )


def wait_until_evaluating(server: Server, has_rules: bool) -> None:
    """Or until it no longer does: an evaluation that has begun with rules may take long beside the writing of a block.
    Raises BenchmarkError when that does not happen."""
    deadline = time.monotonic() + TAKE_UP_SECONDS
    while time.monotonic() < deadline:
        before = server.evaluated()
        time.sleep(2 * EVALUATION_SECONDS)
        if has_rules == (server.evaluated().rules > before.rules):
            return
    raise BenchmarkError(f"it does not take up its other rules; {server.process.last_words()}")


def rows(found: Sequence[Sequence[Round]], rules: int) -> list[Row]:
    """`found` are the rounds of our side and of theirs."""

    def of_sides(figure: Callable[[Round], float]) -> list[float]:
        return [median(map(figure, side)) for side in found]

    def cpu_of_rules(one: Round) -> float:
        """Of all rules evaluated once, however many evaluations there was time for."""
        return (one.with_rules.cpu_ratio - one.without.cpu_ratio) * rules / one.with_rules.rules_per_second

    return [
        Row("CPU of all rules evaluated once, ms", *of_sides(cpu_of_rules), ms, limit=LIMIT_CPU_SECONDS),
        Row("CPU per second with the rules, ms", *of_sides(lambda one: one.with_rules.cpu_ratio), ms),
        Row("CPU per second without, ms", *of_sides(lambda one: one.without.cpu_ratio), ms),
        Row("evaluations of all per second", *of_sides(lambda one: one.with_rules.rules_per_second / rules), plain),
        Row("wall time of an evaluation, ms", *of_sides(lambda one: one.with_rules.evaluation_seconds), ms),
        Row("RSS with the rules, MB", *of_sides(lambda one: one.with_rules.rss_bytes), megabytes),
    ]


def ms(value: float) -> str:
    return f"{value * 1e3:.1f}"


def plain(value: float) -> str:
    return f"{value:.2f}"


def megabytes(value: float) -> str:
    return f"{value / 1e6:.0f}"
