"""Asking over D-Bus: real conversations are held byte for byte, and garbage is an ordinary error."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor_agent.dbus import (
    BUS,
    DEPTH_LIMIT,
    MESSAGE_LIMIT_BYTES,
    PROPERTIES,
    Bus,
    CallFailed,
    Decoder,
    MalformedMessage,
    decode_message,
    message_size,
)
from tests.unit.agent.recorded_bus import recorded_bus, recorded_turns

SERVICE = "org.freedesktop.systemd1"
OBJECT = "/org/freedesktop/systemd1"
MANAGER = f"{SERVICE}.Manager"
LIMIT_SECONDS = 20
GREETING = recorded_turns()[:4]
FIRST_CALL = recorded_turns()[4:6]
# A method's return in big-endian, made with jeepney 0.9.
BIG = bytes.fromhex(
    "4202000100000175000000090000003e050175000000000207017300000000043a312e3500000000080167002061287373737373736f7573"
    "6f29736173617b73767d796e716975787464626767000000000000d6000000000000000f6772c3b6c39f652e736572766963650000000007"
    "4772c3b6c39f6500000000066c6f616465640000000000066661696c65640000000000066661696c65640000000000000000000000000006"
    "2f6f72672f78000000000007000000057374617274000000000000062f6f72672f6a00000000000000000007622e6d6f756e740000000000"
    "00000000000000066c6f616465640000000000066163746976650000000000076d6f756e746564000000000000000000000000042f6f2f62"
    "00000000000000000000000000000000000000012f0000000000000474657874000000000000000f00000001610000000000000262630000"
    "0000003800000000000000016b0001750000000000000005000000016c000428737629000000000000000001780001740000000000000000"
    "8000000000000000ff00fffeffff0000fffffffdffffffffc000000000000000ffffffffffffffffbfe00000000000000000000105617b73"
    "767d000000"
)


@pytest.fixture
def place() -> Iterator[Path]:
    """For a socket, whose path has at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="bus-") as directory:
        yield Path(directory) / "bus"


def soon() -> float:
    return time.monotonic() + LIMIT_SECONDS


def list_units(bus: Bus) -> list[tuple]:
    return bus.call(soon(), SERVICE, OBJECT, MANAGER, "ListUnits")[0]


def get(bus: Bus, path: str, interface: str, name: str) -> object:
    return bus.call(soon(), SERVICE, path, PROPERTIES, "Get", interface, name)[0]


@pytest.mark.parametrize("piece_bytes", [1 << 20, 4096, 11])
def test_a_real_conversation_is_held_in_whatever_pieces_it_arrives(place: Path, piece_bytes: int) -> None:
    with recorded_bus(place, recorded_turns(), piece_bytes=piece_bytes):
        bus = Bus(str(place))
        units = list_units(bus)
        assert get(bus, OBJECT, MANAGER, "Version") == "252.39-1~deb12u2"
        assert get(bus, OBJECT, MANAGER, "SystemState") == "degraded"
        assert get(bus, f"{OBJECT}/unit/broken_2eservice", f"{SERVICE}.Service", "Type") == "simple"
        umlauts = f"{OBJECT}/unit/gr_5cxc3_5cxb6_5cxc3_5cx9fe_2eservice"
        assert get(bus, umlauts, f"{SERVICE}.Service", "Type") == "oneshot"
        assert get(bus, f"{OBJECT}/unit/mnt_2dx_2emount", f"{SERVICE}.Mount", "Type") == "ext4"
        with pytest.raises(CallFailed, match="Unknown interface") as caught:
            get(bus, f"{OBJECT}/unit/nothing_2eservice", f"{SERVICE}.Service", "NoSuch")
        assert caught.value.name == "org.freedesktop.DBus.Error.UnknownProperty"
        with pytest.raises(CallFailed) as caught:
            bus.call(soon(), "org.nowhere", "/", "org.nowhere", "Nothing")
        assert caught.value.name == "org.freedesktop.DBus.Error.NameHasNoOwner"
        bus.close()
    assert len(FIRST_CALL[1][1]) > 65536
    assert len(units) == 267
    assert {len(unit) for unit in units} == {10}
    assert next(unit for unit in units if unit[0] == "broken.service") == (
        *("broken.service", "Zerbrochen äöü", "loaded", "failed", "failed", ""),
        *(f"{OBJECT}/unit/broken_2eservice", 0, "", "/"),
    )


