"""Reads files now and then, and checks what stands in them."""

from __future__ import annotations

from collections.abc import Sequence

from monitor_agent.collectors.kept_file import KeptFile


def read_text(path: str) -> str:
    """The whole file; bytes that are no UTF-8 become surrogates. Raises OSError."""
    return KeptFile(path).read()


def check_digits(fields: Sequence[str]) -> None:
    """Raises ValueError unless every field is a whole number as the kernel writes counters, in ASCII digits alone.

    What passes may stand in the exposition text as it is. The fields are never empty: they come from split().
    """
    text = "".join(fields)
    if not (text.isdigit() and text.isascii()):
        odd = next((field for field in fields if not (field.isdigit() and field.isascii())), "nothing")
        raise ValueError(f"{odd!r} stands where a number should")
