# SPDX-License-Identifier: Apache-2.0
"""Pages as HTML. Pure but for reading its templates once.

What comes from elsewhere is escaped, put on one line, and kept in its own writing direction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from tieout.desks.desk import LATER, LONGEST_REASON, Page, Stored, Task, Tasks
from tieout.desks.form_values import LookAsked
from tieout.desks.items import Choice
from tieout.desks.sign_off_desk import SignOffRequest
from tieout.texts import clean, cut
from tieout.web.answers import Outcome, Problem
from tieout.web.forms import Filled
from tieout.web.people import Visitor
from tieout.web.reading import Reader

LONGEST_LINE, LONGEST_FACT = 500, 120
"""Characters of a title, and of a fact or flag, that are shown: what was presented fits where it is stored (a test holds it)."""
LONGEST_STATEMENT = 2000
"""Characters of what somebody says who chooses: more than a policy's file may have."""
LONGEST_INTRODUCTION = 4000
"""Characters of what a form says first, and of a question about it: more than either may have."""
HISTORY = 50
"""Most assignments of the past that are shown."""
FOLDER = Path(__file__).parent
_EMPTY = Filled()


@dataclass(frozen=True, slots=True)
class Told:
    """What is said above a page: a title and a sentence."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Frame:
    """What every page has around it: where the pages are mounted, and who looks at them."""

    root: str
    visitor: Visitor | None = None

    def html(self, template: str, **values: Any) -> str:
        """Return a page."""
        return (
            _templates()
            .get_template(template)
            .render(root=self.root, visitor=self.visitor, version=static_version(), at_home=template == "tasks.html", **values)
        )

    def path(self, task: Task) -> str:
        """Return where an assignment is."""
        return f"{self.root}/campaigns/{task.campaign}/{task.assignment}"


def tasks_page(
    frame: Frame,
    tasks: Tasks,
    sign_offs: Sequence[SignOffRequest],
    reader: Reader,
    looks: Sequence[LookAsked] = (),
    evidence: bool = False,
) -> str:
    """Return what somebody has to do, and what they have done; and where their evidence is, if they may read any."""
    return frame.html("tasks.html", tasks=tasks, sign_offs=sign_offs, looks=looks, evidence=evidence, reader=reader, most=HISTORY)


def fragment(
    page: Page,
    reader: Reader,
    names: Mapping[str, str],
    filled: Filled = _EMPTY,
    problems: Mapping[str, Problem] | None = None,
) -> Markup:
    """Return what is decided on a page: what somebody sees, without what stands around it.

    Args:
        page: The page.
        reader: How its numbers and times are written.
        names: Of persons; who has none here is shown by person id.
        filled: What has been filled in.
        problems: What is wrong with that, by item.
    """
    choices = (*page.choices, Choice(LATER, "Not now"))
    needing = " and ".join(choice.label.lower() for choice in page.choices if choice.needs_reason)
    return part(
        "_presented.html",
        page=page,
        reader=reader,
        names=names,
        filled=filled,
        problems=problems or {},
        choices=choices,
        needing=needing,
    )


def part(template: str, **values: Any) -> Markup:
    """Return what somebody sees of a page, without what stands around it."""
    made = _templates().get_template(template).render(longest_reason=LONGEST_REASON, **values)
    return Markup(made)  # noqa: S704 - a template's output, escaped there


def review_page(frame: Frame, page: Page, reader: Reader, token: str, inside: Markup, **above: Any) -> str:
    """Return a page of a review.

    Args:
        frame: What stands around it.
        page: The page.
        reader: How its numbers and times are written.
        token: Its stamp.
        inside: From `fragment`.
        above: ``problems`` that are listed above it, or what is ``told`` there.
    """
    said = {"problems": {}, "told": None, **above}
    return frame.html("page.html", page=page, reader=reader, token=token, fragment=inside, **said)


def receipt_page(frame: Frame, page: Page, outcome: Outcome, stored: Stored | None, reader: Reader) -> str:
    """Return what was stored of a page; ``stored`` is ``None`` where there was nothing to store."""
    task = stored.task if stored else page.task
    labels = {choice.id: choice.label for choice in page.choices}
    by_id = {item.id: (position, item) for position, item in page.items}
    decisions = [(*by_id[each.item], labels[each.choice], each.reason or each.answer) for each in outcome.decisions]
    return frame.html(
        "receipt.html",
        title=page.title,
        task=task,
        stored=stored,
        decisions=decisions,
        unsaid=outcome.unsaid,
        reader=reader,
        words=page.words,
        here=frame.path(task),
        last=page.items[-1][1].id,
        again=urlencode([("item", item.id) for _, item in page.items]),
    )


def end_page(frame: Frame, task: Task, reader: Reader) -> str:
    """Return what is shown where no open item follows."""
    return frame.html("end.html", task=task, reader=reader, here=frame.path(task))


def again_page(frame: Frame, here: str, fields: Mapping[str, str], told: Told) -> str:
    """Return a page from which the same form is submitted again, for where the page itself can not be read."""
    return frame.html("again.html", here=here, fields=fields, told=told)


def note_page(frame: Frame, title: str, reason: str, cure: str = "", link: str = "", label: str = "") -> str:
    """Return why something is not done, and what to do about it."""
    return frame.html("note.html", title=title, reason=reason, cure=cure, link=link, label=label)


@cache
def static_files() -> dict[str, bytes]:
    """Return the files that pages refer to, by name. Only these are served."""
    return {path.name: path.read_bytes() for path in sorted((FOLDER / "static").iterdir()) if path.is_file()}


@cache
def static_version() -> str:
    """Return what tells these files from those of another version."""
    return hashlib.sha256(b"".join(static_files().values())).hexdigest()[:12]


def _cut(text: str, limit: int) -> str:
    return cut(clean(text[: 2 * limit]), limit)


@cache
def _templates() -> Environment:
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters["line"] = lambda text: _cut(text, LONGEST_LINE)
    made.filters["whole"] = lambda text: _cut(text, LONGEST_STATEMENT)
    made.filters["long"] = lambda text: _cut(text, LONGEST_INTRODUCTION)
    made.filters["fact"] = lambda text: _cut(text, LONGEST_FACT)
    return made