def test_a_connection_that_the_bus_has_closed_is_made_anew(place: Path) -> None:
    with recorded_bus(place, GREETING + FIRST_CALL, GREETING + FIRST_CALL) as bus_side:
        bus = Bus(str(place))
        assert list_units(bus) == list_units(bus)
        bus.close()
    assert bus_side.connections == 2


def test_a_bus_that_closes_every_connection_is_an_error_and_asked_again_the_next_time(place: Path) -> None:
    cut_off = [FIRST_CALL[0], ("bus", FIRST_CALL[1][1][:50_000])]
    with recorded_bus(place, GREETING + cut_off, GREETING + FIRST_CALL):
        bus = Bus(str(place))
        with pytest.raises(ConnectionResetError, match="closed the connection"):
            list_units(bus)
        assert len(list_units(bus)) == 267
        bus.close()


def test_a_bus_that_does_not_answer_is_given_up_on_time(place: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place))
        listener.listen()
        bus = Bus(str(place))
        with pytest.raises(TimeoutError):
            bus.call(time.monotonic() + 0.05, SERVICE, OBJECT, MANAGER, "ListUnits")


def test_a_late_answer_is_not_taken_for_that_of_the_next_call(place: Path) -> None:
    silent = [*GREETING, FIRST_CALL[0]]
    with recorded_bus(place, [*silent, ("client", b"nothing more")], GREETING + FIRST_CALL) as bus_side:
        bus = Bus(str(place))
        with pytest.raises(TimeoutError):
            bus.call(time.monotonic() + 0.5, SERVICE, OBJECT, MANAGER, "ListUnits")
        assert len(list_units(bus)) == 267
        bus.close()
    assert bus_side.connections == 2


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"REJECTED EXTERNAL\r\n", "the bus does not let us in: 'REJECTED EXTERNAL'"),
        (b"HTTP/1.1 400 Bad Request\r\n", "does not let us in"),
        (b"x" * 200_000, "does not speak D-Bus"),
        (b"DATA\r\nOK 1\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n", "no beginning of a message"),
        (b"DATA\r\nOK 1\r\nl\2\0\1\0\0\0\x7f\1\0\0\0\0\0\0\0", "larger than any that is expected"),
    ],
)
def test_what_is_no_bus_is_refused(place: Path, answer: bytes, reason: str) -> None:
    with (
        recorded_bus(place, [GREETING[0], ("bus", answer), GREETING[2]]),
        pytest.raises(MalformedMessage, match=reason),
    ):
        list_units(Bus(str(place)))


