# SPDX-License-Identifier: Apache-2.0
"""The scope file: the program's time zone and its observation periods."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import field_validator

from tieout.criteria.periods import ObservationPeriod
from tieout.documents import Document, load


class Scope(Document):
    """``include/criteria/scope.yaml``."""

    system_name: str
    """Name of the system that the description covers."""
    time_zone: str
    """IANA name; windows and periods start at local midnight here."""
    observation_periods: tuple[ObservationPeriod, ...]

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: a folder such as 'Europe'
            msg = "expected an IANA time zone such as 'Europe/Berlin'"
            raise ValueError(msg) from error
        return value

    @field_validator("observation_periods")
    @classmethod
    def _ids_are_unique(cls, value: tuple[ObservationPeriod, ...]) -> tuple[ObservationPeriod, ...]:
        ids = [period.id for period in value]
        if len(set(ids)) != len(ids):
            msg = "two observation periods share an id"
            raise ValueError(msg)
        return value

    @property
    def zone(self) -> ZoneInfo:
        """The program's time zone."""
        return ZoneInfo(self.time_zone)


def load_scope(path: Path) -> Scope:
    """Read the scope file.

    Raises:
        ConfigurationError: With file, line and cure.
    """
    return load(path, Scope)
