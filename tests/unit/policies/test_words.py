# SPDX-License-Identifier: Apache-2.0
"""What somebody is shown of a policy, and that a page of the longest ones comes back in what is read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from urllib.parse import quote_plus

from tieout.criteria.policies import LONGEST_LINK, LONGEST_STATEMENT, LONGEST_TITLE
from tieout.desks.desk import Page, Task
from tieout.desks.items import ACKNOWLEDGING, Choice, Item, Question
from tieout.policies import words
from tieout.slack.blocks.page import page_view
from tieout.slack.guard import MAX_BODY
from tieout.web.forms import MOST_ITEMS

ROW = {
    "policy_title": "Conduct", "document_version": "2.1", "document_effective_from": "2026-01-01", "document_approver": "CTO",
    "language": "en", "document_sha256": "a" * 64, "statement": "I have read it.", "document_link": "https://x.example/p",
    "question": None, "question_options": None,
}  # fmt: skip


def test_a_policy_is_shown_with_its_version_where_it_is_read_and_what_is_accepted() -> None:
    shown = words.present(ROW)
    assert (shown.title, shown.statement, shown.link) == ("Conduct, version 2.1", "I have read it.", "https://x.example/p")
    assert dict(shown.facts)["Approved by"] == "CTO"
    assert (shown.question, shown.options) == ("", ())
    asked = words.present({**ROW, "question": "What?", "question_options": "Tell | Hide"})
    assert (asked.question, asked.options) == ("What?", ("Tell", "Hide"))


def test_a_page_of_the_longest_policies_comes_back_in_what_is_read() -> None:
    """Everything as long as a policy's file may have it, in letters that take the most in a form."""
    letter = "中"
    link = "https://x.example/" + "y" * (LONGEST_LINK - 18)
    items = tuple(
        (place, Item(id=f"{place:020}", row_sha256="a" * 64, title=letter * LONGEST_TITLE, statement=letter * LONGEST_STATEMENT,
                     link=link, facts=words.present(ROW).facts,
                     question=Question(letter * 300, tuple(letter * 70 + str(number) for number in range(10)))))
        for place in range(1, words.PAGE_ITEMS + 1)
    )  # fmt: skip
    task = Task(campaign="c", assignment="a", title="t", total=5, answered=0, due_at=datetime(2026, 1, 1, tzinfo=UTC))
    page = Page(task=task, title="Policies", number=1, of=1, items=items, choices=(Choice("acknowledged", "Acknowledge"),),
                introduction=words.INTRODUCTION, words=ACKNOWLEDGING)  # fmt: skip
    view = page_view(page, {}, "m" * 3000, 1)
    assert len(view["blocks"]) <= 100
    state = {block["block_id"]: {"x": {"selected_option": block["element"]["options"][0]}} for block in view["blocks"]
             if block["type"] == "input"}  # fmt: skip
    body = quote_plus(json.dumps({"view": {**view, "state": {"values": state}}}))
    assert len(body) < MAX_BODY - 16_384
    assert words.PAGE_ITEMS <= MOST_ITEMS
