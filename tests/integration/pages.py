"""Two pages of metrics beside each other: what one has and the other has not, one line for each difference."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from monitor_agent.exposition import escape_label_value
from monitor_collector.exposition import Metadata, Parser
from monitor_collector.promql import Labels

# node_exporter multiplies milliseconds by 0.001 and prints 0.043000000000000003; the nearest number to 0.043 is 0.043.
LAST_BITS = 4e-16

NOTHING_SAID = Metadata("unknown", "")


class Page(NamedTuple):
    """The samples of a page in the text format, and what its HELP and TYPE lines say of each metric.

    A label with an empty value, which node_exporter likes to write, is left out: to Prometheus it is the same.
    """

    samples: Mapping[Labels, float]
    metadata: Mapping[str, Metadata]


class Difference(NamedTuple):
    """`subject` is a series as it stands on the page, or the name of a metric."""

    subject: str
    text: str

    def __str__(self) -> str:
        return f"{self.subject}  {self.text}"


def read_page(text: str) -> Page:
    """Raises ExpositionError for a malformed page, ValueError for a series that is there twice."""
    parser = Parser()
    batch = parser.parse(text.encode(), 0)
    samples = dict(zip(batch.layout.series, batch.values.tolist(), strict=True))
    if len(samples) != len(batch):
        twice = {each for each in samples if batch.layout.series.count(each) > 1}
        raise ValueError(f"there twice: {', '.join(map(spell, twice))}")
    return Page(samples, parser.metadata)


def spell(labels: Labels) -> str:
    """The series as the text format spells it."""
    pairs = ",".join(f'{name}="{escape_label_value(value)}"' for name, value in labels if name != "__name__")
    name = dict(labels)["__name__"]
    return f"{name}{{{pairs}}}" if pairs else name


def differences(theirs: Sequence[Page], ours: Sequence[Page]) -> list[Difference]:
    """What tells several readings of one page from as many of another, taken in turn.

    Series that come or go meanwhile do not count, and neither do values that move.
    """
    found = []
    their_values, our_values = still(theirs), still(ours)
    for labels, value in their_values.items():
        if not any(labels in page.samples for page in ours):
            found.append(Difference(spell(labels), f"is missing; theirs {value!r}"))
    for labels, value in our_values.items():
        if not any(labels in page.samples for page in theirs):
            found.append(Difference(spell(labels), f"is only here: {value!r}"))
    for labels in their_values.keys() & our_values.keys():
        their_value, our_value = their_values[labels], our_values[labels]
        if None not in (their_value, our_value) and not same(their_value, our_value):
            found.append(Difference(spell(labels), f"is {our_value!r}; theirs {their_value!r}"))
    for name in names(their_values) & names(our_values):
        our_kind, our_help = ours[0].metadata.get(name, NOTHING_SAID)
        their_kind, their_help = theirs[0].metadata.get(name, NOTHING_SAID)
        if our_kind != their_kind:
            found.append(Difference(name, f"has the type {our_kind}; theirs {their_kind}"))
        if our_help != their_help:
            found.append(Difference(name, f"has the help {our_help!r}; theirs {their_help!r}"))
    return sorted(found)


def still(readings: Sequence[Page]) -> dict[Labels, float | None]:
    """What all readings have, with the values that did not move; None stands for one that did."""
    first, *others = readings
    return {
        labels: value if all(same(value, other.samples[labels]) for other in others) else None
        for labels, value in first.samples.items()
        if all(labels in other.samples for other in others)
    }


def names(series: Iterable[Labels]) -> set[str]:
    return {dict(labels)["__name__"] for labels in series}


def same(one: float, other: float) -> bool:
    """Equal but for what is lost when a number is rounded twice."""
    return math.isclose(one, other, rel_tol=LAST_BITS) or (math.isnan(one) and math.isnan(other))
