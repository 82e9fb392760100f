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
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import rfc8785

from tieout.confirmations.uploads import Upload
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
    units,
)
from tieout.criteria.forms import Coverage, Form
from tieout.criteria.periods import is_stem
from tieout.errors import ConfigurationError

Value = str | list[str] | list[dict[str, Any]]
_NUMBER = re.compile(rf"-?\d{{1,{MOST_DIGITS}}}(\.\d{{1,{MOST_PLACES}}})?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_SECRETS = re.compile(r"token|signature|sig|secret|password|passwd|api[-_]?key|access[-_]?key|credential|auth", re.IGNORECASE)
"""Names of parameters whose value lets somebody in."""


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


class _Wrong(Exception):
    """A field's answer can not be taken; the text is for the person."""


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
        except _Wrong as wrong:
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
                return _files(each, files)
            case ChoiceField():
                return _chosen(each, texts)
        if len(texts) != 1:
            raise _Wrong("Please give one answer.")
        text = texts[0]
        match each:
            case TextField():
                return _mapped(each, text, self.asked.controls) if each.maps_to_controls else _text(each, text)
            case DateField():
                return self._day(each, text.strip())
            case NumberField():
                return _number(each, text.strip())
            case LinkField():
                return _link(text.strip())

    def _day(self, each: DateField, text: str) -> str:
        try:
            day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
        except ValueError:
            day = None
        if day is None:
            raise _Wrong("Expected a day such as 2026-03-05.")
        if day > self.asked.today and not each.may_be_future:
            raise _Wrong("This day has not come yet.")
        if each.not_before and day < (first := each.not_before.day(self.asked.window)):
            raise _Wrong(f"Expected a day from {first} on.")
        if each.not_after and day > (last := each.not_after.day(self.asked.window)):
            raise _Wrong(f"Expected a day up to {last}.")
        before = self.values.get(each.not_before_field or "")
        if isinstance(before, str) and day < date.fromisoformat(before):
            raise _Wrong(
                f"Expected a day from {before} on, as '{self.asked.form.field(each.not_before_field or '').label}' says."
            )
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


def _text(each: TextField, text: str) -> str:
    plain = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not each.multiline and "\n" in plain:
        raise _Wrong("Expected one line.")
    if any(unicodedata.category(sign) in ("Cc", "Cs", "Co", "Cn") and sign not in "\n\t" for sign in plain):
        raise _Wrong("It holds a character that can not be shown. Please type it again.")
    if units(plain) > each.longest:
        raise _Wrong(f"Expected at most {each.longest} characters, got {units(plain)}.")
    return plain


def _mapped(each: TextField, text: str, controls: Collection[str]) -> list[dict[str, Any]]:
    """Return each complementary control with ours that answer it."""
    found: dict[str, list[str]] = {}
    for number, line in enumerate(_text(each, text).split("\n"), 1):
        theirs, colon, listed = (part.strip() for part in line.partition(":"))
        ours = [part.strip() for part in listed.split(",") if part.strip()]
        if not theirs or not colon or not ours:
            raise _Wrong(f"Line {number}: expected a control of theirs and ours that answer it, such as CUEC-1: cc6_2_access.")
        if theirs in found:
            raise _Wrong(f"Line {number}: the control stands in an earlier line.")
        if strange := [name for name in ours if name not in controls]:
            named = ", ".join(name for name in strange if _is_stem(name)) or "a name that no control can have"
            raise _Wrong(f"Line {number}: we have no control {named}.")
        found[theirs] = ours
    return [{"control": theirs, "ours": ours} for theirs, ours in found.items()]


def _is_stem(name: str) -> bool:
    try:
        return bool(is_stem(name))
    except ValueError:
        return False


def _chosen(each: ChoiceField, texts: Sequence[str]) -> Value:
    chosen = [option.id for option in each.options if option.id in texts]
    if len(chosen) != len(set(texts)) or (len(texts) != 1 and not each.several):
        raise _Wrong("Please choose among the options." if each.several else "Please choose one of the options.")
    return chosen if each.several else chosen[0]


def _number(each: NumberField, text: str) -> str:
    if not _NUMBER.fullmatch(text):
        raise _Wrong(f"Expected a number in {each.unit} such as 12{'' if each.whole else '.5'}, with a point and no blanks.")
    number = Decimal(text)
    if each.whole and number != number.to_integral_value():
        raise _Wrong(f"Expected a whole number of {each.unit}.")
    if each.least is not None and number < each.least:
        raise _Wrong(f"Expected at least {each.least} {each.unit}.")
    if each.most is not None and number > each.most:
        raise _Wrong(f"Expected at most {each.most} {each.unit}.")
    return f"{number.normalize() + 0:f}"  # 0 has no sign, and 1.50 is 1.5


def _link(text: str) -> str:
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        raise _Wrong("Expected an address that starts with https://.") from None
    if parts.scheme != "https" or not host or len(text) > LONGEST_LINK or not text.isprintable() or re.search(r"[\s<>|]", text):
        raise _Wrong(f"Expected an address that starts with https://, of at most {LONGEST_LINK} characters.")
    asked = [name for name, _ in parse_qsl(parts.query, keep_blank_values=True)]
    if parts.username or parts.password or any(map(_SECRETS.search, asked)):
        raise _Wrong("The address holds a name, a password or a key that lets others in. Give one for which people sign in.")
    return text


def _files(each: FileField, files: Sequence[Upload]) -> list[dict[str, Any]]:
    if len(files) > each.most_files:
        raise _Wrong(f"Expected at most {each.most_files} file(s), got {len(files)}.")
    if len({file.sha256 for file in files}) != len(files):
        raise _Wrong("A file is there twice.")
    if any(file.kind not in each.kinds or file.bytes > each.most_bytes for file in files):
        raise _Wrong(f"Expected files of kind {', '.join(each.kinds)} and at most {each.most_bytes} bytes.")
    return [{"kind": file.kind, "media_type": file.media_type, "bytes": file.bytes, "sha256": file.sha256} for file in files]
