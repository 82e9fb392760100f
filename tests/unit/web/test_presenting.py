# SPDX-License-Identifier: Apache-2.0
"""The record of what somebody saw: readable, without names, and never too large to be stored."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
import rfc8785
from tests.unit.web.desk import CAMPAIGN, CHOICES, DUE, item

from tieout.campaigns.responder import MAX_PRESENTED
from tieout.desks.desk import PAGE_ITEMS, Page, Task
from tieout.web.presenting import as_text, presented
from tieout.web.reading import Reader

READER = Reader("en-GB", ZoneInfo("Europe/Berlin"))
TASK = Task(campaign=CAMPAIGN, assignment="1-ada", title="GitHub", total=2, answered=0, due_at=DUE)
PAGE = Page(
    task=TASK,
    title="Access review",
    number=1,
    of=1,
    items=((1, item(1)), (2, item(2, holder=None, flags=("dormant",)))),
    choices=CHOICES,
    introduction="Is it needed?",
)
TEXT = """\
Access review
GitHub
Page 1 of 1. 0 of 2 decided, due 15 April 2026, 00:30 Europe/Berlin (14 April 2026, 22:30 UTC).
Is it needed?
What you submit is signed and stored before you see that it is. “Not now” leaves an item as it is.
1. user-001 has repository write
Holder: person-00000000000000000001
Granted: 2025-11-03
Last used: not known
Decision on 1
( ) Keep
( ) Revoke
( ) Change
( ) Not now
Reason for 1, needed for revoke and change
...
2. user-002 has repository write
Granted: 2025-11-03
Last used: not known
Flags
dormant
Decision on 2
( ) Keep
( ) Revoke
( ) Change
( ) Not now
Reason for 2, needed for revoke and change
..."""


def test_what_was_shown_can_be_read_as_text() -> None:
    assert presented(PAGE, READER).document["text"] == TEXT


def test_the_same_page_is_presented_the_same_and_another_one_differently() -> None:
    sha256 = presented(PAGE, READER).sha256
    assert presented(PAGE, READER).sha256 == sha256
    for other in (
        presented(replace(PAGE, number=2, of=2), READER),
        presented(replace(PAGE, task=replace(TASK, answered=1)), READER),
        presented(replace(PAGE, choices=CHOICES[:2]), READER),
        presented(PAGE, replace(READER, language="de")),
    ):
        assert other.sha256 != sha256


def test_text_in_attributes_and_entities_is_read_as_people_see_it() -> None:
    assert as_text("<p>a &lt;b&gt; &amp; c</p><p>  d\n e </p><input type='hidden' value='x'><h1></h1>") == "a <b> & c\nd e"


@pytest.mark.parametrize("character", ["&", '"', "\N{FAMILY}", "\u0001", "\\"])
def test_the_longest_page_fits_where_it_is_stored(character: str) -> None:
    long = character * 5000
    items = tuple(
        (number, item(number, title=long, holder=long, facts=((long, long),) * 20, flags=(long,) * 10))
        for number in range(1, PAGE_ITEMS + 1)
    )
    page = replace(PAGE, title=long, introduction=long, items=items, task=replace(TASK, title=long))
    assert len(rfc8785.dumps(presented(page, READER).document)) < MAX_PRESENTED
