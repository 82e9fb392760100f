# SPDX-License-Identifier: Apache-2.0
"""What a person says, stored before anybody hears that it was: what was shown and given first, then the response that names it.

Whether it counts is the fold's to say (`tieout.campaigns.folding.refusals` says it beforehand).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import rfc8785

from tieout.campaigns import answers
from tieout.campaigns.definition import Definition
from tieout.campaigns.events import Said
from tieout.campaigns.items import canonical
from tieout.campaigns.statements import place_of
from tieout.errors import CannotCheck, ConfigurationError
from tieout.evidence.keys import DocumentSigner
from tieout.evidence.responses import FileVersion, Response, read_response, write_response
from tieout.evidence.store import Retention, S3Store, oldest

MAX_PRESENTED = 1024 * 1024
"""Bytes of what a person was shown; a messenger's form is far smaller."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A response that stands: its key, what it says, and whether it was stored now."""

    key: str
    event: Said
    stored_now: bool


@dataclass(frozen=True, slots=True)
class Responder:
    """Stores what people say in one campaign. Every method raises `StoreUnavailable` where the store does not answer.

    Attributes:
        definition: The campaign's.
        store: The evidence bucket, as the responder.
        signer: A key of scope response.
        retention: Lock of what it stores.
        clock: Tells the time, UTC.
    """

    definition: Definition
    store: S3Store
    signer: DocumentSigner
    retention: Retention
    clock: Callable[[], datetime]

    def present(self, assignment: str, shown: Mapping[str, Any], sha256: str | None = None) -> str:
        """Store what a person was, or is about to be, shown, and return its SHA-256: a `Said` names it.

        Args:
            assignment: Id of the assignment that it is about; `tieout.campaigns.answers.OF_CAMPAIGN` where it is about none.
            shown: Text and blocks as JSON values, with ids of people and no names: it is locked.
            sha256: The hash that it should have, where that is known: its bytes are then found sooner.

        Raises:
            ConfigurationError: There is no such assignment, or it is larger than `MAX_PRESENTED`.
        """
        if assignment not in (answers.OF_CAMPAIGN, *self.definition.assignments):
            msg = f"campaign {self.definition.campaign}: it has no such assignment."
            raise ConfigurationError(msg)
        data = canonical(dict(shown)) if sha256 else b""
        if not sha256 or hashlib.sha256(data).hexdigest() != sha256:
            data = rfc8785.dumps(dict(shown))
        if len(data) > MAX_PRESENTED:
            msg = f"assignment {assignment}: expected at most {MAX_PRESENTED} bytes to show, got {len(data)}. Show fewer items."
            raise ConfigurationError(msg)
        found = hashlib.sha256(data).hexdigest()
        self.store.put_locked(
            place_of(self.definition).presented(self.definition.campaign, assignment, found), data, found, self.retention
        )
        return found

    def keep(self, assignment: str, path: Path, sha256: str) -> FileVersion:
        """Lock a file that somebody gave, and return what an answer names it by; the same bytes are stored once.

        Args:
            assignment: Id of the assignment that it is given to.
            path: The file, checked by whoever took it: nothing here looks into it.
            sha256: Of its bytes.

        Raises:
            ConfigurationError: There is no such assignment.
        """
        if assignment not in self.definition.assignments:
            msg = f"campaign {self.definition.campaign}: it has no such assignment."
            raise ConfigurationError(msg)
        key = place_of(self.definition).file(self.definition.campaign, assignment, sha256)
        return FileVersion(sha256, self.store.put_locked(key, path, sha256, self.retention))

    def respond(self, said: Said, *, look: bool = True) -> Stored:
        """Store what a person said, once: the same interaction delivered again finds it standing.

        Args:
            said: What.
            look: As `tieout.evidence.records.put_once`.

        Raises:
            CannotCheck: It is nothing that could be read again; nothing was stored. Or what stands in its place can not be read.
        """
        response = answers.response_of(self.definition, replace(said, stored_at=self.clock()))
        if write_response(response, self.store, self.signer, self.retention, look=look):
            return Stored(response.key, replace(said, id=response.id, stored_at=response.stored_at), stored_now=True)
        return Stored(response.key, answers.event_of(self._standing(response)), stored_now=False)

    def _standing(self, response: Response) -> Response:
        """Return the response that was stored first: it says the same, and when it was said then."""
        first = oldest([version for version in self.store.versions(response.key) if version.key == response.key])
        data = self.store.read(response.key, first.version_id) if first else None
        if data is None:
            msg = f"{response.key}: it stood a moment ago, and can not be read. Run tieout verify."
            raise CannotCheck(msg)
        return read_response(data, response.key)
