"""Temperatures, fans, voltages and whatever else the sensors tell, from /sys/class/hwmon.

https://www.kernel.org/doc/Documentation/hwmon/sysfs-interface.rst: an attribute is called <kind><number>_<element>,
temp1_max for example, and holds a whole number, in thousandths or millionths of what is reported.
"""

from __future__ import annotations

import os
import re
import time
from collections import namedtuple
from collections.abc import Iterable

from monitor_agent.collectors.attributes import read_attribute
from monitor_agent.collectors.collector import Collector, NoData, register
from monitor_agent.collectors.options import Options
from monitor_agent.exposition import Columns, Metric, Row

KINDS = (
    "vrm",
    "beep_enable",
    "update_interval",
    "in",
    "cpu",
    "fan",
    "pwm",
    "temp",
    "curr",
    "power",
    "energy",
    "humidity",
    "intrusion",
)
match_attribute = re.compile(r"([^0-9]+)([0-9]*)(?:_(.+))?", re.DOTALL).fullmatch

CHIP_NAMES = Columns(Metric("node_hwmon_chip_names", "gauge", "Annotation metric for human-readable chip names"))
SENSOR_LABEL = Columns(Metric("node_hwmon_sensor_label", "gauge", "Label for given chip and sensor"))

LEARN_AGAIN_SECONDS = 600.0  # few drivers change their attributes while they are loaded

# An attribute that is a number: where it stands, and the series that it becomes.
Attribute = namedtuple("Attribute", ("path", "columns", "labels", "divisor"))

# Which attributes become what: the first rule that fits. None stands for any kind or element; the element of temp1 is
# "". The metric is called node_hwmon_<kind>_<element><suffix>, without `input`, unless `name` says otherwise.
Rule = namedtuple(
    "Rule", ("kinds", "elements", "suffix", "divisor", "help", "metric_kind", "name"), defaults=("gauge", "")
)
RULES = (
    Rule(("beep_enable",), None, "", 1, "Hardware beep enabled", name="node_hwmon_beep_enabled"),
    Rule(("vrm",), None, "", 1, "Hardware voltage regulator", name="node_hwmon_voltage_regulator_version"),
    Rule(
        ("update_interval",),
        None,
        "",
        1000,
        "Hardware monitor update interval",
        name="node_hwmon_update_interval_seconds",
    ),
    Rule(None, ("fault", "alarm"), "", 1, "Hardware sensor {element} status ({kind})"),
    Rule(None, ("beep",), "_enabled", 1, "Hardware monitor sensor has beeping enabled"),
    Rule(("in", "cpu"), None, "_volts", 1000, "Hardware monitor for voltage ({element})"),
    Rule(("temp",), ("type",), "", 1, "Hardware monitor {kind} element {element}"),
    Rule(("temp",), None, "_celsius", 1000, "Hardware monitor for temperature ({element})"),
    Rule(("curr",), None, "_amps", 1000, "Hardware monitor for current ({element})"),
    Rule(
        ("energy",),
        None,
        "_joule_total",
        1_000_000,
        "Hardware monitor for joules used so far ({element})",
        metric_kind="counter",
    ),
    Rule(("power",), ("accuracy",), "", 1_000_000, "Hardware monitor power meter accuracy, as a ratio"),
    Rule(
        ("power",),
        ("average_interval", "average_interval_min", "average_interval_max"),
        "_seconds",
        1000,
        "Hardware monitor power usage update interval ({element})",
    ),
    Rule(("power",), None, "_watt", 1_000_000, "Hardware monitor for power usage in watts ({element})"),
    Rule(
        ("humidity",),
        None,
        "",
        1_000_000,
        "Hardware monitor for humidity, as a ratio (multiply with 100.0 to get the humidity as a percentage) "
        "({element})",
    ),
    Rule(
        ("fan",),
        ("input", "min", "max", "target"),
        "_rpm",
        1,
        "Hardware monitor for fan revolutions per minute ({element})",
    ),
    Rule(None, None, "", 1, "Hardware monitor {kind} element {element}"),
)


def clean(text: str) -> str:
    """As much of a text as may stand in a name."""
    return re.sub("[^a-z0-9:_]", "_", text.lower()).strip("_")


