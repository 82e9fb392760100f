# SPDX-License-Identifier: Apache-2.0
"""The page of a form that an owner fills in, and the one on which a second person looks at it, as HTML. Pure.

Nothing of a file is shown but its name, size and hash; who looks at it may save it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from markupsafe import Markup

from tieout.confirmations.file_names import KIND_OF
from tieout.confirmations.handed import HandedIn
from tieout.confirmations.uploads import MEDIA_TYPES, Upload
from tieout.criteria.form_fields import ChoiceField, FileField, FormField
from tieout.criteria.forms import Form
from tieout.desks.form_values import FormAsked, FormStored, LookAsked
from tieout.web.answers import Problem
from tieout.web.presenting import Presented, presented_html
from tieout.web.reading import Reader
from tieout.web.rendering import Frame, Told, part
from tieout.web.sign_off_page import Given

ACCEPT, RETURN = "accept", "return"
_CHOICES = ((ACCEPT, "I accept it"), (RETURN, "I return it with a question"))
_UNSAID = Given()


@dataclass(frozen=True, slots=True)
class Entered:
    """What somebody filled in, what is wrong with it, and for which fields files have to be chosen again."""

    texts: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)
    problems: Mapping[str, str] = field(default_factory=dict)
    lost: frozenset[str] = frozenset()


BLANK = Entered()


def form_page(
    frame: Frame, asked: FormAsked, reader: Reader, token: str, entered: Entered = BLANK, told: Told | None = None
) -> str:
    """Return the page of a form.

    Args:
        frame: What stands around it.
        asked: What is asked.
        reader: How its numbers and times are written.
        token: Its stamp.
        entered: What has been filled in.
        told: What is said above it.
    """
    here = f"{frame.root}/confirmations/{asked.campaign}/{asked.assignment}"
    labels = {each.id: each.label for each in asked.asked.form.fields}
    inside = fragment(asked, reader, entered)
    return frame.html(
        "form.html",
        asked=asked,
        reader=reader,
        token=token,
        here=here,
        fragment=inside,
        entered=entered,
        labels=labels,
        told=told,
    )


def fragment(asked: FormAsked, reader: Reader, entered: Entered = BLANK) -> Markup:
    """Return what somebody sees of it, without what stands around it."""
    return part(
        "_form.html", asked=asked, form=asked.asked.form, reader=reader, entered=entered, ends=_ends, several=_several,
        window=asked.asked.window, needed_with=partial(_needed_with, asked.asked.form),
    )  # fmt: skip


def presented_form(asked: FormAsked, reader: Reader) -> Presented:
    """Return what somebody sees before anything is filled in: its HTML, and the text in it."""
    return presented_html(str(fragment(asked, reader)), asked.title, reader, form_sha256=asked.form_sha256)


def handed_page(
    frame: Frame, asked: FormAsked, stored: FormStored, uploads: Mapping[str, Sequence[Upload]], reader: Reader
) -> str:
    """Return what was stored: the response, and each file by name, size and hash."""
    labels = {each.id: each.label for each in asked.asked.form.fields}
    files = [(labels[name], each) for name, given in uploads.items() for each in given]
    return frame.html("handed.html", asked=asked, stored=stored, files=files, reader=reader)


def look_page(
    frame: Frame,
    asked: LookAsked,
    names: Mapping[str, str],
    reader: Reader,
    token: str,
    given: Given = _UNSAID,
    problem: Problem | None = None,
    told: Told | None = None,
) -> str:
    """Return the page on which a second person looks at what was handed in; as `form_page`."""
    here = f"{frame.root}/second-reviews/{asked.campaign}/{asked.assignment}"
    inside = look_fragment(asked, names, reader, given, problem)
    return frame.html(
        "look.html", asked=asked, reader=reader, token=token, here=here, fragment=inside, problem=problem, told=told
    )


def look_fragment(
    asked: LookAsked, names: Mapping[str, str], reader: Reader, given: Given = _UNSAID, problem: Problem | None = None
) -> Markup:
    """Return what that person sees of it."""
    answers = [(each, _answer(each, asked.handed)) for each in asked.asked.form.fields]
    return part(
        "_look.html", asked=asked, form=asked.asked.form, names=names, reader=reader, answers=answers, choices=_CHOICES,
        given=given, problem=problem, uncovered=asked.handed.filled.get("uncovered"), window=asked.asked.window,
    )  # fmt: skip


def presented_look(asked: LookAsked, reader: Reader) -> Presented:
    """Return what that person sees, with ids of people and no names."""
    return presented_html(str(look_fragment(asked, {}, reader)), asked.title, reader, about=asked.about)


def _answer(each: FormField, handed: HandedIn) -> list[str] | list[dict[str, str]]:
    """Return the answer to a field in words, line by line; of files, each file."""
    said = handed.filled["values"].get(each.id)
    if isinstance(each, FileField):
        return [
            {"name": file.name, "bytes": str(file.bytes), "sha256": file.sha256, "kind": file.kind}
            for file in handed.files
            if file.field == each.id
        ]
    if said is None:
        return []
    if isinstance(each, ChoiceField):
        chosen = [said] if isinstance(said, str) else said
        return [option.label for option in each.options if option.id in chosen]
    if isinstance(said, str):
        return said.split("\n")
    return [f"{line['control']}: {', '.join(line['ours'])}" for line in said]


def _ends(each: FileField) -> str:
    """Return the ends of names, and the types, that a browser offers first; what is sent is checked all the same."""
    ends = [f".{end}" for end, kind in KIND_OF.items() if kind in each.kinds]
    return ",".join([*ends, *(MEDIA_TYPES[kind].partition(";")[0] for kind in each.kinds)])


def _needed_with(form: Form, each: FormField) -> str:
    """Return the answers to the choice before a field that make it required; empty where none do."""
    if each.required_when is None:
        return ""
    asked = form.field(each.required_when.field)
    chosen = asked.options if isinstance(asked, ChoiceField) else ()
    return " or ".join(f"“{option.label}”" for option in chosen if option.id in each.required_when.chosen)


def _several(form: Form) -> bool:
    return any(isinstance(each, FileField) for each in form.fields)
