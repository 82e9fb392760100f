# SPDX-License-Identifier: Apache-2.0
"""Toxic combinations: entitlements that nobody should have together, such as entering a payment and releasing it.

Each combination names two sides or more. Who has an entitlement of every side, in one system or across several, has the
combination. ``entitlement`` is a regular expression that the whole text of an entitlement matches, in the syntax of RE2.
"""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import Field, field_validator

from tieout.criteria.dated import refuse_twice
from tieout.criteria.periods import Stem
from tieout.documents import Document, load

FILE_PREFIX = "toxic_combinations"
"""What the name of such a file in ``include/criteria`` begins with."""


class Side(Document):
    """One part of a combination."""

    system: Stem
    entitlement: str = Field(min_length=1)

    @field_validator("entitlement")
    @classmethod
    def _is_an_expression(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            msg = f"no regular expression: {error}"
            raise ValueError(msg) from error
        return value


class Combination(Document):
    """Entitlements that nobody should have together."""

    id: Stem
    risk: str = Field(min_length=1)
    """What somebody who has all of them could do, in a sentence."""
    sides: tuple[Side, ...] = Field(min_length=2)


class ToxicCombinations(Document):
    """``include/criteria/toxic_combinations.yaml``."""

    combinations: tuple[Combination, ...] = Field(min_length=1)

    @field_validator("combinations")
    @classmethod
    def _ids_are_unique(cls, value: tuple[Combination, ...]) -> tuple[Combination, ...]:
        refuse_twice("combination", [each.id for each in value])
        return value


def load_toxic_combinations(path: Path) -> ToxicCombinations:
    """Read the combinations.

    Raises:
        ConfigurationError: With file, line and cure.
    """
    return load(path, ToxicCombinations)
