# SPDX-License-Identifier: Apache-2.0
"""Forms that a control's owner fills in, with documents: what is asked, by when, and whether somebody else accepts it.

It stands as ``confirmation:`` in a control's file. Whatever a form asks fits one Slack modal and one web page, and what Slack
sends back fits what Tieout reads: see `MOST_SUBMISSION`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal
from urllib.parse import quote_plus

from pydantic import Field, field_validator, model_validator

from tieout.criteria.calendar import Allowance, BusinessCalendar
from tieout.criteria.form_fields import (
    LONGEST_LINK,
    MOST_DIGITS,
    MOST_PLACES,
    ChoiceField,
    DateField,
    FileField,
    FormField,
    LinkField,
    NumberField,
    TextField,
    refuse_twice,
    within,
)
from tieout.criteria.periods import Stem
from tieout.criteria.reviews import business_days_before
from tieout.documents import Document

REQUEST_TYPE, CONFIRMATION_TYPE = "confirmation_request.v2", "owner_confirmation.v2"
"""Evidence types of what is asked, and of what it comes to."""
FORMS = "forms"
"""Folder of forms to copy from, beside that of the controls."""
FORM_COLLECTOR = "form"
"""Stands as collector of the one system of a control with a form: people fill it in, and nothing is read."""
LONGEST_TITLE = 150
"""UTF-16 units. Slack: text of a header block; a modal's own title takes 24, and is ours."""
LONGEST_INTRODUCTION = 3000
"""UTF-16 units. Slack: text of a section block."""
MOST_FIELDS = 40
"""Slack: 100 blocks in a modal. A field is one input block; the rest is for what stands around and between them."""
MOST_SUBMISSION = 224 * 1024
"""Bytes, form-encoded, of what Slack may send back of a form's fields: the modal's blocks, and all that can be filled in. The
endpoint reads 256 KiB (`tieout.slack.guard.MAX_BODY`); the rest is for what Slack and Tieout add."""
BYTES_OF_UNIT = 9
"""A UTF-16 unit in such a body: three bytes of UTF-8, each as ``%XX``; as ``\\uXXXX`` it would be 8."""
BYTES_OF_FIELD, BYTES_OF_OPTION, BYTES_OF_FILE = 1500, 300, 8192
"""What Slack writes around a field, around an option, and of a file with the addresses of its thumbnails; rounded up."""


class SecondReview(Document):
    """Another person looks at what was handed in, and accepts it or returns it with a question."""

    reviewer: Annotated[str, Field(min_length=1)] | None = None
    """Role of that person; by default the control's reviewer."""
    due: Allowance
    """Days after it was handed in within which that person decides; then it is expired."""
    answer: Allowance
    """Days after it was returned within which whoever handed it in answers; then it is expired."""


class Coverage(Document):
    """Date fields that say which days somebody else's report covers: what it leaves uncovered of our period is worked out."""

    first_day: Stem
    last_day: Stem
    bridged_to: Stem | None = None
    """The last day of a bridge letter, where there is one."""


@dataclass(frozen=True, slots=True)
class FormDays:
    """The days of one form, local to the program.

    Attributes:
        due: Last day on which it is handed in in time.
        reminders: Days on which whoever has not is reminded, in order; all after the window.
    """

    due: date
    reminders: tuple[date, ...]


