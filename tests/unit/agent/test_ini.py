"""INI files, against the standard library's reader."""

from __future__ import annotations

import configparser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor_agent.ini import IniError, parse_ini

NAMES = st.text("abcXYZ_09 -/", min_size=1, max_size=8).map(str.strip).filter(bool)
VALUES = st.text("abc09=:;#[] %\t/é", max_size=12)
FILES = st.dictionaries(NAMES, st.dictionaries(NAMES, VALUES, max_size=4), max_size=4)


@given(FILES)
def test_a_file_means_what_the_standard_library_says(sections: dict[str, dict[str, str]]) -> None:
    text = "".join(
        f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in values.items()) + "\n; the end\n"
        for name, values in sections.items()
    )
    reference = configparser.ConfigParser(
        interpolation=None,
        inline_comment_prefixes=(";", "#"),
        delimiters=("=",),
        default_section="",
        empty_lines_in_values=False,
    )
    reference.optionxform = str  # type: ignore[assignment,method-assign]
    reference.read_string(text)
    assert parse_ini(text) == {name: dict(reference[name]) for name in reference.sections()}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[a]\nb = 1\nb = 2\n", "line 3: b is there twice in [a]"),
        ("[a]\n\n[a]\n", "line 3: section [a] is there twice"),
        ("a = 1\n", "line 1: a stands before the first [section]"),
        ("[a]\nb\n", "line 2: 'b' is neither"),
        ("[a]\n= 1\n", "line 2: '= 1' is neither"),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, complaint: str) -> None:
    with pytest.raises(IniError) as error:
        parse_ini(text)
    assert complaint in str(error.value)


@given(st.text(max_size=60))
def test_garbage_is_told_and_nothing_worse(text: str) -> None:
    try:
        assert isinstance(parse_ini(text), dict)
    except IniError as error:
        assert str(error).startswith("line ")
