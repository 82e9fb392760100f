# SPDX-License-Identifier: Apache-2.0
"""A campaign whose people have answered, read from the bucket: what was asked, all that was said, and where that stands.

Whoever works on a campaign after its close begins here, and takes nothing from whoever worked on it before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tieout.campaigns.definition import Definition
from tieout.campaigns.ledger import Ledger, Opened
from tieout.campaigns.state import Phase, State
from tieout.errors import ExtractionRefused
from tieout.evidence.layout import Place
from tieout.evidence.store import S3Store
from tieout.flows.campaign_window import CampaignWindow
from tieout.flows.campaigns import Campaigns
from tieout.flows.frozen_rows import FrozenRows
from tieout.flows.index import landings

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
    """The evidence bucket; notes the hash of each document that is read in a version, and keeps its bytes where it is told to.

    Args:
        store: The bucket.
        spool: A file that does not exist yet: what is read is put there, one document after the other; ``None`` for nowhere.

    Attributes:
        read_documents: By key.
    """

    def __init__(self, store: S3Store, spool: Path | None = None) -> None:
        super().__init__(store._client, store.bucket)
        self.read_documents: dict[str, Document] = {}
        self._spool, self._places, self._lock = spool, dict[str, tuple[int, int]](), Lock()

    def read(self, key: str, version_id: str | None) -> bytes | None:
        """Return a document's bytes, as `S3Store.read`."""
        data = super().read(key, version_id)
        if data is not None and version_id is not None:
            self.read_documents[key] = Document(key, version_id, hashlib.sha256(data).hexdigest())
            if self._spool is not None:
                self._keep(self._spool, key, data)
        return data

    def _keep(self, spool: Path, key: str, data: bytes) -> None:
        with self._lock, spool.open("ab") as file:
            self._places[key] = (file.tell(), len(data))
            file.write(data)

    def spooled(self) -> Iterator[tuple[Document, bytes]]:
        """Yield every document that was read with its bytes, by key."""
        if self._spool is None or not self._places:
            return
        with self._spool.open("rb") as file:
            for key, (start, length) in sorted(self._places.items()):
                file.seek(start)
                yield self.read_documents[key], file.read(length)


@dataclass(frozen=True)
class CampaignAnswered:
    """A campaign, as of when it was read.

    Attributes:
        planned: The campaign's window.
        campaigns: Where it was read.
        opened: Its opening.
        rows: The frozen rows of all systems.
        ledger: All that was said.
        noting: What it was read with.
    """

    planned: CampaignWindow
    campaigns: Campaigns
    opened: Opened
    rows: FrozenRows
    ledger: Ledger
    noting: NotingStore

    @property
    def documents(self) -> dict[str, Document]:
        """Opening and all documents of the ledger that could be read, by key."""
        return self.noting.read_documents

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
        return self.planned.place

    @property
    def closed_at(self) -> datetime:
        """When it was closed, UTC.

        Raises:
            ExtractionRefused: It is not closed.
        """
        if self.state.closed is None:
            msg = f"campaign {self.planned.campaign}: it is {self.state.phase}. Nothing comes of it before it is closed."
            raise ExtractionRefused(msg)
        return self.state.closed.at

    @property
    def closed_on(self) -> date:
        """The local day on which it was closed; raises as `closed_at`."""
        return self.planned.scope.calendar.day_of(self.closed_at)

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
        """Yield the frozen rows of a system, in key order."""
        if "system" in self.rows.table.column_names:  # landings without a row have no part
            table = self.rows.table.filter(pc.equal(self.rows.table["system"], pa.scalar(system)))
            for batch in table.to_batches(_BATCH):
                yield from batch.to_pylist()


def read_campaign(planned: CampaignWindow, campaigns: Campaigns, spool: Path | None = None) -> CampaignAnswered:
    """Read a window's campaign, with all that has been said in it by now.

    Args:
        planned: The campaign's window.
        campaigns: The installation's.
        spool: A file that does not exist yet, which keeps what was read (`NotingStore.spooled`); ``None`` for nowhere.

    Raises:
        ExtractionRefused: No campaign of this window was opened.
        LandingConflict: A landing that it names is not what was sealed, or it was opened with another definition.
        VerificationError: Its opening is not as it was signed.
        StoreUnavailable: The store did not answer; run it again.
    """
    opened = campaigns.of(planned.place)
    if opened is None:
        msg = f"campaign {planned.campaign}: it was not opened. Freeze it and open it first."
        raise ExtractionRefused(msg)
    loaded = campaigns.load(opened)
    noting = NotingStore(campaigns.store, spool)
    ledger = Ledger(loaded.definition, noting, campaigns.key_list)
    ledger.refresh()
    return CampaignAnswered(planned, campaigns, opened, loaded.rows, ledger, noting)
