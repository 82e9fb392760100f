# SPDX-License-Identifier: Apache-2.0
"""The protection of a branch on GitHub as configuration checks: each setting against what it is to be, and who may go past it."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
from pydantic import Field

from tieout.collectors.evidence_columns import CHECK
from tieout.collectors.frame import Frame
from tieout.collectors.github import Github
from tieout.collectors.github_parameters import Ref, RepositoryParameters
from tieout.collectors.github_settings import NOT_PROTECTED, Wanted, settings_of
from tieout.collectors.ipe import Count, SecondCount, SecondCountClass
from tieout.collectors.row_tables import row_tables
from tieout.times import instant

BLIND_SPOTS = (
    "GitHub shows what stands now; what stood in between is shown by the organization's audit log.",
    "Rulesets, the newer way to protect branches, are another setting and not read: a branch that they alone protect shows here "
    "as not protected.",
    "Who may go past is listed as GitHub names it: the members of a listed team are not.",
    "Protected branches of private repositories need GitHub Pro, Team or Enterprise.",
)


class Parameters(RepositoryParameters):
    """What the control's YAML says: what each setting is to be."""

    branch: Ref = "main"
    reviews: int = Field(default=1, ge=1, le=6)
    """Approvals that a pull request needs at least."""
    code_owners: bool = False
    """Whether a code owner has to approve."""
    required_checks: tuple[str, ...] = ()
    """Checks that have to pass; without one, any."""
    may_bypass: tuple[str, ...] = ()
    """Accounts, ``team:NAME`` and ``app:NAME`` that may go past the reviews."""
    owner: str | None = None
    """Role that owns the branch."""


def collect(frame: Frame) -> Iterator[pa.Table]:
    """Ask for the protection; a branch without one meets no expectation.

    Raises:
        ConfigurationError: A parameter is wrong, or the token may not read the protection.
        ExtractionRefused: The window ended long ago.
    """
    asked = frame.parameters(Parameters)
    as_of, github = frame.as_of_the_end(), Github(frame, asked)
    path = f"{asked.path}/branches/{asked.branch}/protection"
    protection = github.ask_unless(path, "the branch's protection", NOT_PROTECTED)
    read_at = instant(frame.clock())
    github.state(path, f"GET {path}", {"branch": asked.branch, "read at": read_at}, (*BLIND_SPOTS, f"It was read at {read_at}."))
    settings = settings_of(protection, Wanted(asked.reviews, asked.code_owners, asked.required_checks, asked.may_bypass))
    how = "settings that this collector reads from one answer"
    frame.count(Count(len(settings), how), SecondCount(len(settings), how, SecondCountClass.NONE))
    shared = {"resource": f"{asked.name}#{asked.branch}", "checked_at": instant(as_of), "owner": asked.owner}
    rows = ({**dict.fromkeys(CHECK), **shared, **each.row(), "check_id": f"{each.name}@{frame.window.key}"} for each in settings)
    yield from row_tables(rows, CHECK)
