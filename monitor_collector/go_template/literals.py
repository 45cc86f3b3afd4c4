"""Strings, characters and numbers as they are written in Go.

https://go.dev/ref/spec#Lexical_elements
"""

from __future__ import annotations

import re
from math import isfinite

from monitor_collector.go_template.errors import TemplateError

_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}
_ESCAPE = re.compile(
    r"\\(?:x(?P<x>[0-9a-fA-F]{2})|u(?P<u>[0-9a-fA-F]{4})|U(?P<U>[0-9a-fA-F]{8})|(?P<octal>[0-7]{3})|(?P<one>.))|\\",
    re.DOTALL,
)
# More than 64 bits have in any base, with the sign.
_DIGITS_MAX = 200
_INTEGER = re.compile(r"[+-]?(?:0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO]?(?:_?[0-7])+|[1-9](?:_?[0-9])*|0)")
_FLOAT = re.compile(r"[+-]?(?:\d(?:_?\d)*\.?(?:\d(?:_?\d)*)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d(?:_?\d)*)?")
_SHORT = {character: f"\\{letter}" for letter, character in _SIMPLE.items()}


def unquote(literal: str) -> str:
    """The text of a literal in `"`, `'` or back quotes. TemplateError where an escape is none."""
    mark, text = literal[0], literal[1:-1]
    if mark == "`":
        return text.replace("\r", "")
    if "\\" not in text:
        return text
    # \xff stands for a byte, so several of them may make one character.
    parts: list[bytes] = []
    end = 0
    for found in _ESCAPE.finditer(text):
        parts += [text[end : found.start()].encode("utf-8", "replace"), _escaped(found, mark, literal)]
        end = found.end()
    parts.append(text[end:].encode("utf-8", "replace"))
    return b"".join(parts).decode("utf-8", "replace")


def _escaped(found: re.Match[str], mark: str, literal: str) -> bytes:
    if found["x"]:
        return bytes([int(found["x"], 16)])
    if found["octal"] and int(found["octal"], 8) < 256:
        return bytes([int(found["octal"], 8)])
    digits = found["u"] or found["U"]
    if digits and int(digits, 16) <= 0x10FFFF and not 0xD800 <= int(digits, 16) < 0xE000:
        return chr(int(digits, 16)).encode()
    letter = found["one"]
    if letter == mark:
        return mark.encode()
    if letter in _SIMPLE:
        return _SIMPLE[letter].encode()
    raise TemplateError(f"{found[0]} is no escape that Go knows, in {literal}")


def number(literal: str) -> int | float:
    """The number of a literal; a whole one without point and exponent is an int. TemplateError where it is none."""
    if literal.startswith("'"):
        character = unquote(literal)
        if len(character) == 1:
            return ord(character)
    elif _INTEGER.fullmatch(literal):
        digits = literal.replace("_", "")
        unsigned = digits.lstrip("+-")
        is_octal = len(unsigned) > 1 and unsigned[0] == "0" and unsigned[1].isdigit()
        # Python converts no longer ones, and leading zeros are octal.
        whole = int(digits, 8 if is_octal else 0) if len(digits) <= _DIGITS_MAX else 2**63
        if -(2**63) <= whole < 2**63:
            return whole
        raise TemplateError(f"{literal} is too large; write {literal}.0")
    elif _FLOAT.fullmatch(literal) and any(mark in literal for mark in ".eE") and isfinite(float(literal)):
        return float(literal)
    raise TemplateError(f"{literal} is no number that is supported here")


def quote(text: str, is_ascii: bool = False, mark: str = '"') -> str:
    """As Go's %q: in quotes, everything that cannot be printed escaped; also all but ASCII where asked for."""
    return mark + "".join(_quoted(character, is_ascii, mark) for character in text) + mark


def _quoted(character: str, is_ascii: bool, mark: str) -> str:
    if character == mark:
        return f"\\{mark}"
    if character in _SHORT:
        return _SHORT[character]
    if character.isprintable() and (character.isascii() or not is_ascii):
        return character
    code = ord(character)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
