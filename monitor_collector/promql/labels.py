"""Label sets as sorted tuples of (name, value): hashable, comparable, and cheap to share."""

from collections.abc import Collection

Labels = tuple[tuple[str, str], ...]

METRIC_NAME = "__name__"


def without_metric_name(labels: Labels) -> Labels:
    """The same label set without the metric's name."""
    return tuple(pair for pair in labels if pair[0] != METRIC_NAME)


def only(labels: Labels, names: Collection[str]) -> Labels:
    """The labels with these names; a name that is not there stays away."""
    return tuple(pair for pair in labels if pair[0] in names)


def without(labels: Labels, names: Collection[str]) -> Labels:
    """The labels with other names than these; the metric's name stays unless it is one of them."""
    return tuple(pair for pair in labels if pair[0] not in names)


def with_labels_of(labels: Labels, source: Labels, names: Collection[str]) -> Labels:
    """The label set with the named labels replaced by those of `source`, or removed where it has none."""
    if not names:
        return labels
    return tuple(sorted((*without(labels, names), *only(source, names))))


def with_label(labels: Labels, name: str, value: str) -> Labels:
    """The label set with one label set, or removed where the value is empty."""
    return tuple(sorted((*without(labels, (name,)), *([(name, value)] if value else ()))))


def text_of(labels: Labels) -> str:
    """As Prometheus prints a label set in its messages: `{__name__="up", job="host"}`."""
    return "{" + ", ".join(f"{name}={_quoted(value)}" for name, value in labels) + "}"


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'
