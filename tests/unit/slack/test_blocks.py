# SPDX-License-Identifier: Apache-2.0
"""Everything that is shown stays within Block Kit's limits: names of every length, 1 to 1,000 items, scripts, emoji, markup."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote_plus

import pytest
import rfc8785
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block as SdkBlock
from tests.blockkit import message_problems, view_problems
from tests.simulators.slack import payloads
from tests.unit.slack.memory_desk import CHOICES, DUE, Campaign, Given, MemoryDesk, items

from tieout.desks.desk import LONGEST_REASON, PAGE_ITEMS, Decision, Member, Page, Stored, Summary, Task, Tasks
from tieout.desks.items import Choice, Item
from tieout.slack.blocks import home, messages, modals
from tieout.slack.blocks.page import page_view, presented
from tieout.slack.guard import MAX_BODY
from tieout.slack.metadata import Metadata, page_key, write
from tieout.texts import counted

SCRIPTS = ("Ali", "محمد بن عبد الله", "שרה", "김민준", "王小明", "👩‍👩‍👧‍👦", "🇩🇪")
WORDS = (*SCRIPTS, "<@U1|x>", "&amp;", "*bold*", "`code`", "\u202eevil", "\n\t", "", "x" * 400)
TEXT = (
    st.text(max_size=30)
    | st.lists(st.sampled_from(WORDS), min_size=1, max_size=40).map(" ".join)
    | st.integers(1, 5000).map(lambda length: "é" * length)
)
HEX = st.integers(0, 2**76).map(lambda number: f"{number:020x}"[:20])
PERSONS = [f"person-{number:020x}" for number in range(1000)]
NOW = datetime(2026, 4, 1, 9, 30, tzinfo=UTC)
COUNT = st.integers(0, 1000)
OPENED = 1_790_000_000_123


@st.composite
def item_lists(draw: st.DrawFn, most: int = PAGE_ITEMS // 2) -> list[tuple[int, Item]]:
    """Draw the items of a page."""
    count = draw(st.integers(1, most))
    first = draw(st.integers(1, 1000))
    return [
        (
            first + number,
            Item(
                id=f"{first + number:020x}",
                row_sha256="a" * 64,
                title=draw(TEXT),
                holder=draw(st.none() | st.sampled_from(PERSONS[:5])),
                facts=tuple(draw(st.lists(st.tuples(st.sampled_from(["System", "Last used"]), TEXT), max_size=6))),
                flags=tuple(draw(st.lists(TEXT, max_size=5))),
            ),
        )
        for number in range(count)
    ]


def task(total: int = 40, answered: int = 0, title: str = "GitHub", done: bool = False) -> Task:
    """Return a task."""
    return Task(
        campaign="access_review.2026-Q1",
        assignment="1-0123456789abcdef",
        title=title,
        total=total,
        answered=answered,
        due_at=DUE,
        done_at=NOW if done else None,
    )


def carried() -> str:
    """Return metadata as long as it gets."""
    most = Metadata(
        campaign="c" * 120,
        assignment="2-0123456789abcdef",
        number=67,
        of=67,
        opened_ms=OPENED,
        presented="a" * 64,
        after="b" * 20,
        channel="D01234567890",
        ts="1790000000.000001",
    )
    return write(most, page_key("simulated-signing-secret"), "T0TIEOUT01", "U0OWNER001")


def taken_by_the_sdk(blocks: list[dict[str, Any]]) -> bool:
    """Whether slack_sdk's own models take blocks too: it checks lengths and counts on its own."""
    return all(SdkBlock.parse(block).to_dict() for block in blocks)  # type: ignore[union-attr]


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], max_examples=25)
@given(item_lists(), TEXT, TEXT, st.lists(TEXT, min_size=1, max_size=9), st.dictionaries(st.sampled_from(PERSONS[:5]), TEXT))
def test_a_page_fits_whatever_is_on_it(
    items: list[tuple[int, Item]], title: str, introduction: str, labels: list[str], names: dict[str, str]
) -> None:
    choices = tuple(Choice(f"c{number}", label, needs_reason=number > 0) for number, label in enumerate(labels))
    page = Page(
        task=task(title=title), title=title, number=3, of=67, items=tuple(items), choices=choices, introduction=introduction
    )  # fmt: skip
    view = page_view(page, names, carried(), OPENED)
    assert view_problems(view) == []
    assert taken_by_the_sdk(view["blocks"])


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=25)
@given(item_lists(most=4), st.dictionaries(st.sampled_from(PERSONS[:5]), st.just("Zerberus"), min_size=5))
def test_what_was_presented_says_persons_by_id_and_is_the_same_again(
    items: list[tuple[int, Item]], names: dict[str, str]
) -> None:
    page = Page(task=task(), title="Review", number=1, of=1, items=tuple(items), choices=CHOICES)
    document, sha256 = presented(page, OPENED)
    assert presented(page, OPENED) == (document, sha256)
    assert hashlib.sha256(rfc8785.dumps(document)).hexdigest() == sha256
    assert "Zerberus" not in json.dumps(document)
    for _, item in items:
        assert item.holder is None or item.holder in document["text"]
    shown = page_view(page, names, "", OPENED)["blocks"]
    assert len(shown) == len(document["blocks"])
    assert presented(replace(page, number=2, of=2), OPENED)[1] != sha256


