# SPDX-License-Identifier: Apache-2.0
"""One page of a review: a modal on which each item is decided by itself, and what was presented on it.

Nothing is decided beforehand. "Not now" leaves an item open and is stored nowhere: it is there so that nobody has to guess in
order to submit the rest of a page.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from tieout.campaigns.items import canonical
from tieout.desks.desk import LATER, LONGEST_REASON, Page
from tieout.desks.items import Choice, Item
from tieout.slack.blocks.elements import (
    NAME,
    OPTION_TEXT,
    PAGE_VIEW,
    SECTION_TEXT,
    Block,
    context,
    header,
    modal,
    mrkdwn,
    named,
    plain,
    section,
)
from tieout.texts import clean, cut, escape

DECISION, REASON, ANSWER = "decision", "reason", "answer"
"""Action ids of the inputs of an item."""
_TITLE_LINE = 2 * NAME
_ITEM_TEXT = 600
_FLAG_TEXT = 300
_FACT = 100


def page_view(page: Page, names: Mapping[str, str], metadata: str, opened_ms: int) -> Block:
    """Return a page as a modal.

    Args:
        page: What is on it.
        names: Of persons.
        metadata: What it carries.
        opened_ms: When it is made; keeps its inputs apart from those of an earlier page with the same items.
    """
    blocks = page_blocks(page, names, opened_ms)
    return modal(PAGE_VIEW, page.title, blocks, metadata, submit="Submit page")


def page_blocks(page: Page, names: Mapping[str, str], opened_ms: int) -> list[Block]:
    """Return a page's blocks."""
    where = f"Page {page.number} of {page.of}" if page.of > 1 else "One page"
    blocks = [
        header(page.task.title),
        context(mrkdwn(f"{where}. What you submit is signed and stored before you see the next page.")),
    ]
    if page.introduction:
        blocks.append(section(plain(clean(page.introduction), SECTION_TEXT)))
    for position, item in page.items:
        blocks += _item(position, item, page, names, opened_ms)
    return blocks


def presented(page: Page, opened_ms: int) -> tuple[dict[str, Any], str]:
    """Return what somebody saw on a page, with person ids instead of names, and the hash of its RFC 8785 bytes."""
    blocks = page_blocks(page, {}, opened_ms)
    document = {"version": 1, "surface": "slack modal", "title": page.title, "blocks": blocks, "text": as_text(blocks)}
    return document, hashlib.sha256(canonical(document)).hexdigest()


def block_id(kind: str, item: str, opened_ms: int) -> str:
    """Return the id of an item's input: ``kind`` is `DECISION`, `REASON` or `ANSWER`."""
    return f"{kind}.{item}.{opened_ms}"


def read_block_id(text: str, opened_ms: int) -> tuple[str, str] | None:
    """Return kind and item of an input's id; ``None`` where it is of another page or of none."""
    kind, _, rest = text.partition(".")
    item, _, opened = rest.rpartition(".")
    return (kind, item) if kind in (DECISION, REASON, ANSWER) and item and opened == str(opened_ms) else None


def as_text(blocks: list[Block]) -> str:
    """Return what blocks say, without their form, a line each."""
    lines: list[str] = []
    for block in blocks:
        if block["type"] == "input":
            options = [option["text"]["text"] for option in block["element"].get("options", ())]
            lines.append(f"{block['label']['text']}: [{' | '.join(options)}]" if options else f"{block['label']['text']}: ...")
        elif "text" in block:
            lines.append(block["text"]["text"])
        lines += [each["text"] for each in block.get("elements", ()) if isinstance(each.get("text"), str)]
    return "\n".join(lines)


def _item(position: int, item: Item, page: Page, names: Mapping[str, str], opened_ms: int) -> list[Block]:
    lines = [f"{position}. {cut(clean(item.title), _TITLE_LINE)}"]
    if item.holder is not None:
        lines.append(f"Holder: {named(item.holder, names)}")
    lines += [f"{label}: {cut(clean(value), _FACT) or '-'}" for label, value in item.facts]
    blocks = [section(plain("\n".join(lines), _ITEM_TEXT))]
    if item.flags:
        blocks.append(context(plain(f"Flags: {' · '.join(map(clean, item.flags))}", _FLAG_TEXT)))
    if item.link:
        blocks.append(section(mrkdwn(f"<{escape(item.link)}|Read the document>")))
    if item.statement:
        blocks.append(section(plain(clean(item.statement), SECTION_TEXT)))
    options = [_option(choice.id, choice.label) for choice in page.choices] + [_option(LATER, "Not now")]
    label = f"{page.words.each} {position}"
    blocks.append(_input(DECISION, item.id, opened_ms, label, {"type": "radio_buttons", "options": options}))
    if item.question is not None:
        asked = [_option(str(number), option) for number, option in enumerate(item.question.options)]
        blocks.append(section(plain(clean(item.question.text), SECTION_TEXT)))
        label = f"Question on {position}, needed for '{page.choices[0].label}'"
        blocks.append(_input(ANSWER, item.id, opened_ms, label, {"type": "radio_buttons", "options": asked}, optional=True))
    return [*blocks, *([_reason(position, item, page.choices, opened_ms)] if page.words.reasons else [])]


def _reason(position: int, item: Item, choices: tuple[Choice, ...], opened_ms: int) -> Block:
    needing = [choice.label.lower() for choice in choices if choice.needs_reason]
    reason = {"type": "plain_text_input", "multiline": True, "max_length": LONGEST_REASON}
    label = f"Reason for {position}, needed for {' and '.join(needing)}" if needing else f"Reason for {position}"
    return _input(REASON, item.id, opened_ms, label, reason, optional=True)


def _input(kind: str, item: str, opened_ms: int, label: str, element: Block, *, optional: bool = False) -> Block:
    return {
        "type": "input",
        "block_id": block_id(kind, item, opened_ms),
        "label": plain(label, 150),
        "optional": optional,
        "element": {"action_id": kind, **element},
    }


def _option(value: str, label: str) -> Block:
    return {"text": plain(label, OPTION_TEXT), "value": value}
