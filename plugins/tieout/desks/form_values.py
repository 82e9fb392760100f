# SPDX-License-Identifier: Apache-2.0
"""What a desk says of forms that owners fill in, and what people say in them: values, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tieout.confirmations.filled import Asked
from tieout.confirmations.handed import HandedIn
from tieout.confirmations.uploads import Upload


@dataclass(frozen=True, slots=True, kw_only=True)
class FormAsked:
    """A form that somebody is asked to fill in.

    Attributes:
        campaign: Its campaign.
        assignment: Its id there.
        item: The item that it is.
        title: Of the campaign.
        asked: The form as it was frozen, and what it is about.
        form_sha256: Of the form.
        role: As what the person is asked.
        due_at: Until when, UTC.
        question: What was asked when the last answer was returned; ``None`` where none was.
        waits_since: When an answer was handed in that waits for a second person; ``None`` where none does.
        looks: Whether a second person looks at it.
    """

    campaign: str
    assignment: str
    item: str
    title: str
    asked: Asked
    form_sha256: str
    role: str
    due_at: datetime
    question: str | None = None
    waits_since: datetime | None = None
    looks: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HandIn:
    """What somebody hands in.

    Attributes:
        campaign: As the page said.
        assignment: As the page said.
        texts: What was typed or chosen, by field.
        files: Files that were checked, by field.
        shown: The form as it was shown, with ids of people and no names, as JSON values.
        interaction: Id of the submission: the same page submitted with the same content gives the same one.
        acted_at: When, UTC.
        dwell_ms: From when the page was opened to the submission.
        channel: Through what, and whether a signature of the request was checked.
    """

    campaign: str
    assignment: str
    texts: Mapping[str, Sequence[str]] = field(repr=False)
    files: Mapping[str, Sequence[Upload]] = field(repr=False)
    shown: Mapping[str, Any] = field(repr=False)
    interaction: str
    acted_at: datetime
    dwell_ms: int
    channel: tuple[str, bool]


@dataclass(frozen=True, slots=True)
class FormStored:
    """What was said stands in the bucket: the response, when it was stored, and whether it was now."""

    response: str
    at: datetime
    now: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAsked:
    """What somebody handed in, for a second person to accept or to return.

    Attributes:
        campaign: Its campaign.
        assignment: Its id there.
        item: The item that it is.
        title: Of the campaign.
        asked: The form as it was frozen.
        about: Id of the answer.
        by: Who handed it in.
        at: When.
        handed: What was handed in.
    """

    campaign: str
    assignment: str
    item: str
    title: str
    asked: Asked
    about: str
    by: str
    at: datetime
    handed: HandedIn


@dataclass(frozen=True, slots=True, kw_only=True)
class Looking:
    """What a second person says of an answer.

    Attributes:
        campaign: As the page said.
        assignment: As the page said.
        about: Id of the answer.
        accepted: Whether it is accepted; else it is returned.
        question: What is asked.
        interaction: Id of the submission.
        acted_at: When, UTC.
        presented: What the person was shown, with ids of people instead of names, as JSON values.
        channel: Through what, and whether a signature of the request was checked.
    """

    campaign: str
    assignment: str
    about: str
    accepted: bool
    question: str
    interaction: str
    acted_at: datetime
    presented: Mapping[str, Any] = field(repr=False)
    channel: tuple[str, bool]
