# SPDX-License-Identifier: Apache-2.0
"""What the campaign's task writes: records, signed with the landing key, each event once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tieout.campaigns import statements
from tieout.campaigns.definition import Definition
from tieout.campaigns.events import Event, Notice
from tieout.campaigns.leftovers import Closing
from tieout.errors import CannotCheck, LandingConflict
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.records import Record, read_record, write_record
from tieout.evidence.store import Retention, S3Store, oldest


@dataclass(frozen=True, slots=True)
class Written:
    """A record of a campaign that stands: its key, what it says, and whether it was written now."""

    key: str
    event: Event | None
    written_now: bool


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes the records of one campaign. Every method raises `StoreUnavailable` where the store does not answer: run it again.

    Attributes:
        definition: The campaign's.
        store: The evidence bucket, as the writer.
        signer: A key of scope landing.
        retention: Lock of what it writes.
    """

    definition: Definition
    store: S3Store
    signer: DocumentSigner
    retention: Retention

    def open(self, by: str, at: datetime) -> Written:
        """Record that the campaign opens.

        Raises:
            LandingConflict: It has been opened with another definition.
        """
        record = statements.opened(self.definition, by, at)
        written = self._write(record)
        if not written and self._standing(record).facts.get("definition_sha256") != self.definition.sha256:
            name = self.definition.campaign
            msg = f"{record.key}: campaign {name} was opened with another definition. Give this one another name."
            raise LandingConflict(msg)
        return Written(record.key, None, written)

    def notice(self, notices: Iterable[Notice], by: str, at: datetime) -> tuple[Written, ...]:
        """Record notices, up to `statements.AT_ONCE` in one record: none is sent before its record stands.

        Args:
            notices: From `tieout.campaigns.reminders.due_notices`.
            by: The task.
            at: The time that they were worked out for.
        """
        batches = statements.batches(tuple(notices))
        return tuple(self._said(statements.noticed(self.definition, batch, by, at)) for batch in batches)

    def cancel(self, by: str, reason: str, at: datetime) -> Written:
        """Record that somebody cancels the campaign."""
        return self._said(statements.cancelled(self.definition, by, reason, at))

    def close(self, closing: Closing, by: str) -> Written:
        """Record that the campaign closes as `tieout.campaigns.leftovers.close` said."""
        return self._said(statements.closed(self.definition, closing, by))

    def _said(self, record: Record) -> Written:
        written = self._write(record)
        standing = record if written else self._standing(record)
        return Written(record.key, statements.event_of(standing, self.definition.campaign), written)

    def _write(self, record: Record) -> bool:
        return write_record(record, self.store, self.signer, self.retention)

    def _standing(self, record: Record) -> Record:
        first = oldest([version for version in self.store.versions(record.key) if version.key == record.key])
        data = self.store.read(record.key, first.version_id) if first else None
        if data is None:
            msg = f"{record.key}: it stood a moment ago, and can not be read. Run tieout verify."
            raise CannotCheck(msg)
        return read_record(data, record.key)
