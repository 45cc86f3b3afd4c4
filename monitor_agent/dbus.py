"""Asks services on a message bus: a client for D-Bus as small as calling methods and reading their replies allows.

https://dbus.freedesktop.org/doc/dbus-specification.html
"""

from __future__ import annotations

import socket
import struct
import time

SYSTEM_BUS = "/run/dbus/system_bus_socket"
BUS = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")
PROPERTIES = "org.freedesktop.DBus.Properties"

METHOD_CALL, METHOD_RETURN, ERROR = 1, 2, 3
NO_AUTO_START = 2
PATH, INTERFACE, MEMBER, ERROR_NAME, REPLY_SERIAL, DESTINATION, SIGNATURE = 1, 2, 3, 4, 5, 6, 8

# Each with its format in struct, its size and its alignment; they are the same.
FIXED = {"y": ("B", 1), "b": ("I", 4), "n": ("h", 2), "q": ("H", 2), "i": ("i", 4), "u": ("I", 4), "x": ("q", 8)}
FIXED.update({"t": ("Q", 8), "d": ("d", 8), "h": ("I", 4)})
ALIGNMENTS = {**{code: size for code, (_, size) in FIXED.items()}, "s": 4, "o": 4, "g": 1, "a": 4, "v": 1}
ALIGNMENTS.update({"(": 8, "{": 8})

DEPTH_LIMIT = 64  # the specification's own
MESSAGE_LIMIT_BYTES = 16 * 1024 * 1024
CHUNK_BYTES = 65536


class MalformedMessage(Exception):
    """What came is no D-Bus message, or one that goes against the specification."""


class CallFailed(Exception):
    """A method was answered with an error; `name` is the error's, such as org.freedesktop.DBus.Error.AccessDenied."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(f"{name}: {text}" if text else name)
        self.name = name


class Bus:
    """One connection, as the process's own user. It is made with the first call, and again after any trouble.

    Not for several threads at once.
    """

    def __init__(self, path: str = SYSTEM_BUS) -> None:
        self._path = path
        self._socket: socket.socket | None = None
        self._received = b""
        self._serial = 0
        self._deadline = 0.0

    def call(self, deadline: float, destination: str, path: str, interface: str, member: str, *arguments: str) -> list:
        """What the method returns; it takes only strings. Raises CallFailed, MalformedMessage and OSError.

        `deadline` is in seconds of time.monotonic(). A connection that is found closed, as after a restart of the bus,
        is made anew once.
        """
        self._deadline = deadline
        is_new = self._socket is None
        try:
            try:
                return self._call(destination, path, interface, member, arguments)
            except ConnectionError:
                if is_new:
                    raise
                self.close()
                return self._call(destination, path, interface, member, arguments)
        except (OSError, MalformedMessage):
            self.close()
            raise

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
            self._received = b""

    def _call(self, destination: str, path: str, interface: str, member: str, arguments: tuple[str, ...]) -> list:
        if self._socket is None:
            self._connect()
        self._serial += 1
        self._send(encode_call(self._serial, destination, path, interface, member, arguments))
        while True:
            kind, fields, body = self._receive_message()
            if fields.get(REPLY_SERIAL) != self._serial:
                continue  # a signal, or the answer to a call that has been given up
            if kind == ERROR:
                text = body[0] if body and isinstance(body[0], str) else ""
                raise CallFailed(str(fields.get(ERROR_NAME)), text)
            return body

    def _connect(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(self._left_seconds())
        self._socket.connect(self._path)
        # Without a name of a user the bus takes the one whom the kernel names, which is right in any user namespace.
        self._send(b"\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n")
        for expected in (b"DATA", b"OK"):
            line = self._receive_line()
            if line.split(b" ")[0] != expected:
                raise MalformedMessage(f"the bus does not let us in: {line.decode('ascii', 'replace')!r}")
        self._serial = 0
        self._call(*BUS, "Hello", ())

    def _left_seconds(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the bus has not answered in time")
        return left

    def _send(self, data: bytes) -> None:
        self._socket.settimeout(self._left_seconds())
        self._socket.sendall(data)

    def _receive(self, size: int) -> bytes:
        """Exactly so many bytes."""
        parts = [self._received]
        missing = size - len(self._received)
        while missing > 0:
            parts.append(self._receive_some())
            missing -= len(parts[-1])
        data = b"".join(parts)
        self._received = data[size:]
        return data[:size]

    def _receive_some(self) -> bytes:
        self._socket.settimeout(self._left_seconds())
        data = self._socket.recv(CHUNK_BYTES)
        if not data:
            raise ConnectionResetError("the bus has closed the connection")
        return data

    def _receive_line(self) -> bytes:
        while b"\r\n" not in self._received:
            if len(self._received) > CHUNK_BYTES:
                raise MalformedMessage("the bus does not speak D-Bus")
            self._received += self._receive_some()
        line, _, self._received = self._received.partition(b"\r\n")
        return line

    def _receive_message(self) -> tuple[int, dict[int, object], list]:
        start = self._receive(16)
        size = message_size(start)
        return decode_message(start + self._receive(size - 16))


def encode_call(
    serial: int, destination: str, path: str, interface: str, member: str, arguments: tuple[str, ...]
) -> bytes:
    body = b""
    for argument in arguments:
        body = align(body, 4) + encode_string(argument)
    fields = [(PATH, "o", path), (INTERFACE, "s", interface), (MEMBER, "s", member), (DESTINATION, "s", destination)]
    encoded = b""
    for code, kind, value in fields:
        encoded = align(encoded, 8) + bytes((code, 1, ord(kind), 0)) + encode_string(value)
    if arguments:
        signature = b"s" * len(arguments)
        encoded = align(encoded, 8) + bytes((SIGNATURE, 1, ord("g"), 0, len(signature))) + signature + b"\0"
    head = struct.pack("<cBBBIII", b"l", METHOD_CALL, NO_AUTO_START, 1, len(body), serial, len(encoded))
    return align(head + encoded, 8) + body


def encode_string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<I", len(data)) + data + b"\0"


def align(data: bytes, alignment: int) -> bytes:
    return data + b"\0" * (-len(data) % alignment)


def message_size(start: bytes) -> int:
    """How long a message is that begins with these 16 bytes. Raises MalformedMessage."""
    order = byte_order(start)
    body_size, _, fields_size = struct.unpack_from(f"{order}III", start, 4)
    size = 16 + fields_size + -fields_size % 8 + body_size
    if size > MESSAGE_LIMIT_BYTES:
        raise MalformedMessage(f"a message of {size} bytes is larger than any that is expected")
    return size


def byte_order(message: bytes) -> str:
    """As struct names it."""
    if message[:1] == b"l" and message[3:4] == b"\1":
        return "<"
    if message[:1] == b"B" and message[3:4] == b"\1":
        return ">"
    raise MalformedMessage(f"this is no beginning of a message: {message[:4]!r}")


def decode_message(message: bytes) -> tuple[int, dict[int, object], list]:
    """The kind, the header's fields and the values of the body. Raises MalformedMessage."""
    decoder = Decoder(message, byte_order(message))
    fields = dict(decoder.read("a(yv)", 12)[0])
    signature = fields.get(SIGNATURE, "")
    if not isinstance(signature, str):
        raise MalformedMessage("the signature of a message is none")
    decoder.position += -decoder.position % 8
    return message[1], fields, decoder.read(signature, decoder.position)


