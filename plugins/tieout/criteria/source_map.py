# SPDX-License-Identifier: Apache-2.0
"""Scope to source: everything in scope against the population that covers it, or the reason none does."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field, field_validator, model_validator

from tieout.criteria.dated import Dated, refuse_twice
from tieout.criteria.periods import Stem
from tieout.documents import Document

SourceKind = Literal["repository", "account", "application", "hr_entity"]


class Covering(Document):
    """The population that covers something: a system of a control."""

    control: Stem
    system: Stem


class SourceItem(Dated):
    """One repository, account, application or HR entity in scope, and the populations that cover it, or why none does."""

    item: str = Field(min_length=1)
    kind: SourceKind
    covered_by: tuple[Covering, ...] = ()
    not_covered_because: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _covered_or_not(self) -> SourceItem:
        if bool(self.covered_by) == bool(self.not_covered_because):
            msg = "expected either covered_by or not_covered_because"
            raise ValueError(msg)
        return self


class SourceMap(Document):
    """Scope to source: what is in scope against the populations that cover it, reconciled to a list somebody else keeps."""

    independent_list: str
    """CSV file with columns ``kind,item``, exported from where the items are known without us; relative to the project."""
    exported_from: str
    exported_on: date
    items: tuple[SourceItem, ...]

    @field_validator("items")
    @classmethod
    def _items_are_unique(cls, value: tuple[SourceItem, ...]) -> tuple[SourceItem, ...]:
        refuse_twice("item", [f"{entry.kind} {entry.item}" for entry in value])
        return value
