# SPDX-License-Identifier: Apache-2.0
"""What a submitted form says, read strictly and within bounds.

1. An uncompressed form of at most `MAX_BODY` bytes, whatever the request says of its length; reading stops where it is more or
   comes too slowly.
2. UTF-8 with well-formed escapes; each field once; ``token``, and ``decision.<item>``, ``reason.<item>`` and
   ``answer.<item>`` of items on the page.

An error says which of these was broken and never what stood there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field

from tieout.slack.parsing import FORM, Unreadable, strict_form

MAX_BODY = 256 * 1024
"""Bytes. A page with every field filled comes in fewer (a test holds it)."""
READ_SECONDS = 10.0
"""How long a body may take to arrive."""
TOKEN = "token"  # noqa: S105 - a field's name
DECISION, REASON, ANSWER = "decision", "reason", "answer"
MOST_ITEMS = 50
"""More than any desk puts on a page."""
_MOST_FIELDS = 3 * MOST_ITEMS + 1


class BadForm(ValueError):
    """A form is not one of ours.

    Attributes:
        status: HTTP status that says so.
    """

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True)
class Filled:
    """What somebody filled in on a page: choices, reasons and answers to questions by item."""

    choices: Mapping[str, str] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict, repr=False)
    answers: Mapping[str, str] = field(default_factory=dict, repr=False)


async def read_body(headers: Iterable[tuple[bytes, bytes]], chunks: AsyncIterator[bytes], seconds: float = READ_SECONDS) -> bytes:
    """Return the body of a form (1).

    Raises:
        BadForm: It is no form, too long or too slow.
    """
    said: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in (b"content-type", b"content-encoding", b"content-length"):
            if name in said:
                raise BadForm("a header twice")
            said[name] = value
    if said.get(b"content-type", b"").partition(b";")[0].strip().lower() != FORM.encode():
        raise BadForm("not a form", 415)
    if b"content-encoding" in said:
        raise BadForm("compressed", 415)
    length = said.get(b"content-length", b"0")
    if not length.isdigit():
        raise BadForm("length")
    if len(length) > 9 or int(length) > MAX_BODY:
        raise BadForm("too long", 413)
    try:
        async with asyncio.timeout(seconds):
            return await _collected(chunks)
    except TimeoutError:
        raise BadForm("too slow", 408) from None


async def _collected(chunks: AsyncIterator[bytes]) -> bytes:
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > MAX_BODY:
            raise BadForm("too long", 413)
    return bytes(body)


def parse(body: bytes) -> dict[str, str]:
    """Return the fields of a form, line breaks as LF.

    Raises:
        BadForm: It is not UTF-8, has a broken escape, a field without ``=``, a field twice, or too many.
    """
    if not body.isascii():  # a browser escapes all else
        raise BadForm("not a form")
    try:
        fields = strict_form(body.decode(), _MOST_FIELDS)
    except Unreadable as error:
        raise BadForm(str(error)) from None
    return {name: value.replace("\r\n", "\n").replace("\r", "\n") for name, value in fields.items()}


def filled(fields: Mapping[str, str], items: Iterable[str]) -> Filled:
    """Return what was filled in for the items of a page.

    Raises:
        BadForm: A field is of no item on the page.
    """
    known = frozenset(items)
    found: dict[str, dict[str, str]] = {DECISION: {}, REASON: {}, ANSWER: {}}
    for name, value in fields.items():
        if name == TOKEN:
            continue
        kind, _, item = name.partition(".")
        if kind not in found or item not in known:
            raise BadForm("a field of no item on the page")
        found[kind][item] = value
    return Filled(found[DECISION], found[REASON], found[ANSWER])
