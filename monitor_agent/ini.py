"""Reads INI files as configparser does when it is strict. configparser itself would stay in memory for ever: 0.6 MB."""

from __future__ import annotations

COMMENTS = (";", "#")


class IniError(Exception):
    """A line that is neither a section, a key with a value, nor a comment; or a name that is there twice."""


def parse_ini(text: str) -> dict[str, dict[str, str]]:
    """The values by section and key, without the spaces around them. Raises IniError with the number of the line.

    A comment begins with ; or # at the start of a line or after a space. Names keep their case.
    """
    sections: dict[str, dict[str, str]] = {}
    section: dict[str, str] | None = None
    for number, line in enumerate(text.split("\n"), 1):
        line = without_comment(line)
        if not line:
            continue
        if line.startswith("[") and line.endswith("]"):
            name = line[1:-1].strip()
            if name in sections:
                raise IniError(f"line {number}: section [{name}] is there twice")
            section = sections[name] = {}
            continue
        key, equals, value = line.partition("=")
        key = key.strip()
        if not equals or not key:
            raise IniError(f"line {number}: {line!r} is neither a [section] nor a key = value")
        if section is None:
            raise IniError(f"line {number}: {key} stands before the first [section]")
        if key in section:
            raise IniError(f"line {number}: {key} is there twice in [{name}]")
        section[key] = value.strip()
    return sections


def without_comment(line: str) -> str:
    if line.lstrip().startswith(COMMENTS):
        return ""
    ends = [line.find(before + comment) for comment in COMMENTS for before in " \t"]
    return line[: min([end for end in ends if end >= 0], default=len(line))].strip()
