"""Sensors: chips are called as node_exporter calls them, and every kind of attribute has its name and unit."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor_agent.collectors import hwmon
from monitor_agent.collectors.collector import NoData
from monitor_agent.exposition import Renderer
from tests.unit.agent.collectors.machine import make, read, samples, write


def add_monitor(root: Path, name: str, device: str, attributes: dict[str, str]) -> None:
    """A monitor below its device, and the links to both as sysfs has them."""
    directory = root / "sys/devices" / device / "hwmon" / name
    directory.mkdir(parents=True)
    write(directory, attributes)
    (directory / "device").symlink_to(f"../../../{Path(device).name}")
    add_link(root, name, f"../../devices/{device}/hwmon/{name}")


def add_link(root: Path, name: str, target: str) -> None:
    link = root / "sys/class/hwmon" / name
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(target)


def test_temperatures_are_told_by_device_and_sensor(tmp_path: Path) -> None:
    add_monitor(
        tmp_path,
        "hwmon0",
        "platform/coretemp.0",
        {
            "name": "coretemp\n",
            "temp1_input": "55000\n",
            "temp1_label": "Package id 0\n",
            "temp1_crit": "100000\n",
            "temp1_crit_alarm": "0\n",
            "temp2_input": "-5500\n",
        },
    )
    assert read("hwmon", tmp_path) == [
        'node_hwmon_chip_names{chip="platform_coretemp_0",chip_name="coretemp"} 1',
        'node_hwmon_sensor_label{chip="platform_coretemp_0",label="Package id 0",sensor="temp1"} 1',
        'node_hwmon_temp_crit_celsius{chip="platform_coretemp_0",sensor="temp1"} 100',
        'node_hwmon_temp_crit_alarm_celsius{chip="platform_coretemp_0",sensor="temp1"} 0',
        'node_hwmon_temp_celsius{chip="platform_coretemp_0",sensor="temp1"} 55',
        'node_hwmon_temp_celsius{chip="platform_coretemp_0",sensor="temp2"} -5.5',
    ]


@pytest.mark.parametrize(
    ("attribute", "text", "sample", "help_text"),
    [
        ("temp1_max", "80000", "node_hwmon_temp_max_celsius 80", "Hardware monitor for temperature (max)"),
        ("temp1_type", "3", "node_hwmon_temp_type 3", "Hardware monitor temp element type"),
        ("temp1_alarm", "1", "node_hwmon_temp_alarm 1", "Hardware sensor alarm status (temp)"),
        ("temp1_fault", "0", "node_hwmon_temp_fault 0", "Hardware sensor fault status (temp)"),
        ("in0_input", "1234", "node_hwmon_in_volts 1.234", "Hardware monitor for voltage (input)"),
        ("in0_min", "43", "node_hwmon_in_min_volts 0.043", "Hardware monitor for voltage (min)"),
        ("cpu0_vid", "1300", "node_hwmon_cpu_vid_volts 1.3", "Hardware monitor for voltage (vid)"),
        (
            "fan1_input",
            "1500",
            "node_hwmon_fan_rpm 1500",
            "Hardware monitor for fan revolutions per minute (input)",
        ),
        ("fan1_div", "2", "node_hwmon_fan_div 2", "Hardware monitor fan element div"),
        ("fan1_beep", "1", "node_hwmon_fan_beep_enabled 1", "Hardware monitor sensor has beeping enabled"),
        ("pwm1", "255", "node_hwmon_pwm 255", "Hardware monitor pwm element "),
        ("pwm1_enable", "2", "node_hwmon_pwm_enable 2", "Hardware monitor pwm element enable"),
        ("curr1_input", "1100", "node_hwmon_curr_amps 1.1", "Hardware monitor for current (input)"),
        (
            "power1_average",
            "1234567",
            "node_hwmon_power_average_watt 1.234567",
            "Hardware monitor for power usage in watts (average)",
        ),
        (
            "power1_average_interval",
            "1500",
            "node_hwmon_power_average_interval_seconds 1.5",
            "Hardware monitor power usage update interval (average_interval)",
        ),
        (
            "power1_accuracy",
            "60000",
            "node_hwmon_power_accuracy 0.06",
            "Hardware monitor power meter accuracy, as a ratio",
        ),
        (
            "energy1_input",
            "123456789",
            "node_hwmon_energy_joule_total 123.456789",
            "Hardware monitor for joules used so far (input)",
        ),
        (
            "humidity1_input",
            "45000",
            "node_hwmon_humidity 0.045",
            "Hardware monitor for humidity, as a ratio (multiply with 100.0 to get the humidity as a percentage)"
            " (input)",
        ),
        ("intrusion0_alarm", "1", "node_hwmon_intrusion_alarm 1", "Hardware sensor alarm status (intrusion)"),
        ("vrm", "91", "node_hwmon_voltage_regulator_version 91", "Hardware voltage regulator"),
        ("beep_enable", "1", "node_hwmon_beep_enabled 1", "Hardware beep enabled"),
        (
            "update_interval",
            "1500",
            "node_hwmon_update_interval_seconds 1.5",
            "Hardware monitor update interval",
        ),
    ],
)
def test_each_kind_of_attribute_has_its_name_unit_and_help(
    tmp_path: Path, attribute: str, text: str, sample: str, help_text: str
) -> None:
    add_monitor(tmp_path, "hwmon0", "platform/x.1", {attribute: f"{text}\n"})
    page = Renderer({}).page(list(make("hwmon", tmp_path).update()))
    name, value = sample.split(" ")
    kind = "counter" if name.endswith("_total") else "gauge"
    start = f'# HELP {name} {help_text}\n# TYPE {name} {kind}\n{name}{{chip="platform_x_1",sensor="'
    assert page.startswith(start)
    assert page.endswith(f" {value}\n")
    assert page.count("\n") == 3


def test_an_attribute_beside_the_sensors_own_keeps_its_element_in_the_name(tmp_path: Path) -> None:
    add_monitor(tmp_path, "hwmon0", "platform/x.1", {"in1": "77", "in1_input": "78"})
    assert read("hwmon", tmp_path) == [
        'node_hwmon_in_volts{chip="platform_x_1",sensor="in1"} 0.077',
        'node_hwmon_in_input_volts{chip="platform_x_1",sensor="in1"} 0.078',
    ]


def test_words_empty_files_and_other_attributes_are_passed_over(tmp_path: Path) -> None:
    attributes = {"temp1_input": "N/A\n", "temp2_input": "", "uevent": "1", "temp3_input": "1000\n", "4": "1"}
    add_monitor(tmp_path, "hwmon0", "platform/x.1", attributes)
    (tmp_path / "sys/class/hwmon/hwmon0/power1").mkdir()
    assert read("hwmon", tmp_path) == ['node_hwmon_temp_celsius{chip="platform_x_1",sensor="temp3"} 1']


def test_sensors_of_an_old_driver_are_found_beside_its_device(tmp_path: Path) -> None:
    add_monitor(tmp_path, "hwmon0", "platform/old.5", {})
    write(tmp_path, {"sys/devices/platform/old.5/temp1_input": "1000\n"})
    assert read("hwmon", tmp_path) == ['node_hwmon_temp_celsius{chip="platform_old_5",sensor="temp1"} 1']


@pytest.mark.parametrize(
    ("name", "chip"), [("bat0\n", "bat0"), ("Apple SMC!\n", "apple_smc"), ("___", "hwmon7"), ("", "hwmon7")]
)
def test_a_chip_without_a_device_has_its_own_name_or_its_monitors(tmp_path: Path, name: str, chip: str) -> None:
    write(tmp_path, {"sys/devices/virtual/hwmon/hwmon7/name": name, "sys/devices/virtual/hwmon/hwmon7/in0_input": "1"})
    add_link(tmp_path, "hwmon3", "../../devices/virtual/hwmon/hwmon7")
    assert read("hwmon", tmp_path)[-1] == f'node_hwmon_in_volts{{chip="{chip}",sensor="in0"}} 0.001'


def test_two_monitors_of_one_device_never_give_a_series_twice(tmp_path: Path) -> None:
    add_monitor(tmp_path, "hwmon0", "virtual/gpu", {"temp1_input": "1000", "temp2_input": "2000"})
    add_monitor(tmp_path, "hwmon1", "virtual/gpu", {"temp1_input": "3000", "temp3_input": "4000"})
    assert read("hwmon", tmp_path) == [
        f'node_hwmon_temp_celsius{{chip="virtual_gpu",sensor="temp{number}"}} {value}'
        for number, value in ((1, 1), (2, 2), (3, 4))
    ]


def test_a_monitor_whose_device_has_gone_stops_no_other(tmp_path: Path) -> None:
    add_link(tmp_path, "hwmon0", "../../devices/gone/hwmon/hwmon0")
    add_monitor(tmp_path, "hwmon1", "platform/x.1", {"in0_input": "1000"})
    assert read("hwmon", tmp_path) == ['node_hwmon_in_volts{chip="platform_x_1",sensor="in0"} 1']


def test_a_driver_that_was_loaded_anew_is_read_anew(tmp_path: Path) -> None:
    add_monitor(tmp_path, "hwmon0", "platform/x.1", {"in0_input": "1000"})
    collector = make("hwmon", tmp_path)
    assert samples(collector) == ['node_hwmon_in_volts{chip="platform_x_1",sensor="in0"} 1']
    link = tmp_path / "sys/class/hwmon/hwmon0"
    link.rename(tmp_path / "old")  # keeps its inode from being taken again
    add_monitor(tmp_path, "hwmon0", "platform/y.2", {"in1_input": "2000"})
    assert samples(collector) == ['node_hwmon_in_volts{chip="platform_y_2",sensor="in1"} 2']


def test_an_attribute_that_a_driver_adds_later_is_found_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(hwmon.time, "monotonic", lambda: now[0])
    add_monitor(tmp_path, "hwmon0", "platform/x.1", {"in0_input": "1000"})
    collector = make("hwmon", tmp_path)
    samples(collector)
    write(tmp_path, {"sys/class/hwmon/hwmon0/in1_input": "2000", "sys/class/hwmon/hwmon0/in0_input": "3000"})
    assert samples(collector) == ['node_hwmon_in_volts{chip="platform_x_1",sensor="in0"} 3']
    now[0] += hwmon.LEARN_AGAIN_SECONDS
    assert len(samples(collector)) == 2


def test_a_sensor_that_answers_now_and_then_is_there_when_it_does(tmp_path: Path) -> None:
    add_monitor(tmp_path, "hwmon0", "platform/x.1", {"temp1_input": ""})
    collector = make("hwmon", tmp_path)
    assert samples(collector) == []
    write(tmp_path, {"sys/class/hwmon/hwmon0/temp1_input": "1000\n"})
    assert samples(collector) == ['node_hwmon_temp_celsius{chip="platform_x_1",sensor="temp1"} 1']


def test_a_machine_without_sensors_has_no_data(tmp_path: Path) -> None:
    with pytest.raises(NoData):
        read("hwmon", tmp_path)
