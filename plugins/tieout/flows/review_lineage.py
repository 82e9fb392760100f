# SPDX-License-Identifier: Apache-2.0
"""What the rows of a review were made of, as their manifest names it: landings, documents of the campaign, tickets, sign-off.

Lists that may be long are counted, and named whole by a hash over a line of ``SHA-256, two blanks, key`` for each in the order of
their keys. The first `MOST` stand in the manifest, and all of them in the landing's page of documents.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from tieout.campaigns.events import Noticed
from tieout.campaigns.said import Told
from tieout.evidence.layout import RESPONSES, Class
from tieout.flows.campaign_answered import Document
from tieout.flows.campaign_landing import items_input
from tieout.flows.campaign_window import NAMES
from tieout.flows.documents import firsts
from tieout.flows.review_answered import Answered
from tieout.flows.review_pages import Landing, presented_keys
from tieout.flows.review_proof import made_of
from tieout.flows.review_sign_off import Result
from tieout.reviews.rows import SignOff
from tieout.times import instant

MOST = 2_000
"""Entries of a list in the manifest."""


def lineage(landing: Landing) -> dict[str, Any]:
    """Return what the rows were made of, but for the sign-off."""
    answered, found = landing.answered, landing.found
    frozen = [each for each in answered.definition.populations if each.system == found.system]
    since = found.since
    return {
        **dict(made_of(answered)),
        "items": items_input(frozen),
        "campaign": _campaign(answered),
        "responses": _listed(document for key, document in answered.documents.items() if key.startswith(RESPONSES)),
        "presented": _presented(answered),
        "refused": _refused(landing.told),
        "unread": [{"key": each.key, "reason": each.reason} for each in landing.told.unread[:MOST]],
        "tickets": _tickets(landing),
        "removal": _landings([found.proofs.second] if found.proofs.second else []),
        "decided_before": _landings([since.decided] if since and since.decided else []),
    }


def sign_off_document(result: Result, sign_off: SignOff | None, unsigned_because: str | None) -> dict[str, Any]:
    """Return what was signed off by whom, as the manifest states it; or why nobody did."""
    about = {"document_sha256": result.document_sha256, "record": result.record.as_document()}
    if sign_off is None:
        return {**about, "signed": None, "unsigned_because": unsigned_because}
    signed = {
        "by": sign_off.person,
        "at": instant(sign_off.at),
        "response": sign_off.response,
        "was_asked_or_decided": sign_off.reviewed,
    }
    return {**about, "signed": signed, "unsigned_because": None}


def _campaign(answered: Answered) -> dict[str, Any]:
    closed, events = answered.state.closed, answered.ledger.events
    key = answered.ledger.key_of(closed.id) if closed else None
    return {
        "id": answered.definition.campaign,
        "definition_sha256": answered.definition.sha256,
        "opened": answered.documents[answered.opened.key].as_document(),
        "closed": answered.documents[key].as_document() if key else None,
        "notices": sum(isinstance(event, Noticed) for event in events.values()),
    }


def _presented(answered: Answered) -> dict[str, int]:
    """Return how much of what people were shown is named by an answer, and how much of that is there."""
    named = presented_keys(answered)
    prefix = answered.place.responses_of(answered.definition.campaign)
    there = firsts(answered.campaigns.store, prefix, (Class.PRESENTED,))
    return {"named": len(named), "there": len(named & there.keys())}


def _refused(told: Told) -> dict[str, Any]:
    listed = [
        {
            "response": each.event,
            "at": instant(each.at),
            "by": each.by,
            "why": each.why.value,
            "assignment": each.assignment,
            "item": each.item,
        }
        for each in told.refused[:MOST]
    ]
    return {"count": len(told.refused), "why": dict(told.why), "listed": listed}


def _tickets(landing: Landing) -> dict[str, Any]:
    tickets = landing.tickets
    found = _listed(document for _, document in tickets.by_item.values())
    return {
        **found,
        "none_because": tickets.none_because,
        "none": tickets.none and tickets.none.as_document(),
    }


def _landings(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{name: row[name] for name in NAMES} for row in rows]


def _listed(documents: Iterable[Document]) -> dict[str, Any]:
    ordered = sorted(documents, key=lambda each: each.key)
    digest = hashlib.sha256()
    for each in ordered:
        digest.update(f"{each.sha256}  {each.key}\n".encode())
    return {"count": len(ordered), "sha256": digest.hexdigest(), "listed": [each.as_document() for each in ordered[:MOST]]}
