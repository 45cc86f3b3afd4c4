r"""Regular expressions of label matchers: RE2's syntax, run by Python's `re`.

The two agree on nearly everything a label matcher contains. Where Python would read the same text differently
(`a++` is possessive to Python, `[[:alpha:]]` a set of letters, `\z` unknown) the pattern is translated or
refused, so that it never matches something else than in Prometheus. Matching is anchored at both ends and `.`
matches a newline, as in Prometheus 3. Case folding (`(?i)`) is ASCII only.
Syntax: https://github.com/google/re2/wiki/Syntax
"""

import functools
import re

from monitor_collector.promql.errors import QueryError

_POSIX_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7F",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1F\x7F",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": r"0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}

_TOKEN = re.compile(
    r"(?P<hexadecimal>\\x\{(?P<code>[0-9A-Fa-f]+)\})"
    r"|(?P<escape>\\.)"
    r"|(?P<posix>\[:(?P<inverse>\^?)(?P<class>\w+):\])"
    r"|(?P<group>\(\?(?:P?<(?P<name>\w+)>|(?P<flags>[a-zA-Z]*(?:-[a-zA-Z]+)?)(?P<scope>[:)])))"
    r"|(?P<special>\(\?)"
    r"|(?P<repeat>(?:[*+?]|\{\d+(?:,\d*)?\}))"
    r"|(?P<character>.)",
    re.DOTALL,
)
_KNOWN_ESCAPES = set("dDwWsSbBAaftnrvx")


@functools.lru_cache(maxsize=4096)
def compile_anchored(pattern: str) -> re.Pattern[str]:
    """The compiled pattern; use its `fullmatch`. QueryError where it is invalid or cannot be carried over."""
    try:
        return re.compile(_translated(pattern), re.ASCII | re.DOTALL)
    except (re.error, OverflowError, RecursionError) as error:
        raise QueryError(f"invalid regular expression {pattern!r}: {error}") from None


def _translated(pattern: str) -> str:
    parts: list[str] = []
    class_start: int | None = None
    repeated = 0
    for token in _TOKEN.finditer(pattern):
        kind, text = token.lastgroup, token[0]
        kind = next(name for name in _KINDS if token[name] is not None)
        in_class = class_start is not None
        was_repeated, repeated = repeated, 0
        if kind == "hexadecimal":
            parts.append(re.escape(chr(_code_point(pattern, token["code"]))))
        elif kind == "escape":
            parts.append(_escape(pattern, text))
        elif kind == "posix" and in_class:
            parts.append(_posix_class(pattern, token["class"], bool(token["inverse"])))
        elif kind == "posix":
            # Outside a class this is the class of the letters between the brackets, to RE2 as to Python.
            parts.append(text)
        elif in_class:
            closes = text == "]" and token.start() > class_start
            class_start = None if closes else class_start
            parts.append(text if closes or text in "-^" or text.isalnum() else _inside_class(text))
        elif kind == "group":
            parts.append(_group(pattern, token))
        elif kind == "special":
            raise _unsupported(pattern, "this kind of group")
        elif kind == "repeat":
            if was_repeated and not (text == "?" and was_repeated == 1):
                raise _unsupported(pattern, "a repetition of a repetition")
            repeated = was_repeated + 1
            parts.append(text)
        elif text == "[":
            negated = pattern.startswith("^", token.end())
            class_start = token.end() + negated  # a "]" right at the start is an ordinary character
            parts.append(text)
        elif text == "$":
            parts.append("$" if _MULTILINE.search(pattern) else r"\Z")
        elif text == "{":
            parts.append(r"\{")
        else:
            parts.append(text)
    return "".join(parts)


_KINDS = ("hexadecimal", "escape", "posix", "group", "special", "repeat", "character")
_MULTILINE = re.compile(r"\(\?[a-zA-Z]*m")


def _escape(pattern: str, text: str) -> str:
    letter = text[1]
    if letter == "z":
        return r"\Z"
    if letter.isascii() and letter.isalnum() and letter not in _KNOWN_ESCAPES:
        raise _unsupported(pattern, f"the escape {text}")
    return text


def _inside_class(text: str) -> str:
    """Characters of a class one by one, escaped where Python may once give them a meaning (`[`, `&&`, `||`)."""
    return "".join(re.escape(character) if character not in "-^]" else character for character in text)


def _posix_class(pattern: str, name: str, inverse: bool) -> str:
    if name not in _POSIX_CLASSES or inverse:
        raise _unsupported(pattern, f"the character class [:{'^' * inverse}{name}:]")
    return _POSIX_CLASSES[name]


def _group(pattern: str, token: re.Match[str]) -> str:
    if token["name"]:
        return f"(?P<{token['name']}>"
    flags = token["flags"] or ""
    if set(flags) - set("ims-"):
        raise _unsupported(pattern, f"the flags (?{flags})")
    if token["scope"] == ")" and token.start() > 0:
        raise _unsupported(pattern, "flags that do not stand at the start")
    return token[0]


def _code_point(pattern: str, digits: str) -> int:
    code = int(digits, 16)
    if code > 0x10FFFF:
        raise _unsupported(pattern, f"the character \\x{{{digits}}}")
    return code


def _unsupported(pattern: str, what: str) -> QueryError:
    return QueryError(f"regular expression {pattern!r}: {what} is not supported here")
