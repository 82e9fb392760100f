# SPDX-License-Identifier: Apache-2.0
"""The rows of a closed review, one system at a time: made from what was frozen, answered and found again, and counted.

1. Everything is read from the bucket: landings that the items' manifests name, records of tickets, the second collection.
2. The rows are hashed as they would land without a sign-off: that is what a sign-off is about.
3. Where they are to land they are staged as a collector's would be, so that they are judged and written like any other rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tieout.criteria.periods import ITEMS
from tieout.criteria.reviews import ITEM_TYPE, REVIEW_TYPE, ROSTER_TYPE
from tieout.evidence.rowhash import RowsHash
from tieout.flows import population_export as flow
from tieout.flows.campaign_window import input_files
from tieout.flows.remediation import TicketRecords
from tieout.flows.review_answered import Answered
from tieout.flows.review_proof import Proofs, made_of, prove_system
from tieout.flows.staged_rows import Staged
from tieout.reviews.delta import Delta, compare_reviews
from tieout.reviews.items import asked_flags
from tieout.reviews.quality import Relations
from tieout.reviews.rows import Aftermath, ReviewRows, SignOff, signed_off
from tieout.reviews.tally import Tally

Row = dict[str, Any]
_AT_ONCE = 2_000
_ROSTER = ("person", "manager", "department")


@dataclass(frozen=True)
class Since:
    """What is another than in the last review of a system.

    Attributes:
        delta: The differences.
        before: Landing of its items, as the manifest of these items names it.
        decided: Landing of what it came to, as the index has it; ``None`` where that has not landed.
    """

    delta: Delta
    before: Row
    decided: Row | None


@dataclass(frozen=True)
class Assembled:
    """What one system comes to.

    Attributes:
        system: The system.
        rows_sha256: Hash over its rows as they would land without a sign-off.
        tally: What they come to.
        proofs: What became of all that is not kept.
        since: What is another than in its last review; ``None`` where there was none.
    """

    system: str
    rows_sha256: str
    tally: Tally
    proofs: Proofs
    since: Since | None


def assemble(
    answered: Answered,
    tickets: TicketRecords,
    system: str,
    folder: Path,
    sign_off: SignOff | None = None,
    staged: Path | None = None,
) -> Assembled:
    """Make the rows of a system.

    Args:
        answered: The review.
        tickets: The records of its tickets.
        system: One of its systems.
        folder: An empty work folder.
        sign_off: Who signed the review off.
        staged: Where the rows are put as `ROWS_FILE`, with the sign-off; ``None`` where they are only counted.

    Raises:
        ExtractionRefused: The review is not closed.
        LandingConflict: A landing is not what its manifest says.
        StoreUnavailable: The store did not answer; run it again.
    """
    proofs = prove_system(answered, system, _made(folder / "proof"))
    since, flags = _since(answered, system, _made(folder / "since")), asked_flags(made_of(answered))
    maker = ReviewRows(answered.state, answered.ledger.events, _relations(answered, _made(folder / "people")), flags)
    after = Aftermath(
        removal_due_at=answered.removal_due_at,
        tickets={item: ticket for item, (ticket, _) in tickets.by_item.items()},
        proofs=proofs.by_key,
        revoked_before=_revoked_before(since),
    )
    contract = flow.contract_of(answered.planned.settings, REVIEW_TYPE)
    tally, count = Tally(flags), sum(1 for _ in answered.items_of(system))
    digest = RowsHash(contract.schema, count)
    with ExitStack() as stack:
        writer = stack.enter_context(Staged(staged, contract)) if staged else None
        rows = (maker.row(item, after) for item in answered.items_of(system))
        while some := list(islice(rows, _AT_ONCE)):
            for row in some:
                tally.add(row)
            digest.update(pa.Table.from_pylist(some, schema=contract.schema))
            if writer is not None:
                writer.add([{**row, **signed_off(sign_off)} for row in some])
    return Assembled(system, digest.hexdigest(), tally, proofs, since)


def _relations(answered: Answered, folder: Path) -> Relations:
    """Return what people are to each other by the roster that the items were made of."""
    paths = input_files(answered.campaigns.store, made_of(answered)["roster"], ROSTER_TYPE.partition(".")[0], folder)
    return Relations(row for path in paths for row in pq.read_table(path, columns=list(_ROSTER)).to_pylist())


def _since(answered: Answered, system: str, folder: Path) -> Since | None:
    before: Row | None = next((row for row in made_of(answered)["before"] if row["system"] == system), None)
    if before is None:
        return None
    planned, store = answered.planned, answered.campaigns.store
    items, reviews = (flow.contract_of(planned.settings, each) for each in (ITEM_TYPE, REVIEW_TYPE))
    decided = answered.landed(before["window"].removeprefix(ITEMS)).get(system)
    if decided is not None and decided["evidence_type"] != REVIEW_TYPE:
        decided = None  # a review of before this one, whose rows say something else
    if decided is not None:
        answered.campaigns.signed_manifest(decided)
    now = next(each for each in answered.definition.populations if each.system == system)
    manifest = {"manifest_key": now.manifest_key, "manifest_sha256": now.manifest_sha256}
    files = [
        input_files(store, rows, contract.table, _made(folder / name))
        for name, rows, contract in (
            ("now", [manifest], items), ("before", [before], items), ("decided", [decided] if decided else [], reviews),
        )
    ]  # fmt: skip
    delta = compare_reviews(files[0], files[1], files[2], (items, reviews), {system}, folder)
    return Since(delta, before, decided)


def _revoked_before(since: Since | None) -> set[tuple[str, str]] | None:
    if since is None or since.decided is None:
        return None
    return {
        (row["account"], row["entitlement"])
        for row in since.delta.rows.to_pylist()
        if row["decided_before"] == "revoke" and row["difference"] != "gone"
    }


def delta_counts(since: Since | None, system: str) -> Mapping[str, int] | None:
    """Return how many entitlements of a system are new, changed, unchanged and gone; ``None`` without a review before."""
    if since is None:
        return None
    nothing = dict.fromkeys(("new", "changed", "unchanged", "gone", "revoked_and_there"), 0)
    return since.delta.counts.get(system, nothing)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