@pytest.mark.parametrize("character", ["é", "王", "ش", "😀", "&", '"', "\\", "\u0001"])
def test_a_full_page_comes_back_in_fewer_bytes_than_the_guard_takes(character: str) -> None:
    long = character * 3000
    items = tuple(
        (
            number,
            Item(
                id=f"{number:020x}", row_sha256="a" * 64, title=long, holder=PERSONS[0], flags=(long, long),
                facts=tuple((f"Fact {each}", long) for each in range(8)),
            ),
        )
        for number in range(1, PAGE_ITEMS + 1)
    )  # fmt: skip
    choices = tuple(Choice(f"choice-{number}", long) for number in range(4))
    view = page_view(Page(task=task(title=long), title=long, number=1, of=1, items=items, choices=choices), {}, carried(), OPENED)
    values = {}
    for block in view["blocks"]:
        if block["type"] == "input":
            kind = block["element"]["action_id"]
            reason = {"type": "plain_text_input", "value": (character * LONGEST_REASON)[:LONGEST_REASON]}
            said = {"type": "radio_buttons", "selected_option": block["element"]["options"][0]} if kind == "decision" else reason
            values[block["block_id"]] = {kind: said}
    sent = payloads.envelope(
        "view_submission", "T0TIEOUT01", "U0OWNER001", view={**view, "id": "V0123456789", "state": {"values": values}}
    )
    for ascii_only in (True, False):
        body = quote_plus(json.dumps(sent, ensure_ascii=ascii_only, separators=(",", ":")))
        assert len(body) < MAX_BODY


@given(
    TEXT, TEXT, st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000), TEXT), min_size=1, max_size=60), st.none() | TEXT
)
def test_messages_fit_however_many_assignments_they_tell_of(
    title: str, because: str, tasks: list[tuple[int, int, str]], closed: str | None
) -> None:
    made = tuple(task(open_ + answered, answered, said) for open_, answered, said in tasks)
    summary = Summary(campaign="c.2026-Q1", title=title, unit="accounts", tasks=made, closed=closed)
    for message in (
        messages.summary_message(summary),
        messages.reminder_message(summary, 2),
        messages.escalation_message(summary, because),
    ):
        assert message_problems(message.text, message.blocks) == []
        assert taken_by_the_sdk(message.blocks)


