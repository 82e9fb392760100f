# SPDX-License-Identifier: Apache-2.0
"""Policies that people acknowledge: one YAML file each in ``include/criteria/policies``, whose stem is the policy's id.

A version is what was approved, to the byte: another text is another version. A new version, or the next cycle that a control
asks for, is a new obligation; what was said of an earlier version stays with that.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from tieout.criteria.controls import require_stem
from tieout.documents import Document, load

FOLDER = "policies"
"""Of the policy files, beside that of the controls."""
LONGEST_STATEMENT, LONGEST_TITLE, LONGEST_LINK = 1000, 120, 500
"""Characters: statement, title and link have to fit one section of a Slack modal, which takes 3000."""
_LANGUAGE = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"


class Audience(Document):
    """Whom a policy is for. Who is not told apart by what the people system says is asked: no match is never a pass."""

    worker_types: tuple[str, ...] = ()
    """Kinds of employment as the people system words them, upper and lower case alike; without any, all."""
    departments: tuple[str, ...] = ()
    """Departments likewise."""

    def leaves_out(self, worker_type: str | None, department: str | None) -> str | None:
        """Return why a person is not asked, for an auditor to read; ``None`` where the person is."""
        for listed, stated, what in (
            (self.worker_types, worker_type, "worker type"), (self.departments, department, "department"),
        ):  # fmt: skip
            if listed and stated is not None and stated.casefold() not in {each.casefold() for each in listed}:
                return f"the policy is not for {what} {stated!r}"
        return None


class Question(Document):
    """A question that goes with the statement, answered by one of its options."""

    text: str = Field(min_length=1, max_length=300)
    options: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=75)], ...], Field(min_length=2, max_length=10)]
    """Slack shows 75 characters of each."""
    expected: str | None = None
    """The option that shows that the text was read; without it every answer does."""

    @model_validator(mode="after")
    def _is_answerable(self) -> Question:
        if len(set(self.options)) != len(self.options):
            msg = "options: two are the same"
            raise ValueError(msg)
        if self.expected is not None and self.expected not in self.options:
            msg = f"expected: expected one of the options, got {self.expected!r}"
            raise ValueError(msg)
        return self


class PolicyVersion(Document):
    """One approved version of a policy."""

    version: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
    effective_from: date
    """First day on which it holds, local to the program."""
    approver: str = Field(min_length=1)
    """Role that approved it."""
    approved_on: date
    link: Annotated[str, Field(max_length=LONGEST_LINK)]
    """Where people read it: an https address, without a name or password in it."""
    path: str | None = Field(default=None, min_length=1)
    """The document in the project, Markdown or PDF; a relative path starts at the project's folder. Without it the document is
    fetched from ``link``."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """Of the document's bytes, as they were approved. `tieout lint` says what it is."""
    language: Annotated[str, Field(pattern=_LANGUAGE)] = "en"
    statement: str = Field(min_length=1, max_length=LONGEST_STATEMENT)
    """What a person accepts, word for word."""
    question: Question | None = None

    @field_validator("link")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme != "https" or not parts.hostname or parts.username or parts.password or re.search(r"[\s<>|]", value):
            msg = "expected an https address without a name, a password, blanks, '<', '>' and '|'"
            raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _is_approved_first(self) -> PolicyVersion:
        if self.approved_on > self.effective_from:
            msg = (
                f"expected it to be approved before it takes effect on {self.effective_from}, got approved_on {self.approved_on}"
            )
            raise ValueError(msg)
        return self


class Policy(Document):
    """One policy. Its id is the stem of its file."""

    title: str = Field(min_length=1, max_length=LONGEST_TITLE)
    owner: str = Field(min_length=1)
    """Role that answers for it."""
    audience: Audience = Audience()
    versions: tuple[PolicyVersion, ...] = Field(min_length=1)

    @field_validator("versions")
    @classmethod
    def _follow_each_other(cls, value: tuple[PolicyVersion, ...]) -> tuple[PolicyVersion, ...]:
        names, days = [each.version for each in value], [each.effective_from for each in value]
        if len(set(names)) != len(names) or days != sorted(set(days)):
            got = ", ".join(f"{each.version} from {each.effective_from}" for each in value)
            msg = f"expected versions of different names with rising effective_from dates, got {got}"
            raise ValueError(msg)
        return value

    def in_force(self, day: date) -> PolicyVersion | None:
        """Return the version that holds on a day; ``None`` before the first one does."""
        return next((each for each in reversed(self.versions) if each.effective_from <= day), None)


def load_policy(path: Path) -> Policy:
    """Read one policy.

    Raises:
        ConfigurationError: With file, line and cure.
    """
    require_stem(path)
    return load(path, Policy)


def policy_files(folder: Path) -> dict[str, Path]:
    """Return the policy files of a folder by policy id, in order of the ids."""
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}
