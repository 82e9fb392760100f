# SPDX-License-Identifier: Apache-2.0
"""Access for auditors: who may read which evidence, from when until when. ``include/criteria/auditor_access.yaml``, optional.

    # yaml-language-server: $schema=schemas/auditor_access.schema.json
    grants:
      - id: examination_2026                 # stands in the record of each use
        person: ann.auditor@firm.example     # the e-mail address of their own Airflow user
        firm: Firm LLP
        role: auditor                        # evidence of the periods, object by object
        periods: [2026-H1, 2026-H2]          # the examined one, and those of prior and of post-period data
        from: 2026-10-01
        until: 2027-03-31                    # the last day; access ends when it ends in the program's time zone
      - id: customer_shop_gmbh
        person: risk@shop.example
        firm: Shop GmbH
        role: report_user                    # the documents named here, after accepting the NDA
        periods: [2026-H1]
        from: 2026-10-01
        until: 2026-12-31
        nda: include/criteria/nda.txt        # the text that is accepted, to the byte
        documents:
          - title: SOC 2 Type 2 report
            key: responses/observation_period=2026-H1/control=cc2_3/report/file/file-<SHA-256>

A grant lets somebody see; it changes nothing in the bucket. Taking it away, or moving ``until``, holds from the next request on;
a link that was given before is good for its five minutes.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from tieout.criteria.calendar import midnight
from tieout.criteria.dated import refuse_twice
from tieout.criteria.periods import Stem
from tieout.documents import Document, load

FILE = "auditor_access.yaml"
"""In ``include/criteria``."""
LONGEST_DAYS = 731
"""Days that a grant may last. An access without an end that somebody stated is one that nobody ended."""
PeriodId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Role = Literal["auditor", "report_user"]


class Named(Document):
    """A document that a report user may read: one object of the evidence bucket."""

    title: str = Field(min_length=1, max_length=120)
    """What people call it."""
    key: str = Field(min_length=1, max_length=1024)
    """Its key, under one of the grant's periods. The version that landed first is the one that is read."""

    @property
    def period(self) -> str | None:
        """The period that it stands under; ``None`` where its key names none."""
        found = re.fullmatch(r"[a-z]+/(?:[^/]+/)?observation_period=([^/]+)/.+", self.key, re.ASCII)
        return found[1] if found else None


class Grant(Document):
    """One person's access, until a stated day."""

    id: Stem
    person: str = Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)
    """The e-mail address of the person's own Airflow user."""
    firm: str = Field(min_length=1, max_length=120)
    """Whom the person works for."""
    role: Role
    """``auditor`` reads all evidence of the periods; ``report_user`` the ``documents``, once the NDA is accepted."""
    periods: tuple[PeriodId, ...] = Field(min_length=1, max_length=12)
    """Observation periods of scope.yaml: the examined one, and those whose evidence is prior or post-period data."""
    from_: date = Field(alias="from")
    """First day of access, in the program's time zone."""
    until: date
    """Last day of access: it ends when this day ends in the program's time zone."""
    nda: str | None = Field(default=None, min_length=1)
    """Text file, UTF-8, that the person accepts before anything is read; a relative path starts at the project's folder."""
    documents: tuple[Named, ...] = ()
    """What a report user reads."""

    @field_validator("periods")
    @classmethod
    def _each_period_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        refuse_twice("period", list(value))
        return value

    @model_validator(mode="after")
    def _is_whole(self) -> Grant:
        if self.until < self.from_:
            msg = f"until {self.until} (the last day) must not come before from {self.from_}"
            raise ValueError(msg)
        if (days := (self.until - self.from_).days + 1) > LONGEST_DAYS:
            msg = f"from {self.from_} until {self.until}: expected at most {LONGEST_DAYS} days, got {days}; grant it anew then"
            raise ValueError(msg)
        if self.role == "report_user" and not (self.nda and self.documents):
            msg = "role report_user: expected nda and documents beside it"
            raise ValueError(msg)
        if self.role == "auditor" and self.documents:
            msg = "documents: only for role report_user; an auditor reads all evidence of the periods"
            raise ValueError(msg)
        for each in self.documents:
            if each.period not in self.periods:
                msg = f"documents: expected a key under one of the grant's periods ({', '.join(self.periods)}), got {each.key}"
                raise ValueError(msg)
        return self

    def starts(self, zone: ZoneInfo) -> datetime:
        """Return the first instant of access, in UTC."""
        return midnight(self.from_, zone)

    def ends(self, zone: ZoneInfo) -> datetime:
        """Return the first instant after it, in UTC."""
        return midnight(self.until + timedelta(days=1), zone)

    def standing(self, now: datetime, zone: ZoneInfo) -> Force:
        """Return whether it is in force at an instant."""
        if now < self.starts(zone):
            return Force.NOT_YET
        return Force.IN_FORCE if now < self.ends(zone) else Force.ENDED


class Force(StrEnum):
    """Whether a grant is in force."""

    NOT_YET = "not yet in force"
    IN_FORCE = "in force"
    ENDED = "ended"


class AuditorAccess(Document):
    """``include/criteria/auditor_access.yaml``."""

    grants: tuple[Grant, ...] = Field(min_length=1)

    @field_validator("grants")
    @classmethod
    def _ids_are_unique(cls, value: tuple[Grant, ...]) -> tuple[Grant, ...]:
        refuse_twice("grant", [each.id for each in value])
        return value


def load_grants(folder: Path) -> tuple[Grant, ...]:
    """Read the grants; none where there is no such file: nobody has access then.

    Args:
        folder: ``include/criteria``.

    Raises:
        ConfigurationError: With file, line and cure. Then nobody has access either.
    """
    path = folder / FILE
    return load(path, AuditorAccess).grants if path.exists() else ()
