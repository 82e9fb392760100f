# SPDX-License-Identifier: Apache-2.0
"""How many items a rehearsal draws: management's own numbers, by how often a control is performed.

No standard fixes them, and an auditor chooses by the auditor's own judgement: these say what management rehearses with, and
nothing of what will be asked. Of a periodic control items are performances, of one per event they are rows.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator, model_validator

from tieout.criteria.dated import refuse_twice
from tieout.criteria.frequency import Every
from tieout.documents import Document, load

FILE_NAME = "dry_runs.yaml"


class Size(Document):
    """How many items are drawn of a control that is performed so often."""

    every: Every
    most: int = Field(ge=1, le=1_000)
    """As many at most; without a share, as many as these where there are enough."""
    share_percent: int | None = Field(default=None, ge=1, le=100)
    """This share of them, rounded up, between least and most."""
    least: int = Field(default=1, ge=1)
    """With a share: as many at least."""
    all_under: int = Field(default=0, ge=0)
    """All of them, where there are fewer."""

    @model_validator(mode="after")
    def _fits(self) -> Size:
        if self.share_percent is None and "least" in self.model_fields_set:
            msg = "'least' belongs to a share: give 'share_percent' too, or leave it out"
            raise ValueError(msg)
        if self.least > self.most:
            msg = f"least {self.least} must not be more than most {self.most}"
            raise ValueError(msg)
        return self

    def of(self, items: int) -> int:
        """Return how many of some items are drawn; never more than there are."""
        if items < self.all_under:
            return items
        wanted = self.most
        if self.share_percent is not None:
            wanted = min(self.most, max(self.least, -(-items * self.share_percent // 100)))
        return min(items, wanted)

    def as_text(self) -> str:
        """Return the rule in words."""
        said = f"{self.most}"
        if self.share_percent is not None:
            said = f"{self.share_percent} % of them, at least {self.least} and at most {self.most}"
        return f"{said}; all where there are fewer than {self.all_under}" if self.all_under else said


class DryRuns(Document):
    """``include/criteria/dry_runs.yaml``."""

    source: str = Field(min_length=1)
    """Whose numbers they are, since when, and what they rest on; it is cited wherever one is shown."""
    sizes: tuple[Size, ...] = Field(min_length=1)
    """One for each frequency."""

    @field_validator("sizes")
    @classmethod
    def _each_frequency_once(cls, value: tuple[Size, ...]) -> tuple[Size, ...]:
        named = [each.every.value for each in value]
        refuse_twice("frequency", named)
        if absent := [each.value for each in Every if each.value not in named]:
            msg = f"expected a size for each frequency, got none for {', '.join(absent)}"
            raise ValueError(msg)
        return value

    def size(self, every: Every) -> Size:
        """Return what is drawn of a control that is performed so often."""
        return next(each for each in self.sizes if each.every is every)


def load_dry_runs(criteria_folder: Path) -> DryRuns:
    """Read the numbers of a project.

    Raises:
        ConfigurationError: With file, line and cure; also where there is no such file.
    """
    return load(criteria_folder / FILE_NAME, DryRuns)
