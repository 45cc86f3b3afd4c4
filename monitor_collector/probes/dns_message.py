"""Questions to a name server and what it answers, as RFC 1035 writes them."""

from __future__ import annotations

import ipaddress
import struct
from typing import NamedTuple

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33}
CODES = {1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}
_NAMES = {number: name for name, number in TYPES.items()}
_HEADER = struct.Struct("!HHHHHH")
_QUESTION = struct.Struct("!HH")
_RECORD = struct.Struct("!HHIH")
_INTERNET = 1
_RECURSION_DESIRED, _ANSWER, _TRUNCATED = 0x0100, 0x8000, 0x0200
_LABEL_MAX_BYTES, _NAME_MAX_BYTES = 63, 255
_RECORDS_MAX = 1000


class DnsError(ValueError):
    """The bytes are no answer to the question, or a name cannot be asked for."""


class DnsAnswer(NamedTuple):
    """`records` are those of the type that was asked for, in words; the counts are of all, by section."""

    code: int
    is_truncated: bool
    records: list[str]
    answers: int
    authorities: int
    additionals: int


def question(number: int, name: str, kind: str) -> bytes:
    """A recursive query for the records of a name. Raises DnsError."""
    return (
        _HEADER.pack(number, _RECURSION_DESIRED, 1, 0, 0, 0) + _encoded(name) + _QUESTION.pack(TYPES[kind], _INTERNET)
    )


def read_answer(message: bytes, asked: bytes) -> DnsAnswer:
    """What is answered to a question, which is compared. Raises DnsError."""
    if len(message) < _HEADER.size:
        raise DnsError("the answer ends early")
    number, flags, questions, answers, authorities, additionals = _HEADER.unpack_from(message)
    if number != _HEADER.unpack_from(asked)[0] or not flags & _ANSWER or questions != 1:
        raise DnsError("this is no answer to the question")
    start = len(asked)
    if message[_HEADER.size : start].lower() != asked[_HEADER.size :].lower():
        raise DnsError("this is the answer to another question")
    if answers > _RECORDS_MAX:
        raise DnsError(f"there are {answers} answers")
    is_truncated = bool(flags & _TRUNCATED)
    wanted = _QUESTION.unpack(asked[-_QUESTION.size :])[0]
    records = [] if is_truncated else _records(message, start, answers, wanted)
    return DnsAnswer(flags & 0xF, is_truncated, records, answers, authorities, additionals)


def _records(message: bytes, position: int, count: int, wanted: int) -> list[str]:
    found = []
    for _ in range(count):
        _, position = _name(message, position)
        if position + _RECORD.size > len(message):
            raise DnsError("the answer ends early")
        kind, _, _, length = _RECORD.unpack_from(message, position)
        position += _RECORD.size
        if position + length > len(message):
            raise DnsError("the answer ends early")
        if kind == wanted:
            found.append(_content(message, kind, position, length))
        position += length
    return found


def _content(message: bytes, kind: int, start: int, length: int) -> str:
    data = message[start : start + length]
    try:
        match _NAMES[kind]:
            case "A" | "AAAA":
                return str(ipaddress.ip_address(data))
            case "NS" | "CNAME" | "PTR":
                return _name(message, start)[0]
            case "MX":
                return f"{struct.unpack('!H', data[:2])[0]} {_name(message, start + 2)[0]}"
            case "SRV":
                priority, weight, port = struct.unpack("!HHH", data[:6])
                return f"{priority} {weight} {port} {_name(message, start + 6)[0]}"
            case "SOA":
                server, position = _name(message, start)
                mailbox, position = _name(message, position)
                figures = struct.unpack_from("!IIIII", message, position)
                return " ".join([server, mailbox, *map(str, figures)])
            case _:
                return _texts(data)
    except (struct.error, ValueError) as error:
        raise DnsError(f"a record makes no sense: {error}") from None


def _texts(data: bytes) -> str:
    """The strings of a TXT record, which belong together."""
    text, position = b"", 0
    while position < len(data):
        end = position + 1 + data[position]
        text += data[position + 1 : end]
        position = end
    return text.decode("utf-8", "replace")


def _encoded(name: str) -> bytes:
    encoded = b""
    for label in name.rstrip(".").split(".") if name.rstrip(".") else []:
        try:
            content = label.encode("ascii") if label.isascii() else label.encode("idna")
        except UnicodeError:
            raise DnsError(f"{name!r} is no name") from None
        if not 0 < len(content) <= _LABEL_MAX_BYTES:
            raise DnsError(f"{name!r} is no name")
        encoded += bytes([len(content)]) + content
    if len(encoded) >= _NAME_MAX_BYTES:
        raise DnsError(f"{name[:60]!r}… is longer than a name may be")
    return encoded + b"\0"


def _name(message: bytes, position: int) -> tuple[str, int]:
    """A name, and the position after it. A pointer leads to somewhere before it only, so that there is an end."""
    labels: list[str] = []
    after = None
    limit = position
    size = 0
    while True:
        if position >= len(message):
            raise DnsError("a name ends early")
        length = message[position]
        if length == 0:
            return ".".join(labels) + ".", position + 1 if after is None else after
        if length >= 0xC0:
            if position + 1 >= len(message):
                raise DnsError("a name ends early")
            target = (length & 0x3F) << 8 | message[position + 1]
            after = position + 2 if after is None else after
            if target >= limit:
                raise DnsError("a name leads to itself")
            position = limit = target
            continue
        size += length + 1
        if length > _LABEL_MAX_BYTES or size > _NAME_MAX_BYTES or position + 1 + length > len(message):
            raise DnsError("a name is too long")
        labels.append(message[position + 1 : position + 1 + length].decode("utf-8", "replace"))
        position += 1 + length
