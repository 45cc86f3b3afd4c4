"""Until when a certificate is valid, read from its DER encoding: Python tells it only of those that it trusts.

RFC 5280, section 4.1: Certificate ::= SEQUENCE { tbsCertificate SEQUENCE { [0] version OPTIONAL, serialNumber,
signature, issuer, validity SEQUENCE { notBefore, notAfter }, … }, … }
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

_SEQUENCE, _VERSION, _UTC_TIME, _GENERALIZED_TIME = 0x30, 0xA0, 0x17, 0x18
# Of a UTCTime, years from 50 on are of the last century (RFC 5280, section 4.1.2.5.1).
_PIVOT_YEAR = 50


class CertificateError(ValueError):
    """The bytes are no certificate."""


class _Element(NamedTuple):
    tag: int
    content: bytes
    rest: bytes


def valid_until(certificate: bytes) -> float:
    """`notAfter` of an X.509 certificate in DER, in Unix seconds. Raises CertificateError."""
    body = _expect(_SEQUENCE, _expect(_SEQUENCE, certificate).content).content
    first = _element(body)
    if first.tag == _VERSION:
        body = first.rest
    for _ in ("serialNumber", "signature", "issuer"):
        body = _element(body).rest
    validity = _expect(_SEQUENCE, body).content
    return _time(_element(_element(validity).rest))


def _element(data: bytes) -> _Element:
    """The first element of some bytes: a tag, a length, so many bytes."""
    if len(data) < 2:
        raise CertificateError("it ends early")
    tag, length, start = data[0], data[1], 2
    if length >= 0x80:
        count = length & 0x7F
        start += count
        if not 0 < count <= 4 or len(data) < start:
            raise CertificateError("an element has no sensible length")
        length = int.from_bytes(data[2:start], "big")
    if len(data) < start + length:
        raise CertificateError("it ends early")
    return _Element(tag, data[start : start + length], data[start + length :])


def _expect(tag: int, data: bytes) -> _Element:
    element = _element(data)
    if element.tag != tag:
        raise CertificateError(f"an element has the tag {element.tag}, not {tag}")
    return element


def _time(element: _Element) -> float:
    text = element.content.decode("ascii", "replace")
    if element.tag == _UTC_TIME and text[:2].isdigit():
        text = ("19" if int(text[:2]) >= _PIVOT_YEAR else "20") + text
    elif element.tag != _GENERALIZED_TIME:
        raise CertificateError("its end is no time")
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):
        raise CertificateError(f"its end is no time: {text[:20]!r}") from None
