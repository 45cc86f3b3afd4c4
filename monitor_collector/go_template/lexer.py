"""Cuts a template into texts and the tokens of its actions, as Go's text/template/parse/lex.go does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from monitor_collector.go_template.errors import TemplateError

KEYWORDS = {"block", "break", "continue", "define", "else", "end", "if", "range", "template", "with"}
# Go trims these four and no other white space.
_SPACES = " \t\r\n"
_LEFT = re.compile(r"\{\{(?P<trim>-(?=[ \t\r\n]))?(?P<comment>[ \t\r\n]?/\*)?")
_COMMENT_END = re.compile(r"\*/(?P<trim>[ \t\r\n]-)?\}\}")
_TOKEN = re.compile(
    r"(?P<right>[ \t\r\n]*(?P<trim>(?<=[ \t\r\n])-)?\}\})"
    r"|(?P<space>[ \t\r\n]+)"
    r'|(?P<string>"(?:[^"\\\n]|\\[^\n])*"|`[^`]*`)'
    r"|(?P<number>'(?:[^'\\\n]|\\[^\n])*'|[+-]?(?:\d|\.\d)(?:[eE](?<!0[xX].)[+-]?|[\w.])*)"
    r"|(?P<field>\.\w+)"
    r"|(?P<dot>\.)"
    r"|(?P<variable>\$\w*)"
    r"|(?P<word>\w+)"
    r"|(?P<declare>:=)|(?P<assign>=)|(?P<pipe>\|)|(?P<comma>,)|(?P<open>\()|(?P<close>\))"
)
# What may follow a name without a space.
_TERMINATORS = frozenset(_SPACES + ".,|:()")


class Token(NamedTuple):
    """`kind` is a group of the expression above, "text", "left", "end", "keyword", "bool" or "nil"."""

    kind: str
    text: str
    position: int


def tokens(template: str) -> Iterator[Token]:
    """All tokens, closed by one of kind "end". TemplateError where there is none, naming the action."""
    position, is_trimmed = 0, False
    while (start := template.find("{{", position)) >= 0:
        left = _LEFT.match(template, start)
        assert left is not None
        yield from _text(template[position:start], position, is_trimmed, bool(left["trim"]))
        # Only `{{- /*` may have a space before the comment.
        if left["comment"] and (left["trim"] or left["comment"] == "/*"):
            closing = template.find("*/", left.end())
            end = _COMMENT_END.match(template, closing) if closing >= 0 else None
            if end is None:
                raise error_at(template, start, "a comment ends with */}} or */ -}}")
            position, is_trimmed = end.end(), bool(end["trim"])
            continue
        yield Token("left", "{{", start)
        position = start + 2 + len(left["trim"] or "")
        while True:
            found = _TOKEN.match(template, position)
            if found is None:
                raise error_at(template, start, _why_none(template, position))
            position = found.end()
            kind = str(found.lastgroup) if found["right"] is None else "right"
            if kind in ("word", "field", "variable", "number"):
                kind = _word_kind(found[0]) if kind == "word" else kind
                _check_terminator(template, start, position, kind)
            yield Token(kind, found[0], found.start())
            if kind == "right":
                is_trimmed = bool(found["trim"])
                break
    yield from _text(template[position:], position, is_trimmed, False)
    yield Token("end", "the end of the template", len(template))


def error_at(template: str, position: int, reason: str) -> TemplateError:
    """The error with the action in which it is."""
    start = template.rfind("{{", 0, position + 2)
    if start < 0:
        return TemplateError(reason)
    end = template.find("}}", start)
    action = template[start : end + 2] if end >= 0 else template[start:]
    return TemplateError(f"{action if len(action) <= 60 else action[:60] + '…'}: {reason}")


def _text(text: str, position: int, trims_left: bool, trims_right: bool) -> Iterator[Token]:
    text = text.lstrip(_SPACES) if trims_left else text
    text = text.rstrip(_SPACES) if trims_right else text
    if text:
        yield Token("text", text, position)


def _word_kind(word: str) -> str:
    if word in KEYWORDS:
        return "keyword"
    return {"true": "bool", "false": "bool", "nil": "nil"}.get(word, "word")


def _check_terminator(template: str, start: int, position: int, kind: str) -> None:
    following = template[position : position + 1]
    if kind == "number":
        return
    if following and following not in _TERMINATORS and not template.startswith("}}", position):
        raise error_at(template, start, f"{following!r} cannot follow a name; put a space between them")


def _why_none(template: str, position: int) -> str:
    if position >= len(template):
        return "has {{ without }}"
    hint = " (a quote without its end?)" if template[position] in "\"'`" else ""
    return f"{template[position]!r} does not belong there{hint}"
