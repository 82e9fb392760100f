# SPDX-License-Identifier: Apache-2.0
"""A review whose people have answered, read from the bucket: what was asked, all that was said, and where that stands.

Whoever works on a review after its close begins here, and takes nothing from whoever worked on it before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tieout.campaigns.definition import Definition
from tieout.campaigns.ledger import Ledger, Opened
from tieout.campaigns.state import Phase, State
from tieout.errors import ExtractionRefused
from tieout.evidence.layout import Place
from tieout.evidence.store import S3Store
from tieout.flows.campaigns import Campaigns
from tieout.flows.frozen_rows import FrozenRows
from tieout.flows.index import landings
from tieout.flows.review_campaign import place_of
from tieout.flows.review_inputs import ReviewWindow
from tieout.reviews.capacity import KEPT, holding

Row = dict[str, Any]
_BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Document:
    """A signed document that was read: key, version, and the SHA-256 of its bytes."""

    key: str
    version_id: str
    sha256: str

    def as_document(self) -> dict[str, str]:
        """Return it as a manifest names it."""
        return {"key": self.key, "version_id": self.version_id, "sha256": self.sha256}


class NotingStore(S3Store):
    """The evidence bucket; notes the hash of each document that is read in a version.

    Args:
        store: The bucket.

    Attributes:
        read_documents: By key.
    """

    def __init__(self, store: S3Store) -> None:
        super().__init__(store._client, store.bucket)
        self.read_documents: dict[str, Document] = {}

    def read(self, key: str, version_id: str | None) -> bytes | None:
        """Return a document's bytes, as `S3Store.read`."""
        data = super().read(key, version_id)
        if data is not None and version_id is not None:
            self.read_documents[key] = Document(key, version_id, hashlib.sha256(data).hexdigest())
        return data


@dataclass(frozen=True)
class Answered:
    """A review, as of when it was read.

    Attributes:
        planned: The review.
        campaigns: Where it was read.
        opened: Its opening.
        rows: The frozen items of all systems.
        ledger: All that was said.
        documents: Opening and all documents of the ledger that could be read, by key.
    """

    planned: ReviewWindow
    campaigns: Campaigns
    opened: Opened
    rows: FrozenRows
    ledger: Ledger
    documents: dict[str, Document]

    @property
    def definition(self) -> Definition:
        """What was asked."""
        return self.ledger.definition

    @property
    def state(self) -> State:
        """Where it stands."""
        return self.ledger.state

    @property
    def place(self) -> Place:
        """The slot that the campaign stands in."""
        return place_of(self.planned)

    @property
    def closed_at(self) -> datetime:
        """When it was closed, UTC.

        Raises:
            ExtractionRefused: It is not closed.
        """
        if self.state.closed is None:
            msg = f"review {self.planned.campaign}: it is {self.state.phase}. Nothing of it is carried out before it is closed."
            raise ExtractionRefused(msg)
        return self.state.closed.at

    @property
    def closed_on(self) -> date:
        """The local day on which it was closed; raises as `closed_at`."""
        return self.planned.scope.calendar.day_of(self.closed_at)

    @property
    def removal_due_at(self) -> datetime:
        """Until when what was decided is to be carried out, UTC; raises as `closed_at`."""
        calendar, last = self.planned.scope.calendar, self.planned.removal_day(self.closed_on)
        return calendar.midnight(last + timedelta(days=1))

    @property
    def is_cancelled(self) -> bool:
        """Whether it was cancelled."""
        return self.state.phase is Phase.CANCELLED

    @cached_property
    def _index(self) -> list[Row]:
        return landings(self.campaigns.store, control=self.planned.control_id)

    def landed(self, key: str) -> dict[str, Row]:
        """Return what stands of the control under a window's key, as the index had it when it was first asked, by system.

        Raises:
            StoreUnavailable: The store did not answer; run it again.
        """
        return {row["system"]: row for row in self._index if row["window"] == key}

    def items_of(self, system: str) -> Iterator[Row]:
        """Yield the frozen items of a system, in key order."""
        table = self.rows.table.filter(pc.equal(self.rows.table["system"], pa.scalar(system)))
        for batch in table.to_batches(_BATCH):
            yield from batch.to_pylist()

    def not_kept(self, system: str) -> Iterator[Row]:
        """Yield the frozen items of a system that are revoked or changed, in key order; raises as `closed_at`."""
        if self.closed_at:
            yield from (row for row in self.items_of(system) if holding(self.state, row["item"]).decision != KEPT)


def read_answered(planned: ReviewWindow, campaigns: Campaigns) -> Answered:
    """Read a review's campaign, with all that has been said in it by now.

    Args:
        planned: From `tieout.flows.review_inputs.plan_review`.
        campaigns: The installation's.

    Raises:
        ExtractionRefused: No campaign of this review was opened.
        LandingConflict: A landing that it names is not what was sealed, or it was opened with another definition.
        VerificationError: Its opening is not as it was signed.
        StoreUnavailable: The store did not answer; run it again.
    """
    opened = campaigns.of(place_of(planned))
    if opened is None:
        msg = f"review {planned.campaign}: no campaign of it was opened. Freeze it and open it first."
        raise ExtractionRefused(msg)
    loaded = campaigns.load(opened)
    noting = NotingStore(campaigns.store)
    ledger = Ledger(loaded.definition, noting, campaigns.key_list)
    ledger.refresh()
    return Answered(planned, campaigns, opened, loaded.rows, ledger, noting.read_documents)