@given(TEXT, TEXT, st.lists(st.sampled_from(["keep", "revoke", "change", "other"]), min_size=1, max_size=PAGE_ITEMS))
def test_receipts_and_questions_fit(title: str, text: str, said: list[str]) -> None:
    stored = Stored("0" * 32, NOW, task(answered=3, title=title))
    decisions = [Decision(f"{number:020x}", "a" * 64, choice) for number, choice in enumerate(said)]
    receipt = messages.receipt_message(
        stored, decisions or [Decision("0" * 20, "a" * 64, "keep")], title, {"keep": text or "Keep"}
    )
    assert message_problems(receipt.text, receipt.blocks) == []
    question = messages.question_message(text[: messages.LONGEST_QUESTION] or "?", "U0OWNER001", title)
    assert message_problems(question.text, question.blocks) == []


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=25)
@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 60), TEXT)
def test_home_fits_whatever_is_open_and_done(campaigns: int, assignments: int, done: int, title: str) -> None:
    summaries = tuple(
        Summary(campaign=f"c.{number}", title=title, unit="accounts", tasks=tuple(task(title=title) for _ in range(assignments)))
        for number in range(campaigns)
    )
    view = home.home_view(Tasks(summaries, tuple(task(title=title, answered=40, done=True) for _ in range(done))))
    assert view_problems(view) == []


@given(TEXT, TEXT)
def test_notes_fit(reason: str, ask: str) -> None:
    stored = Stored(reason, NOW, task())
    views = [
        modals.refused_view(reason, ask),
        modals.busy_view(),
        modals.asked_view(),
        modals.question_view(reason, [f"U{number:09}" for number in range(30)], carried()),
        modals.receipt_view(task(answered=3), stored, carried()),
        modals.receipt_view(task(answered=40), None, carried()),
        modals.paused_view(task(), stored, carried()),
        home.refused_home(reason, ask),
    ]
    assert [view_problems(view) for view in views] == [[]] * len(views)


@pytest.mark.parametrize("count", [1, 2, PAGE_ITEMS - 1, PAGE_ITEMS, PAGE_ITEMS + 1, 100, 101, 1000])
def test_any_number_of_items_is_shown_page_by_page_each_once(count: int) -> None:

    who = Member("T0TIEOUT01", "U0OWNER001", "person-owner")
    given_to = {"1-owner": Given("person-owner", "GitHub", items(count))}
    desk = MemoryDesk({"c.1": Campaign("c.1", "Review", given_to, {"person-owner": (who.team, who.user)})})
    shown: list[str] = []
    page = desk.page(who, "c.1", "1-owner", None)
    while isinstance(page, Page):
        assert view_problems(page_view(page, {}, carried(), OPENED)) == []
        shown += [item.id for _, item in page.items]
        page = desk.page(who, "c.1", "1-owner", shown[-1])
    assert shown == [item.id for item in given_to["1-owner"].items]


def test_names_of_others_are_text_and_nothing_else() -> None:
    item = Item(id="0" * 20, row_sha256="a" * 64, title="<!channel> *root*", holder=PERSONS[0], flags=("<@U1>",))
    page = Page(task=task(title="<!here>"), title="&", number=1, of=1, items=((1, item),), choices=CHOICES)
    for block in page_view(page, {PERSONS[0]: "<https://evil.example|Ali>"}, "", OPENED)["blocks"]:
        texts = [block["text"]] if "text" in block else block.get("elements", [])
        assert not any("<" in each["text"] for each in texts if each["type"] == "mrkdwn")


def test_a_due_time_is_shown_in_the_readers_zone() -> None:
    due = replace(task(), due_at=DUE + timedelta(hours=2))
    made = messages.summary_message(Summary(campaign="c", title="Review", unit="entries", tasks=(due,)))
    assert "<!date^1775847600^{date_short_pretty} at {time}|2026-04-10 19:00 UTC>" in made.text
    assert (counted(1, "entries"), counted(1, "accounts"), counted(1200, "accounts")) == (
        "1 entry",
        "1 account",
        "1,200 accounts",
    )
