# SPDX-License-Identifier: Apache-2.0
"""Slack's Block Kit limits as a checker: what Slack would refuse in a view or a message, a line each.

The limits are those of Slack's reference of blocks, elements, composition objects and views. A text's length is counted in UTF-16
units, which is the largest of the numbers that Slack may mean by characters.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

PLAIN, MRKDWN = "plain_text", "mrkdwn"
MESSAGE_BLOCKS, VIEW_BLOCKS = 50, 100
MESSAGE_TEXT = 4000
VIEW_BYTES = 250_000
IDS = 255


def units(text: str) -> int:
    """Return a text's length in UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2


def view_problems(view: dict[str, Any]) -> list[str]:
    """Return what is wrong with a view."""
    return list(_view(view))


def message_problems(text: Any, blocks: Any) -> list[str]:
    """Return what is wrong with a message."""
    found = list(_length("text", text, 1, MESSAGE_TEXT))
    return [*found, *_blocks(blocks, "message", MESSAGE_BLOCKS)]


def _view(view: dict[str, Any]) -> Iterator[str]:
    kind = view.get("type")
    if kind not in ("modal", "home"):
        yield f"view of type {kind!r}"
        return
    known = {"type", "blocks", "private_metadata", "callback_id", "external_id"}
    if kind == "modal":
        known |= {"title", "submit", "close", "clear_on_close", "notify_on_close", "submit_disabled"}
        yield from _text("title", view.get("title"), (PLAIN,), 24)
        for name in ("submit", "close"):
            if name in view:
                yield from _text(name, view[name], (PLAIN,), 24)
        if "submit" not in view and any(block.get("type") == "input" for block in view.get("blocks", ())):
            yield "inputs without submit"
    yield from _unknown("view", view, known)
    yield from _length("private_metadata", view.get("private_metadata", ""), 0, 3000)
    yield from _length("callback_id", view.get("callback_id", "none"), 1, IDS)
    yield from _blocks(view.get("blocks"), kind, VIEW_BLOCKS)
    if len(json.dumps(view)) > VIEW_BYTES:
        yield "view larger than 250 kB"


def _blocks(blocks: Any, surface: str, most: int) -> Iterator[str]:
    if not isinstance(blocks, list) or not 1 <= len(blocks) <= most:
        yield f"expected 1 to {most} blocks, got {len(blocks) if isinstance(blocks, list) else blocks!r}"
        return
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    if len(set(ids)) != len(ids):
        yield "a block_id twice"
    for number, block in enumerate(blocks):
        kind = block.get("type")
        where = f"block {number} ({kind})"
        check = _BLOCKS.get(kind)
        if check is None or (kind == "input" and surface == "message"):
            yield f"{where}: not for a {surface}"
            continue
        if "block_id" in block:
            yield from _length(f"{where}: block_id", block["block_id"], 1, IDS)
        for said in check(block):
            yield f"{where}: {said}"


def _section(block: dict[str, Any]) -> Iterator[str]:
    yield from _unknown("section", block, {"type", "block_id", "text", "fields", "accessory"})
    if "text" not in block and "fields" not in block:
        yield "neither text nor fields"
    if "text" in block:
        yield from _text("text", block["text"], (PLAIN, MRKDWN), 3000)
    if "accessory" in block:
        yield from _element(block["accessory"], {"button", "static_select", "radio_buttons"})


def _header(block: dict[str, Any]) -> Iterator[str]:
    yield from _unknown("header", block, {"type", "block_id", "text"})
    yield from _text("text", block.get("text"), (PLAIN,), 150)


def _context(block: dict[str, Any]) -> Iterator[str]:
    yield from _unknown("context", block, {"type", "block_id", "elements"})
    elements = block.get("elements")
    if not isinstance(elements, list) or not 1 <= len(elements) <= 10:
        yield "expected 1 to 10 elements"
        return
    for each in elements:
        yield from _text("element", each, (PLAIN, MRKDWN), 3000)


