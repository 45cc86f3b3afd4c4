"""Two pages that are not the same are told apart, line by line."""

import pytest

from tests.integration.pages import differences, read_page

PAGE = '# HELP a Help.\n# TYPE a counter\na{x="1"} 3\na{x="2"} 4\n'


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('a{x="1"} 3', 'a{x="1"} 5', 'a{x="1"}  is 5.0; theirs 3.0'),
        ('a{x="1"} 3\n', "", 'a{x="1"}  is missing; theirs 3.0'),
        ('a{x="1"} 3', 'a{x="1"} 3\na{x="3"} 5', 'a{x="3"}  is only here: 5.0'),
        ('{x="2"} 4', '{x="2"} NaN', 'a{x="2"}  is nan; theirs 4.0'),
        ("counter", "gauge", "a  has the type gauge; theirs counter"),
        ("# TYPE a counter\n", "", "a  has the type unknown; theirs counter"),
        ("Help.", "help.", "a  has the help 'help.'; theirs 'Help.'"),
    ],
)
def test_each_difference_has_its_line(before: str, after: str, said: str) -> None:
    ours = read_page(PAGE.replace(before, after))
    assert [str(each) for each in differences([read_page(PAGE)], [ours])] == [said]


def test_the_same_page_has_no_difference() -> None:
    page = f"{PAGE}b NaN\n"
    assert differences([read_page(page)], [read_page(page)]) == []


def test_the_last_bit_of_a_number_is_no_difference() -> None:
    theirs, ours = (read_page(f"a {number}\n") for number in ("0.043000000000000003", "0.043"))
    assert differences([theirs], [ours]) == []


@pytest.mark.parametrize(("theirs", "ours"), [((3, 4), (5, 5)), ((3, 3), (5, 6))])
def test_a_value_that_moves_between_readings_is_not_compared(theirs: tuple[int, int], ours: tuple[int, int]) -> None:
    readings = ([read_page(f"a {value}\n") for value in values] for values in (theirs, ours))
    assert differences(*readings) == []


def test_a_value_that_stands_still_on_both_sides_is_compared() -> None:
    readings = ([read_page(f"a {value}\n") for value in values] for values in ((3, 3), (5, 5)))
    assert [str(each) for each in differences(*readings)] == ["a  is 5.0; theirs 3.0"]


def test_a_series_that_comes_or_goes_is_no_difference() -> None:
    theirs = [read_page("a 1\nb 1\n"), read_page("a 1\n")]
    ours = [read_page("a 1\n"), read_page("a 1\nc 1\n")]
    assert differences(theirs, ours) == []


def test_a_series_that_is_there_twice_is_an_error() -> None:
    with pytest.raises(ValueError, match=r'there twice: a\{x="1"\}'):
        read_page('a{x="1"} 1\na{x="1"} 2\n')
