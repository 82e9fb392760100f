# SPDX-License-Identifier: Apache-2.0
"""Small parts of Block Kit, each cut to Slack's limit for it.

Texts of other systems go into ``plain_text``, in which Slack looks for no markup, mentions or emoji names; our own words may be
``mrkdwn``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tieout.texts import clean, cut, cut_escaped, isolate

Block = dict[str, Any]

SECTION_TEXT = 3000
HEADER_TEXT = 150
BUTTON_TEXT = 75
OPTION_TEXT = 75
TITLE_TEXT = 24
VIEW_BLOCKS = 100
NAME = 80
"""Characters of a person's name, an account or an entitlement that are shown."""

OPEN = "open_review"
NEXT = "next_page"
ASK = "ask_question"
SIGN = "open_sign_off"
"""Action ids of our buttons."""

PAGE_VIEW = "tieout_page"
NOTE_VIEW = "tieout_note"
QUESTION_VIEW = "tieout_question"
SIGN_VIEW = "tieout_sign_off"
"""Callback ids of our views."""


def plain(text: str, limit: int) -> Block:
    """Return a text without markup; an empty one becomes a dash, as Slack takes none."""
    return {"type": "plain_text", "text": cut(text.strip(), limit) or "-", "emoji": False}


def mrkdwn(text: str, limit: int = SECTION_TEXT) -> Block:
    """Return our own words with markup; what others wrote in them has been through `quoted`."""
    return {"type": "mrkdwn", "text": cut(text, limit) or "-"}


def quoted(text: str, limit: int = NAME) -> str:
    """Return a text of another system to stand inside ``mrkdwn``: on one line, escaped, cut, its direction its own."""
    kept = cut_escaped(clean(text), limit - 2) or "-"
    return isolate(kept)


def named(person: str | None, names: Mapping[str, str], limit: int = NAME) -> str:
    """Return a person's name, or their id where it has none here, with its own direction."""
    return isolate(cut(clean(names.get(person, person)), limit - 2) or "-") if person else "nobody known"


def header(text: str) -> Block:
    """Return a heading."""
    return {"type": "header", "text": plain(clean(text), HEADER_TEXT)}


def section(text: Block, **more: Any) -> Block:
    """Return a paragraph."""
    return {"type": "section", "text": text, **more}


def context(*texts: Block) -> Block:
    """Return small print."""
    return {"type": "context", "elements": list(texts)}


def actions(*elements: Block) -> Block:
    """Return a row of buttons."""
    return {"type": "actions", "elements": list(elements)}


def button(label: str, action: str, value: str, *, primary: bool = False) -> Block:
    """Return a button."""
    style = {"style": "primary"} if primary else {}
    return {"type": "button", "action_id": action, "text": plain(label, BUTTON_TEXT), "value": value, **style}


def modal(callback: str, title: str, blocks: list[Block], metadata: str, *, submit: str = "", close: str = "Close") -> Block:
    """Return a modal view; with something to submit only where ``submit`` says so."""
    view: Block = {
        "type": "modal",
        "callback_id": callback,
        "title": plain(clean(title), TITLE_TEXT),
        "close": plain(close, TITLE_TEXT),
        "blocks": blocks[:VIEW_BLOCKS],
    }
    if metadata:
        view |= {"private_metadata": metadata, "notify_on_close": True}
    return view | {"submit": plain(submit, TITLE_TEXT)} if submit else view


def moment(at: datetime, how: str = "{date_short_pretty} at {time}") -> str:
    """Return a time inside ``mrkdwn``, which Slack shows in the reader's zone, and in UTC where it can not."""
    utc = at.astimezone(UTC)
    return f"<!date^{int(utc.timestamp())}^{how}|{utc:%Y-%m-%d %H:%M} UTC>"
