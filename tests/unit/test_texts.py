# SPDX-License-Identifier: Apache-2.0
"""Texts are cut where a reader sees a character end, hold no markup of others, and never exceed what Slack takes."""

from __future__ import annotations

import html
import unicodedata
from itertools import accumulate

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st
from tests.blockkit import units as units_of_checker

from tieout.texts import ELLIPSIS, REPLACED, clean, clusters, cut, cut_escaped, escape, units

FAMILY, FLAGS, THUMB = "👩‍👩‍👧‍👦", "🇩🇪🇫🇷🇯🇵", "👍🏽"
SCOTLAND = "🏴\U000e0067\U000e0062\U000e007f"
WORDS = (
    "شركة",
    "עברית",
    "김민준",
    "क्षेत्र",
    "นักศึกษา",
    "Zoë",
    "Zo\u0308e",
    FAMILY,
    FLAGS,
    THUMB,
    "1\ufe0f\u20e3",
    "a&b<c>",
    "🏴\U000e0067\U000e0062\U000e007f",
)
ANYTHING = st.text(st.characters(exclude_categories=("Cs", "Cn")), max_size=80) | st.lists(
    st.sampled_from(WORDS), max_size=12
).map("".join)


def boundaries(parts: list[str]) -> set[int]:
    """Return where the parts of a text end."""
    return set(accumulate(len(part) for part in parts))


@given(ANYTHING)
def test_a_text_is_never_parted_within_what_a_reader_sees_as_one_character(text: str) -> None:
    ours = list(clusters(text))
    assert "".join(ours) == text
    known = "".join(each if unicodedata.category(each) != "Cn" else "?" for each in text)
    assert boundaries(ours) <= boundaries(regex.findall(r"\X", known))


@pytest.mark.parametrize("word", WORDS)
def test_words_of_many_scripts_are_parted_where_unicode_parts_them(word: str) -> None:
    assert list(clusters(word)) == regex.findall(r"\X", word)


@given(ANYTHING, st.integers(0, 60))
def test_a_cut_text_fits_and_says_that_it_is_cut(text: str, limit: int) -> None:
    made = cut(text, limit)
    assert units(made) <= limit or limit == 0
    assert units(made) == units_of_checker(made)
    if units(text) <= limit:
        assert made == text
    elif limit:
        assert made.endswith(ELLIPSIS)
        assert text.startswith(made.removesuffix(ELLIPSIS))


@given(ANYTHING, st.integers(1, 60))
def test_an_escaped_text_fits_with_its_entities_whole_and_holds_no_markup(text: str, limit: int) -> None:
    made = cut_escaped(text, limit)
    assert units(made) <= limit
    assert not set(made) & set("<>")
    assert regex.sub("&(amp|lt|gt);", "", made).count("&") == 0
    assert text.startswith(html.unescape(made.removesuffix(ELLIPSIS))) or units(escape(text)) <= limit


@given(st.text(max_size=60))
def test_a_clean_text_stands_on_one_line_and_steers_nothing(text: str) -> None:
    made = clean(text)
    assert not any(unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") for each in made)
    assert not set(made) & set("\u202e\u2066\u2069\u200b\ufeff")


def test_what_turns_the_direction_of_a_name_is_shown() -> None:
    assert clean("admin\u202etxt.exe\n") == f"admin{REPLACED}txt.exe"
    assert clean(f" {FAMILY}\tx ") == f"{FAMILY} x"


def test_one_character_that_is_longer_than_the_limit_is_left_out_whole() -> None:
    assert cut("a" + "\u0301" * 5000, 100) == ELLIPSIS
