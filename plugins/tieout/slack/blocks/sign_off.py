# SPDX-License-Identifier: Apache-2.0
"""A sign-off in Slack: the message that asks for it, the modal with what is signed off, and what was presented on it.

Nothing is decided beforehand. The document's words come from other systems too, and stand in ``plain_text``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

from tieout.campaigns.items import canonical
from tieout.desks.desk import LONGEST_REASON
from tieout.desks.sign_off_desk import APPROVE, RETURN, SignOffRequest, SignOffStored
from tieout.slack.blocks.elements import (
    NOTE_VIEW,
    OPTION_TEXT,
    SECTION_TEXT,
    SIGN,
    SIGN_VIEW,
    Block,
    actions,
    button,
    context,
    header,
    modal,
    moment,
    mrkdwn,
    plain,
    quoted,
    section,
)
from tieout.slack.blocks.messages import Message, as_value, quoted_code
from tieout.slack.blocks.page import as_text
from tieout.texts import clean, cut, units

SAID, REASON = "said", "reason"
"""Action ids of the two inputs, and what their block ids start with."""
SECTIONS = 6
"""Paragraphs of the document that are shown: with every character escaped, Slack's payload of it stays under `guard.MAX_BODY`."""
_LINE = 400
_LABELS = {APPROVE: "I have read it, and sign it off", RETURN: "I return it"}


def sign_off_message(asked: SignOffRequest, *, reminded: bool = False) -> Message:
    """Return the message that asks somebody for their sign-off, or reminds them; once it is signed off it asks no more."""
    title = quoted(asked.title, 150)
    if not asked.waits and asked.standing is not None:
        said = f"*Signed off* {moment(asked.standing.at)}. Nothing is left to do here."
        return Message(f"{title}: signed off.", [header(asked.title), section(mrkdwn(said))])
    about = "Everything is decided, and what it came to waits for your sign-off."
    first = "A reminder: your sign-off is asked for" if reminded else "Your sign-off is asked for"
    blocks = [header(asked.title), section(mrkdwn(f"*{first}.* {about}"))]
    if asked.standing is not None:
        blocks.append(section(mrkdwn(f"It was *returned* {moment(asked.standing.at)}, and is asked about again.")))
    blocks.append(actions(button("Read and sign off", SIGN, as_value(asked.campaign), primary=True)))
    blocks.append(context(mrkdwn(f"It is the document with SHA-256 `{asked.about_sha256}`.")))
    return Message(f"{title}: {first[0].lower()}{first[1:]}.", blocks)


def home_blocks(asked: Iterable[SignOffRequest]) -> list[Block]:
    """Return what App Home shows of what waits for somebody's sign-off."""
    blocks: list[Block] = []
    for number, each in enumerate(asked):
        again = " It was returned before." if each.standing else ""
        blocks += [
            {"type": "divider"},
            section(
                mrkdwn(f"*{quoted(each.title, 150)}*\nWaits for your sign-off.{again}"),
                block_id=f"sign_off.{number}",
                accessory=button("Read and sign off", SIGN, as_value(each.campaign), primary=True),
            ),
        ]
    return blocks


def sign_off_view(asked: SignOffRequest, metadata: str, opened_ms: int) -> Block:
    """Return the modal.

    Args:
        asked: What is asked.
        metadata: What it carries.
        opened_ms: When it is made.
    """
    return modal(SIGN_VIEW, "Sign off", sign_off_blocks(asked, opened_ms), metadata, submit="Submit")


def sign_off_blocks(asked: SignOffRequest, opened_ms: int) -> list[Block]:
    """Return the modal's blocks."""
    paragraphs = list(_paragraphs(asked.lines))
    blocks = [header(asked.title), *(section(plain(each, SECTION_TEXT)) for each in paragraphs[:SECTIONS])]
    if len(paragraphs) > SECTIONS:
        blocks.append(context(mrkdwn("*There is more of it.* Read it whole under My reviews in Airflow before you sign it off.")))
    blocks.append(context(mrkdwn("What you submit is signed and stored under your name before you see that it was.")))
    options = [{"text": plain(label, OPTION_TEXT), "value": value} for value, label in _LABELS.items()]
    reason = {"type": "plain_text_input", "action_id": REASON, "multiline": True, "max_length": LONGEST_REASON}
    return [
        *blocks,
        _input(SAID, opened_ms, "What you say", {"type": "radio_buttons", "action_id": SAID, "options": options}),
        _input(REASON, opened_ms, "Reason, needed where you return it", reason, optional=True),
    ]


def presented(asked: SignOffRequest, opened_ms: int) -> tuple[dict[str, Any], str]:
    """Return what somebody saw on the modal, with person ids instead of names, and the hash of its RFC 8785 bytes."""
    blocks = sign_off_blocks(asked, opened_ms)
    document = {
        "version": 1,
        "surface": "slack modal",
        "title": asked.title,
        "about_sha256": asked.about_sha256,
        "blocks": blocks,
        "text": as_text(blocks),
    }
    return document, hashlib.sha256(canonical(document)).hexdigest()


def input_id(kind: str, opened_ms: int) -> str:
    """Return the block id of an input: ``kind`` is `SAID` or `REASON`."""
    return f"{kind}.{opened_ms}"


def signed_view(stored: SignOffStored) -> Block:
    """Return what is shown once it is stored."""
    said = "You signed it off." if stored.approved else "You returned it. Whoever runs the program sees what you wrote."
    blocks = [section(mrkdwn(f"*Stored* {moment(stored.at)}. {said}")), context(mrkdwn(_response(stored)))]
    return modal(NOTE_VIEW, "Stored", blocks, "", close="Done")


def done_view(asked: SignOffRequest) -> Block:
    """Return what is shown where it is signed off already."""
    when = f" {moment(asked.standing.at)}" if asked.standing else ""
    blocks = [section(mrkdwn(f"{quoted(asked.title, 150)} was *signed off*{when}. Nothing is left to do here."))]
    return modal(NOTE_VIEW, "Signed off", blocks, "", close="Done")


def signed_message(stored: SignOffStored, title: str) -> Message:
    """Return the receipt of what was said."""
    word = "signed off" if stored.approved else "returned"
    said = f"Stored {moment(stored.at)}: you *{word}* what {quoted(title, 150)} came to."
    return Message(f"Stored: {word}.", [section(mrkdwn(said)), context(mrkdwn(_response(stored)))])


def _response(stored: SignOffStored) -> str:
    return f"Response `{quoted_code(stored.response)}`."


def _paragraphs(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines, as many together as one paragraph holds."""
    held: list[str] = []
    for line in lines:
        made = ("  " if line.startswith("  ") else "") + cut(clean(line), _LINE)
        if held and units("\n".join([*held, made])) > SECTION_TEXT:
            yield "\n".join(held)
            held = []
        held.append(made)
    if held:
        yield "\n".join(held)


def _input(kind: str, opened_ms: int, label: str, element: Block, *, optional: bool = False) -> Block:
    return {
        "type": "input",
        "block_id": input_id(kind, opened_ms),
        "label": plain(label, 150),
        "optional": optional,
        "element": element,
    }
