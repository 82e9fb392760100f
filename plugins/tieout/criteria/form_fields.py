# SPDX-License-Identifier: Apache-2.0
"""The fields of a form that a control's owner fills in: text, choice, date, number, link and file, each with its bounds.

A bound that Slack sets is named after its element (docs.slack.dev, Block Kit reference); a web page sets none that is
narrower. The others are ours.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from tieout.criteria.periods import Stem
from tieout.documents import Document
from tieout.texts import units

LONGEST_LABEL = 200
"""UTF-16 units. Ours: nobody reads a longer one. Slack's input block takes 2000."""
LONGEST_HELP = 1000
"""UTF-16 units. Ours; the hint of Slack's input block takes 2000."""
LONGEST_OPTION = 75
"""UTF-16 units. Slack: text of an option."""
MOST_OPTIONS = 100
"""Slack: options of a static_select and of a multi_static_select."""
LONGEST_TEXT = 3000
"""UTF-16 units. Slack: max_length of a plain_text_input."""
LONGEST_LINK = 1000
"""Characters. Ours; Slack's url_text_input states no bound."""
MOST_DIGITS, MOST_PLACES = 15, 6
"""Digits before and after a number's point. Ours: 21 digits are exact in Decimal's 28."""
MOST_FILES = 10
"""Slack: max_files of a file_input."""
SLACK_FILE_BYTES = 10_000_000
"""Slack: a file_input takes files of 10 MB. A larger one goes through the web page."""
MOST_FILE_BYTES = 100_000_000
"""Ours: what one file costs in disk while it is checked."""
MOST_EDGE_DAYS = 3660
"""Ours: ten years before or after a window."""

FileKind = Literal["pdf", "png", "jpeg", "csv", "text", "markdown", "docx", "xlsx", "pptx"]
"""Files that can be taken at all; `tieout.confirmations.uploads` says how each is checked."""


def within(most: int) -> AfterValidator:
    """Return a validator of texts for people: not blank, and at most so many UTF-16 units."""

    def check(text: str) -> str:
        if not text.strip() or units(text) > most:
            msg = f"expected a text of 1 to {most} characters that is not blank"
            raise ValueError(msg)
        return text

    return AfterValidator(check)


class When(Document):
    """An answer to a choice field."""

    field: Stem
    """Id of the choice field; it stands before the one that depends on it."""
    chosen: tuple[Stem, ...] = Field(min_length=1)
    """Ids of options; any of them."""


class _Field(Document):
    id: Stem
    label: Annotated[str, within(LONGEST_LABEL)]
    help: Annotated[str, within(LONGEST_HELP)] | None = None
    """What the person is told beside the label."""
    required: bool = True
    required_when: When | None = None
    """With ``required: false``: the answer to another field that makes this one required all the same."""

    @model_validator(mode="after")
    def _is_required_in_one_way(self) -> _Field:
        if self.required and self.required_when:
            msg = "required_when: expected with required: false, and only there"
            raise ValueError(msg)
        return self


class TextField(_Field):
    """Words."""

    type: Literal["text"]
    longest: int = Field(default=500, ge=1, le=LONGEST_TEXT)
    """UTF-16 units that it takes at most."""
    multiline: bool = False
    maps_to_controls: bool = False
    """Each line is a complementary control of somebody else's report and ours that answer it, for example
    ``CUEC-1: cc6_2_access, cc6_3_roles``."""

    @model_validator(mode="after")
    def _maps_line_by_line(self) -> TextField:
        if self.maps_to_controls and not self.multiline:
            msg = "maps_to_controls: expected with multiline: true, one complementary control on each line"
            raise ValueError(msg)
        return self


class Option(Document):
    """One thing that can be chosen."""

    id: Stem
    label: Annotated[str, within(LONGEST_OPTION)]


class ChoiceField(_Field):
    """One or several of some options."""

    type: Literal["choice"]
    options: tuple[Option, ...] = Field(min_length=2, max_length=MOST_OPTIONS)
    several: bool = False

    @field_validator("options")
    @classmethod
    def _differ(cls, value: tuple[Option, ...]) -> tuple[Option, ...]:
        refuse_twice("two options share an id", [each.id for each in value])
        refuse_twice("two options share a label", [each.label for each in value])
        return value


class Edge(Document):
    """A day counted from the window's first or last one."""

    of: Literal["window_start", "window_end"]
    days: int = Field(default=0, ge=-MOST_EDGE_DAYS, le=MOST_EDGE_DAYS)
    """So many calendar days after it; before it where negative."""

    def day(self, window: tuple[date, date]) -> date:
        """Return the day, for a window's first and last day."""
        return window[self.of == "window_end"] + timedelta(days=self.days)


class DateField(_Field):
    """A day, local to the program."""

    type: Literal["date"]
    not_before: Edge | None = None
    not_after: Edge | None = None
    not_before_field: Stem | None = None
    """Another date field, which stands before this one and whose day this one must not precede."""
    may_be_future: bool = False
    """Whether a day after today is taken."""

    @model_validator(mode="after")
    def _leaves_a_day(self) -> DateField:
        before, after = self.not_before, self.not_after
        if before and after and before.of == after.of and before.days > after.days:
            msg = f"not_before lies {before.days - after.days} days after not_after: no day would do"
            raise ValueError(msg)
        return self


class NumberField(_Field):
    """A number, kept as decimal text."""

    type: Literal["number"]
    unit: Annotated[str, within(LONGEST_OPTION)]
    """What is counted, for example ``hours``."""
    least: Decimal | None = None
    most: Decimal | None = None
    whole: bool = False

    @field_validator("least", "most")
    @classmethod
    def _is_exact(cls, value: Decimal | None) -> Decimal | None:
        if value is not None and (abs(value) >= 10**MOST_DIGITS or value != round(value, MOST_PLACES)):
            msg = f"expected a number of at most {MOST_DIGITS} digits before the point and {MOST_PLACES} after it"
            raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _leaves_a_number(self) -> NumberField:
        if self.least is not None and self.most is not None and self.least > self.most:
            msg = f"least ({self.least}) is more than most ({self.most}): no number would do"
            raise ValueError(msg)
        return self


class LinkField(_Field):
    """An ``https`` address without a name, password or token in it. Nothing ever follows it."""

    type: Literal["link"]


class FileField(_Field):
    """Files, which are stored as they came and never opened."""

    type: Literal["file"]
    kinds: tuple[FileKind, ...] = Field(min_length=1)
    most_files: int = Field(default=1, ge=1, le=MOST_FILES)
    most_bytes: int = Field(default=SLACK_FILE_BYTES, ge=1, le=MOST_FILE_BYTES)
    """Bytes of each file. Slack hands on none of more than `SLACK_FILE_BYTES`."""

    @field_validator("kinds")
    @classmethod
    def _differ(cls, value: tuple[FileKind, ...]) -> tuple[FileKind, ...]:
        refuse_twice("a kind of file stands twice", list(value))
        return value


FormField = Annotated[
    TextField | ChoiceField | DateField | NumberField | LinkField | FileField,
    Field(discriminator="type"),
]


def refuse_twice(what: str, names: list[str]) -> None:
    """Raise a `ValueError` that names what stands twice in a list, if anything does."""
    if twice := sorted({name for name in names if names.count(name) > 1}):
        msg = f"{what}: {', '.join(twice)}"
        raise ValueError(msg)