def make_column(kind: str, element: str, has_plain: bool) -> tuple[Columns, int]:
    """The metric of an attribute and what its number is divided by.

    `has_plain` says that the sensor has an attribute without an element too, which then has the metric's plain name.
    """
    rule = next(
        rule
        for rule in RULES
        if (rule.kinds is None or kind in rule.kinds) and (rule.elements is None or element in rule.elements)
    )
    name = rule.name or f"node_hwmon_{kind}"
    if not rule.name:
        if element and (element != "input" or has_plain):
            name = f"{name}_{clean(element)}"
        name += rule.suffix
    metric = Metric(name, rule.metric_kind, rule.help.format(kind=kind, element=element))
    return Columns(metric), rule.divisor


@register("hwmon")
class Hwmon(Collector):
    """No data where there are no sensors, as on most virtual machines.

    Asking a sensor may go over a slow bus, so not every time.
    """

    interval_seconds = 15.0

    def __init__(self, root: str, options: Options) -> None:
        super().__init__(root, options)
        self._monitors: list[tuple[str, int]] = []
        self._learn_again_at = 0.0
        self._constant_rows: list[Row] = []
        self._attributes: list[Attribute] = []

    def update(self) -> Iterable[Row]:
        directory = f"{self.root}/sys/class/hwmon"
        try:
            # A driver that was loaded anew may have the same name, but has another inode.
            monitors = sorted((entry.name, entry.inode()) for entry in os.scandir(directory))
        except FileNotFoundError:
            raise NoData from None
        now = time.monotonic()
        if monitors != self._monitors or now >= self._learn_again_at:
            self._learn([f"{directory}/{name}" for name, _ in monitors])
            self._monitors = monitors
            self._learn_again_at = now + LEARN_AGAIN_SECONDS
        yield from self._constant_rows
        for path, columns, labels, divisor in self._attributes:
            try:
                value = float(read_attribute(path))
            except (OSError, ValueError):
                continue  # some give words, or answer only while what they watch is switched on
            yield Row(columns, labels, (value / divisor,))

    def _learn(self, monitors: list[str]) -> None:
        """Two monitors of one device have one name, but a series must not come twice: the first has it."""
        rows: dict[tuple[str, tuple[tuple[str, str], ...]], Row] = {}
        attributes: dict[tuple[str, tuple[tuple[str, str], ...]], Attribute] = {}
        for monitor in filter(os.path.isdir, monitors):
            has_device = os.path.exists(f"{monitor}/device")
            name = clean(read_if_there(f"{monitor}/name") or "")
            chip = name_chip(monitor, has_device, name)
            if name:
                row = Row(CHIP_NAMES, (("chip", chip), ("chip_name", name)), ("1",))
                rows.setdefault(("", row.labels), row)
            sensors = find_sensors(monitor)
            if has_device:
                for sensor, elements in find_sensors(f"{monitor}/device").items():
                    sensors.setdefault(sensor, {}).update(elements)
            for (kind, number), elements in sensors.items():
                labels = (("chip", chip), ("sensor", kind + number))
                label = read_if_there(elements.pop("label", ""))
                if label is not None:
                    row = Row(SENSOR_LABEL, (*labels, ("label", label)), ("1",))
                    rows.setdefault((kind + number, labels), row)
                for element, path in elements.items():
                    columns, divisor = make_column(kind, element, "" in elements)
                    series = columns.metrics[0].name, labels
                    attributes.setdefault(series, Attribute(path, columns, labels, divisor))
        self._constant_rows = list(rows.values())
        self._attributes = list(attributes.values())


def read_if_there(path: str) -> str | None:
    try:
        return read_attribute(path)
    except OSError:
        return None


def name_chip(path: str, has_device: bool, name: str) -> str:
    """What stays the same after a restart: the last two parts of the device's path, else the monitor's own name."""
    if has_device:
        parts = [clean(part) for part in os.path.realpath(f"{path}/device").split("/")[-2:]]
        if parts[-1]:
            return "_".join(filter(None, parts))
    return name or clean(os.path.basename(os.path.realpath(path)))


def find_sensors(directory: str) -> dict[tuple[str, str], dict[str, str]]:
    """The paths of a directory's attributes by kind and number of the sensor, then by element."""
    try:
        files = sorted(os.listdir(directory))
    except OSError:
        return {}  # it has just gone
    sensors: dict[tuple[str, str], dict[str, str]] = {}
    for file in files:
        found = match_attribute(file)
        if found and found[1] in KINDS:
            sensors.setdefault((found[1], str(int(found[2] or 0))), {})[found[3] or ""] = f"{directory}/{file}"
    return sensors
