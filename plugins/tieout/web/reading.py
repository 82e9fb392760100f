# SPDX-License-Identifier: Apache-2.0
"""Numbers, dates and times as a reader writes them: in their language's form, in the program's time zone, UTC beside it. Pure.

The words of the pages are English. Which form a number or date has follows ``Accept-Language``; each is marked with its language.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import format_decimal
from markupsafe import Markup

from tieout.texts import counted as counted_in_english

ENGLISH = "en-GB"
_LISTED = (
    "ar bg bn ca cs da de de-AT de-CH el en en-AU en-CA en-GB en-IE en-IN en-NZ en-US en-ZA es es-AR es-MX es-US et eu fa fi fr "
    "fr-BE fr-CA fr-CH ga gl he hi hr hu id is it it-CH ja ko lt lv ms mt nb nl nl-BE nn pl pt pt-PT ro ru sk sl sr sv ta te th "
    "tr uk ur vi zh zh-HK zh-TW"
)
LANGUAGES = tuple(_LISTED.split())
"""Whose forms we write. Not all that there are: each one that is asked for stays in the api-server's memory."""
_KNOWN = {language.lower(): language for language in LANGUAGES}
_TAG = re.compile(r"([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3})(?:;q=([01](?:\.[0-9]{0,3})?))?")
_LONGEST = 200
_MOST = 8


@dataclass(frozen=True, slots=True)
class Reader:
    """How one reader writes numbers and times.

    Attributes:
        language: One of `LANGUAGES`.
        zone: The program's time zone.
    """

    language: str
    zone: ZoneInfo

    def number(self, number: int) -> str:
        """Return a number."""
        return format_decimal(number, locale=self._locale)

    def counted(self, number: int, unit: str) -> str:
        """Return a number with its unit, which is given in the plural: ``1 account``, ``1.200 accounts``."""
        return counted_in_english(1, unit) if number == 1 else f"{self.number(number)} {unit}"

    def moment(self, at: datetime) -> Markup:
        """Return a time as HTML: in the program's zone, UTC beside it."""
        utc, local = at.astimezone(UTC), at.astimezone(self.zone)
        there = self._clock(local, with_day=True)
        beside = self._clock(utc, with_day=utc.date() != local.date())
        said = f"{there} UTC" if self.zone.key in ("UTC", "Etc/UTC") else f"{there} {self.zone.key} ({beside} UTC)"
        return Markup('<time datetime="{}" lang="{}">{}</time>').format(f"{utc:%Y-%m-%dT%H:%M:%SZ}", self.language, said)

    def day(self, day: date) -> Markup:
        """Return a day as HTML."""
        said = format_date(day, "long", locale=self._locale)
        return Markup('<time datetime="{}" lang="{}">{}</time>').format(day.isoformat(), self.language, said)

    def _clock(self, at: datetime, *, with_day: bool) -> str:
        time = format_time(at.time(), "short", locale=self._locale)
        return f"{format_date(at.date(), 'long', locale=self._locale)}, {time}" if with_day else time

    @property
    def _locale(self) -> Locale:
        return Locale.parse(self.language, sep="-")


def language_of(accepted: str) -> str:
    """Return the language that a reader likes best among `LANGUAGES`, by ``Accept-Language``; an unknown region is left out."""
    if len(accepted) > _LONGEST:
        return ENGLISH
    wishes = [match for part in accepted.split(",")[:_MOST] if (match := _TAG.fullmatch(part.replace(" ", "")))]
    for wish in sorted(wishes, key=lambda each: -float(each[2] or 1)):
        known = _KNOWN.get(wish[1].lower()) or _KNOWN.get(wish[1].lower().partition("-")[0])
        if known is not None and float(wish[2] or 1) > 0:
            return known
    return ENGLISH