def test_a_bus_that_is_not_there_is_an_ordinary_error(place: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list_units(Bus(str(place)))


def test_an_answer_in_big_endian_is_read_with_every_type() -> None:
    kind, fields, body = decode_message(BIG)
    assert message_size(BIG[:16]) == len(BIG)
    assert kind == 2
    assert fields == {5: 2, 7: ":1.5", 8: "a(ssssssouso)sasa{sv}ynqiuxtdbgg"}
    assert body == [
        [
            ("größe.service", "Größe", "loaded", "failed", "failed", "", "/org/x", 7, "start", "/org/j"),
            ("b.mount", "", "loaded", "active", "mounted", "", "/o/b", 0, "", "/"),
        ],
        "text",
        ["a", "bc"],
        [("k", 5), ("l", ("x", 2**63))],
        *(255, -2, 65535, -3, 2**32 - 1, -(2**62), 2**64 - 1, -0.5, 1, "a{sv}", ""),
    ]


def test_values_that_are_nested_too_deeply_are_refused() -> None:
    deep = b"\1v\0" * 1000 + b"\1y\0\5"
    with pytest.raises(MalformedMessage, match="nested too deeply"):
        Decoder(deep, "<").read("v", 0)
    assert Decoder(deep[-3 * DEPTH_LIMIT - 1 :], "<").read("v", 0) == [5]
    with pytest.raises(MalformedMessage, match="nested too deeply"):
        Decoder(b"\0" * 8, "<").read("a" * 1000 + "y", 0)


@pytest.mark.parametrize(
    ("signature", "data", "reason"),
    [
        ("ay", b"\x09\0\0\0\1\2\3\4", "an array ends after the message"),
        ("as", b"\7\0\0\0\3\0\0\0abc\0", "an array does not end where it should"),
        ("a()", b"\x08\0\0\0\0\0\0\0" + b"\0" * 8, "a structure without members"),
        ("v", b"\2yy\0\1\2", "a variant of the type 'yy'"),
        ("s", b"\3\0\0\0abcd", "a string does not end where it should"),
        ("s", b"\xff\xff\xff\xffabcd", "cut off or damaged"),
        ("s", b"\2\0\0\0\xff\xff\0", "cut off or damaged"),
        ("(y", b"\1\2", "cut off or damaged"),
        ("z", b"\1\2", "cut off or damaged"),
    ],
)
def test_a_value_that_is_not_as_the_specification_says_is_refused(signature: str, data: bytes, reason: str) -> None:
    with pytest.raises(MalformedMessage, match=reason):
        Decoder(data, "<").read(signature, 0)


@given(st.binary(max_size=80), st.text("ybnqiuxtdhsogav(){}z", max_size=12), st.sampled_from("<>"))
def test_garbage_is_an_ordinary_error(data: bytes, signature: str, order: str) -> None:
    with contextlib.suppress(MalformedMessage):
        Decoder(data, order).read(signature, 0)


@given(st.data())
def test_a_damaged_message_is_read_or_refused(data: st.DataObject) -> None:
    message = bytearray(data.draw(st.sampled_from([BIG, *(turn for _, turn in recorded_turns() if len(turn) < 300)])))
    for _ in range(data.draw(st.integers(1, 4))):
        message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    del message[data.draw(st.integers(0, len(message))) :]
    try:
        if len(message) >= 16:
            assert message_size(bytes(message[:16])) <= MESSAGE_LIMIT_BYTES
        decode_message(bytes(message))
    except MalformedMessage:
        pass


CONFIGURATION = """<busconfig><listen>unix:path={path}</listen><policy context="default">
<allow send_destination="*"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>"""


@pytest.fixture
def start_daemon(place: Path) -> Iterator[Callable[[], subprocess.Popen]]:
    """Starts the reference implementation of the bus, and waits until it listens."""
    program = shutil.which("dbus-daemon")
    if program is None:
        pytest.skip("dbus-daemon is not installed: apt-get install dbus-daemon")
    configuration = place.with_suffix(".conf")
    configuration.write_text(CONFIGURATION.format(path=place))
    with contextlib.ExitStack() as processes:

        def start() -> subprocess.Popen:
            place.unlink(missing_ok=True)
            process = processes.enter_context(
                subprocess.Popen([program, "--nofork", f"--config-file={configuration}", "--print-address"], stdout=-1)
            )
            processes.callback(process.kill)
            process.stdout.readline()
            return process

        yield start


def test_the_reference_bus_understands_and_survives_being_restarted(
    start_daemon: Callable[[], subprocess.Popen], place: Path
) -> None:
    process = start_daemon()
    bus = Bus(str(place))
    names = bus.call(soon(), *BUS, "ListNames")[0]
    assert "org.freedesktop.DBus" in names
    assert bus.call(soon(), *BUS, "NameHasOwner", "org.nowhere") == [0]
    with pytest.raises(CallFailed) as caught:
        list_units(bus)
    assert caught.value.name == "org.freedesktop.DBus.Error.NameHasNoOwner"
    process.kill()
    process.wait()
    with pytest.raises(ConnectionRefusedError):
        bus.call(soon(), *BUS, "ListNames")
    process = start_daemon()
    assert bus.call(soon(), *BUS, "NameHasOwner", "org.freedesktop.DBus") == [1]
    process.kill()
    process.wait()
    start_daemon()
    assert bus.call(soon(), *BUS, "NameHasOwner", "org.freedesktop.DBus") == [1]
    bus.close()
