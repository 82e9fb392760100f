# SPDX-License-Identifier: Apache-2.0
"""A campaign that was cancelled: it performs nothing and lands nothing, and a signed record says so for each of its systems."""

from __future__ import annotations

from tieout.errors import ExtractionRefused
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.records import Record, RecordKind, write_record
from tieout.flows.campaign_answered import read_campaign
from tieout.flows.campaign_window import CampaignWindow
from tieout.flows.campaigns import Campaigns
from tieout.flows.jobs import Clock
from tieout.flows.upkeep import retention_for
from tieout.times import instant


def record_cancelled(
    planned: CampaignWindow, campaigns: Campaigns, signer: DocumentSigner, clock: Clock, by: str
) -> tuple[str, ...]:
    """Record, for each system of a campaign that was cancelled, that nothing was performed and nothing lands.

    Args:
        planned: The campaign's window.
        campaigns: The installation's, whose store is the writer's.
        signer: A key of scope landing.
        clock: Tells the time, UTC.
        by: The task, for the records.

    Returns:
        The keys of the records.

    Raises:
        ExtractionRefused: It was not cancelled.
        StoreUnavailable: The store did not answer; run it again.
    """
    answered = read_campaign(planned, campaigns)
    cancelled = answered.state.cancelled
    if cancelled is None or not answered.is_cancelled:
        msg = f"campaign {planned.campaign}: it is {answered.state.phase}, and was not cancelled."
        raise ExtractionRefused(msg)
    document = answered.documents[answered.ledger.key_of(cancelled.id) or ""]
    facts = {
        "once": f"{planned.campaign} cancelled",
        "campaign": planned.campaign,
        "cancelled": {**document.as_document(), "at": instant(cancelled.at), "by": cancelled.by},
    }
    reason = f"The campaign was cancelled: nothing was performed, and nothing lands. Why it was cancelled: {cancelled.reason}"
    retention = retention_for(planned.settings, planned.scope, answered.place.observation_period, clock())
    keys = []
    for system in planned.systems:
        record = Record(
            place=answered.place, kind=RecordKind.NOT_EXTRACTED, system=system, reason=reason, by=by, at=clock(), facts=facts
        )
        write_record(record, campaigns.store, signer, retention)
        keys.append(record.key)
    return tuple(keys)