class Decoder:
    """Reads values out of a whole message: their alignment counts from its beginning."""

    def __init__(self, message: bytes, order: str) -> None:
        self.position = 0
        self._message = message
        self._fixed = {code: (struct.Struct(order + form).unpack_from, size) for code, (form, size) in FIXED.items()}

    def read(self, signature: str, position: int) -> list:
        """The values of complete types one after another. Raises MalformedMessage."""
        self.position = position
        values = []
        index = 0
        try:
            while index < len(signature):
                value, index = self._read(signature, index, 0)
                values.append(value)
        except (struct.error, IndexError, KeyError, UnicodeDecodeError) as error:
            raise MalformedMessage(f"a value of type {signature!r} is cut off or damaged ({error!r})") from None
        return values

    def _read(self, signature: str, index: int, depth: int) -> tuple[object, int]:
        """One value of the type at `index`, and where the next type begins."""
        if depth > DEPTH_LIMIT:
            raise MalformedMessage("values are nested too deeply")
        code = signature[index]
        self.position += -self.position % ALIGNMENTS[code]
        if code in "so":
            return self._string(self._number("u")), index + 1
        if code in self._fixed:
            return self._number(code), index + 1
        if code == "g":
            return self._string(self._number("y")), index + 1
        if code == "v":
            inner = self._string(self._number("y"))
            value, end = self._read(inner, 0, depth + 1)
            if end != len(inner):
                raise MalformedMessage(f"a variant of the type {inner!r}")
            return value, index + 1
        if code == "a":
            return self._array(signature, index + 1, depth + 1)
        return self._members(signature, index + 1, ")" if code == "(" else "}", depth + 1)

    def _number(self, code: str) -> int | float:
        unpack, size = self._fixed[code]
        value = unpack(self._message, self.position)[0]
        self.position += size
        return value

    def _string(self, size: int) -> str:
        end = self.position + size
        if self._message[end] != 0:
            raise MalformedMessage("a string does not end where it should")
        text = self._message[self.position : end].decode()
        self.position = end + 1
        return text

    def _array(self, signature: str, index: int, depth: int) -> tuple[list, int]:
        size = self._number("u")
        self.position += -self.position % ALIGNMENTS[signature[index]]
        end = self.position + size
        if end > len(self._message):
            raise MalformedMessage("an array ends after the message")
        values = []
        while self.position < end:
            values.append(self._read(signature, index, depth)[0])
        if self.position != end:
            raise MalformedMessage("an array does not end where it should")
        return values, skip_type(signature, index, depth)

    def _members(self, signature: str, index: int, end: str, depth: int) -> tuple[tuple, int]:
        """Of a structure, or of an entry in a dictionary."""
        values = []
        while signature[index] != end:
            value, index = self._read(signature, index, depth)
            values.append(value)
        if not values:
            raise MalformedMessage("a structure without members")
        return tuple(values), index + 1


def skip_type(signature: str, index: int, depth: int) -> int:
    """Where the type after the one at `index` begins. Raises IndexError, KeyError and MalformedMessage."""
    if depth > DEPTH_LIMIT:
        raise MalformedMessage("types are nested too deeply")
    code = signature[index]
    ALIGNMENTS[code]
    index += 1
    if code == "a":
        return skip_type(signature, index, depth + 1)
    if code in "({":
        while signature[index] not in ")}":
            index = skip_type(signature, index, depth + 1)
        index += 1
    return index
