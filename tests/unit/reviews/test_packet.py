# SPDX-License-Identifier: Apache-2.0
"""The packet of a review as a page: it says everything, loads and runs nothing, shows any text as text, and concludes nothing."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.reviews.answered import CLEO, DUE, IVO, OPENED, REMOVAL_DUE, ROB, Review, proof, small
from tests.unit.reviews.test_result import tally
from tests.unit.reviews.test_rows import MAX, decided
from tests.unit.reviews.world import mail

from tieout.campaigns.definition import Leftovers
from tieout.campaigns.said import told
from tieout.reviews.packet import About, packet
from tieout.reviews.packet_page import Page, Section, Table, as_html
from tieout.reviews.proof import ProofState
from tieout.reviews.rows import SignOff
from tieout.reviews.tally import Tally

ABOUT = About(
    title="Access is reviewed", statement="The owner of each system decides.", control="cc6_2", campaign="cc6_2.2026-Q1",
    system="idp", window=("2026-Q1", "2026-H1"), times=(("Opened", OPENED), ("Due before", DUE), ("Removals due", REMOVAL_DUE)),
    lists=(("Frozen items, landing", "idp-1"),), tickets="No ticket was opened: nothing was revoked or changed.",
    second_list="The system was not collected again.", asked=4, pages=(("page-00001.csv", "rows"),), document_sha256="d" * 64,
)  # fmt: skip
SIGNED = SignOff(person=ROB, at=REMOVAL_DUE, response="r" * 32, about_sha256="d" * 64, reviewed=False)
DELTA = {"new": 1, "changed": 2, "unchanged": 3, "gone": 4, "revoked_and_there": 5}


class Parsed(HTMLParser):
    """A page, taken apart: its tags in order, open ones checked, its addresses and its text."""

    void = frozenset({"meta"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.values: dict[str, list[str]] = {}
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            self.values.setdefault(name, []).append(value or "")
        if tag not in self.void:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def page_of(review: Review, delta: dict[str, int] | None = None, sign_off: SignOff | None = SIGNED, **after: Any) -> str:
    """Return the packet of a review."""
    found = tally(list(review.rows(**after).values()))
    return as_html(packet(ABOUT, found, told(review.state, review.events), delta, sign_off))


def test_it_says_who_was_asked_who_decided_what_was_refused_and_who_signed(tmp_path: Path) -> None:
    review = small(tmp_path)
    review.story.cover(IVO, IVO, CLEO)
    review.decide(CLEO, ["a1", "a3"], "revoke", reason="not needed <b>any</b> more")
    review.decide(IVO, ["a2"])
    review.decide(MAX, ["a2"])
    review.close()
    text = page_of(review, DELTA)
    parsed = Parsed(text)
    words = " ".join(parsed.text)
    for said in (
        "Access is reviewed", "The owner of each system decides.", "Frozen items, landing", "the item is about the person",
        "by cover for the reviewer; as frozen: owner of idp (IT Lead)", "not needed <b>any</b> more", "orphaned", IVO, CLEO, MAX,
        "It draws no conclusion.", "4 people were asked", "Who was covered", "Revoked then, and there again", ROB, "d" * 64,
        "Was asked about an item, or decided one", f"{CLEO}: revoke",
    ):  # fmt: skip
        assert said in words, said
    assert "<b>" not in text


def test_it_can_be_read_by_everybody_and_loads_and_runs_nothing(tmp_path: Path) -> None:
    text = page_of(decided(tmp_path), DELTA)
    parsed = Parsed(text)
    assert parsed.tags[:2] == ["html", "head"]
    assert parsed.values["lang"] == ["en"]
    assert not {"script", "img", "link", "iframe", "object", "embed", "form", "svg"} & set(parsed.tags)
    assert "src" not in parsed.values
    targets = set(parsed.values["id"])
    assert len(targets) == len(parsed.values["id"])
    assert {each.removeprefix("#") for each in parsed.values["href"]} == targets == set(parsed.values["aria-labelledby"])
    assert "default-src 'none'" in text
    assert parsed.tags.count("h1") == 1
    assert parsed.tags.count("caption") == parsed.values["role"].count("region") == parsed.values["tabindex"].count("0")
    assert set(parsed.values["scope"]) == {"col", "row"}
    assert "@media print" in text


def test_what_is_not_proven_is_said_in_plain_words(tmp_path: Path) -> None:
    review = decided(tmp_path)
    there = {"state": ProofState.STILL_THERE, "after_sha256": "a" * 64}
    proofs = {(row["account"], row["entitlement"]): proof(row, **there) for row in review.frozen}
    text = page_of(review, proofs=proofs)
    assert text.count("It was to be revoked by 2026-04-24 00:00 UTC, and still stands as it was frozen") == 2
    assert "Of 2 revoked or changed, 0 are proven carried out in time, 2 are not, and of 0 the lists tell nothing." in text
    assert f'<span class="hash">{"a" * 64}</span>' in text


def test_what_nobody_signed_and_nobody_decided_is_said(tmp_path: Path) -> None:
    review = small(tmp_path, Leftovers.DECIDE)
    review.close(DUE)
    found = tally(list(review.rows().values()))
    about = replace(ABOUT, unsigned_because="Nobody holds the role.")
    text = as_html(packet(about, found, told(review.state, review.events), None, None))
    assert "Nobody signed the review off. Why it landed all the same: Nobody holds the role." in text
    assert "nobody: the control&#x27;s rule" in text
    assert "There was no review of this system before." in text
    assert "Nothing went to somebody else, and nobody covered anybody." in text


def test_where_no_combinations_are_named_it_says_so_and_counts_none(tmp_path: Path) -> None:
    review = decided(tmp_path)
    said = "The control names no combinations of entitlements that nobody should have"
    text = page_of(review)
    assert said in text
    assert "toxic" not in text
    found = Tally()
    for row in review.rows().values():
        found.add(row)
    asked = as_html(packet(ABOUT, found, told(review.state, review.events), None, None))
    assert said not in asked
    assert "toxic" in asked


def test_what_the_last_review_came_to_is_not_told_where_it_has_not_landed(tmp_path: Path) -> None:
    review = decided(tmp_path)
    assert "not told: what that review came to has not landed" in page_of(review, DELTA)
    assert "not told: what that review came to" not in page_of(review, DELTA, revoked_before=set())


@pytest.mark.parametrize("word", ["exception", "finding", "deficien", "sample", "workpaper", "attest", "opinion"])
def test_it_uses_no_word_of_the_auditor_s(tmp_path: Path, word: str) -> None:
    assert word not in page_of(decided(tmp_path), DELTA).lower()


@given(st.text(), st.text())
@settings(max_examples=60)
def test_any_text_is_shown_as_text(one: str, other: str) -> None:
    table = Table(other, (one, "b"), [(one, other)], 7)
    page = as_html(Page(one, other, one, (Section(other, (one,), ((one, other),), (table,)),)))
    parsed = Parsed(page)
    assert parsed.tags.count("td") == 2
    assert parsed.tags.count("th") == 4
    assert ": the first 1 of 7" in "".join(parsed.text)


def test_a_name_that_turns_text_around_is_written_out() -> None:
    page = as_html(Page("t", "s", "x", (Section("Names", ("\u202egnp.exe", "שלום")),)))
    assert "\u202e" not in page
    assert "\\u202egnp.exe" in page
    assert '<p dir="auto">שלום</p>' in page


def test_the_same_review_gives_the_same_page(tmp_path: Path) -> None:
    review = decided(tmp_path)
    assert page_of(review, DELTA) == page_of(review, DELTA)
    assert mail("rob") in page_of(review, DELTA)
