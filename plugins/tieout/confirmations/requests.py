# SPDX-License-Identifier: Apache-2.0
"""What an owner is asked: a row of ``confirmation_request.v2``, which holds the form word for word, and how a campaign takes it.

Whoever shows the form, or holds an answer against it, reads it from the frozen row: the control's file may have changed since.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import rfc8785
from pydantic import ValidationError

from tieout.campaigns.assignments import Assigned, Assignment, Item, assign
from tieout.campaigns.items import item_id, row_sha256
from tieout.confirmations.filled import Asked
from tieout.criteria.forms import Form
from tieout.errors import CannotCheck

CONFIRMED, NOT_CONFIRMED = "confirmed", "not confirmed"
"""What may come of a form: the owner can say the first alone, and the rule for leftovers says the second."""
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Who is asked what, and about which days.

    Attributes:
        system: Under which the confirmation lands.
        campaign: Id of the campaign.
        form: The form.
        as_of: The last second of the window, UTC.
        window: First and last day of it, local to the program.
        period: First and last day of the observation period.
        due_on: Last day in time.
        owners: The role that is asked, and who holds it, in order: at least one.
        lookers: The role that looks at what was handed in, and who holds it; ``None`` where nobody does.
        about: The questions about deviations that it asks (`tieout.confirmations.deviations.about_text`); ``None`` where it asks
            about the window.
    """

    system: str
    campaign: str
    form: Form
    as_of: datetime
    window: tuple[date, date]
    period: tuple[date, date]
    due_on: date
    owners: tuple[str, Sequence[str]]
    lookers: tuple[str, Sequence[str]] | None = None
    about: str | None = None


def form_text(form: Form) -> str:
    """Return a form as RFC 8785 JSON, without what it leaves to defaults that are nothing."""
    data: bytes = rfc8785.dumps(form.model_dump(mode="json", exclude_none=True))
    return data.decode()


def text_sha256(text: str) -> str:
    """Return the SHA-256 of a text's UTF-8 bytes."""
    return hashlib.sha256(text.encode()).hexdigest()


def request_row(asking: Asking) -> Row:
    """Return the frozen row. Whoever looks comes last in order: who hands a form in does not look at it."""
    role, owners = asking.owners
    text, looking = form_text(asking.form), asking.lookers
    return {
        "system": asking.system,
        "campaign_id": asking.campaign,
        "item": item_id([asking.campaign, asking.system, *([] if asking.about is None else [owners[0]])]),
        "as_of": asking.as_of,
        "window_first_day": asking.window[0],
        "window_last_day": asking.window[1],
        "period_first_day": asking.period[0],
        "period_last_day": asking.period[1],
        "title": asking.form.title,
        "form": text,
        "form_sha256": text_sha256(text),
        "about": asking.about,
        "due_on": asking.due_on,
        "owner_role": role,
        "owner": owners[0],
        "owner_order": " ".join(owners[1:]) or None,
        "second_reviewer_role": looking[0] if looking else None,
        "second_reviewers": " ".join(looking[1]) if looking else None,
    }


def campaign_items(rows: Iterable[Mapping[str, Any]]) -> tuple[dict[str, Item], dict[str, Assignment]]:
    """Return items and assignments by id, as a campaign takes them.

    Args:
        rows: Of ``confirmation_request.v2``, instants and days as text (`tieout.reviews.assigning.plain_rows`).
    """
    items: dict[str, Item] = {}
    given: list[Assigned] = []
    for row in rows:
        items[row["item"]] = Item(row["item"], row_sha256(row))
        order = tuple((row["owner_order"] or "").split())
        given.append(Assigned(row["item"], row["owner"], row["owner_role"], order))
    return items, assign(1, given)


def form_of(row: Mapping[str, Any]) -> Form:
    """Return the form of a frozen row.

    Raises:
        CannotCheck: Its text has not the hash that stands beside it, or a later release wrote it.
    """
    if text_sha256(row["form"]) != row["form_sha256"]:
        msg = f"item {row['item']}: expected a form of SHA-256 {row['form_sha256']}, got another one. Run tieout verify."
        raise CannotCheck(msg)
    try:
        return Form.model_validate_json(row["form"])
    except ValidationError as error:
        places = ", ".join(sorted({".".join(map(str, each["loc"])) for each in error.errors()})[:5])
        msg = f"item {row['item']}: expected a form that this release knows: malformed at {places}, or of a later one."
        raise CannotCheck(msg) from None


def asked_of(row: Mapping[str, Any], today: date, controls: Collection[str]) -> Asked:
    """Return what an answer is held against: the frozen form, its window and period; raises as `form_of`.

    Args:
        row: The frozen row.
        today: The local day.
        controls: Ids of the program's controls.
    """
    window = row["window_first_day"], row["window_last_day"]
    period = row["period_first_day"], row["period_last_day"]
    return Asked(form=form_of(row), window=window, period=period, today=today, controls=controls)
