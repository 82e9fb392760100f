# SPDX-License-Identifier: Apache-2.0
"""The page of a sign-off as HTML, and the record of what somebody saw on it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from markupsafe import Markup

from tieout.desks.sign_off_desk import APPROVE, RETURN, SignOffRequest, SignOffStanding, SignOffStored
from tieout.web.answers import Problem
from tieout.web.presenting import Presented, presented_html
from tieout.web.reading import Reader
from tieout.web.rendering import LONGEST_LINE, Frame, Told, part

SAID = "said"
_ROOM = 900_000
"""Bytes that lines of the document may take: what was presented fits where it is stored (a test holds it)."""
_CHOICES = ((APPROVE, "I have read it, and sign it off"), (RETURN, "I return it"))
Group = tuple[str, list[str]]


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody filled in."""

    said: str = ""
    reason: str = field(default="", repr=False)


_NOTHING = Given()


def sign_off_page(
    frame: Frame,
    asked: SignOffRequest,
    reader: Reader,
    token: str,
    given: Given = _NOTHING,
    problem: Problem | None = None,
    told: Told | None = None,
) -> str:
    """Return the page.

    Args:
        frame: What stands around it.
        asked: What is asked.
        reader: How its numbers and times are written.
        token: Its stamp.
        given: What has been filled in.
        problem: What is wrong with that.
        told: What is said above it.
    """
    here = f"{frame.root}/sign-offs/{asked.campaign}"
    inside = fragment(asked, reader, given, problem)
    return frame.html(
        "sign_off.html", asked=asked, reader=reader, token=token, here=here, fragment=inside, problem=problem, told=told
    )


def fragment(asked: SignOffRequest, reader: Reader, given: Given = _NOTHING, problem: Problem | None = None) -> Markup:
    """Return what somebody sees of it, without what stands around it."""
    shown = list(_fitting(asked.lines))
    groups, more = list(_grouped(shown)), len(asked.lines) - len(shown)
    return part(
        "_sign_off.html", asked=asked, reader=reader, groups=groups, more=more, choices=_CHOICES, given=given, problem=problem
    )


def presented_sign_off(asked: SignOffRequest, reader: Reader) -> Presented:
    """Return what somebody sees: its HTML, and the text in it."""
    return presented_html(str(fragment(asked, reader)), asked.title, reader, about_sha256=asked.about_sha256)


def signed_page(
    frame: Frame, title: str, said: SignOffStored | SignOffStanding | None, reader: Reader, *, stored: bool = False
) -> str:
    """Return what was stored, or that it is signed off.

    Args:
        frame: What stands around it.
        title: Of the campaign.
        said: What stands.
        reader: How its numbers and times are written.
        stored: Whether it is what somebody has just said.
    """
    if said is None:
        raise AssertionError
    return frame.html(
        "signed.html", title=title, at=said.at, response=said.response, approved=said.approved, stored=stored, reader=reader
    )


def _fitting(lines: Iterable[str]) -> Iterable[str]:
    """Yield lines as long as there is room for them: a character takes at most seven bytes, once escaped and once as text."""
    room = _ROOM
    for line in lines:
        room -= 7 * min(len(line), LONGEST_LINE) + 60
        if room < 0:
            return
        yield line


def _grouped(lines: Iterable[str]) -> Iterable[Group]:
    """Yield paragraphs and lists: a line that begins with a dash is part of a list."""
    listed: list[str] = []
    for line in lines:
        text = line.strip()
        if text.startswith("- "):
            listed.append(text[2:])
            continue
        if listed:
            yield "list", listed
            listed = []
        if text:
            yield "text", [text]
    if listed:
        yield "list", listed
