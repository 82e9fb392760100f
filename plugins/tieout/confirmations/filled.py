# SPDX-License-Identifier: Apache-2.0
"""What somebody filled into a form, held against it: typed values, or what is wrong with which field, in words for the person.

1. Every field is judged by itself and by those before it; all that is wrong is told at once.
2. Nothing is guessed: a number with a comma, a date in words, an option that there is not are asked for again.
3. What comes out can be hashed by anybody: texts, lists and objects, no floats; numbers are decimal text, days are ISO 8601.

The name of a file is not in it: it is personal data. The field says what the file is, and its hash which one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import rfc8785

from tieout.confirmations.answers import Value, Wrong, read_chosen, read_files, read_link, read_mapped, read_number, read_text
from tieout.confirmations.uploads import Upload
from tieout.criteria.form_fields import (
    ChoiceField,
    DateField,
    FileField,
    FormField,
    LinkField,
    NumberField,
    TextField,
)
from tieout.criteria.forms import Coverage, Form
from tieout.errors import ConfigurationError

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a form is held against besides itself.

    Attributes:
        form: The form.
        window: First and last day of the window that it is about, local to the program.
        period: First and last day of the observation period, for what a vendor's report has to cover.
        today: The local day.
        controls: Ids of the program's controls.
    """

    form: Form
    window: tuple[date, date]
    period: tuple[date, date]
    today: date
    controls: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Filled:
    """What was filled in.

    Attributes:
        values: By field, in the form's order; fields without an answer are absent.
        effective_on: The day on which the thing happened.
        uncovered: First and last day of each part of the period that neither report nor bridge letter covers; ``None`` where the
            form asks for no coverage.
    """

    values: Mapping[str, Value]
    effective_on: date
    uncovered: tuple[tuple[date, date], ...] | None = None

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        said: dict[str, Any] = {"version": 1, "values": dict(self.values), "effective_on": self.effective_on.isoformat()}
        if self.uncovered is not None:
            said["uncovered"] = [[first.isoformat(), last.isoformat()] for first, last in self.uncovered]
        return said

    @property
    def sha256(self) -> str:
        """Hash of the RFC 8785 bytes of `as_document`."""
        return hashlib.sha256(rfc8785.dumps(self.as_document())).hexdigest()


@dataclass(frozen=True, slots=True)
class Problems:
    """What is wrong, by field, in the form's order: a sentence for the person that repeats nothing of what was filled in."""

    by_field: Mapping[str, str]


def hold(asked: Asked, texts: Mapping[str, Sequence[str]], files: Mapping[str, Sequence[Upload]]) -> Filled | Problems:
    """Hold what somebody filled in against a form.

    Args:
        asked: The form, and what it is about.
        texts: What was typed or chosen, by field: one text, of a choice of several the ids of all; nothing for an empty field.
        files: Files that were checked (`tieout.confirmations.uploads.receive`), by field.

    Raises:
        ConfigurationError: There is something for a field that the form does not have, or not of this kind: it was not made by
            our form.
    """
    form = asked.form
    takes_files = {each.id: isinstance(each, FileField) for each in form.fields}
    strange = [name for name in texts if takes_files.get(name, True)] + [name for name in files if not takes_files.get(name)]
    if strange:
        msg = f"form {form.title!r}: expected its own fields, got {len(strange)} that it does not have so. Open the form again."
        raise ConfigurationError(msg)
    holding = _Holding(asked)
    for each in form.fields:
        holding.take(each, [text for text in texts.get(each.id, ()) if text.strip()], files.get(each.id, ()))
    return Problems(holding.problems) if holding.problems else holding.filled()


@dataclass(slots=True)
class _Holding:
    """The fields so far."""

    asked: Asked
    values: dict[str, Value] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)

    def take(self, each: FormField, texts: Sequence[str], files: Sequence[Upload]) -> None:
        if not texts and not files:
            if self._is_required(each):
                self.problems[each.id] = "Please answer this."
            return
        try:
            self.values[each.id] = self._value(each, texts, files)
        except Wrong as wrong:
            self.problems[each.id] = str(wrong)

    def _is_required(self, each: FormField) -> bool:
        if each.required_when is None:
            return each.required
        said = self.values.get(each.required_when.field, [])
        chosen = {said} if isinstance(said, str) else {one for one in said if isinstance(one, str)}
        return bool(chosen & set(each.required_when.chosen))

    def _value(self, each: FormField, texts: Sequence[str], files: Sequence[Upload]) -> Value:
        match each:
            case FileField():
                return read_files(each, files)
            case ChoiceField():
                return read_chosen(each, texts)
        if len(texts) != 1:
            raise Wrong("Please give one answer.")
        text = texts[0]
        match each:
            case TextField():
                return read_mapped(each, text, self.asked.controls) if each.maps_to_controls else read_text(each, text)
            case DateField():
                return self._day(each, text.strip())
            case NumberField():
                return read_number(each, text.strip())
            case LinkField():
                return read_link(text.strip())

    def _day(self, each: DateField, text: str) -> str:
        try:
            day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
        except ValueError:
            day = None
        if day is None:
            raise Wrong("Expected a day such as 2026-03-05.")
        if day > self.asked.today and not each.may_be_future:
            raise Wrong("This day has not come yet.")
        if each.not_before and day < (first := each.not_before.day(self.asked.window)):
            raise Wrong(f"Expected a day from {first} on.")
        if each.not_after and day > (last := each.not_after.day(self.asked.window)):
            raise Wrong(f"Expected a day up to {last}.")
        before = self.values.get(each.not_before_field or "")
        if isinstance(before, str) and day < date.fromisoformat(before):
            raise Wrong(f"Expected a day from {before} on, as '{self.asked.form.field(each.not_before_field or '').label}' says.")
        return text

    def filled(self) -> Filled:
        form = self.asked.form
        coverage = tuple(self._uncovered(form.coverage)) if form.coverage else None
        return Filled(self.values, date.fromisoformat(str(self.values[form.effective_date])), coverage)

    def _uncovered(self, coverage: Coverage) -> Iterator[tuple[date, date]]:
        """Yield the parts of the period that are not covered; all of it without a report."""
        first, last = self.asked.period
        begins, ends = (self._said(name) for name in (coverage.first_day, coverage.last_day))
        bridged = self._said(coverage.bridged_to) if coverage.bridged_to else None
        if begins is None or ends is None:
            yield first, last
            return
        until = max(ends, bridged or ends)
        if begins > last or until < first:
            yield first, last
            return
        if begins > first:
            yield first, begins - timedelta(days=1)
        if until < last:
            yield until + timedelta(days=1), last

    def _said(self, name: str) -> date | None:
        said = self.values.get(name)
        return date.fromisoformat(said) if isinstance(said, str) else None
