# SPDX-License-Identifier: Apache-2.0
"""What earlier campaigns of a control have asked and heard: read from what has landed, and from campaigns that have not yet.

A campaign counts once: what landed of it counts, and while nothing has, what is folded from its ledger. One that was cancelled
asked nobody for anything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from tieout.campaigns.ledger import Ledger
from tieout.campaigns.state import Phase
from tieout.criteria.acknowledgments import ACKNOWLEDGMENT_TYPE
from tieout.criteria.periods import is_regular
from tieout.flows.campaign_window import NAMES, CampaignWindow, campaign_of, input_files
from tieout.flows.campaigns import Campaigns
from tieout.flows.index import landings
from tieout.policies.obligations import ASSIGNED, Given, History
from tieout.policies.outcomes import ACKNOWLEDGED, NOT_ACKNOWLEDGED

Row = dict[str, Any]
Key = tuple[str, str]
_COLUMNS = ["person", "policy", "document_version", "outcome", "acknowledged_at", "campaign_id"]


@dataclass
class Past:
    """What was found.

    Attributes:
        given: Acknowledgments by person and policy.
        open: Version and campaign of what a campaign that is open asks.
        missed: Versions that somebody was asked for and did not acknowledge.
        landings: Where it has landed, as the manifest names it.
        campaigns: What was folded, as the manifest names it.
    """

    given: defaultdict[Key, list[Given]] = field(default_factory=lambda: defaultdict(list))
    open: dict[Key, tuple[str, str]] = field(default_factory=dict)
    missed: defaultdict[Key, set[str]] = field(default_factory=lambda: defaultdict(set))
    landings: list[Row] = field(default_factory=list)
    campaigns: list[Row] = field(default_factory=list)

    @property
    def history(self) -> History:
        """What obligations are worked out from."""
        given = {key: tuple(each) for key, each in self.given.items()}
        return History(given, self.open, {key: frozenset(each) for key, each in self.missed.items()})

    def as_document(self) -> dict[str, list[Row]]:
        """Return where it came from, as the manifest states it."""
        return {"landings": self.landings, "campaigns": self.campaigns}

    def add(self, key: Key, version: str, campaign: str, at: Any) -> None:
        """Note what somebody was asked for, and when it was acknowledged, if it was."""
        if at is None:
            self.missed[key].add(version)
        else:
            self.given[key].append(Given(version, at, campaign))


def read_past(planned: CampaignWindow, campaigns: Campaigns, folder: Path) -> Past:
    """Return what was asked and heard before a campaign.

    Args:
        planned: The campaign; it is no part of its own past.
        campaigns: The installation's.
        folder: An empty work folder.

    Raises:
        LandingConflict: A landing is not what its manifest says: run tieout verify.
        VerificationError: A manifest is not as it was signed.
        StoreUnavailable: The store did not answer; run it again.
    """
    past, landed = Past(), set[str]()
    for row in _landed(planned, campaigns):
        campaigns.signed_manifest(row)
        landed.add(campaign_of(planned.control_id, row["window"]))
        past.landings.append({name: row[name] for name in NAMES})
        for each in _rows(row, campaigns, folder):
            if each["outcome"] in (ACKNOWLEDGED, NOT_ACKNOWLEDGED):
                at = each["acknowledged_at"] if each["outcome"] == ACKNOWLEDGED else None
                past.add((each["person"], each["policy"]), each["document_version"], each["campaign_id"], at)
    for name, opened in sorted(campaigns.of_control(planned.control_id).items()):
        if name not in landed and name != planned.campaign:
            loaded = campaigns.load(opened)
            ledger = Ledger(loaded.definition, campaigns.store, campaigns.key_list)
            ledger.refresh()
            _fold(past, ledger, loaded.rows.table.to_pylist())
    return past


def _landed(planned: CampaignWindow, campaigns: Campaigns) -> Iterator[Row]:
    for row in landings(campaigns.store, control=planned.control_id):
        mine = row["window"] == planned.window.key
        if row["evidence_type"] == ACKNOWLEDGMENT_TYPE and is_regular(row["window"]) and not mine:
            yield row


def _rows(row: Row, campaigns: Campaigns, folder: Path) -> Iterator[Row]:
    for path in input_files(campaigns.store, [row], ACKNOWLEDGMENT_TYPE.partition(".")[0], folder):
        for batch in pq.ParquetFile(path).iter_batches(columns=_COLUMNS):
            yield from batch.to_pylist()
        path.unlink()


def _fold(past: Past, ledger: Ledger, rows: list[Row]) -> None:
    state, name = ledger.state, ledger.definition.campaign
    past.campaigns.append(
        {"campaign": name, "definition_sha256": ledger.definition.sha256, "phase": state.phase.value, "heard": len(state.heard)}
    )
    for row in rows if state.phase is not Phase.CANCELLED else ():
        if row["status"] != ASSIGNED:
            continue
        [standing] = state.standings(row["item"])
        key, version = (row["person"], row["policy"]), row["document_version"]
        if standing.decision is not None:
            past.add(key, version, name, None if standing.decision.by_rule else standing.decision.at)
        elif state.phase is Phase.OPEN:
            past.open[key] = (version, name)