def _actions(block: dict[str, Any]) -> Iterator[str]:
    yield from _unknown("actions", block, {"type", "block_id", "elements"})
    elements = block.get("elements")
    if not isinstance(elements, list) or not 1 <= len(elements) <= 25:
        yield "expected 1 to 25 elements"
        return
    names = [each.get("action_id") for each in elements]
    if len(set(names)) != len(names):
        yield "an action_id twice in one block"
    for each in elements:
        yield from _element(each, {"button", "static_select", "radio_buttons"})


def _input(block: dict[str, Any]) -> Iterator[str]:
    yield from _unknown("input", block, {"type", "block_id", "label", "element", "hint", "optional", "dispatch_action"})
    yield from _text("label", block.get("label"), (PLAIN,), 2000)
    if "hint" in block:
        yield from _text("hint", block["hint"], (PLAIN,), 2000)
    yield from _element(block.get("element"), {"radio_buttons", "static_select", "plain_text_input"})


def _divider(block: dict[str, Any]) -> Iterator[str]:
    yield from _unknown("divider", block, {"type", "block_id"})


_BLOCKS: dict[Any, Callable[[dict[str, Any]], Iterator[str]]] = {
    "actions": _actions,
    "context": _context,
    "divider": _divider,
    "header": _header,
    "input": _input,
    "section": _section,
}


def _element(element: Any, allowed: set[str]) -> Iterator[str]:
    kind = element.get("type") if isinstance(element, dict) else None
    if kind not in allowed:
        yield f"element {kind!r} is not for this block"
        return
    yield from _length("action_id", element.get("action_id"), 1, IDS)
    if kind == "button":
        yield from _unknown("button", element, {"type", "action_id", "text", "value", "style", "url", "confirm"})
        yield from _text("button text", element.get("text"), (PLAIN,), 75)
        yield from _length("button value", element.get("value", "none"), 1, 2000)
        if element.get("style") not in (None, "primary", "danger"):
            yield "button style"
    elif kind == "plain_text_input":
        known = {"type", "action_id", "placeholder", "initial_value", "multiline", "min_length", "max_length"}
        yield from _unknown("input", element, known)
        if not 1 <= element.get("max_length", 3000) <= 3000:
            yield "max_length of 1 to 3000"
    else:
        yield from _options(element, 10 if kind == "radio_buttons" else 100)


def _options(element: dict[str, Any], most: int) -> Iterator[str]:
    yield from _unknown("choice", element, {"type", "action_id", "options", "initial_option", "placeholder"})
    options = element.get("options")
    if not isinstance(options, list) or not 1 <= len(options) <= most:
        yield f"expected 1 to {most} options"
        return
    values = [option.get("value") for option in options]
    if len(set(values)) != len(values):
        yield "an option's value twice"
    for option in options:
        yield from _unknown("option", option, {"text", "value", "description"})
        yield from _text("option text", option.get("text"), (PLAIN, MRKDWN), 75)
        yield from _length("option value", option.get("value"), 1, 75)


def _text(name: str, text: Any, kinds: tuple[str, ...], most: int) -> Iterator[str]:
    if not isinstance(text, dict) or text.get("type") not in kinds:
        yield f"{name}: expected a text object of {kinds}, got {text!r}"
        return
    known = {"type", "text", "emoji"} if text["type"] == PLAIN else {"type", "text", "verbatim"}
    yield from _unknown(name, text, known)
    yield from _length(name, text.get("text"), 1, most)


def _length(name: str, text: Any, least: int, most: int) -> Iterator[str]:
    if not isinstance(text, str):
        yield f"{name}: expected a text, got {text!r}"
    elif not least <= units(text) <= most or (least and not text.strip()):
        yield f"{name}: expected {least} to {most} characters, got {units(text)}"


def _unknown(name: str, given: dict[str, Any], known: set[str]) -> Iterator[str]:
    if extra := sorted(given.keys() - known):
        yield f"{name}: unknown {extra}"