class Form(Document):
    """What a control's owner is asked at the end of each window."""

    title: Annotated[str, within(LONGEST_TITLE)]
    introduction: Annotated[str, within(LONGEST_INTRODUCTION)]
    """What the person reads first: what is asked, and what would answer it."""
    fields: tuple[FormField, ...] = Field(min_length=1, max_length=MOST_FIELDS)
    """In the order in which they are asked."""
    effective_date: Stem
    """The date field that says when the thing happened, which is not when it is handed in."""
    coverage: Coverage | None = None
    due: Allowance
    """Days after the window's last one within which it is handed in."""
    reminders: tuple[Annotated[int, Field(ge=0, le=92)], ...] = ()
    """So many business days before it is due, whoever has not handed it in is reminded."""
    second_review: SecondReview | None = None
    """Without it, what is handed in stands."""
    asked_in: tuple[Literal["Q1", "Q2", "Q3", "Q4"], ...] = ()
    """Quarters after which it is asked, for what is due once or twice a year; none for every window."""
    asks_about: Literal["deviations"] | None = None
    """``deviations``: it is asked of every owner whose controls have deviations that management has not answered, about these,
    and its own fields come after the questions about them (`tieout.confirmations.deviations`)."""

    @field_validator("fields")
    @classmethod
    def _fields_follow_each_other(cls, value: tuple[FormField, ...]) -> tuple[FormField, ...]:
        refuse_twice("two fields share an id", [each.id for each in value])
        refuse_twice("two fields share a label", [each.label for each in value])
        for number, each in enumerate(value):
            before = {earlier.id: earlier for earlier in value[:number]}
            if each.required_when:
                asked = before.get(each.required_when.field)
                known = {option.id for option in asked.options} if isinstance(asked, ChoiceField) else set()
                if strange := sorted(set(each.required_when.chosen) - known):
                    msg = (
                        f"field {each.id}: required_when: expected options of a choice field before it, got {', '.join(strange)}"
                    )
                    raise ValueError(msg)
            if isinstance(each, DateField) and each.not_before_field:
                _date_field(before, each.not_before_field, f"field {each.id}: not_before_field: before it, ")
        return value

    @field_validator("asked_in")
    @classmethod
    def _each_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        refuse_twice("asked_in names a quarter twice", list(value))
        return value

    @field_validator("reminders")
    @classmethod
    def _in_order(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        refuse_twice("two reminders are on the same day", [str(each) for each in value])
        return tuple(sorted(value, reverse=True))

    @model_validator(mode="after")
    def _names_its_dates(self) -> Form:
        known = {each.id: each for each in self.fields}
        happened = _date_field(known, self.effective_date, "effective_date: ")
        if not happened.required or happened.may_be_future:
            msg = f"effective_date: expected a date field that is required and may not lie in the future, got {happened.id}"
            raise ValueError(msg)
        if self.coverage:
            for each in (self.coverage.first_day, self.coverage.last_day, self.coverage.bridged_to):
                if each is not None:
                    _date_field(known, each, "coverage: ")
        return self

    @model_validator(mode="after")
    def _fits_a_modal(self) -> Form:
        if self.submission_bytes > MOST_SUBMISSION:
            msg = (
                f"filled in, the form can come back from Slack as {self.submission_bytes} bytes, and {MOST_SUBMISSION} are read: "
                "ask less, give its text fields a smaller longest, or take fewer files"
            )
            raise ValueError(msg)
        return self

    @property
    def submission_bytes(self) -> int:
        """Bytes, form-encoded, that Slack sends back at most of a form whose every field is filled to its bound."""
        return _encoded(self.title) + _encoded(self.introduction) + sum(map(_bytes_of, self.fields))

    def field(self, name: str) -> FormField:
        """Return a field by its id.

        Raises:
            KeyError: The form has no such field.
        """
        return {each.id: each for each in self.fields}[name]

    def days(self, last_day: date, business: BusinessCalendar) -> FormDays:
        """Return the days of a form about a window that ends with a day.

        A reminder that would come inside the window is left out.
        """
        due = business.after(last_day, self.due)
        reminders = (business_days_before(due, count, business) for count in self.reminders)
        return FormDays(due, tuple(dict.fromkeys(day for day in reminders if day > last_day)))


def _date_field(known: dict[str, FormField], name: str, where: str) -> DateField:
    found = known.get(name)
    if not isinstance(found, DateField):
        dates = ", ".join(each.id for each in known.values() if isinstance(each, DateField)) or "none"
        msg = f"{where}expected the id of a date field, got {name}; date fields: {dates}"
        raise ValueError(msg)
    return found


def _bytes_of(field: FormField) -> int:
    asked = BYTES_OF_FIELD + _encoded(field.label) + _encoded(field.help or "")
    return asked + sum(_answer_bytes(field))


def _answer_bytes(field: FormField) -> Iterator[int]:
    match field:
        case TextField():
            yield field.longest * BYTES_OF_UNIT
        case ChoiceField():
            options = [BYTES_OF_OPTION + _encoded(option.label) for option in field.options]
            yield sum(options) + (sum(options) if field.several else max(options))  # the chosen ones come back once more
        case LinkField():
            yield LONGEST_LINK * 3
        case NumberField():
            yield MOST_DIGITS + MOST_PLACES + _encoded(field.unit)
        case FileField():
            yield field.most_files * BYTES_OF_FILE
        case DateField():
            pass


def _encoded(text: str) -> int:
    """Return the bytes of a text as JSON in a form: the more of the two ways in which JSON may write it."""
    written = (json.dumps(text, ensure_ascii=escaped).replace("/", "\\/") for escaped in (True, False))
    return max(len(quote_plus(each, errors="surrogatepass")) for each in written)
